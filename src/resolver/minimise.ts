import { labelCount, type Name, suffixOf } from '../wire/name.ts';
import type { ZoneCut } from './cut.ts';

/** Questions with a shortened name per resolution (RFC 9156 section 2.3, MAX_MINIMISE_COUNT). */
export const MINIMISE_STEPS_MAX = 10;
/** Of these, so many go on by one label each (MINIMISE_ONE_LAB); the others share what is left. */
const SINGLE_LABEL_STEPS = 4;

/**
 * How much of the name the servers of a zone get to see (RFC 9156): one label more than the zone's own, and more
 * step by step, until a referral leads on or the name is whole.
 */
export class Minimiser {
  readonly #name: Name;
  readonly #total: number;
  #steps = 0;
  /** Labels that the servers at hand have answered for already. */
  #known = 0;
  #whole: boolean;

  /** @param whole whether names are sent whole from the beginning */
  constructor(name: Name, whole: boolean) {
    this.#name = name;
    this.#total = labelCount(name);
    this.#whole = whole;
  }

  /** From now on servers of this zone are asked. */
  enter(cut: ZoneCut): void {
    this.#known = labelCount(cut.zone);
  }

  /** The name to be asked next; `undefined`: the whole one. */
  next(cut: ZoneCut): Name | undefined {
    if (this.#whole || this.#steps >= MINIMISE_STEPS_MAX) return undefined;
    const left = this.#total - this.#known;
    const stride =
      this.#steps < SINGLE_LABEL_STEPS ? 1 : Math.ceil(left / (MINIMISE_STEPS_MAX - this.#steps));
    for (let labels = this.#known + stride; labels < this.#total; labels++) {
      const name = suffixOf(this.#name, labels);
      if (!cut.isInner(name)) return name;
    }
    return undefined;
  }

  /** The servers answered for `name` without referring on. */
  answered(name: Name): void {
    this.#known = labelCount(name);
    this.#steps++;
  }

  /** What was said of a shortened name is not believed. */
  giveUp(): void {
    this.#whole = true;
  }
}
