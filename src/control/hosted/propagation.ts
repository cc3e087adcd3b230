import type { Revision } from '../store/store.ts';

/** While nothing can be put in force, changes beyond this are not timed. */
const WAITING_MAX = 10_000;

/** When changes that workers do not serve yet were accepted. Those that were written together are one. */
export class Propagation {
  #waiting: { readonly revision: Revision; readonly at: number }[] = [];
  #noted: Revision = 0;

  /** The store has come to this revision, with something that workers are to serve. */
  accepted(revision: Revision, now: number): void {
    if (revision <= this.#noted || this.#waiting.length >= WAITING_MAX) return;
    this.#noted = revision;
    this.#waiting.push({ revision, at: now });
  }

  /** Every worker serves this revision. Returns how long each change took, in milliseconds. */
  served(revision: Revision, now: number): number[] {
    const isServed = (change: { readonly revision: Revision }): boolean => change.revision <= revision;
    const done = this.#waiting.filter(isServed);
    this.#waiting = this.#waiting.filter((change) => !isServed(change));
    return done.map(({ at }) => now - at);
  }

  /** For how long the oldest change has waited: milliseconds, 0 where none waits. */
  waitingMs(now: number): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? 0 : now - oldest.at;
  }
}
