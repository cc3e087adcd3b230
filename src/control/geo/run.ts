import { Worker } from 'node:worker_threads';
import type { Clock } from '../../util/clock.ts';
import type { GeoOutcome, GeoResults, GeoTask } from './task.ts';

/** The largest real databases take some ten seconds. */
export const TASK_MS_MAX = 120_000;
/** V8's heap only: files and tables are outside of it, and bounded by the size of the file. */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 32 };

/**
 * Performs a task in a thread of its own, which is ended when it takes longer than `msMax`. Never rejects: whatever
 * happens there is a fault of the file.
 */
export async function runTask<K extends keyof GeoResults>(
  task: GeoTask & { readonly task: K },
  clock: Pick<Clock, 'after'>,
  msMax = TASK_MS_MAX,
): Promise<GeoOutcome<GeoResults[K]>> {
  const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
  const file = new URL(`./child${suffix}`, import.meta.url);
  const worker = new Worker(file, { workerData: task, resourceLimits: LIMITS, name: `geo ${task.task}` });
  const { promise, resolve } = Promise.withResolvers<GeoOutcome<GeoResults[K]>>();
  worker.once('message', resolve);
  worker.once('error', (error: Error) => resolve({ faults: [`reading it failed: ${error.message}`] }));
  worker.once('exit', () => resolve({ faults: ['reading it ended early'] }));
  const timer = clock.after(msMax, () => {
    resolve({ faults: [`reading it takes longer than ${msMax / 1000} s`] });
    void worker.terminate();
  });
  const outcome = await promise;
  timer.cancel();
  await worker.terminate();
  return outcome;
}
