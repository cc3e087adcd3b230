import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../util/clock.ts';
import { isIpv6 } from '../path.ts';
import type { TransportFailure } from '../transport.ts';
import type { Fault, OpenEvents, Opening } from './carrier.ts';

/** Until the next address is tried beside one that has neither failed nor come any further (RFC 8305 section 5). */
export const ATTEMPT_DELAY_MS = 250;

/** What an attempt at one address tells of itself. */
export interface AttemptEvents<S extends Socket> extends OpenEvents<S> {
  /** It has come a step further. */
  progressed(): void;
}

export interface RaceOptions<S extends Socket> {
  /** All of one server; the first is tried first. */
  readonly addresses: readonly string[];
  /** For all of them together. */
  readonly withinMs: number;
  readonly clock: Clock;
  /** Begins with one. Of its events only `progressed` does not end it. */
  readonly attempt: (address: string, events: AttemptEvents<S>) => Opening;
}

/**
 * Tries the addresses of a server until one attempt has come to its end well, and takes that (RFC 8305, Happy Eyeballs).
 * What counts is that end, not that somebody takes connections.
 */
export function race<S extends Socket>(options: RaceOptions<S>, events: OpenEvents<S>): Opening {
  return new Race(options, events);
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

class Race<S extends Socket> implements Opening {
  readonly #o: RaceOptions<S>;
  readonly #events: OpenEvents<S>;
  readonly #left: string[];
  /** Those under way. */
  readonly #attempts = new Set<Opening>();
  #newest: Opening | undefined = undefined;
  readonly #deadline: Timer;
  /** The most telling so far. */
  #fault: Fault = { failure: 'unreachable' };
  #delay: Timer | undefined = undefined;

  constructor(options: RaceOptions<S>, events: OpenEvents<S>) {
    this.#o = options;
    this.#events = events;
    this.#left = [...options.addresses];
    this.#deadline = options.clock.after(options.withinMs, () => this.#lose({ failure: 'timeout' }));
    this.#next();
  }

  cancel(): void {
    this.#deadline.cancel();
    this.#delay?.cancel();
    for (const attempt of this.#attempts) attempt.cancel();
    this.#attempts.clear();
  }

  /** Tries the next address beside those that are under way, if one is left. */
  #next(): void {
    this.#delay?.cancel();
    const address = this.#left.shift();
    if (address === undefined) return;
    const attempt = this.#o.attempt(address, {
      progressed: () => {
        // It gets as long again: a handshake takes another round trip or two.
        if (this.#newest === attempt) this.#wait();
      },
      opened: (socket) => {
        this.#attempts.delete(attempt);
        this.cancel();
        this.#events.opened(socket);
      },
      failed: (fault) => {
        this.#attempts.delete(attempt);
        if (this.#left.length === 0 && this.#attempts.size === 0) this.#lose(fault);
        else {
          this.#fault = moreTelling(this.#fault, fault);
          this.#next();
        }
      },
    });
    this.#attempts.add(attempt);
    this.#newest = attempt;
    this.#wait();
  }

  #wait(): void {
    this.#delay?.cancel();
    if (this.#left.length > 0) this.#delay = this.#o.clock.after(ATTEMPT_DELAY_MS, () => this.#next());
  }

  #lose(fault: Fault): void {
    this.cancel();
    this.#events.failed(moreTelling(this.#fault, fault));
  }
}

/** The later one, unless the other says more. */
function moreTelling(earlier: Fault, later: Fault): Fault {
  return telling(later) >= telling(earlier) ? later : earlier;
}

/** What a server said is more than that it said nothing of use, and that is more than that there was no way to it. */
function telling({ failure }: Fault): number {
  return TELLING[failure] ?? 1;
}

const TELLING: Partial<Readonly<Record<TransportFailure, number>>> = { untrusted: 3, tls: 2, unreachable: 0 };
