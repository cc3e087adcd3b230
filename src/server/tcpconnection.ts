import { METRIC } from '../telemetry/metrics.ts';
import { HEADER_OCTETS } from '../wire/constants.ts';
import type { ByteStream, StreamReader } from './bytestream.ts';
import {
  ANSWER_MS,
  BLOCKED_MS,
  CLOSING_MS,
  type Connection,
  FIRST_MS,
  MESSAGE_MS,
  QUERY_OCTETS_MAX,
  QUEUED_OCTETS_MAX,
  type Serving,
} from './connection.ts';
import type { Client, Reply } from './handler.ts';

export const IN_FLIGHT_MAX = 32;
/** Messages taken in one turn of the event loop: a pipeline full of cached names must not make others wait. */
const TURN_MAX = 32;

type Waiting = 'first' | 'message' | 'blocked' | 'waiting' | 'idle' | 'closing';

/**
 * One client's connection by TCP or TLS: a two-octet length, then a message; several queries may be under way, and each is
 * answered as soon as its answer is there (RFC 7766 section 6.2.1.1).
 *
 * A connection costs memory and a descriptor for as long as the client likes, so each thing that a client can
 * make us wait for has its limit:
 *
 *     first      no whole message yet                      FIRST_MS from the start, or the end of the handshake
 *     message    part of a message is there                MESSAGE_MS from its first octet
 *     blocked    QUEUED_OCTETS_MAX of answers unsent       BLOCKED_MS from when they were too many
 *     waiting    queries under way, the client silent      ANSWER_MS from the last octet either way
 *     idle       nothing at all                            the idle time, which shrinks as the process fills up
 *     closing    we have said that we end                  CLOSING_MS for the client to end as well
 *
 * Reading stops while IN_FLIGHT_MAX queries are under way or while blocked: then TCP makes the client wait.
 */
export class TcpConnection implements Connection, StreamReader {
  readonly #o: Serving;
  readonly #stream: ByteStream;
  readonly #client: Client;
  /** Times are whole milliseconds, which take no object of their own. */
  readonly #startedAt: number;
  /** Octets that came and are not taken: a part of a message, or whole ones that wait while reading is stopped. */
  #rest: Uint8Array = NOTHING;
  #inFlight = 0;
  #messages = 0;
  /** When the last octet came or the last answer went. */
  #activeAt: number;
  /** When the first octet of the message came of which a part is there. */
  #messageAt: number;
  #blockedAt: number | undefined;
  #turnPlanned = false;
  /** Who said that no more queries come: the client, or we, who then discard what it sends. */
  #ending: 'no' | 'client' | 'us' = 'no';
  #closingAt: number | undefined;

  constructor(stream: ByteStream, client: Client, serving: Serving) {
    this.#o = serving;
    this.#stream = stream;
    this.#client = client;
    this.#startedAt = this.#activeAt = this.#messageAt = this.#now();
    stream.reader = this;
  }

  #now(): number {
    return Math.ceil(this.#o.clock.now());
  }

  get pending(): number {
    return this.#inFlight;
  }

