import { assert } from '../util/assert.ts';
import { type HashSeed, keyedHashFolded } from '../util/hash.ts';
import { cryptoPrng } from '../util/prng.ts';
import { hasSuffixAt, type Name, ROOT } from '../wire/name.ts';

/** The newest part of the order, `max` divided by this, is not kept in order: who is in it is not moved by a use. */
const NEWEST_SHARE = 8;

export interface ContextTableOptions<V> {
  /** `exact`: each use moves an entry, for those who remove the oldest of few. The default is `near`. */
  readonly order?: 'near' | 'exact';
  /** Is told of each that is removed, whyever, and of none that is replaced. */
  readonly removed?: (value: V) => void;
}

/**
 * What is kept by context and name; of more than `max` the longest unused goes first, nearly: a use of one of the newest
 * does not move it (NEWEST_SHARE), as each move touches three others that lie anywhere in memory. Made for asking about
 * one name after the other up to the root: a suffix is looked up where it stands. A `Map` by strings would have a string
 * made and interned for each, which takes five times as long, and one by hashes keeps three words for each beside the entry.
 */
export class ContextTable<V> {
  readonly #max: number;
  readonly #newest: number;
  readonly #removed: ((value: V) => void) | undefined;
  readonly #seed: HashSeed = [cryptoPrng.u32(), cryptoPrng.u32()];
  /** First of those whose hashes end in the same bits. A power of two of them, about as many as entries. */
  #buckets: (Entry<V> | undefined)[] = bucketsFor<V>(BUCKETS_MIN);
  /** Neighbour of the newest and of the oldest. */
  readonly #ends: Entry<V> = new Entry<V>(0, 0, ROOT);
  #size = 0;
  /** 32 bits, around the end. */
  #moves = 0;

  constructor(max: number, options: ContextTableOptions<V> = {}) {
    this.#max = max;
    this.#removed = options.removed;
    this.#newest = options.order === 'exact' ? 0 : Math.floor(max / NEWEST_SHARE);
  }

  get size(): number {
    return this.#size;
  }

  /** What is known of the suffix of `name` that begins at octet `at`. Counts as a use. */
  get(context: number, name: Name, at = 0): V | undefined {
    const entry = this.#find(this.#hashOf(context, name, at), context, name, at);
    if (entry === undefined) return undefined;
    this.#renew(entry);
    return entry.value;
  }

  set(context: number, name: Name, value: V): void {
    const hash = this.#hashOf(context, name, 0);
    let entry = this.#find(hash, context, name, 0);
    if (entry === undefined) {
      if (this.#size >= this.#max) this.removeOldest();
      entry = new Entry<V>(hash, context, name);
      if (this.#size === this.#buckets.length) this.#grow();
      this.#enter(entry);
      this.#size++;
    }
    entry.value = value;
    this.#renew(entry);
  }

  /** Of one at least. */
  removeOldest(): void {
    assert(this.#size > 0, 'a table with an entry');
    this.#remove(this.#ends.newer);
  }

  clear(): void {
    this.removeIf(() => true);
  }

  /** Removes those that are meant; returns how many. */
  removeIf(isMeant: (value: V, context: number) => boolean): number {
    const before = this.#size;
    for (let entry = this.#ends.newer; entry !== this.#ends; entry = entry.newer)
      if (isMeant(entry.value!, entry.context)) this.#remove(entry);
    return before - this.#size;
  }

  #hashOf(context: number, name: Name, at: number): number {
    return keyedHashFolded(this.#seed, name, at, name.length - at) ^ Math.imul(context, 0x9e3779b1);
  }

  #find(hash: number, context: number, name: Name, at: number): Entry<V> | undefined {
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    while (entry !== undefined && !isAbout(entry, hash, context, name, at)) entry = entry.next;
    return entry;
  }

  #enter(entry: Entry<V>): void {
    const bucket = entry.hash & (this.#buckets.length - 1);
    entry.next = this.#buckets[bucket];
    this.#buckets[bucket] = entry;
  }

  #grow(): void {
    this.#buckets = bucketsFor(2 * this.#buckets.length);
    for (let entry = this.#ends.newer; entry !== this.#ends; entry = entry.newer) this.#enter(entry);
  }

  #renew(entry: Entry<V>): void {
    const ends = this.#ends;
    if (ends.older === entry) return;
    // It is among the newest: no more than so many were moved behind it.
    if (entry.older !== entry && ((this.#moves - entry.moved) | 0) < this.#newest) return;
    this.#moves = (this.#moves + 1) | 0;
    entry.moved = this.#moves;
    entry.leave();
    entry.older = ends.older;
    entry.newer = ends;
    ends.older.newer = entry;
    ends.older = entry;
  }

  #remove(entry: Entry<V>): void {
    const bucket = entry.hash & (this.#buckets.length - 1);
    let before = this.#buckets[bucket]!;
    if (before === entry) this.#buckets[bucket] = entry.next;
    else {
      while (before.next !== entry) before = before.next!;
      before.next = entry.next;
    }
    entry.leave();
    this.#size--;
    this.#removed?.(entry.value!);
  }
}

/** So many to begin with; then twice as many whenever there are more entries. */
const BUCKETS_MIN = 1_024;

function bucketsFor<V>(count: number): (Entry<V> | undefined)[] {
  return new Array<Entry<V> | undefined>(count).fill(undefined);
}

function isAbout(entry: Entry<unknown>, hash: number, context: number, name: Name, at: number): boolean {
  return entry.hash === hash && entry.context === context && hasSuffixAt(name, at, entry.name);
}

class Entry<V> {
  readonly hash: number;
  readonly context: number;
  readonly name: Name;
  value: V | undefined = undefined;
  /** How many had been moved to the newest when it was. */
  moved = 0;
  /** Another of the same bucket. */
  next: Entry<V> | undefined = undefined;
  older: Entry<V> = this;
  newer: Entry<V> = this;

  constructor(hash: number, context: number, name: Name) {
    this.hash = hash;
    this.context = context;
    this.name = name;
  }

  /** Its neighbours are neighbours. What goes along the list may be at it, and goes on. */
  leave(): void {
    this.newer.older = this.older;
    this.older.newer = this.newer;
  }
}
