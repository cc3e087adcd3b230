/**
 * Numbers the contexts: each pair of a view and a way to an answer has one, which is part of every cache key. A
 * fingerprint says all that makes the answers of a context what they are; while it stays the same over reloads the
 * number does, and what was learned is kept. A number is never given out again: what was learned through a rule's
 * old targets is out of reach of its new ones.
 */
export class ContextRegistry {
  readonly #before: ReadonlyMap<string, number>;
  readonly #now = new Map<string, number>();
  #next: number;

  /** Continues `previous`; what this compilation does not ask for is forgotten. */
  constructor(previous?: Pick<ContextRegistry, 'fingerprints' | 'next'>) {
    this.#before = previous?.fingerprints ?? new Map();
    this.#next = previous?.next ?? 1;
  }

  get fingerprints(): ReadonlyMap<string, number> {
    return this.#now;
  }

  /** The next number that is free. */
  get next(): number {
    return this.#next;
  }

  /** The number of a context; 1..2^32-1. */
  of(fingerprint: string): number {
    const known = this.#now.get(fingerprint) ?? this.#before.get(fingerprint);
    const context = known ?? this.#next++;
    this.#now.set(fingerprint, context);
    return context;
  }
}
