import type { Logger } from '../../telemetry/log.ts';
import type { Destination } from '../../view/querylog.ts';

/** Between attempts: doubled from one to the next. */
const REST_MS = 500;
const REST_MS_MAX = 30_000;

/** Whether a receiver takes what is sent: told once when it does not, and once when it does again. */
export class Reception {
  readonly #log: Logger;
  readonly #to: Destination;
  #isTold = false;
  /** Attempts since the last that was good. */
  #failures = 0;

  constructor(log: Logger, to: Destination) {
    this.#log = log;
    this.#to = to;
  }

  /** Returns how many milliseconds it is to be left alone. */
  failed(err: unknown): number {
    if (!this.#isTold) this.#log.warn({ err, to: this.#to }, 'nobody receives a query log');
    this.#isTold = true;
    return Math.min(REST_MS * 2 ** this.#failures++, REST_MS_MAX);
  }

  /** @param lost entries since the last time that it was asked */
  taken(lost: () => number): void {
    this.#failures = 0;
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#log.info({ to: this.#to, lost: lost() }, 'a query log is received again');
  }
}
