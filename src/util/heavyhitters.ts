import { assert } from './assert.ts';

/** A key that was counted, and how often at least. */
export interface Hitter<Key> {
  readonly key: Key;
  readonly count: number;
}

/**
 * The keys that come most often, of however many there are, in bounded memory (Misra and Gries 1982, with keys purged
 * together as in DataSketches' frequent items). There are twice `capacity` counters; when they are used up, each loses
 * what the middle one has. So no count is too high, and each is too low by `uncertainty` at most, which is no more than
 * what was counted in all, divided by `capacity`.
 */
export class HeavyHitters<Key> {
  readonly #capacity: number;
  readonly #counts = new Map<Key, number>();
  #total = 0;
  #uncertainty = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, 'at least one key is kept');
    this.#capacity = capacity;
  }

  /** All that was counted. */
  get total(): number {
    return this.#total;
  }

  get uncertainty(): number {
    return this.#uncertainty;
  }

  /** @param weight over 0 */
  add(key: Key, weight = 1): void {
    this.#total += weight;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + weight);
    if (this.#counts.size > 2 * this.#capacity) this.#purge();
  }

  /** Those that are known, the most frequent first. */
  list(): Hitter<Key>[] {
    return Array.from(this.#counts, ([key, count]) => ({ key, count })).sort((a, b) => b.count - a.count);
  }

  #purge(): void {
    const counts = [...this.#counts.values()].sort((a, b) => b - a);
    const middle = counts[this.#capacity]!;
    this.#uncertainty += middle;
    for (const [key, count] of this.#counts)
      if (count > middle) this.#counts.set(key, count - middle);
      else this.#counts.delete(key);
  }
}
