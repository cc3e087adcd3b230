import { assert } from './assert.ts';

/**
 * Messages of octets from one thread to another through shared memory: one writes, one reads, nobody waits. A writer that
 * finds no room is told so. Either side may be a successor: it goes on where the one before it was.
 *
 *     words    head │ … │ tail │ … │ data        positions count octets modulo 2^32, each on cache lines of its own
 *     message  length u32 │ octets │ up to a multiple of 4          SKIP in place of a length: goes on at the start
 *
 * A message lies in one piece. It is there for the reader when `commit` has moved the head, and not before.
 */

/** A buffer for a ring. @param capacity octets for messages and their lengths, a power of two from 64 to 2^30 */
export function ringBuffer(capacity: number): SharedArrayBuffer {
  assert(capacity >= 64 && capacity <= 2 ** 30 && (capacity & (capacity - 1)) === 0, 'a power of two');
  return new SharedArrayBuffer(DATA_AT + capacity);
}

/** Two pairs of cache lines: head and tail have one writer each, and processors fetch neighbours in pairs. */
const HEAD = 0;
const TAIL = 32;
const DATA_AT = 256;
const LENGTH_OCTETS = 4;
const SKIP = 0xffff_ffff;

/** What both ends are made of. */
class RingEnd {
  /** The whole buffer, as octets and as words in native order. */
  readonly octets: Uint8Array;
  readonly words: Uint32Array;
  protected readonly positions: Int32Array;
  protected readonly capacity: number;

  constructor(buffer: SharedArrayBuffer) {
    this.octets = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.positions = new Int32Array(buffer, 0, DATA_AT / 4);
    this.capacity = buffer.byteLength - DATA_AT;
  }
}

export class RingWriter extends RingEnd {
  #head: number;
  /** As it was when there was no room last: reading it for each message would take its cache line from the reader. */
  #tail: number;
  #next = 0;

  constructor(buffer: SharedArrayBuffer) {
    super(buffer);
    this.#head = Atomics.load(this.positions, HEAD);
    this.#tail = Atomics.load(this.positions, TAIL);
  }

  /**
   * Where in `octets` a message of `length` octets may be written, a multiple of 4, until `commit`; -1 where there is no
   * room.
   */
  reserve(length: number): number {
    const size = (LENGTH_OCTETS + length + 3) & ~3;
    const at = (this.#head >>> 0) & (this.capacity - 1);
    const skipped = this.capacity - at < size ? this.capacity - at : 0;
    if (!this.#hasRoom(skipped + size)) return -1;
    if (skipped > 0) this.words[(DATA_AT + at) >>> 2] = SKIP;
    const start = DATA_AT + (skipped > 0 ? 0 : at);
    this.words[start >>> 2] = length;
    this.#next = (this.#head + skipped + size) | 0;
    return start + LENGTH_OCTETS;
  }

  /** What was reserved last and is written is there for the reader. */
  commit(): void {
    this.#head = this.#next;
    Atomics.store(this.positions, HEAD, this.#next);
  }

  #hasRoom(size: number): boolean {
    if (((this.#head - this.#tail) >>> 0) + size <= this.capacity) return true;
    this.#tail = Atomics.load(this.positions, TAIL);
    return ((this.#head - this.#tail) >>> 0) + size <= this.capacity;
  }
}

export class RingReader extends RingEnd {
  #tail: number;
  #next: number;
  /** Where in `octets` the message is that `next` found, and how long it is. */
  at = 0;
  length = 0;

  constructor(buffer: SharedArrayBuffer) {
    super(buffer);
    this.#tail = this.#next = Atomics.load(this.positions, TAIL);
  }

  /** Finds the oldest message that is not taken; false where there is none. */
  next(): boolean {
    const head = Atomics.load(this.positions, HEAD);
    if (head === this.#tail) return false;
    let at = (this.#tail >>> 0) & (this.capacity - 1);
    const skipped = this.words[(DATA_AT + at) >>> 2] === SKIP ? this.capacity - at : 0;
    if (skipped > 0) at = 0;
    this.length = this.words[(DATA_AT + at) >>> 2]!;
    this.at = DATA_AT + at + LENGTH_OCTETS;
    this.#next = (this.#tail + skipped + ((LENGTH_OCTETS + this.length + 3) & ~3)) | 0;
    return true;
  }

  /** The message that `next` found is done with: its room is the writer's. */
  take(): void {
    this.#tail = this.#next;
    Atomics.store(this.positions, TAIL, this.#next);
  }
}
