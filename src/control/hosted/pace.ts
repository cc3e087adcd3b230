import type { Clock } from '../../util/clock.ts';

/** How long changes of hosted zones wait, after others were put in force, for more to be put in force with them. */
const WAIT_MS_MIN = 15;
const WAIT_MS_MAX = 1_000;
/**
 * What a snapshot costs where they go on coming: packets wait while a worker takes it over, a millisecond or two, which is
 * not to be 1 % of them; and so many times as long as it takes to make is the API's.
 */
const COST_MS_MIN = 200;
const SHARE = 9;
/** So much of that is let go: a hundred changes, each made when the one before is served, are no flood. */
const SPARED_MS = 100 * COST_MS_MIN;

/** When what the API changes is put in force: at once where it comes singly, five times a second where it goes on coming. */
export class Pace {
  readonly #clock: Pick<Clock, 'now'>;
  /** What this thread computed for the snapshot under way, without what it waited for others, in milliseconds. */
  #spent = 0;
  /** Milliseconds that snapshots have cost and that have not passed since, as of `#at`. */
  #owed = 0;
  #at = 0;
  #next = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds until the next snapshot may be made; 0 or less: now. */
  get wait(): number {
    return this.#next - this.#clock.now();
  }

  /** A part of making a snapshot. */
  measure<T>(make: () => T): T {
    const begun = this.#clock.now();
    try {
      return make();
    } finally {
      this.#spent += this.#clock.now() - begun;
    }
  }

  /** A snapshot is in force, or could not be put there. */
  over(): void {
    const now = this.#clock.now();
    const left = Math.max(this.#owed - (now - this.#at), 0);
    const cost = Math.max(COST_MS_MIN, SHARE * this.#spent);
    this.#owed = Math.min(left + cost, SPARED_MS + WAIT_MS_MAX);
    this.#at = now;
    const wait = Math.max(WAIT_MS_MIN, this.#spent, this.#owed - SPARED_MS);
    this.#next = now + Math.min(wait, WAIT_MS_MAX);
    this.#spent = 0;
  }
}
