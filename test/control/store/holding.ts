/** Opens the store of a folder and keeps it open: a thread, or `node holding.ts FOLDER`. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '../../../src/control/store/open.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { quiet } from './support.ts';

const folder = parentPort === null ? process.argv[2]! : (workerData as string);
const store = openStore({ folder, clock: systemClock, log: quiet });
if (parentPort === null) writeSync(1, 'open\n');
parentPort?.postMessage('open');
// Never true; the store is in use until the end.
setInterval(() => store.revision < 0, 60_000);
