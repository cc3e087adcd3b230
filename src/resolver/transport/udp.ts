import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { isIpv6 } from '../path.ts';
import { type Exchange, failureOf, type Listener, type Send } from '../transport.ts';

/**
 * One socket per query, on a port of its own: what a forger must guess besides the ID (RFC 5452 section 9.2). All
 * workers draw from the whole unprivileged range, never from a share of it (CVE-2026-50252); the kernel's own
 * choice (bind to port 0) would come from half of it. Sockets are connected: the kernel drops what others send, and
 * tells us of closed ports (SAD DNS, CVE-2020-25705, needs unconnected ones).
 */
const PORT_MIN = 1024;
const PORT_MAX = 65_535;
/** Draws before giving up: even with half of all ports taken this fails once in 65,536 queries. */
const PORT_DRAWS_MAX = 16;
/** Open at once in one worker: each in-flight question has about one. Bounds file descriptors. */
export const UDP_SOCKETS_MAX = 4096;

export class UdpTransport {
  readonly #clock: Clock;
  readonly #prng: Prng;
  #open = 0;

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  /** Sockets open now. */
  get open(): number {
    return this.#open;
  }

  exchange(send: Send, listener: Listener): Exchange {
    if (this.#open >= UDP_SOCKETS_MAX) {
      const timer = this.#clock.after(0, () => listener.failed('overload'));
      return { cancel: () => timer.cancel() };
    }
    this.#open++;
    return new UdpExchange(send, listener, this.#clock, this.#prng, () => this.#open--);
  }
}

/** Port drawn, bound, connected, sent, listening; any fault ends it. */
class UdpExchange implements Exchange {
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
      const taken = !bound && (error.code === 'EADDRINUSE' || error.code === 'EACCES');
      if (!taken || this.#draws === PORT_DRAWS_MAX) {
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
    const port = PORT_MIN + this.#prng.below(PORT_MAX - PORT_MIN + 1);
    const address = this.#send.source ?? (family === 'udp6' ? '::' : '0.0.0.0');
    socket.bind({ port, address, exclusive: true });
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
