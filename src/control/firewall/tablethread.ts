/** A thread that makes the table of one list and ends (see tables.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../util/assert.ts';
import { stayInBackground } from '../../util/priority.ts';
import { Domains } from '../../zone/domains.ts';
import { listedDomain } from './domain.ts';
import { CHANGES_MAX, each, type TableMade, type TableTask } from './tables.ts';

assert(parentPort !== null, 'this is a thread of its own');
stayInBackground();
const { text, seed, before } = workerData as TableTask;
const table = Domains.build(each(text.split('\n'), listedDomain), seed);
const difference = before && Domains.difference(Domains.from(before), Domains.from(table), CHANGES_MAX);
parentPort.postMessage({ table, difference } satisfies TableMade);
