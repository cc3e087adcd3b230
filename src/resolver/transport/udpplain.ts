import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { isIpv6 } from '../path.ts';
import { type Exchange, failureOf, type Listener, type Send } from '../transport.ts';
import { drawPort, isPortTaken, PORT_DRAWS_MAX, type UdpSockets } from './udpsockets.ts';

/** Node's own sockets, one for each exchange. */
export class PlainUdp implements UdpSockets {
  readonly #clock: Clock;
  readonly #prng: Prng;
  open = 0;

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  exchange(send: Send, listener: Listener): Exchange {
    this.open++;
    return new PlainExchange(send, listener, this.#clock, this.#prng, () => this.open--);
  }
}

/** Port drawn, bound, connected, sent, listening; any fault ends it. */
class PlainExchange implements Exchange {
  readonly #send: Send;
  readonly #listener: Listener;
  readonly #prng: Prng;
  readonly #closed: () => void;
  readonly #timer: Timer;
  #socket: Socket;
  #draws = 0;
  #ended = false;

  constructor(send: Send, listener: Listener, clock: Clock, prng: Prng, closed: () => void) {
    this.#send = send;
    this.#listener = listener;
    this.#prng = prng;
    this.#closed = closed;
    this.#timer = clock.after(send.timeoutMs, () => this.#fail('ETIMEDOUT'));
    this.#socket = this.#bind();
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.cancel();
    this.#closed();
    closeQuietly(this.#socket);
  }

  #fail(code: string | undefined): void {
    if (this.#ended) return;
    this.cancel();
    this.#listener.failed(failureOf(code));
  }

  #bind(): Socket {
    const family = isIpv6(this.#send.address) ? 'udp6' : 'udp4';
    const socket = createSocket({ type: family, lookup: asIs });
    let bound = false;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#ended || socket !== this.#socket) return;
      if (bound || !isPortTaken(error.code) || this.#draws === PORT_DRAWS_MAX) {
        this.#fail(error.code);
        return;
      }
      closeQuietly(socket);
      this.#socket = this.#bind();
    });
    socket.on('listening', () => {
      bound = true;
      if (!this.#ended) socket.connect(this.#send.port, this.#send.address);
    });
    socket.on('connect', () => {
      if (!this.#ended) socket.send(this.#send.query, (error) => error && socket.emit('error', error));
    });
    socket.on('message', (message) => {
      if (!this.#ended && this.#listener.message(message) === 'done') this.cancel();
    });
    this.#draws++;
    const address = this.#send.source ?? (family === 'udp6' ? '::' : '0.0.0.0');
    socket.bind({ port: drawPort(this.#prng), address, exclusive: true });
    return socket;
  }
}

/** Addresses only: nothing is ever looked up. Not at once, or errors of `bind` would come before it returns. */
function asIs(
  address: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  queueMicrotask(() => done(null, address, isIpv6(address) ? 6 : 4));
}

function closeQuietly(socket: Socket): void {
  // Errors that come after the end concern nobody, but unhandled they would end the thread.
  socket.removeAllListeners('message');
  try {
    socket.close();
  } catch {
    // Closed already.
  }
}
