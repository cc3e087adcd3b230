import { type HashSeed, keyedHash } from '../util/hash.ts';

/**
 * TCP clients of the whole process, counted in shared memory: each worker has a block of its own, so that what a
 * worker that died had counted goes with it, and the sums over all blocks are the process's figures.
 *
 *     buffer  limit │ block of worker 0 │ block of worker 1 │ …      i32 cells
 *     block   total │ of them by HTTP │ row 0: BUCKETS │ row 1: BUCKETS
 *
 * An address is counted in one bucket of each row, by two hashes, and has as many connections as the emptier of
 * the two says (a count-min sketch): so a stranger shares its limit only by meeting others in both rows at once,
 * and nobody gets past it. Two workers that count in the same moment may let in one too many.
 */
export const TCP_CLIENTS_MAX = 1024;
export const TCP_CLIENTS_PER_ADDRESS_MAX = 32;
/** A session of HTTP/2 may take a megabyte, where a connection by TCP takes as much as it has unsent. */
export const HTTP_CLIENTS_MAX = 300;
/** Four times as many as clients: both rows meet by chance about once in twenty times for one more client. */
const BUCKETS = 4096;
const ROWS = 2;
const TOTAL = 0;
const HTTP = 1;
const ROWS_AT = 2;
const BLOCK = ROWS_AT + ROWS * BUCKETS;

/** What a client speaks, as far as it costs more or less. */
export type ClientKind = 'stream' | 'http';

/** RFC 7766 section 6.2.3 asks for seconds: longer than a stub's next query takes to come, no longer. */
export const IDLE_MS = 10_000;
/** A full process keeps idle connections no longer than this: time for one more round trip. */
const IDLE_MS_MIN = 500;

/**
 * The shared buffer, for `slots` workers.
 * @param max lower than TCP_CLIENTS_MAX where the process may not open that many files
 */
export function tcpClientsBuffer(slots: number, max = TCP_CLIENTS_MAX): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((1 + slots * BLOCK) * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(buffer)[0] = Math.min(max, TCP_CLIENTS_MAX);
  return buffer;
}

export class TcpClients {
  readonly #counts: Int32Array;
  /** Blocks that may be taken. */
  readonly #slots: number;
  readonly #own: number;
  readonly #seeds: readonly HashSeed[];
  readonly #max: number;

  /**
   * Takes the block of `slot`, emptied of what a predecessor left.
   * @param buffer of `tcpClientsBuffer`
   * @param seed the same in all workers
   * @param slots slots that the process uses of those in the buffer: each is looked at for each connection
   */
  constructor(buffer: SharedArrayBuffer, slot: number, seed: number, slots?: number) {
    const cells = new Int32Array(buffer);
    this.#max = cells[0]!;
    this.#counts = cells.subarray(1);
    this.#slots = slots ?? this.#counts.length / BLOCK;
    this.#own = slot * BLOCK;
    this.#seeds = Array.from({ length: ROWS }, (_, row) => [seed, row] as const);
    for (let i = 0; i < BLOCK; i++) Atomics.store(this.#counts, this.#own + i, 0);
  }

  /** Clients of the process. */
  get total(): number {
    return this.#sum(TOTAL);
  }

  /** Whether one more is let in, as far as that does not depend on its address. */
  hasRoom(kind: ClientKind): boolean {
    return this.total < this.#max && (kind !== 'http' || this.#sum(HTTP) < HTTP_CLIENTS_MAX);
  }

  /**
   * Counts a client in, unless the process or its address has too many.
   *
   * @param address undefined while a proxy has not said it: then it counts among all only
   */
  enter(address: Uint8Array | undefined, kind: ClientKind = 'stream'): boolean {
    if (!this.hasRoom(kind)) return false;
    if (address !== undefined && this.#connectionsOf(address) >= TCP_CLIENTS_PER_ADDRESS_MAX) return false;
    this.#count(address, kind, 1);
    return true;
  }

  /** Counts out a client that `enter` let in. */
  leave(address: Uint8Array | undefined, kind: ClientKind = 'stream'): void {
    this.#count(address, kind, -1);
  }

  /** Without arrays: those who are turned away come by the thousand. */
  #count(address: Uint8Array | undefined, kind: ClientKind, by: number): void {
    this.#add(TOTAL, by);
    if (kind === 'http') this.#add(HTTP, by);
    if (address === undefined) return;
    for (let row = 0; row < ROWS; row++) this.#add(this.#cellOf(address, row), by);
  }

  #add(cell: number, by: number): void {
    Atomics.add(this.#counts, this.#own + cell, by);
  }

  /** No fewer than it has. */
  #connectionsOf(address: Uint8Array): number {
    let least = Number.POSITIVE_INFINITY;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#sum(this.#cellOf(address, row)));
    return least;
  }

  /**
   * How long an idle connection is kept, milliseconds: the whole time up to half of the limit, then less the
   * fuller the process is.
   */
  idleMs(): number {
    const free = Math.max(0, 1 - this.total / this.#max);
    return Math.max(IDLE_MS_MIN, Math.round(IDLE_MS * Math.min(1, 2 * free)));
  }

  #sum(cell: number): number {
    let sum = 0;
    for (let slot = 0; slot < this.#slots; slot++) sum += Atomics.load(this.#counts, slot * BLOCK + cell);
    return sum;
  }

  #cellOf(address: Uint8Array, row: number): number {
    const hash = keyedHash(this.#seeds[row]!, address, 0, address.length) >>> 0;
    return ROWS_AT + row * BUCKETS + (hash % BUCKETS);
  }
}
