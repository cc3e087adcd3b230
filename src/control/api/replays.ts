import type { Clock } from '../../util/clock.ts';
import type { ApiResponse } from './binding.ts';
import { apiError } from './errors.ts';
import type { Replays } from './handler.ts';

/** 3,000 writes a second for the five minutes that a signature holds; at about 200 octets each. */
const SIGNATURES_MAX = 1_000_000;
const OCTETS_MAX = 64 * 1024 * 1024;

interface Kept {
  readonly until: number;
  /** Undefined where there was no room: the signature alone is known. */
  response: ApiResponse | undefined;
}

/**
 * Responses in memory. Of the oldest only the signature stays when they are over 64 MB: their copies are refused, not
 * applied again. After a restart nothing is known of what was before.
 */
export class MemoryReplays implements Replays {
  readonly #clock: Pick<Clock, 'wall'>;
  readonly #octetsMax: number;
  readonly #kept = new Map<string, Kept>();
  /** Signatures whose response is there, oldest first. */
  readonly #answered = new Set<string>();
  #octets = 0;

  constructor(clock: Pick<Clock, 'wall'>, octetsMax = OCTETS_MAX) {
    this.#clock = clock;
    this.#octetsMax = octetsMax;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Throws ApiError Throttling where there is no room for another, before anything is applied. */
  async find(signature: string): Promise<ApiResponse | undefined> {
    const kept = this.#kept.get(signature);
    if (kept === undefined) {
      this.#expire();
      if (this.#kept.size >= SIGNATURES_MAX) throw apiError('Throttling', 'Rate exceeded');
      return undefined;
    }
    if (kept.response !== undefined) return kept.response;
    throw apiError(
      'PriorRequestNotComplete',
      'The request was made before, and what was answered is not known any more.',
    );
  }

  async keep(signature: string, response: ApiResponse, until: number): Promise<void> {
    this.#kept.set(signature, { until, response });
    this.#answered.add(signature);
    this.#octets += response.body.length;
    for (const oldest of this.#answered) {
      if (this.#octets <= this.#octetsMax) break;
      this.#forgetResponse(oldest);
    }
  }

  /** They end about in the order in which they came: the first that holds ends the search. */
  #expire(): void {
    const now = this.#clock.wall();
    for (const [signature, { until }] of this.#kept) {
      if (until > now) break;
      this.#forgetResponse(signature);
      this.#kept.delete(signature);
    }
  }

  #forgetResponse(signature: string): void {
    if (!this.#answered.delete(signature)) return;
    const kept = this.#kept.get(signature)!;
    this.#octets -= kept.response!.body.length;
    kept.response = undefined;
  }
}
