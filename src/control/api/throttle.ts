import type { Clock } from '../../util/clock.ts';

/** Requests per second that an account may go on making, and how many at once. */
export interface RateLimit {
  readonly rate: number;
  readonly burst: number;
}

/** A token bucket for each account; there are as many as the configuration has. */
export class Throttle {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Pick<Clock, 'now'>, limit: RateLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** True if one more request is within the limit, and counts it. */
  take(account: string): boolean {
    const { rate, burst } = this.#limit;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(account) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    const allowed = tokens >= 1;
    this.#buckets.set(account, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed;
  }
}
