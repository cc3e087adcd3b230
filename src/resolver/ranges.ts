import { isBetween } from '../dnssec/chain.ts';
import type { Rrset } from '../wire/record.ts';

/** What one NSEC or NSEC3 record covers: from a name, or its hash, to the next. */
export interface Range<K> {
  readonly from: K;
  readonly to: K;
  readonly rrset: Rrset;
  /** Clock time. */
  readonly expiresAt: number;
}

/** Ranges of one chain, sorted, none of which overlaps another. The last of a chain goes on to the first. */
export class Ranges<K> {
  readonly #compare: (a: K, b: K) => number;
  readonly #sorted: Range<K>[] = [];

  constructor(compare: (a: K, b: K) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#sorted.length;
  }

  /** In the place of all that it overlaps: what is newer is right, and the others are of a zone that has changed. */
  put(range: Range<K>): void {
    this.#removeAround(range.from);
    const start = this.#firstNotBefore(range.from);
    let end = start;
    while (end < this.size && this.#isHit(range, this.#sorted[end]!)) end++;
    this.#sorted.splice(start, end - start, range);
    // Where it goes on past the last, it may reach over the first ones.
    while (this.size > 1 && this.#isHit(range, this.#sorted[0]!)) this.#sorted.shift();
  }

  /** The range that begins at `key`, or else the last one before it: no other can cover it. */
  at(key: K, now: number): Range<K> | undefined {
    const index = this.#firstNotBefore(key);
    const same = this.#sorted[index];
    const isSame = same !== undefined && this.#compare(same.from, key) === 0;
    const found = isSame ? same : this.#before(index);
    return found !== undefined && found.expiresAt > now ? found : undefined;
  }

  /** Drops what has expired, and if more than `max` are left, the quarter that would expire first. */
  shrink(max: number, now: number): void {
    this.#keep((range) => range.expiresAt > now);
    if (this.size <= max) return;
    const first = this.#sorted.toSorted((a, b) => a.expiresAt - b.expiresAt);
    const dropped = new Set(first.slice(0, Math.ceil(this.size / 4)));
    this.#keep((range) => !dropped.has(range));
  }

  #keep(isKept: (range: Range<K>) => boolean): void {
    const kept = this.#sorted.filter(isKept);
    this.#sorted.splice(0, this.size, ...kept);
  }

  /** The one that covers `key`, if it does. */
  #removeAround(key: K): void {
    const before = this.#before(this.#firstNotBefore(key));
    if (before === undefined || !isBetween(this.#compare, before.from, key, before.to)) return;
    this.#sorted.splice(this.#sorted.indexOf(before), 1);
  }

  #isHit(range: Range<K>, other: Range<K>): boolean {
    if (other === range) return false;
    const isSame = this.#compare(range.from, other.from) === 0;
    return isSame || isBetween(this.#compare, range.from, other.from, range.to);
  }

  #before(index: number): Range<K> | undefined {
    return this.#sorted[index - 1] ?? this.#sorted.at(-1);
  }

  #firstNotBefore(key: K): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#sorted[middle]!.from, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
