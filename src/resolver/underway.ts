import { type HashSeed, keyedHashFolded } from '../util/hash.ts';
import { cryptoPrng } from '../util/prng.ts';
import { Turnover } from '../util/turnover.ts';
import { type Name, nameEquals } from '../wire/name.ts';

/**
 * What is under way, by context, name and a number that tells apart what else is by that name: for those who would
 * begin it once more. As ContextTable it does without strings, of which the engine would make one of its own to look it
 * up; and as Turnover without holding what is over.
 */
export class Underway<V> {
  readonly #seed: HashSeed = [cryptoPrng.u32(), cryptoPrng.u32()];
  /** Mostly one to each. */
  readonly #byHash = new Turnover<number, Entry<V>>();
  readonly #hashMask: number;
  #size = 0;

  /** @param hashMask bits of a hash that count; less in tests */
  constructor(hashMask = ~0) {
    this.#hashMask = hashMask;
  }

  get size(): number {
    return this.#size;
  }

  get(context: number, name: Name, mark: number): V | undefined {
    let entry = this.#byHash.get(this.#hashOf(context, name, mark));
    while (entry !== undefined && !isOf(entry, context, name, mark)) entry = entry.next;
    return entry?.value;
  }

  /** There must be none. */
  add(context: number, name: Name, mark: number, value: V): void {
    const hash = this.#hashOf(context, name, mark);
    this.#byHash.set(hash, { context, name, mark, value, next: this.#byHash.get(hash) });
    this.#size++;
  }

  /** It is over, if it was there. */
  delete(context: number, name: Name, mark: number): void {
    const hash = this.#hashOf(context, name, mark);
    const first = this.#byHash.get(hash);
    let entry = first;
    let before: Entry<V> | undefined;
    while (entry !== undefined && !isOf(entry, context, name, mark)) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) return;
    if (before !== undefined) before.next = entry.next;
    else if (entry.next !== undefined) this.#byHash.set(hash, entry.next);
    else this.#byHash.delete(hash);
    this.#size--;
  }

  clear(): void {
    this.#byHash.clear();
    this.#size = 0;
  }

  #hashOf(context: number, name: Name, mark: number): number {
    const number = Math.imul(context, 0x9e3779b1) ^ Math.imul(mark, 0x85ebca6b);
    return (keyedHashFolded(this.#seed, name, 0, name.length) ^ number) & this.#hashMask;
  }
}

interface Entry<V> {
  readonly context: number;
  readonly name: Name;
  readonly mark: number;
  readonly value: V;
  /** Another of the same hash. */
  next: Entry<V> | undefined;
}

function isOf(entry: Entry<unknown>, context: number, name: Name, mark: number): boolean {
  return entry.context === context && entry.mark === mark && nameEquals(entry.name, name);
}
