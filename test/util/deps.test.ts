import { Worker } from 'node:worker_threads';
import t from 'tap';
import { DEPENDENCIES_MAX, DEPENDENCY_SLOTS, Dependencies } from '../../src/util/deps.ts';

t.test('a bump is seen in its slot only, through every view of the buffer', async (t) => {
  const deps = new Dependencies();
  const other = new Dependencies(deps.buffer);
  const before = deps.generation(7);
  other.bump(7);
  t.not(deps.generation(7), before);
  t.equal(deps.generation(8), before);
});

t.test('each hash has a slot', async (t) => {
  const deps = new Dependencies();
  for (const hash of [0, 1, -1, 0x7fffffff, -0x80000000, 0xffffffff]) {
    const slot = deps.slotOf(hash);
    t.ok(Number.isInteger(slot) && slot >= 0 && slot < DEPENDENCY_SLOTS, `${hash} -> ${slot}`);
  }
  t.equal(deps.slotOf(-1), deps.slotOf(0xffffffff), 'signed or unsigned');
});

t.test('an answer is stored only if nothing it was made from has changed', async (t) => {
  const deps = new Dependencies();
  const made = [1, 2].map((slot) => ({ slot, generation: deps.generation(slot) }));
  t.ok(deps.hold(made));
  t.ok(deps.hold([]));
  t.notOk(deps.hold(Array(DEPENDENCIES_MAX + 1).fill(made[0])), 'more than an entry holds');
  deps.bump(2);
  t.notOk(deps.hold(made));
});

t.test('generations wrap', async (t) => {
  const deps = new Dependencies();
  new Uint32Array(deps.buffer)[3] = 0xffffffff;
  deps.bump(3);
  t.equal(deps.generation(3), 0);
});

t.test('bumps of two threads are all counted', async (t) => {
  const deps = new Dependencies();
  const module = new URL('../../src/util/deps.ts', import.meta.url).href;
  const bump = `const { workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ Dependencies }) => {
      const deps = new Dependencies(workerData);
      for (let i = 0; i < 20000; i++) deps.bump(5);
    });`;
  const workers = [0, 1].map(() => new Worker(bump, { eval: true, workerData: deps.buffer }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
  t.equal(deps.generation(5), 40000);
});
