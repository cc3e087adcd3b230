import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Exchange, Listener, Protocol, ReplyFacts, Send } from '../transport.ts';
import type { Carrier, CarrierOwner, Fault } from './carrier.ts';
import { Connection, type ConnectionOwner, type Rider } from './connection.ts';

/** Connections to one upstream, with queries pipelined on them (RFC 7766 section 6.2.2: as few as possible). */
export const CONNECTIONS_PER_UPSTREAM = 4;
/** No connection takes more: what dies with it is asked again. */
export const PIPELINE_MAX = 256;
/** Queries that wait for a connection to one upstream. */
export const QUEUE_MAX = 256;
/** Until a connection is tried again that did not come about, or that ended without a reply; doubled by each more. */
export const REOPEN_MS_MIN = 100;
/** Sooner than the breaker sends its next probe. */
export const REOPEN_MS_MAX = 1_000;

/** How the connections of a protocol are dealt with. */
interface Manner {
  /** Another is opened when each has this many unanswered queries. */
  readonly pipelineUsual: number;
  /** An unused one is kept for so long. */
  readonly idleMs: number;
  /** Whether a server may want one query per connection; who speaks TLS knows better, and it would cost handshakes. */
  readonly mayBeSingle: boolean;
  /**
   * Whether what fails is left alone for a while, and who never says anything is left: a handshake costs both sides far
   * more than a packet, and a connection that is kept for long must be one that works.
   */
  readonly isCareful: boolean;
}

/** RFC 7766 section 6.2.3: some seconds. */
const TCP: Manner = { pipelineUsual: 8, idleMs: 10_000, mayBeSingle: true, isCareful: false };
/** A server that wants it back sooner closes it, which costs nothing. */
const TLS: Manner = { pipelineUsual: 64, idleMs: 60_000, mayBeSingle: false, isCareful: true };
export const MANNERS: Readonly<Record<Exclude<Protocol, 'udp'>, Manner>> = { tcp: TCP, dot: TLS, doh: TLS };

/** What is remembered of an upstream while there is no pool. */
export interface Memory {
  /** Clock time until which it gets one query per connection. */
  singleUntil: number;
  /** Until then no connection is opened, and queries that need one fail for `fault`. */
  reopenAt: number;
  reopenMs: number;
  fault: Fault;
}

export function newMemory(): Memory {
  const past = Number.NEGATIVE_INFINITY;
  return { singleUntil: past, reopenAt: past, reopenMs: 0, fault: { failure: 'closed' } };
}

/** An upstream that answers one query per connection is asked so for that long. */
const SINGLE_MS = 600_000;

/** What a pool needs of the whole. */
export interface Quota {
  readonly memory: Memory;
  carrierFor(to: Send, owner: CarrierOwner): Carrier;
  mayConnect(): boolean;
  connected(connection: Connection): void;
  disconnected(connection: Connection): void;
  /** A connection has nothing to do. */
  rested(): void;
  /** Queries of the pool wait for a connection. */
  starving(pool: Pool): void;
  /** Nothing is open and nothing waits. */
  unused(pool: Pool): void;
  /** All pools are closed, for good. */
  isClosed(): boolean;
}

/** One query on its way: waiting for a connection, or riding on one. */
export class PooledExchange implements Exchange, Rider {
  readonly send: Send;
  readonly listener: Listener;
  /** It was on a connection that died, or lost its place on one, and is on its second. */
  resent = false;
  /** A connection that has been used before may be as dead. */
  wantsNew = false;
  connection: Connection | undefined = undefined;
  ended = false;
  readonly isCold: boolean;
  readonly #pool: Pool;
  readonly #timer: Timer;

  constructor(pool: Pool, send: Send, listener: Listener, clock: Clock) {
    this.send = send;
    this.listener = listener;
    this.#pool = pool;
    this.#timer = clock.after(send.timeoutMs, () => this.fail({ failure: 'timeout' }));
    const fault = pool.place(this);
    if (fault !== undefined) clock.after(0, () => this.fail(fault));
    this.isCold = !(this.connection as Connection | undefined)?.isOpen;
  }

  cancel(): void {
    this.#end(false);
  }

  fail({ failure, detail }: Fault): void {
    if (this.ended) return;
    this.#end(false);
    this.listener.failed(failure, detail);
  }

  reply(message: Uint8Array, facts: ReplyFacts): void {
    if (!this.ended && this.listener.message(message, facts) === 'done') this.#end(true);
  }

  #end(answered: boolean): void {
    if (this.ended) return;
    this.ended = true;
    this.#timer.cancel();
    this.#pool.leave(this, answered);
  }
}

/** The connections to one upstream. */
export class Pool implements ConnectionOwner {
  readonly #to: Send;
  readonly #manner: Manner;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #quota: Quota;
  readonly #connections = new Set<Connection>();
  readonly #queue = new Set<PooledExchange>();

  constructor(to: Send, manner: Manner, clock: Clock, prng: Prng, quota: Quota) {
    this.#to = to;
    this.#manner = manner;
    this.#clock = clock;
    this.#prng = prng;
    this.#quota = quota;
  }

