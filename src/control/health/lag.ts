import type { Clock, Timer } from '../../util/clock.ts';

/** Beyond this, what timers say of an endpoint is about this thread. */
export const LAG_MS_MAX = 100;
const TICK_MS = 25;

/** Notices when the event loop of its thread did not turn in time: results of such a moment mean nothing. */
export class LagMeter {
  readonly #clock: Clock;
  readonly #timer: Timer;
  #tickedAt: number;
  #laggedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tickedAt = clock.now();
    this.#timer = clock.every(TICK_MS, () => this.#look());
  }

  /** Whether the loop lagged over LAG_MS_MAX at some time since `at`, a time of the clock. */
  laggedSince(at: number): boolean {
    this.#look();
    return this.#laggedAt >= at;
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Also between ticks: what waited behind a block is handled before the tick that would tell of it. */
  #look(): void {
    const now = this.#clock.now();
    if (now - this.#tickedAt - TICK_MS > LAG_MS_MAX) this.#laggedAt = now;
    this.#tickedAt = now;
  }
}
