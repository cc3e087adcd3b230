/**
 * What the log of queries costs the packet path: nanoseconds per answer-cache hit without a log, and with one of all
 * hits that a thread writes to a file meanwhile: `node test/bench/querylog.ts`. The thread is slower than the pipeline
 * alone: what it cannot take is dropped, and told. An answer with its sockets costs about two microseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Pipeline } from '../../src/server/pipeline.ts';
import { QueryLogger } from '../../src/server/querylogger.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { CoarseClock, systemClock } from '../../src/util/clock.ts';
import { beatsFor } from '../../src/util/heartbeat.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { RingWriter, ringBuffer } from '../../src/util/ring.ts';
import { type LogsStart, SHARED_SLOTS } from '../../src/view/channel.ts';
import { NO_QUERY_LOGS, type QueryLogs } from '../../src/view/querylog.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

const NAMES = 1000;
const ROUNDS = 5;
const HITS = 500_000;
const BATCH = 64;

const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
const zone = Array.from({ length: NAMES }, (_, i) => `h${i} A 10.0.${i >> 8}.${i & 255}`).join('\n');
const snapshot = snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones: { 'example.test.': zone } } });
const rotate = { bytes: 1 << 28, keep: 1, compress: false };
const filters = { names: [], rcodes: [], firewallActions: [] };
const logs: QueryLogs = {
  ...NO_QUERY_LOGS,
  revision: 1,
  logs: [
    {
      id: 'q',
      format: 'resolver',
      to: { kind: 'file', path: join(folder, 'q') },
      sample: 1,
      hits: true,
      ...filters,
      rotate,
    },
  ],
  views: [
    {
      vpc: 'v',
      account: '000000000000',
      region: 'eu-central-1',
      logs: [0],
      zones: undefined,
      firewallRules: [],
    },
  ],
  endpoints: ['in-1'],
  node: 'bench',
};

const counters = daemonCounters(SHARED_SLOTS);
const ring = ringBuffer(1 << 22);
const beats = beatsFor(SHARED_SLOTS);
const shared = { counters: counters.buffer, beats } as unknown as LogsStart['shared'];
const workerData: LogsStart = { shared, rings: [ring], logs };
const thread = new Worker(new URL('../../src/control/logs/thread.ts', import.meta.url), { workerData });
const moment = new CoarseClock(systemClock);
const queryLogger = new QueryLogger(new RingWriter(ring), moment, cryptoPrng, new Metrics(counters.block(0)));

const rateLimit = { ratePerSecond: 1e9, burst: 1e9, slip: 2 };
const options = { pipeline: Pipeline, clock: systemClock, rateLimit, queryLogger };
const pipelines = {
  off: pipelineOf(snapshot, options).pipeline,
  on: pipelineOf({ ...snapshot, logs }, options).pipeline,
};
const client = clientAt('10.1.2.3');
const queries = Array.from({ length: NAMES }, (_, i) => query(`h${i}.example.test.`, 'A', { edns: EDNS }));
const times = { off: [] as number[], on: [] as number[] };
// In turns, so that what else the machine does meets both.
for (let round = 0; round <= ROUNDS; round++)
  for (const [name, pipeline] of Object.entries(pipelines) as ['off' | 'on', Pipeline][]) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < HITS; i++) {
      if (i % BATCH === 0) {
        moment.update();
        pipeline.begin();
      }
      pipeline.handle(queries[i % NAMES]!, client);
    }
    // The first round fills the caches and warms up.
    if (round > 0) times[name].push(Number(process.hrtime.bigint() - start) / HITS);
  }
const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
const [off, on] = [median(times.off), median(times.on)];
console.log(`off: ${off.toFixed(0)} ns per hit, on: ${on.toFixed(0)} ns`);
await new Promise((resolve) => {
  thread.once('exit', resolve);
  thread.postMessage({ order: 'stop' });
});
console.log(`${counters.sum('logRecords')} written, ${counters.sum('logDroppedFull')} dropped`);
rmSync(folder, { recursive: true });