  /** Puts the query on a connection or in the queue. Returns why neither can be. */
  place(exchange: PooledExchange): Fault | undefined {
    if (this.#quota.isClosed()) return { failure: 'closed' };
    const connection = this.#choose(exchange);
    if (connection !== undefined) {
      exchange.connection = connection;
      connection.send(exchange);
      return undefined;
    }
    if (this.#connections.size === 0 && this.#isResting) return this.#quota.memory.fault;
    if (this.#queue.size >= QUEUE_MAX) return { failure: 'overload' };
    this.#queue.add(exchange);
    this.#quota.starving(this);
    return undefined;
  }

  leave(exchange: PooledExchange, answered: boolean): void {
    if (this.#queue.delete(exchange)) this.#mayBeUnused();
    const { connection } = exchange;
    exchange.connection = undefined;
    connection?.leave(exchange, answered);
    if (connection === undefined) return;
    if (this.#isSingle) connection.retire();
    this.drain();
    if (connection.load === 0) this.#quota.rested();
  }

  ignored(): void {
    this.#setSingle();
  }

  works(): void {
    this.#quota.memory.reopenMs = 0;
  }

  refused(rider: Rider, fault: Fault): void {
    const exchange = rider as PooledExchange;
    exchange.connection = undefined;
    this.#again(exchange, fault);
    this.drain();
  }

  lost(connection: Connection, riders: Rider[], fault: Fault, opened: boolean, answered: number): void {
    this.#connections.delete(connection);
    this.#quota.disconnected(connection);
    const givenUp = fault.failure === 'timeout';
    // Closed after the first reply with others waiting: it takes one query per connection.
    if (answered === 1 && riders.length > 0 && !givenUp) this.#setSingle();
    if (answered === 0 && (!opened || riders.length > 0)) this.#backOff(fault, opened);
    // The server may have been restarted: what is idle is as dead, and is not what to ask again on.
    if (riders.length > 0) for (const other of this.#connections) if (other.load === 0) other.retire();
    for (const exchange of riders as PooledExchange[]) {
      exchange.connection = undefined;
      if (!opened || givenUp) exchange.fail(fault);
      else {
        exchange.wantsNew = true;
        this.#again(exchange, { failure: 'closed' });
      }
    }
    this.drain();
    this.#failQueue();
    this.#mayBeUnused();
  }

  close(): void {
    for (const exchange of [...this.#queue]) exchange.fail({ failure: 'closed' });
    for (const connection of this.#connections) connection.end();
  }

  /** Sends what waits, as far as there are connections for it. */
  drain(): void {
    for (const exchange of this.#queue) {
      const connection = this.#choose(exchange);
      if (connection === undefined) {
        this.#quota.starving(this);
        return;
      }
      this.#queue.delete(exchange);
      exchange.connection = connection;
      connection.send(exchange);
    }
  }

  /** Asks once more what was on its way when its connection, or its stream of one, ended. */
  #again(exchange: PooledExchange, fault: Fault): void {
    if (exchange.ended) return;
    if (fault.failure !== 'closed' || exchange.resent || !exchange.listener.resend()) exchange.fail(fault);
    else {
      exchange.resent = true;
      const refusal = this.place(exchange);
      if (refusal !== undefined) exchange.fail(refusal);
    }
  }

  /** Nothing is to come that could take them. */
  #failQueue(): void {
    if (this.#connections.size > 0 || !this.#isResting) return;
    for (const exchange of [...this.#queue]) exchange.fail(this.#quota.memory.fault);
  }

  #mayBeUnused(): void {
    if (this.#connections.size === 0 && this.#queue.size === 0) this.#quota.unused(this);
  }

  /** The connection for the next query; a new one where that is better; undefined: it has to wait. */
  #choose({ wantsNew, send }: PooledExchange): Connection | undefined {
    const now = this.#clock.now();
    const isSingle = this.#isSingle;
    let best: Connection | undefined;
    let quiet: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.retired || connection.silent(now)) continue;
      if (isSingle ? !connection.fresh : wantsNew && connection.replied) continue;
      if (send.secure?.isRepeat && connection.isQuiet) quiet = connection;
      else if (best === undefined || connection.load < best.load) best = connection;
    }
    if (best !== undefined && best.load < this.#manner.pipelineUsual) return best;
    if (this.#connections.size < CONNECTIONS_PER_UPSTREAM && !this.#isResting && this.#quota.mayConnect())
      return this.#connect();
    best ??= quiet;
    return best !== undefined && best.load < PIPELINE_MAX ? best : undefined;
  }

  #connect(): Connection {
    const connection = new Connection({
      clock: this.#clock,
      prng: this.#prng,
      owner: this,
      carrierFor: (owner) => this.#quota.carrierFor(this.#to, owner),
      idleMs: this.#manner.idleMs,
      mayBeMute: !this.#manner.isCareful,
    });
    this.#connections.add(connection);
    this.#quota.connected(connection);
    return connection;
  }

  get #isSingle(): boolean {
    return this.#quota.memory.singleUntil > this.#clock.now();
  }

  #setSingle(): void {
    if (this.#manner.mayBeSingle) this.#quota.memory.singleUntil = this.#clock.now() + SINGLE_MS;
  }

  get #isResting(): boolean {
    return this.#quota.memory.reopenAt > this.#clock.now();
  }

  /** A connection gave no reply: the next one has to wait; unless this one was open, which may happen once. */
  #backOff(fault: Fault, opened: boolean): void {
    if (!this.#manner.isCareful) return;
    const { memory } = this.#quota;
    memory.fault = fault;
    if (opened && memory.reopenMs === 0) {
      memory.reopenMs = REOPEN_MS_MIN / 2;
      return;
    }
    memory.reopenMs = Math.min(REOPEN_MS_MAX, Math.max(REOPEN_MS_MIN, memory.reopenMs * 2));
    memory.reopenAt = this.#clock.now() + memory.reopenMs;
  }
}
