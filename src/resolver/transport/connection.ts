import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { ReplyFacts, Send } from '../transport.ts';
import type { Carrier, CarrierOwner, Fault } from './carrier.ts';

/** Silence after which a connection gets no further queries until a reply comes. */
const SUSPECT_MS = 1_000;
/** Replies with an ID that nobody waits for: late ones happen, a flood of them does not. */
const STRAYS_MAX = 64;

/** A query as its connection sees it. */
export interface Rider {
  readonly send: Send;
  /** A message with the rider's own ID. */
  reply(message: Uint8Array, facts: ReplyFacts): void;
}

/** Who owns the connection. */
export interface ConnectionOwner {
  /**
   * It has ended. `riders` were not answered; `opened` is false if there never was a connection; `answered` counts
   * the replies that it gave.
   */
  lost(connection: Connection, riders: Rider[], fault: Fault, opened: boolean, answered: number): void;
  /** There will be no reply to this rider, who is off; the others ride on. */
  refused(rider: Rider, fault: Fault): void;
  /** The connection replied to others but not to this one, and is silent since. */
  ignored(): void;
  /** The first reply has come. */
  works(): void;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly owner: ConnectionOwner;
  readonly carrierFor: (owner: CarrierOwner) => Carrier;
  /** Unused, it is kept for so long. */
  readonly idleMs: number;
  /** It is kept though it has not replied to its first queries. */
  readonly mayBeMute: boolean;
}

interface Seat {
  readonly rider: Rider;
  readonly writtenAt: number;
  /** It went out at once. */
  readonly isWarm: boolean;
  /** Replies that the connection had given when the query was written. */
  readonly repliesBefore: number;
}

/** One connection to a server: queries go out under IDs that are unique on it, replies come back in any order. */
export class Connection implements CarrierOwner {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #owner: ConnectionOwner;
  readonly #carrier: Carrier;
  readonly #idleMs: number;
  readonly #mayBeMute: boolean;
  readonly #seats = new Map<number, Seat>();
  #idle: Timer | undefined = undefined;
  #opened = false;
  #ending = false;
  #ended = false;
  #retired = false;
  #replies = 0;
  #strays = 0;
  #lastReplyAt = Number.NEGATIVE_INFINITY;
  /** Why it was ended, if that was here. */
  #fault: Fault | undefined = undefined;

  constructor({ clock, prng, owner, carrierFor, idleMs, mayBeMute }: ConnectionOptions) {
    this.#clock = clock;
    this.#prng = prng;
    this.#owner = owner;
    this.#idleMs = idleMs;
    this.#mayBeMute = mayBeMute;
    this.#carrier = carrierFor(this);
  }

  /** What is sent now goes out at once. */
  get isOpen(): boolean {
    return this.#opened;
  }

  /** Queries out on it. */
  get load(): number {
    return this.#seats.size;
  }

  /** Nobody has used it yet. */
  get fresh(): boolean {
    return this.#replies === 0 && this.#seats.size === 0;
  }

  get replied(): boolean {
    return this.#replies > 0;
  }

  /** It takes no further queries. */
  get retired(): boolean {
    return this.#retired || this.#ended;
  }

  /** Clock time from which on it is silent if no reply comes; Infinity: it has no queries. */
  get silentAt(): number {
    for (const oldest of this.#seats.values())
      return Math.max(oldest.writtenAt, this.#lastReplyAt) + SUSPECT_MS;
    return Number.POSITIVE_INFINITY;
  }

  /** Its queries have waited for a while without a reply to any. */
  silent(now: number): boolean {
    return now >= this.silentAt;
  }

  /** Open, and nothing has come since the first of those was sent that wait. */
  get isQuiet(): boolean {
    for (const oldest of this.#seats.values()) return this.#opened && this.#lastReplyAt < oldest.writtenAt;
    return false;
  }

  send(rider: Rider): void {
    let id = this.#prng.below(0x10000);
    while (this.#seats.has(id)) id = this.#prng.below(0x10000);
    this.#idle?.cancel();
    this.#carrier.hold(true);
    const writtenAt = this.#clock.now();
    this.#seats.set(id, { rider, writtenAt, isWarm: this.#opened, repliesBefore: this.#replies });
    this.#carrier.send(id, rider.send.query);
  }

  /** The rider no longer waits: it was answered or has given up. */
  leave(rider: Rider, answered: boolean): void {
    for (const [id, seat] of this.#seats) {
      if (seat.rider !== rider) continue;
      this.#seats.delete(id);
      if (!answered) {
        this.#carrier.drop(id);
        this.#unanswered(seat);
      }
      break;
    }
    if (this.#seats.size === 0) this.#rest();
  }

  /** Takes no more queries, and ends when those on it have been answered. */
  retire(): void {
    this.#retired = true;
    if (this.#seats.size === 0) this.end();
  }

  /** Ends at once, with queries on it that have waited long enough: they are not asked again. */
  giveUp(): void {
    this.#fault = { failure: 'timeout' };
    this.end();
  }

  /** Ends at once; the owner hears of it a moment later. */
  end(): void {
    this.#retired = true;
    this.#ending = true;
    this.#carrier.end();
  }

  /** unbound#470: servers that answer the first query of a connection and nothing after it. */
  #unanswered(seat: Seat): void {
    const silentMs = this.#clock.now() - seat.writtenAt;
    if (seat.repliesBefore < this.#replies || silentMs < SUSPECT_MS) return;
    if (seat.repliesBefore > 0) this.#owner.ignored();
    else if (this.#mayBeMute) return;
    this.retire();
  }

  #rest(): void {
    if (this.#ended) return;
    if (this.#retired || !this.#opened) {
      this.end();
      return;
    }
    this.#carrier.hold(false);
    this.#idle?.cancel();
    this.#idle = this.#clock.after(this.#idleMs, () => this.end());
  }

  opened(): void {
    this.#opened = true;
  }

  message(id: number, message: Uint8Array, ageSeconds?: number): void {
    // What came in one piece with the reason to end it is not believed either.
    if (this.#ending) return;
    const seat = this.#seats.get(id);
    if (seat === undefined) {
      if (++this.#strays > STRAYS_MAX) this.end();
      return;
    }
    if (++this.#replies === 1) this.#owner.works();
    this.#lastReplyAt = this.#clock.now();
    const { query } = seat.rider.send;
    message[0] = query[0]!;
    message[1] = query[1]!;
    const roundTripMs = seat.isWarm ? this.#lastReplyAt - seat.writtenAt : undefined;
    seat.rider.reply(message, { roundTripMs, ageSeconds });
  }

  refused(id: number, fault: Fault): void {
    const seat = this.#seats.get(id);
    if (seat === undefined) return;
    this.#seats.delete(id);
    // An answer of HTTP is a sign of life.
    if (fault.failure === 'http') this.#lastReplyAt = this.#clock.now();
    this.#owner.refused(seat.rider, fault);
    if (this.#seats.size === 0) this.#rest();
  }

  retiring(): void {
    this.#retired = true;
  }

  broken(): void {
    this.end();
  }

  closed(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idle?.cancel();
    const riders = [...this.#seats.values()].map((seat) => seat.rider);
    this.#seats.clear();
    this.#owner.lost(this, riders, this.#fault ?? fault, this.#opened, this.#replies);
  }
}
