import { availableParallelism, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

/**
 * V8's heap only: caches, zone images and tables are outside of it. One worker at its limit dies alone. The young heap
 * (half-spaces of a third of it) is a compromise: its collections cost less the rarer they are and stop the worker
 * longer (the names of `npm run bench -- cold`, 200 at a time: with 24 MB 5 ms at the median, 9 at most and 0.5 s in all;
 * with 48 MB 7, 12 and 0.4; with 64 MB 11, 17 and 0.3).
 */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 48 };
/**
 * What a worker's heap may grow to before it is first collected as a whole. V8 begins with a few megabytes and then
 * marks everything each second of a cold start. A share of the memory there is, so that small machines stay small.
 */
const EAGER_HEAP_MB_MAX = 128;
const EAGER_HEAP_MB_MIN = 16;
const EAGER_HEAP_SHARE = 1 / 16;
/**
 * Calls of a function before V8's highest compiler takes it; 3,000 unless told otherwise. What is done a few times for
 * each name that is not in the cache costs more to compile than it gains (652 and 540 us a resolution in `npm run bench --
 * cold` where it was 707 with V8's own), and what answers from the cache is called as often within a second.
 */
const CALLS_BEFORE_TURBOFAN = 30_000;
/**
 * How full a young heap is, in percent, when it is collected at the end of a turn of the event loop; fuller, and it is
 * collected in the middle of one. V8's own is 80. What survived the last time takes a third of it, so that these few percent
 * are a third of what is left (`npm run bench -- cold`: 48 collections instead of 62, 0.23 s in all instead of 0.27).
 */
const COLLECTED_AT_PERCENT = 95;

/**
 * Makes the threads of workers. Those that there will be are made ahead, and read their modules while control reads the
 * configuration: either takes as long as the other, and nothing of one is needed by the other.
 */
export class Nursery {
  readonly #file: URL;
  /** Nobody has taken them yet. */
  readonly #ready = new Map<number, Worker>();

  constructor(file: URL) {
    this.#file = file;
  }

  /** How the heaps of threads are that are made from now on, where there are as many workers; V8 has no limits for it. */
  expect(workers: number): void {
    setFlagsFromString(`--initial-old-space-size=${eagerHeapMb(workers)}`);
    // One thread collects the young objects of a worker (V8's own, mostly, while the worker waits), unless there are cores
    // to spare, where several make pauses shorter (in `npm run bench -- cold` on two cores 3.8 instead of 5.1 ms at the
    // median): else more would take the cores from other workers, and make the pause longer (10 instead of 14 ms on one).
    const hasSpareCore = workers < availableParallelism();
    setFlagsFromString(hasSpareCore ? '--parallel-scavenge' : '--no-parallel-scavenge');
    setFlagsFromString(`--invocation-count-for-turbofan=${CALLS_BEFORE_TURBOFAN}`);
    setFlagsFromString(`--minor-gc-task-trigger=${COLLECTED_AT_PERCENT}`);
  }

  /** Makes threads ahead for the first slots. */
  prepare(workers: number): void {
    this.expect(workers);
    for (let slot = 0; slot < workers; slot++) {
      const thread = this.#make(slot);
      this.#ready.set(slot, thread);
      const gone = (): void => {
        if (this.#ready.get(slot) === thread) this.#ready.delete(slot);
      };
      // Who takes the place of one that failed fails likewise, and is heard.
      thread.on('error', gone);
      thread.on('exit', gone);
    }
  }

  /** The thread of a worker, which waits for its start. Throws where none can be made. */
  take(slot: number): Worker {
    const thread = this.#ready.get(slot);
    this.#ready.delete(slot);
    return thread ?? this.#make(slot);
  }

  /** Ends those that nobody took. */
  async close(): Promise<void> {
    await Promise.all([...this.#ready.values()].map((thread) => thread.terminate()));
  }

  #make(slot: number): Worker {
    return new Worker(this.#file, { resourceLimits: WORKER_LIMITS, name: `worker ${slot}` });
  }
}

function eagerHeapMb(workers: number): number {
  // Of the control group, if that allows less than there is; without one it is 0 or beyond all memory.
  const memory = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  const share = Math.floor((EAGER_HEAP_SHARE * memory) / workers / 2 ** 20);
  return Math.min(EAGER_HEAP_MB_MAX, Math.max(EAGER_HEAP_MB_MIN, share));
}
