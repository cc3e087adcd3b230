/**
 * A circuit breaker per target. After a run of failures the target is asked one probe for its rule's own domain
 * (`suspect`): a target that forwards to dead servers is silent about their names only, and those must not cut off
 * all others. If the probe fails too, the target is `open`: passed over while another works, and probed at growing
 * intervals (`half-open` while a probe is out). Any reply closes it.
 *
 *     closed ──8 failures──▶ suspect ──probe failed──▶ open ◀──probe failed── half-open
 *       ▲                       │                       └──────delay over──────▶ │
 *       └───────── any reply ───┴────────────────────────────────────────────────┘
 */
export type BreakerState = 'closed' | 'suspect' | 'open' | 'half-open';

/** Failures in a row that arouse suspicion: with three tries a question, not the fault of a single one. */
export const BREAKER_FAILURES = 8;
/** Delay before the first probe of an open breaker, doubling up to the largest. */
export const BREAKER_DELAY_MIN_MS = 1_000;
export const BREAKER_DELAY_MAX_MS = 60_000;
/**
 * A path whose targets are all open still asks the best of them, this far apart: at most 3 packets in 5 s, so that
 * recovery is noticed in seconds however long the delay has grown (coredns#2427: a sole upstream never recovered).
 */
export const PROBE_SPACING_MS = 2_000;

export class Breaker {
  state: BreakerState = 'closed';
  /** In a row, since the last reply. */
  failures = 0;
  /** Clock time of the next probe; only while open. */
  retryAt = 0;
  /** Clock time at which a run of failures last ended by opening or closing; for status. */
  changedAt = 0;
  #delayMs = BREAKER_DELAY_MIN_MS;

  /** A reply came. Returns true if the target had been given up before: what was learned of its failure is void. */
  answered(now: number): boolean {
    const recovered = this.state === 'open' || this.state === 'half-open';
    this.failures = 0;
    if (this.state !== 'closed') this.changedAt = now;
    this.state = 'closed';
    this.#delayMs = BREAKER_DELAY_MIN_MS;
    return recovered;
  }

  /** A query failed. Returns true if a probe is to be sent now. */
  failed(): boolean {
    this.failures++;
    if (this.state !== 'closed' || this.failures < BREAKER_FAILURES) return false;
    this.state = 'suspect';
    return true;
  }

  /** The delay is over and a probe is about to be sent. */
  probing(): void {
    if (this.state === 'open') this.state = 'half-open';
  }

  probeFailed(now: number): void {
    if (this.state === 'closed') return;
    // From suspicion the first delay counts; each further failed probe doubles it.
    if (this.state === 'half-open') this.#delayMs = Math.min(this.#delayMs * 2, BREAKER_DELAY_MAX_MS);
    this.state = 'open';
    this.changedAt = now;
    this.retryAt = now + this.#delayMs;
  }
}
