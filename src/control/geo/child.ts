/**
 * A thread that reads one file and ends (see task.ts): a file that takes too long or too much memory takes nothing
 * else with it.
 */

import { readFileSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Reader } from 'mmdb-lib';
import { assert, unreachable } from '../../util/assert.ts';
import { stayInBackground } from '../../util/priority.ts';
import { fileFault } from '../config/files.ts';
import { DatabaseError } from './data.ts';
import { compileDatabase } from './database.ts';
import { compileRtt } from './rttfile.ts';
import type { GeoOutcome, GeoRecord, GeoTask } from './task.ts';

/** Databases of whole cities have some 130 MB, of enterprises three times that. */
const DATABASE_OCTETS_MAX = 1024 * 1024 * 1024;
const RTT_OCTETS_MAX = 64 * 1024 * 1024;
/** What is shown of a record. */
const RECORD_LETTERS_MAX = 16_384;

assert(parentPort !== null, 'this is a thread of its own');
stayInBackground();
parentPort.postMessage(outcomeOf(workerData as GeoTask));

function outcomeOf(task: GeoTask): GeoOutcome {
  try {
    return perform(task);
  } catch (error) {
    if (error instanceof DatabaseError) return { faults: [error.message] };
    const { message, remedy } = fileFault(error);
    return { faults: [`${message}; ${remedy}`] };
  }
}

function perform(task: GeoTask): GeoOutcome {
  switch (task.task) {
    case 'database':
      return { result: compileDatabase(read(task.path, DATABASE_OCTETS_MAX)) };
    case 'rtt': {
      const { rtt, errors } = compileRtt(read(task.path, RTT_OCTETS_MAX).toString('utf8'));
      return rtt === undefined ? { faults: errors } : { result: rtt };
    }
    case 'records':
      return { result: task.paths.map((path) => recordOf(path, task.address)) };
    default:
      return unreachable(task);
  }
}

function read(path: string, octetsMax: number): Buffer {
  const stat = statSync(path);
  // A FIFO would block and a device never end.
  if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' });
  if (stat.size > octetsMax)
    throw new DatabaseError(`the file has ${stat.size} octets; at most ${octetsMax}`);
  return readFileSync(path);
}

/** The reader throws whatever comes to it from a file that is broken. */
function recordOf(path: string, address: string): GeoRecord {
  try {
    const reader = new Reader(read(path, DATABASE_OCTETS_MAX));
    const [record, bits] = reader.getWithPrefixLength(address);
    const json =
      record === null ? undefined : JSON.stringify(record, bigIntAsText).slice(0, RECORD_LETTERS_MAX);
    return { record: json, bits };
  } catch (error) {
    return { record: undefined, bits: 0, fault: (error as Error).message };
  }
}

function bigIntAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
