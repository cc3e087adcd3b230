import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../../util/clock.ts';
import { isIpv6 } from '../path.ts';
import { failureOf, type TransportFailure } from '../transport.ts';
import type { OpenEvents, Opening } from './carrier.ts';

/** Until the next address is tried beside one that has neither connected nor failed (RFC 8305 section 5). */
export const ATTEMPT_DELAY_MS = 250;

export interface DialOptions {
  /** All of one server; the first is tried first. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** The address to connect from to another; undefined: the kernel chooses. */
  readonly sourceOf: (address: string) => string | undefined;
  readonly clock: Clock;
}

/** Connects by TCP to the first address of a server that lets us (RFC 8305, Happy Eyeballs). */
export function dial(options: DialOptions, events: OpenEvents<Socket>): Opening {
  return new Dialling(options, events);
}

/** Addresses with their families in turn, so that one family that leads nowhere costs one delay (RFC 8305 section 4). */
export function familiesInTurn(addresses: readonly string[]): string[] {
  const [first] = addresses;
  const same = addresses.filter((address) => isIpv6(address) === isIpv6(first!));
  const others = addresses.filter((address) => isIpv6(address) !== isIpv6(first!));
  const out: string[] = [];
  for (let i = 0; i < Math.max(same.length, others.length); i++)
    out.push(...same.slice(i, i + 1), ...others.slice(i, i + 1));
  return out;
}

class Dialling implements Opening {
  readonly #o: DialOptions;
  readonly #events: OpenEvents<Socket>;
  readonly #left: string[];
  readonly #out = new Set<Socket>();
  #failure: TransportFailure = 'unreachable';
  #timer: Timer | undefined = undefined;
  #state: 'dialling' | 'over' = 'dialling';

  constructor(options: DialOptions, events: OpenEvents<Socket>) {
    this.#o = options;
    this.#events = events;
    this.#left = [...options.addresses];
    this.#next();
  }

  cancel(): void {
    this.#end();
  }

  /** Tries the next address, or finds out that none is left. */
  #next(): void {
    if (this.#state === 'over') return;
    this.#timer?.cancel();
    const address = this.#left.shift();
    if (address !== undefined) this.#try(address);
    else if (this.#out.size === 0) {
      this.#end();
      this.#events.failed({ failure: this.#failure });
    }
  }

  #try(host: string): void {
    const { port, sourceOf, clock } = this.#o;
    const localAddress = sourceOf(host);
    const options = { host, port, noDelay: true };
    const socket = connect(localAddress === undefined ? options : { ...options, localAddress });
    this.#out.add(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const failure = failureOf(error.code);
      // What a server said is more than that there was no way to another.
      if (failure !== 'unreachable') this.#failure = failure;
    });
    const closed = (): void => {
      this.#out.delete(socket);
      this.#next();
    };
    socket.on('close', closed);
    socket.on('connect', () => {
      if (this.#state === 'over') return;
      socket.off('close', closed);
      this.#out.delete(socket);
      this.#end();
      this.#events.opened(socket);
    });
    if (this.#left.length > 0) this.#timer = clock.after(ATTEMPT_DELAY_MS, () => this.#next());
  }

  #end(): void {
    this.#state = 'over';
    this.#timer?.cancel();
    for (const socket of this.#out) socket.destroy();
  }
}
