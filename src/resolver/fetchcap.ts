/**
 * Questions of one zone that may be out at its servers (security: fetches per zone). One is out until all its packets
 * are answered or lost, whoever has given it up: slow servers have before them what was sent, not what is waited for.
 */
export const ZONE_FETCHES_MAX = 200;
/** Never less: silence about some of a zone's names must not cut off all others. */
const ZONE_FETCHES_MIN = 20;
/** Ended questions between adjustments, and the shares of failures that raise and lower the cap (BIND's fetch-quota). */
const ADJUST_EVERY = 100;
const FAILURES_LOW = 0.1;
const FAILURES_HIGH = 0.3;
const SHRINK = 0.7;
const GROW = 1.1;

/** How many questions may be out at once at something that may be in trouble: fewer, the more of them fail. */
export class FetchCap {
  #out = 0;
  #max: number;
  readonly #least: number;
  readonly #most: number;
  #ended = 0;
  #failed = 0;

  constructor(most = ZONE_FETCHES_MAX, least = ZONE_FETCHES_MIN) {
    this.#most = most;
    this.#least = Math.min(least, most);
    this.#max = most;
  }

  get out(): number {
    return this.#out;
  }

  get max(): number {
    return this.#max;
  }

  /** False: too many are out. Otherwise `give` must follow. */
  take(): boolean {
    if (this.#out >= this.#max) return false;
    this.#out++;
    return true;
  }

  give(failed: boolean): void {
    this.#out--;
    this.#ended++;
    if (failed) this.#failed++;
    if (this.#ended < ADJUST_EVERY) return;
    const share = this.#failed / this.#ended;
    if (share > FAILURES_HIGH) this.#max = Math.max(this.#least, Math.floor(this.#max * SHRINK));
    else if (share < FAILURES_LOW) this.#max = Math.min(this.#most, Math.ceil(this.#max * GROW));
    this.#ended = 0;
    this.#failed = 0;
  }
}
