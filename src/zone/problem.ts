import type { Name } from '../wire/name.ts';

/** What is wrong with a zone, and at which name. */
export interface Problem {
  readonly name: Name;
  readonly message: string;
}

/** More are counted and not kept: a file for the wrong zone has one for each of its million records. */
export const PROBLEMS_MAX = 1000;

export class Problems {
  readonly #kept: Problem[] = [];
  #count = 0;

  add(name: Name, message: string): void {
    if (this.#count++ < PROBLEMS_MAX) this.#kept.push({ name: name.slice(), message });
  }

  get count(): number {
    return this.#count;
  }

  /** All problems; the last one tells how many more there are. */
  list(zone: Name): Problem[] {
    const more = this.#count - this.#kept.length;
    return more === 0 ? this.#kept : [...this.#kept, { name: zone, message: `and ${more} more of these` }];
  }
}
