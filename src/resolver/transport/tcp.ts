import { LRUCache } from 'lru-cache';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Exchange, Listener, Send, TransportFailure } from '../transport.ts';
import { Connection, type ConnectionOwner, type Rider } from './connection.ts';

/** Connections to one upstream, with queries pipelined on them (RFC 7766 section 6.2.2: as few as possible). */
export const CONNECTIONS_PER_UPSTREAM = 4;
/** Connections of one worker. */
export const CONNECTIONS_MAX = 64;
/** Another connection is opened when each has this many unanswered queries. */
const PIPELINE_USUAL = 8;
/** No connection takes more: what dies with it is asked again. */
export const PIPELINE_MAX = 256;
/** Queries that wait for a connection to one upstream. */
export const QUEUE_MAX = 256;
/** An upstream that answers one query per connection is asked so for that long. */
const SINGLE_MS = 600_000;
/** Upstreams that are remembered to be such. */
const SINGLES_MAX = 4096;
/** While queries wait for want of connections, silent ones are looked for not more often. */
export const LOOK_MS = 100;

/** DNS over TCP (RFC 7766): a pool of connections per upstream and source address. */
export class TcpTransport {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #pools = new Map<string, Pool>();
  /** Clock time until which an upstream gets one query per connection. */
  readonly #singles = new LRUCache<string, number>({ max: SINGLES_MAX });
  /** Pools with queries that wait. */
  readonly #starving = new Set<Pool>();
  readonly #connections = new Set<Connection>();
  #look: Timer | undefined = undefined;

