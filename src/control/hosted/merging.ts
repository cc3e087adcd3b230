import { Worker } from 'node:worker_threads';
import type { Logger } from '../../telemetry/log.ts';
import { mergePatch } from '../../zone/merge.ts';
import type { ZonePatch } from '../../zone/patch.ts';
import type { Zone } from '../../zone/zone.ts';

/** Zones of fewer names are merged at once: that takes less than the start of a thread. */
const THREAD_NODES = 20_000;
/** V8's heap only: images are outside of it. */
const LIMITS = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 32 };

/** What a thread is to merge: see zone/merge. */
export interface MergeTask {
  readonly image: SharedArrayBuffer;
  readonly patch: ZonePatch;
}

/** By merged image. */
const origins = new WeakMap<SharedArrayBuffer, MergeTask>();

function made(task: MergeTask, image: SharedArrayBuffer): SharedArrayBuffer {
  origins.set(image, task);
  return image;
}

/** What an image was merged of; undefined where it was built. */
export function originOf(image: SharedArrayBuffer): MergeTask | undefined {
  return origins.get(image);
}

/** Merges patches into images, those of large zones in a thread of its own. */
export class Merging {
  readonly #log: Logger;
  readonly #workers = new Set<Worker>();
  /** A merged image is there to be published. */
  readonly #merged: () => void;

  constructor(log: Logger, merged: () => void) {
    this.#log = log;
    this.#merged = merged;
  }

  /** @param done gets the image, or undefined where there is none; not called after `close` */
  merge(zone: Zone, patch: ZonePatch, done: (image: SharedArrayBuffer | undefined) => void): void {
    const task: MergeTask = { image: zone.image, patch };
    if (zone.nodeCount < THREAD_NODES) {
      done(made(task, mergePatch(task.image, patch)));
      return;
    }
    const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
    const file = new URL(`./mergethread${suffix}`, import.meta.url);
    const worker = new Worker(file, { workerData: task, resourceLimits: LIMITS, name: 'merge' });
    this.#workers.add(worker);
    let image: SharedArrayBuffer | undefined;
    worker.once('message', (merged: SharedArrayBuffer) => {
      image = made(task, merged);
    });
    worker.once('error', (error) => this.#log.error({ error }, 'a zone cannot be merged'));
    worker.once('exit', () => {
      if (!this.#workers.delete(worker)) return;
      done(image);
      this.#merged();
    });
  }

  close(): void {
    const workers = [...this.#workers];
    this.#workers.clear();
    for (const worker of workers) void worker.terminate();
  }
}
