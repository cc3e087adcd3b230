import { type HashSeed, keyedHash } from './hash.ts';

/**
 * How many of something there are for each key, in all workers together: shared memory of a fixed size, whatever keys
 * come.
 *
 *     buffer  │ of all: BLOCK │ of slot 0: BLOCK │ of slot 1: BLOCK │ …      i32 cells
 *     block   │ row 0: BUCKETS │ row 1: BUCKETS
 *
 * A key is counted in one bucket of each row, and has as many as the lower of the two says (a count-min sketch): a
 * stranger shares what it may have only by meeting others in both rows at once, and nobody gets past it. What a worker
 * counts is in its own block too, so that its successor can give back what it had when it died; a count costs the same
 * however many workers there are. Two that count in the same moment may both have been told of the last place.
 */
const BUCKET_BITS = 12;
const BUCKETS = 1 << BUCKET_BITS;
const ROWS = 2;
const BLOCK = ROWS * BUCKETS;

/** The shared buffer, for `slots` workers: 32 kB each and for all. */
export function tallyBuffer(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + slots) * BLOCK * Int32Array.BYTES_PER_ELEMENT);
}

export class Tally {
  readonly #all: Int32Array;
  readonly #own: Int32Array;
  readonly #seed: HashSeed;

  /**
   * Takes the block of `slot`, and gives back what a predecessor had counted there.
   * @param buffer of `tallyBuffer`; default: one that is not shared
   * @param seed secret, and the same in all workers
   */
  constructor(buffer = tallyBuffer(1), slot = 0, seed = 0) {
    const cells = new Int32Array(buffer);
    this.#all = cells.subarray(0, BLOCK);
    this.#own = cells.subarray((1 + slot) * BLOCK, (2 + slot) * BLOCK);
    this.#seed = [seed, ROWS];
    for (let cell = 0; cell < BLOCK; cell++) {
      const left = this.#own[cell]!;
      if (left === 0) continue;
      Atomics.sub(this.#all, cell, left);
      this.#own[cell] = 0;
    }
  }

  /** Where a key is counted: a small integer, in which each row has its bits. */
  placeOf(key: Uint8Array): number {
    return keyedHash(this.#seed, key, 0, key.length) & (BUCKETS * BUCKETS - 1);
  }

  /** How many there are, in all workers. */
  count(place: number): number {
    return Math.min(Atomics.load(this.#all, first(place)), Atomics.load(this.#all, second(place)));
  }

  /** One more, until `remove` is called here or the worker dies. */
  add(place: number): void {
    this.#more(first(place));
    this.#more(second(place));
  }

  remove(place: number): void {
    this.#less(first(place));
    this.#less(second(place));
  }

  // In this order: what dies between the two steps is given back once too often, and no place is lost for ever.
  #more(cell: number): void {
    this.#own[cell]!++;
    Atomics.add(this.#all, cell, 1);
  }
  #less(cell: number): void {
    Atomics.sub(this.#all, cell, 1);
    this.#own[cell]!--;
  }
}

function first(place: number): number {
  return place & (BUCKETS - 1);
}

function second(place: number): number {
  return BUCKETS + (place >>> BUCKET_BITS);
}