  receive(chunk: Uint8Array): void {
    this.#o.interleave?.();
    if (this.#ending === 'us') return;
    const now = this.#now();
    this.#activeAt = now;
    if (this.#rest.length === 0) {
      this.#messageAt = now;
      this.#rest = chunk;
    } else this.#rest = Buffer.concat([this.#rest, chunk]);
    this.#go();
    if (this.#rest.buffer === chunk.buffer) this.#rest = new Uint8Array(this.#rest);
  }

  drained(): void {
    this.#go();
  }

  /** Half-close: the client reads what is under way (RFC 9210 section 4.5). */
  clientEnded(): void {
    if (this.#ending === 'no') this.#ending = 'client';
    this.#go();
  }

  /** Takes messages as far as limits allow, then settles whether to read on or to end. */
  #go(): void {
    if (!this.#stream.isOpen) return;
    this.#noteBlocked();
    let taken = 0;
    while (this.#mayTake() && taken < TURN_MAX && this.#takeOne()) taken++;
    if (!this.#stream.isOpen) return;
    this.#noteBlocked();
    if (taken === TURN_MAX && this.#mayTake()) this.#planTurn();
    else if (this.#mayTake()) this.#keepRest();
    if (this.#ending === 'no') this.#readOrWait();
    this.#endIfDone();
  }

  /** A part of a message is kept as its own octets: the chunk that it came in may be 64 kB. */
  #keepRest(): void {
    const rest = this.#rest;
    if (rest.length === 0) this.#rest = NOTHING;
    else if (rest.length < rest.buffer.byteLength) this.#rest = new Uint8Array(rest);
  }

  #readOrWait(): void {
    if (!this.#mayTake() || this.#turnPlanned) this.#stream.pause();
    else if (this.#stream.isPaused) {
      // The rest of a message could not come before.
      this.#messageAt = this.#now();
      this.#stream.resume();
    }
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    setImmediate(() => {
      this.#turnPlanned = false;
      this.#go();
    });
  }

  #mayTake(): boolean {
    return this.#ending !== 'us' && this.#inFlight < IN_FLIGHT_MAX && this.#blockedAt === undefined;
  }

  #noteBlocked(): void {
    if (this.#stream.unsent <= QUEUED_OCTETS_MAX) this.#blockedAt = undefined;
    else this.#blockedAt ??= this.#now();
  }

  /** Takes the first message of what came; false if it is not whole. Nothing is sized by a length before its check. */
  #takeOne(): boolean {
    const rest = this.#rest;
    if (rest.length < 2) return false;
    const length = (rest[0]! << 8) | rest[1]!;
    if (length < HEADER_OCTETS || length > QUERY_OCTETS_MAX) {
      this.#o.metrics.add(METRIC.droppedMalformed);
      this.#stream.reset();
      return false;
    }
    if (rest.length < 2 + length) return false;
    this.#rest = rest.subarray(2 + length);
    this.#messages++;
    this.#messageAt = this.#now();
    this.#ask(rest.subarray(2, 2 + length));
    this.#noteBlocked();
    return true;
  }

  #ask(query: Uint8Array): void {
    const { handler, metrics } = this.#o;
    try {
      handler.begin();
      const reply = handler.handle(query, this.#client);
      if (reply instanceof Promise) this.#await(reply);
      else this.#send(reply);
    } catch {
      metrics.add(METRIC.workerErrors);
    }
  }

  #await(reply: Promise<Reply>): void {
    this.#inFlight++;
    reply.then(
      (bytes) => {
        this.#inFlight--;
        this.#send(bytes);
        this.#go();
      },
      () => {
        this.#inFlight--;
        this.#o.metrics.add(METRIC.workerErrors);
        this.#go();
      },
    );
  }

  #send(reply: Reply): void {
    if (reply === undefined) return;
    this.#activeAt = this.#now();
    this.#stream.send(reply);
  }

  #endIfDone(): void {
    const isDone = this.#ending !== 'no' && this.#inFlight === 0 && !this.#turnPlanned;
    if (!isDone || this.#blockedAt !== undefined || this.#closingAt !== undefined) return;
    this.#closingAt = this.#now();
    this.#stream.end();
    this.#stream.resume();
  }

  #waitsFor(): Waiting {
    if (this.#blockedAt !== undefined) return 'blocked';
    if (this.#closingAt !== undefined && this.#ending === 'us') return 'closing';
    if (this.#messages === 0) return 'first';
    if (this.#rest.length > 0 && this.#mayTake() && !this.#turnPlanned) return 'message';
    return this.#inFlight > 0 ? 'waiting' : 'idle';
  }

  #deadline(waiting: Waiting): number {
    switch (waiting) {
      case 'first':
        return this.#startedAt + FIRST_MS;
      case 'message':
        return this.#messageAt + MESSAGE_MS;
      case 'blocked':
        return this.#blockedAt! + BLOCKED_MS;
      case 'waiting':
        return this.#activeAt + ANSWER_MS;
      case 'idle':
        return this.#activeAt + this.#o.idleMs();
      case 'closing':
        return this.#closingAt! + CLOSING_MS;
    }
  }

  expire(now: number): void {
    this.#noteBlocked();
    if (now < this.#deadline(this.#waitsFor())) return;
    this.#o.metrics.add(METRIC.tcpTimedOut);
    this.#stream.destroy();
  }

  finish(): void {
    if (this.#ending === 'us' || !this.#stream.isOpen) return;
    this.#ending = 'us';
    this.#rest = NOTHING;
    this.#endIfDone();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

const NOTHING = new Uint8Array(0);
