import type { Clock, Timer } from '../../../util/clock.ts';
import type { HealthLatency } from '../../../view/health.ts';
import type { Sighting } from '../record.ts';

/** What became of a look at an endpoint. `void`: it is not known, for a reason of this host. */
export type ProbeResult =
  | ({ readonly kind: 'seen' } & Sighting)
  | { readonly kind: 'void'; readonly reason: string };

/**
 * One look at an endpoint, with what it holds open and how long it may take. It ends once: by a result, by its time,
 * or given up.
 */
export class Attempt {
  readonly clock: Clock;
  readonly #done: (result: ProbeResult) => void;
  #timer: Timer | undefined;
  #held: (() => void)[] = [];
  #isOver = false;

  constructor(clock: Clock, done: (result: ProbeResult) => void) {
    this.clock = clock;
    this.#done = done;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** `free` is called at its end. */
  hold(free: () => void): void {
    if (this.#isOver) free();
    else this.#held.push(free);
  }

  /** Frees what it holds until now. */
  release(): void {
    for (const free of this.#held.splice(0)) free();
  }

  /** It fails for this reason unless it comes further within `ms`. */
  within(ms: number, reason: string): void {
    this.#timer?.cancel();
    if (!this.#isOver) this.#timer = this.clock.after(ms, () => this.fail(reason));
  }

  pass(reason: string, latency?: HealthLatency): void {
    this.#finish({ kind: 'seen', passed: true, reason: `Success: ${reason}`, latency });
  }

  fail(reason: string): void {
    this.#finish({ kind: 'seen', passed: false, reason: `Failure: ${reason}` });
  }

  /** Nothing can be said of the endpoint. */
  void(reason: string): void {
    this.#finish({ kind: 'void', reason });
  }

  giveUp(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.release();
  }

  #finish(result: ProbeResult): void {
    if (this.#isOver) return;
    this.giveUp();
    this.#done(result);
  }
}
