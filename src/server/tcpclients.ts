import { keyedHash } from '../util/hash.ts';
import { IDLE_MS } from './tcp.ts';

/**
 * TCP clients of the whole process, counted in shared memory: each worker has a block of its own, so that what a
 * worker that died had counted goes with it.
 *
 *     block   total i32 | ADDRESS_BUCKETS x i32, clients by hash of their address
 *
 * Two addresses in one bucket share its limit: a stranger's misfortune, never a way past the limit.
 */
export const TCP_CLIENTS_MAX = 1024;
export const TCP_CLIENTS_PER_ADDRESS_MAX = 32;
const ADDRESS_BUCKETS = 4096;
const BLOCK = 1 + ADDRESS_BUCKETS;
/** A full process keeps idle connections no longer than this. */
const IDLE_MS_MIN = 500;

export function tcpClientsBytes(slots: number): number {
  return slots * BLOCK * 4;
}

export class TcpClients {
  readonly #counts: Int32Array;
  readonly #slots: number;
  readonly #own: number;
  readonly #seed: number;

  /** @param seed the same in all workers */
  constructor(buffer: SharedArrayBuffer, slots: number, slot: number, seed: number) {
    this.#counts = new Int32Array(buffer);
    this.#slots = slots;
    this.#own = slot * BLOCK;
    this.#seed = seed;
    for (let i = 0; i < BLOCK; i++) Atomics.store(this.#counts, this.#own + i, 0);
  }

  /** Counts a client in, unless the process or its address has too many. */
  enter(address: Uint8Array): boolean {
    const bucket = this.#bucketOf(address);
    if (this.#sum(0) >= TCP_CLIENTS_MAX || this.#sum(bucket) >= TCP_CLIENTS_PER_ADDRESS_MAX) return false;
    Atomics.add(this.#counts, this.#own, 1);
    Atomics.add(this.#counts, this.#own + bucket, 1);
    return true;
  }

  leave(address: Uint8Array): void {
    Atomics.sub(this.#counts, this.#own, 1);
    Atomics.sub(this.#counts, this.#own + this.#bucketOf(address), 1);
  }

  /** How long an idle connection is kept, milliseconds: less the fuller the process is (RFC 7766 section 6.2.3). */
  idleMs(): number {
    const free = 1 - this.#sum(0) / TCP_CLIENTS_MAX;
    return Math.max(IDLE_MS_MIN, Math.round(IDLE_MS * Math.min(1, 2 * free)));
  }

  #sum(cell: number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#slots; slot++) sum += Atomics.load(this.#counts, slot * BLOCK + cell);
    return sum;
  }

  #bucketOf(address: Uint8Array): number {
    return 1 + ((keyedHash([this.#seed, this.#seed], address, 0, address.length) >>> 0) % ADDRESS_BUCKETS);
  }
}
