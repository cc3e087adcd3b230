import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { LagMeter } from './lag.ts';

/** Something that is looked at again and again. */
export interface Task<Result> {
  /** From a result to the next look. */
  readonly intervalMs: number;
  /** Looks, and calls `done` once, later; what it returns gives up, and then `done` is not called. */
  readonly look: (done: (result: Result) => void) => () => void;
}

export interface RoundsOptions<Result> {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly lag: Pick<LagMeter, 'laggedSince'>;
  /** Looks under way at a time, each of which may hold a descriptor; others wait for their turn. */
  readonly inFlightMax: number;
  /**
   * A round is over; `lagged`: while it ran this thread was late, so that the result means nothing. Returns whether the
   * round is made again soon, as it told nothing.
   */
  readonly over: (id: string, result: Result, lagged: boolean) => boolean;
}

/** An interval is shortened by up to this part of it at random, so that checks do not march in step. */
const JITTER = 0.1;
/**
 * At most that long after a round that told nothing, twice as long after the next one, until it is an interval: where
 * this thread cannot keep up, rounds that are made again sooner would keep it from ever doing so.
 */
const AGAIN_MS = 1_000;
/** First rounds are spread over so much time for each task that is new, and at most over an interval. */
const SPREAD_MS = 5;
/** Parts of the range over which a random time is drawn. */
const DRAWS = 1024;

interface Job<Result> {
  readonly id: string;
  /** Equal for tasks that look at the same thing in the same way. */
  readonly key: string;
  readonly task: Task<Result>;
  timer: Timer | undefined;
  giveUp: (() => void) | undefined;
  /** Rounds in a row that told nothing. */
  voids: number;
}

/**
 * When each task looks:
 *
 *     waiting ─ interval ─▶ queued ─ fewer than inFlightMax ─▶ looking ─ result ─▶ waiting
 */
export class Rounds<Result> {
  readonly #o: RoundsOptions<Result>;
  readonly #jobs = new Map<string, Job<Result>>();
  readonly #queue = new Set<Job<Result>>();
  readonly #inFlightMax: number;
  #inFlight = 0;

  constructor(options: RoundsOptions<Result>) {
    this.#o = options;
    this.#inFlightMax = options.inFlightMax;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** These are the tasks from now on, by id. One with the key that it had goes on as it was. */
  configure(tasks: ReadonlyMap<string, { readonly key: string; readonly task: Task<Result> }>): void {
    for (const job of this.#jobs.values()) if (tasks.get(job.id)?.key !== job.key) this.#drop(job);
    const added: Job<Result>[] = [];
    for (const [id, { key, task }] of tasks)
      if (!this.#jobs.has(id)) added.push({ id, key, task, timer: undefined, giveUp: undefined, voids: 0 });
    for (const job of added) {
      this.#jobs.set(job.id, job);
      this.#wait(job, this.#random(Math.min(job.task.intervalMs, added.length * SPREAD_MS)));
    }
    // In the places of those that were given up.
    this.#lookAtNext();
  }

  #drop(job: Job<Result>): void {
    this.#jobs.delete(job.id);
    this.#queue.delete(job);
    job.timer?.cancel();
    if (job.giveUp === undefined) return;
    job.giveUp();
    this.#leave(job);
  }

  #wait(job: Job<Result>, ms: number): void {
    job.timer = this.#o.clock.after(ms, () => {
      this.#queue.add(job);
      this.#lookAtNext();
    });
  }

  #lookAtNext(): void {
    for (const job of this.#queue) {
      if (this.#inFlight >= this.#inFlightMax) return;
      this.#queue.delete(job);
      this.#look(job);
    }
  }

  #look(job: Job<Result>): void {
    const begun = this.#o.clock.now();
    this.#inFlight++;
    job.giveUp = job.task.look((result) => {
      this.#leave(job);
      const again = this.#o.over(job.id, result, this.#o.lag.laggedSince(begun));
      job.voids = again ? job.voids + 1 : 0;
      if (this.#jobs.get(job.id) === job) this.#wait(job, this.#pause(job));
      this.#lookAtNext();
    });
  }

  #leave(job: Job<Result>): void {
    job.giveUp = undefined;
    this.#inFlight--;
  }

  /** Rounds that a block of this thread made void all end in one moment: they must not begin again in one. */
  #pause({ voids, task: { intervalMs } }: Job<Result>): number {
    const soon = (AGAIN_MS / 2) * 2 ** voids;
    return voids === 0 || soon >= intervalMs ? this.#jittered(intervalMs) : soon - this.#random(soon / 2);
  }

  #jittered(ms: number): number {
    return ms - this.#random(ms * JITTER);
  }

  /** Below `ms`. */
  #random(ms: number): number {
    return (ms * this.#o.prng.below(DRAWS)) / DRAWS;
  }
}
