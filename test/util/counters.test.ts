import { Worker } from 'node:worker_threads';
import t from 'tap';
import { BUCKETS, Counters, quantile } from '../../src/util/counters.ts';

const layout = Counters.layout(['queries', 'dropped'], ['inflight'], ['latency', 'upstream']);

t.test('each thread writes its block, a reader sums them', async (t) => {
  const counters = new Counters(layout, 3);
  const first = counters.block(0);
  const third = counters.block(2);
  first.add(layout.cell('queries'));
  third.add(layout.cell('queries'), 4);
  third.add(layout.cell('dropped'));
  t.equal(counters.sum('queries'), 5);
  t.equal(counters.sum('dropped'), 1);
  t.equal(counters.of(2, 'queries'), 4);
  t.equal(counters.of(1, 'queries'), 0);
  t.equal(new Counters(layout, 3, counters.buffer).sum('queries'), 5, 'through the buffer alone');
});

t.test('the successor of a dead thread keeps its counters and clears its gauges', async (t) => {
  const counters = new Counters(layout, 2);
  const dead = counters.block(0);
  dead.add(layout.cell('queries'), 7);
  dead.set(layout.cell('inflight'), 12);
  counters.block(1).set(layout.cell('inflight'), 3);
  t.equal(counters.sum('inflight'), 15);
  counters.block(0).add(layout.cell('queries'));
  t.equal(counters.sum('queries'), 8);
  t.equal(counters.sum('inflight'), 3);
});

t.test('durations fall into powers of two', async (t) => {
  const counters = new Counters(layout, 1);
  const block = counters.block(0);
  const cell = layout.histogram('latency');
  for (const micros of [0, 0.2, 1, 1.5, 2, 3, 4, 5, 1000, 1024, 1025]) block.observe(cell, micros);
  const { counts, sum } = counters.histogram('latency');
  t.same(counts.slice(0, 4), [3, 2, 2, 1]);
  t.same(counts.slice(10, 12), [2, 1]);
  t.equal(sum, 0.2 + 1 + 1.5 + 2 + 3 + 4 + 5 + 1000 + 1024 + 1025);
  t.same(counters.histogram('upstream').counts, new Array(BUCKETS).fill(0), 'the neighbour is untouched');
});

t.test('a duration beyond all bounds is counted in the last bucket', async (t) => {
  const counters = new Counters(layout, 1);
  const block = counters.block(0);
  for (const micros of [2 ** 25, 2 ** 40, -1]) block.observe(layout.histogram('upstream'), micros);
  const { counts } = counters.histogram('upstream');
  t.equal(counts[BUCKETS - 1], 2);
  t.equal(counts[0], 1);
});

t.test('quantiles are upper bounds', async (t) => {
  const counters = new Counters(layout, 1);
  const block = counters.block(0);
  t.equal(quantile(counters.histogram('latency'), 0.5), 0);
  for (let i = 0; i < 99; i++) block.observe(layout.histogram('latency'), 100);
  block.observe(layout.histogram('latency'), 5000);
  const histogram = counters.histogram('latency');
  t.equal(quantile(histogram, 0), 128);
  t.equal(quantile(histogram, 0.5), 128);
  t.equal(quantile(histogram, 0.99), 128);
  t.equal(quantile(histogram, 1), 8192);
});

t.test('a name may stand only once', async (t) => {
  t.throws(() => Counters.layout(['a', 'b', 'a']));
  t.throws(() => Counters.layout(['a'], ['a']));
});

t.test('threads lose no count', async (t) => {
  const counters = new Counters(layout, 2);
  const module = new URL('../../src/util/counters.ts', import.meta.url).href;
  const add = `const { workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ Counters }) => {
      const layout = Counters.layout(['queries', 'dropped'], ['inflight'], ['latency', 'upstream']);
      const block = new Counters(layout, 2, workerData.buffer).block(workerData.slot);
      for (let i = 0; i < 50000; i++) block.add(layout.cell('queries'));
    });`;
  const workers = [0, 1].map(
    (slot) => new Worker(add, { eval: true, workerData: { slot, buffer: counters.buffer } }),
  );
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
  t.equal(counters.sum('queries'), 100000);
});
