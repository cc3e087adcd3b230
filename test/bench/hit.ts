/** Nanoseconds per answer-cache hit in the pipeline, without sockets: `node test/bench/hit.ts`. */
import { Pipeline } from '../../src/server/pipeline.ts';
import { systemClock } from '../../src/util/clock.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

const NAMES = 1000;
const ROUNDS = 5;
const HITS = 2_000_000;
const BATCH = 64;

const zone = Array.from({ length: NAMES }, (_, i) => `h${i} A 10.0.${i >> 8}.${i & 255}`).join('\n');
const { pipeline, counters } = pipelineOf(
  snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones: { 'example.test.': zone } } }),
  { pipeline: Pipeline, clock: systemClock, rateLimit: { ratePerSecond: 1e9, burst: 1e9, slip: 2 } },
);
const client = clientAt('10.1.2.3');
for (const [what, more] of [
  ['plain', {}],
  ['with OPT', { edns: EDNS }],
  ['with OPT and a cookie', { edns: { ...EDNS, options: [{ code: 10, data: new Uint8Array(8) }] } }],
] as const) {
  const queries = Array.from({ length: NAMES }, (_, i) => query(`h${i}.example.test.`, 'A', more));
  for (const bytes of queries) pipeline.handle(bytes, client);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < HITS; i++) {
      if (i % BATCH === 0) pipeline.begin();
      pipeline.handle(queries[i % NAMES]!, client);
    }
    times.push(Number(process.hrtime.bigint() - start) / HITS);
  }
  times.sort((a, b) => a - b);
  console.log(`${what}: ${times[ROUNDS >> 1]!.toFixed(0)} ns per hit (median of ${ROUNDS} x ${HITS})`);
}
console.log(`${counters.sum('answersFromCache')} hits`);
