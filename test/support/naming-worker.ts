/** A worker that answers each message with the name of its thread. */
import { parentPort, threadName } from 'node:worker_threads';

parentPort!.on('message', () => parentPort!.postMessage(threadName));
