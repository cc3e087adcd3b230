import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { keepV8BehindWorkers } from '../../src/util/priority.ts';

const CODE = (file: string, lower: string): string => `
  const { getPriority } = await import('node:os');
  const { readlinkSync } = await import('node:fs');
  const { parentPort } = await import('node:worker_threads');
  const { ${lower} } = await import(${JSON.stringify(file)});
  const done = ${lower}();
  parentPort.postMessage([done, getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)))]);
`;

for (const [lower, priority] of [
  ['stayInBackground', 15],
  ['stayBehindWorkers', 10],
] as const)
  t.test(
    `${lower}: one thread steps back, the others do not`,
    { skip: process.platform !== 'linux' },
    async (t) => {
      const before = getPriority();
      const file = new URL('../../src/util/priority.ts', import.meta.url).href;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(CODE(file, lower))}`));
      const told = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      t.same(told, [true, Math.min(before + priority, 19)]);
      t.equal(getPriority(), before);
    },
  );

t.test(
  "V8's threads step back, those of JavaScript do not",
  { skip: process.platform !== 'linux' },
  async (t) => {
    const before = getPriority();
    t.equal(keepV8BehindWorkers(), true);
    const priorities = new Map<string, number[]>();
    for (const thread of readdirSync('/proc/self/task')) {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim();
      priorities.set(name, [...(priorities.get(name) ?? []), getPriority(Number(thread))]);
    }
    const v8 = [...priorities].filter(([name]) => name.includes('V8Worker')).flatMap(([, each]) => each);
    t.ok(v8.length > 0, [...priorities.keys()].join(' '));
    t.ok(v8.every((priority) => priority === Math.min(before + 5, 19)));
    t.equal(getPriority(), before);
  },
);
