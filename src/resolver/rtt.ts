/**
 * Smoothed round-trip time and its variation, as RFC 6298 keeps them for TCP, and the patience that follows: how
 * long to wait for a reply before asking again.
 */

/** Patience with a target nothing is known of: a continent away, with a cache miss on the other side. */
export const PATIENCE_FIRST_MS = 400;
/** Below this a hiccup of either host's scheduler would look like a loss. */
export const PATIENCE_MIN_MS = 200;
/** Above this the client's own patience is at stake. */
export const PATIENCE_MAX_MS = 1_500;
/** However steady a server is, replies are not late by less than this. */
const MARGIN_MS = 10;
/** Gains of RFC 6298 section 2.3. */
const ALPHA = 1 / 8;
const BETA = 1 / 4;

export class Rtt {
  /** Milliseconds; undefined until the first sample. */
  smoothed: number | undefined = undefined;
  variation = 0;
  /** Doubled by each reply that did not come in time, back to one with the next that does. */
  #backoff = 1;

  sample(ms: number): void {
    this.#backoff = 1;
    if (this.smoothed === undefined) {
      this.smoothed = ms;
      this.variation = ms / 2;
      return;
    }
    this.variation += BETA * (Math.abs(this.smoothed - ms) - this.variation);
    this.smoothed += ALPHA * (ms - this.smoothed);
  }

  late(): void {
    this.#backoff = Math.min(this.#backoff * 2, PATIENCE_MAX_MS / PATIENCE_MIN_MS);
  }

  /** Milliseconds after which a reply would be unusually late; undefined where nothing is known. */
  get usual(): number | undefined {
    return this.smoothed === undefined ? undefined : this.smoothed + Math.max(MARGIN_MS, 3 * this.variation);
  }

  /** Milliseconds to wait before another try, PATIENCE_MIN_MS to PATIENCE_MAX_MS. */
  get patience(): number {
    const usual = this.smoothed === undefined ? PATIENCE_FIRST_MS : this.smoothed + 4 * this.variation;
    return Math.min(PATIENCE_MAX_MS, Math.max(PATIENCE_MIN_MS, usual) * this.#backoff);
  }
}
