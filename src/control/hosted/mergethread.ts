/** A thread that merges one patch into one image and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../util/assert.ts';
import { stayInBackground } from '../../util/priority.ts';
import { mergePatch } from '../../zone/merge.ts';
import type { MergeTask } from './merging.ts';

assert(parentPort !== null, 'this is a thread of its own');
stayInBackground();
const { image, patch } = workerData as MergeTask;
parentPort.postMessage(mergePatch(image, patch));
