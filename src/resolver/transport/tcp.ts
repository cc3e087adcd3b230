import { LRUCache } from 'lru-cache';
import { assert } from '../../util/assert.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Count } from '../env.ts';
import type { Exchange, Listener, Send } from '../transport.ts';
import { type Carrier, type CarrierOwner, StreamCarrier } from './carrier.ts';
import type { Connection } from './connection.ts';
import { dial } from './dial.ts';
import { HttpCarrier } from './http.ts';
import { MANNERS, type Memory, newMemory, Pool, PooledExchange } from './pool.ts';
import { TlsLinks } from './tlslink.ts';

/** Connections of one worker, by whatever protocol. */
export const CONNECTIONS_MAX = 64;
/** Upstreams whose ways are remembered. */
const MEMORIES_MAX = 4096;
/** While queries wait for want of connections, silent ones are looked for not more often. */
export const LOOK_MS = 100;

/** DNS over TCP (RFC 7766), and over TLS and HTTPS on that: a pool of connections per upstream and source address. */
export class TcpTransport {
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #links: TlsLinks;
  readonly #pools = new Map<string, Pool>();
  readonly #memories = new LRUCache<string, Memory>({ max: MEMORIES_MAX });
  /** Pools with queries that wait. */
  readonly #starving = new Set<Pool>();
  readonly #connections = new Set<Connection>();
  #look: Timer | undefined = undefined;
  #isClosed = false;

  constructor(clock: Clock, prng: Prng, count: Count = () => undefined) {
    this.#clock = clock;
    this.#prng = prng;
    this.#links = new TlsLinks(clock, prng, count);
  }

  /** Connections open now. */
  get open(): number {
    return this.#connections.size;
  }

  exchange(send: Send, listener: Listener): Exchange {
    const key = keyOf(send);
    let pool = this.#pools.get(key);
    if (pool === undefined) this.#pools.set(key, (pool = this.#makePool(key, send)));
    return new PooledExchange(pool, send, listener, this.#clock);
  }

  /** Ends all connections; what waits for them fails, and so does what is asked from now on. */
  close(): void {
    this.#isClosed = true;
    this.#look?.cancel();
    this.#look = undefined;
    for (const pool of this.#pools.values()) pool.close();
  }

  #makePool(key: string, to: Send): Pool {
    assert(to.protocol !== 'udp', 'a protocol with connections');
    let memory = this.#memories.get(key);
    if (memory === undefined) this.#memories.set(key, (memory = newMemory()));
    return new Pool(to, MANNERS[to.protocol], this.#clock, this.#prng, {
      memory,
      carrierFor: (to, owner) => this.#carrierFor(to, owner),
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
      isClosed: () => this.#isClosed,
    });
  }

  #carrierFor({ protocol, address, port, source, secure }: Send, owner: CarrierOwner): Carrier {
    if (secure === undefined || protocol === 'udp' || protocol === 'tcp') {
      return new StreamCarrier((events) => dial({ address, port, source }, events), owner);
    }
    const open = this.#links.open(protocol, port, secure);
    return protocol === 'dot'
      ? new StreamCarrier(open, owner)
      : new HttpCarrier(open, secure.peer, port, owner);
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

/** Who may share connections: what is asked by TLS never goes by one without, nor by one to somebody else. */
function keyOf({ protocol, address, port, source, secure }: Send): string {
  assert((secure !== undefined) === (protocol === 'dot' || protocol === 'doh'), 'TLS has a peer');
  if (secure === undefined) return `${protocol}|${address}|${port}|${source ?? ''}`;
  return `${protocol}|${port}|${secure.peer.key}|${secure.sources.join()}`;
}
