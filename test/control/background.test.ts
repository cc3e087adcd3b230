import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import t from 'tap';

const CODE = (file: string, lower: string): string => `
  const { getPriority } = await import('node:os');
  const { readlinkSync } = await import('node:fs');
  const { parentPort } = await import('node:worker_threads');
  const { ${lower} } = await import(${JSON.stringify(file)});
  const done = ${lower}();
  parentPort.postMessage([done, getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)))]);
`;

for (const [lower, priority] of [
  ['stayInBackground', 10],
  ['stayBehindWorkers', 5],
] as const)
  t.test(
    `${lower}: one thread steps back, the others do not`,
    { skip: process.platform !== 'linux' },
    async (t) => {
      const before = getPriority();
      const file = new URL('../../src/control/background.ts', import.meta.url).href;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(CODE(file, lower))}`));
      const told = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      t.same(told, [true, Math.max(before, priority)]);
      t.equal(getPriority(), before);
    },
  );