  constructor(clock: Clock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  /** Connections open now. */
  get open(): number {
    return this.#connections.size;
  }

  exchange(send: Send, listener: Listener): Exchange {
    const key = `${send.address}|${send.port}|${send.source ?? ''}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) this.#pools.set(key, (pool = this.#makePool(key, send)));
    return new TcpExchange(pool, send, listener, this.#clock);
  }

  /** Ends all connections; what waits for them fails. */
  close(): void {
    this.#look?.cancel();
    this.#look = undefined;
    for (const pool of this.#pools.values()) pool.close();
  }

  #makePool(key: string, to: Send): Pool {
    return new Pool(to, this.#clock, this.#prng, {
      single: (now) => (this.#singles.get(key) ?? 0) > now,
      setSingle: (now) => this.#singles.set(key, now + SINGLE_MS),
      mayConnect: () => this.#makeRoom(),
      connected: (connection) => this.#connections.add(connection),
      disconnected: (connection) => {
        this.#connections.delete(connection);
        this.#feed();
      },
      rested: () => this.#feed(),
      starving: (pool) => {
        this.#starving.add(pool);
        this.#lookLater();
      },
      unused: (pool) => {
        this.#starving.delete(pool);
        if (this.#pools.get(key) === pool) this.#pools.delete(key);
      },
    });
  }

  /** A connection has ended, rests or is silent: who waits for want of connections may have one, in turn. */
  #feed(): void {
    for (const pool of [...this.#starving]) {
      if (this.#full && this.#expendable() === undefined) return;
      this.#starving.delete(pool);
      pool.drain();
    }
  }

  get #full(): boolean {
    return this.#connections.size >= CONNECTIONS_MAX;
  }

  /** Makes room for one connection, if it can. Who has to go for it is gone a moment later. */
  #makeRoom(): boolean {
    if (!this.#full) return true;
    const connection = this.#expendable();
    if (connection === undefined) return false;
    if (connection.load === 0) connection.retire();
    else connection.giveUp();
    return true;
  }

  /**
   * Which connection to do without: an idle one, else the one that has been silent for longest, so that servers that
   * take connections and say nothing do not keep them from others. One that replies to anything is never taken.
   */
  #expendable(): Connection | undefined {
    const now = this.#clock.now();
    let longest: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.retired) continue;
      if (connection.load === 0) return connection;
      if (connection.silent(now) && !(longest && longest.silentAt <= connection.silentAt))
        longest = connection;
    }
    return longest;
  }

  /** Silence makes no event: while queries wait, looks again when the next connection is silent. */
  #lookLater(): void {
    if (this.#look !== undefined || this.#starving.size === 0 || !this.#full) return;
    const next = Math.min(...[...this.#connections].map(({ silentAt }) => silentAt));
    const ms = Math.max(LOOK_MS, Number.isFinite(next) ? next - this.#clock.now() : LOOK_MS);
    this.#look = this.#clock.after(ms, () => {
      this.#look = undefined;
      this.#feed();
      this.#lookLater();
    });
  }
}

/** One query on its way: waiting for a connection, or riding on one. */
class TcpExchange implements Exchange, Rider {
  readonly send: Send;
  readonly listener: Listener;
  /** It was on a connection that died, and is on its second. */
  resent = false;
  connection: Connection | undefined = undefined;
  ended = false;
  readonly #pool: Pool;
  readonly #timer: Timer;

  constructor(pool: Pool, send: Send, listener: Listener, clock: Clock) {
    this.send = send;
    this.listener = listener;
    this.#pool = pool;
    this.#timer = clock.after(send.timeoutMs, () => this.fail('timeout'));
    if (!pool.place(this)) clock.after(0, () => this.fail('overload'));
  }

  cancel(): void {
    this.#end(false);
  }

  fail(failure: TransportFailure): void {
    if (this.ended) return;
    this.#end(false);
    this.listener.failed(failure);
  }

  reply(message: Uint8Array): void {
    if (!this.ended && this.listener.message(message) === 'done') this.#end(true);
  }

  #end(answered: boolean): void {
    if (this.ended) return;
    this.ended = true;
    this.#timer.cancel();
    this.#pool.leave(this, answered);
  }
}

/** What a pool needs of the whole. */
interface Quota {
  single(now: number): boolean;
  setSingle(now: number): void;
  mayConnect(): boolean;
  connected(connection: Connection): void;
  disconnected(connection: Connection): void;
  /** A connection has nothing to do. */
  rested(): void;
  /** Queries of the pool wait for a connection. */
  starving(pool: Pool): void;
  /** Nothing is open and nothing waits. */
  unused(pool: Pool): void;
}

class Pool implements ConnectionOwner {
  readonly #to: Send;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #quota: Quota;
  readonly #connections = new Set<Connection>();
  readonly #queue = new Set<TcpExchange>();

  constructor(to: Send, clock: Clock, prng: Prng, quota: Quota) {
    this.#to = to;
    this.#clock = clock;
    this.#prng = prng;
    this.#quota = quota;
  }

  /** Puts the query on a connection or in the queue. False: the queue is full. */
  place(exchange: TcpExchange): boolean {
    const connection = this.#choose(exchange.resent);
    if (connection !== undefined) {
      exchange.connection = connection;
      connection.send(exchange);
      return true;
    }
    if (this.#queue.size >= QUEUE_MAX) return false;
    this.#queue.add(exchange);
    this.#quota.starving(this);
    return true;
  }

  leave(exchange: TcpExchange, answered: boolean): void {
    if (this.#queue.delete(exchange)) this.#mayBeUnused();
    const { connection } = exchange;
    exchange.connection = undefined;
    connection?.leave(exchange, answered);
    if (connection === undefined) return;
    if (this.#quota.single(this.#clock.now())) connection.retire();
    this.drain();
    if (connection.load === 0) this.#quota.rested();
  }

  ignored(): void {
    this.#quota.setSingle(this.#clock.now());
  }

  lost(
    connection: Connection,
    riders: Rider[],
    failure: TransportFailure,
    opened: boolean,
    answered: number,
  ): void {
    this.#connections.delete(connection);
    this.#quota.disconnected(connection);
    const givenUp = failure === 'timeout';
    // Closed after the first reply with others waiting: it takes one query per connection.
    if (answered === 1 && riders.length > 0 && !givenUp) this.#quota.setSingle(this.#clock.now());
    // The server may have been restarted: what is idle is as dead, and is not what to ask again on.
    if (riders.length > 0) for (const other of this.#connections) if (other.load === 0) other.retire();
    for (const exchange of riders as TcpExchange[]) {
      exchange.connection = undefined;
      if (exchange.ended) continue;
      if (!opened || givenUp) exchange.fail(failure);
      else if (exchange.resent || !exchange.listener.resend()) exchange.fail('closed');
      else {
        exchange.resent = true;
        if (!this.place(exchange)) exchange.fail('overload');
      }
    }
    this.drain();
    this.#mayBeUnused();
  }

  #mayBeUnused(): void {
    if (this.#connections.size === 0 && this.#queue.size === 0) this.#quota.unused(this);
  }

  close(): void {
    for (const exchange of [...this.#queue]) exchange.fail('closed');
    for (const connection of this.#connections) connection.end();
  }

  /** The connection for the next query; a new one where that is better; undefined: it has to wait. */
  #choose(fresh: boolean): Connection | undefined {
    const now = this.#clock.now();
    const single = this.#quota.single(now);
    let best: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.retired || connection.silent(now)) continue;
      if (single ? !connection.fresh : fresh && connection.replied) continue;
      if (best === undefined || connection.load < best.load) best = connection;
    }
    if (best !== undefined && best.load < PIPELINE_USUAL) return best;
    if (this.#connections.size < CONNECTIONS_PER_UPSTREAM && this.#quota.mayConnect()) return this.#connect();
    return best !== undefined && best.load < PIPELINE_MAX ? best : undefined;
  }

  #connect(): Connection {
    const connection = new Connection(this.#to, this.#clock, this.#prng, this);
    this.#connections.add(connection);
    this.#quota.connected(connection);
    return connection;
  }

  /** Sends what waits, as far as there are connections for it. */
  drain(): void {
    for (const exchange of this.#queue) {
      const connection = this.#choose(exchange.resent);
      if (connection === undefined) {
        this.#quota.starving(this);
        return;
      }
      this.#queue.delete(exchange);
      exchange.connection = connection;
      connection.send(exchange);
    }
  }
}
