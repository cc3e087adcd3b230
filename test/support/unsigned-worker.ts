/** A worker that says, once it is told to start, that the thread that checks signatures for it has failed. */
import { parentPort } from 'node:worker_threads';
import type { WorkerNews, WorkerOrder } from '../../src/view/channel.ts';

const tell = (news: WorkerNews): void => parentPort!.postMessage(news);
parentPort!.on('message', ({ order }: WorkerOrder) => {
  if (order === 'start') tell({ news: 'signatures-failed', why: 'is silent for 500 ms' });
});
