/** A thread that checks signatures for one worker (see signatures.ts). */
import { parentPort } from 'node:worker_threads';
import { verdictsOf } from '../dnssec/checkbatch.ts';
import { KeyStore } from '../dnssec/key.ts';
import { assert } from '../util/assert.ts';
import { stayBehindAnswers } from '../util/priority.ts';
import type { SignatureNews } from './signatures.ts';

assert(parentPort !== null, 'this is a thread of its own');
const worker = parentPort;
const keys = new KeyStore();
stayBehindAnswers();
const tell = (news: SignatureNews): void => worker.postMessage(news);
worker.on('message', (batch: Uint8Array) => {
  for (const verdicts of verdictsOf(batch, keys)) tell(verdicts);
});
tell('ready');
