import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { failureOf, type Send, type TransportFailure } from '../transport.ts';
import { FrameReader, frame } from './frames.ts';

/** An unused connection is kept for so long (RFC 7766 section 6.2.3: some seconds). */
export const IDLE_MS = 10_000;
/** Silence after which a connection gets no further queries until a reply comes. */
const SUSPECT_MS = 1_000;
/** Replies with an ID that nobody waits for: late ones happen, a flood of them does not. */
const STRAYS_MAX = 64;

/** A query as its connection sees it. */
export interface Rider {
  readonly send: Send;
  /** A message with the rider's own ID. */
  reply(message: Uint8Array): void;
}

/** Who owns the connection. */
export interface ConnectionOwner {
  /**
   * It has ended. `riders` were not answered; `opened` is false if there never was a connection; `answered` counts
   * the replies that it gave.
   */
  lost(
    connection: Connection,
    riders: Rider[],
    failure: TransportFailure,
    opened: boolean,
    answered: number,
  ): void;
  /** The connection replied to others but not to this one, and is silent since. */
  ignored(): void;
}

interface Seat {
  readonly rider: Rider;
  readonly writtenAt: number;
  /** Replies that the connection had given when the query was written. */
  readonly repliesBefore: number;
}

/** One TCP connection: queries go out under IDs that are unique on it, replies come back in any order. */
export class Connection {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #seats = new Map<number, Seat>();
  #idle: Timer | undefined = undefined;
  #opened = false;
  #ended = false;
  #retired = false;
  #replies = 0;
  #strays = 0;
  #lastReplyAt = Number.NEGATIVE_INFINITY;
  #failure: TransportFailure = 'closed';

  constructor(to: Send, clock: Clock, prng: Prng, owner: ConnectionOwner) {
    this.#clock = clock;
    this.#prng = prng;
    this.#owner = owner;
    const options = { host: to.address, port: to.port, noDelay: true };
    this.#socket = connect(to.source === undefined ? options : { ...options, localAddress: to.source });
    this.#socket.on('connect', () => (this.#opened = true));
    this.#socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => (this.#failure = failureOf(error.code)));
    this.#socket.on('close', () => this.#lost());
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

  send(rider: Rider): void {
    let id = this.#prng.below(0x10000);
    while (this.#seats.has(id)) id = this.#prng.below(0x10000);
    this.#idle?.cancel();
    this.#socket.ref();
    this.#seats.set(id, { rider, writtenAt: this.#clock.now(), repliesBefore: this.#replies });
    this.#socket.write(frame(rider.send.query, id));
  }

  /** The rider no longer waits: it was answered or has given up. */
  leave(rider: Rider, answered: boolean): void {
    for (const [id, seat] of this.#seats) {
      if (seat.rider !== rider) continue;
      this.#seats.delete(id);
      if (!answered) this.#unanswered(seat);
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
    this.#failure = 'timeout';
    this.end();
  }

  /** Ends at once; the owner hears of it a moment later. */
  end(): void {
    this.#retired = true;
    this.#socket.destroy();
  }

  /** unbound#470: servers that answer the first query of a connection and nothing after it. */
  #unanswered(seat: Seat): void {
    const silentMs = this.#clock.now() - seat.writtenAt;
    if (seat.repliesBefore === 0 || seat.repliesBefore < this.#replies || silentMs < SUSPECT_MS) return;
    this.#owner.ignored();
    this.retire();
  }

  #rest(): void {
    if (this.#ended) return;
    if (this.#retired || !this.#opened) {
      this.end();
      return;
    }
    this.#socket.unref();
    this.#idle?.cancel();
    this.#idle = this.#clock.after(IDLE_MS, () => this.end());
  }

  #read(chunk: Uint8Array): void {
    if (!this.#frames.push(chunk, (message) => this.#message(message))) this.end();
  }

  #message(message: Uint8Array): void {
    // What came in one piece with the reason to end it is not believed either.
    if (this.#socket.destroyed) return;
    const seat = this.#seats.get((message[0]! << 8) | message[1]!);
    if (seat === undefined) {
      if (++this.#strays > STRAYS_MAX) this.end();
      return;
    }
    this.#replies++;
    this.#lastReplyAt = this.#clock.now();
    const { query } = seat.rider.send;
    message[0] = query[0]!;
    message[1] = query[1]!;
    seat.rider.reply(message);
  }

  #lost(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idle?.cancel();
    const riders = [...this.#seats.values()].map((seat) => seat.rider);
    this.#seats.clear();
    this.#owner.lost(this, riders, this.#failure, this.#opened, this.#replies);
  }
}
