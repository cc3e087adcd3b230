/**
 * Microseconds and octets of garbage per question that has to be forwarded, in the pipeline and resolver, without sockets:
 * `node test/bench/miss.ts`. The target replies at once.
 */
import v8 from 'node:v8';
import { RecordCache } from '../../src/cache/records.ts';
import { Resolver } from '../../src/resolver/resolve.ts';
import type { Listener, Send, Transport } from '../../src/resolver/transport.ts';
import { Pipeline } from '../../src/server/pipeline.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { cryptoPrng as prng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

const ROUNDS = 7;
const MISSES = 20_000;
const AT_ONCE = 64;

/** The question again with QR, RA and one address. */
function replyTo(asked: Uint8Array): Uint8Array {
  let end = 12;
  while (asked[end] !== 0) end += asked[end]! + 1;
  end += 5;
  const rest = asked.subarray(end);
  const out = new Uint8Array(end + 16 + rest.length);
  out.set(asked.subarray(0, end));
  out[2]! |= 0x80;
  out[3]! |= 0x80;
  out[7] = 1;
  out.set([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 10, 9, 9, 9], end);
  out.set(rest, end + 16);
  return out;
}

const transport: Transport = {
  begin: (start) => start(),
  exchange: ({ query }: Send, listener: Listener) => {
    queueMicrotask(() => listener.message(replyTo(query)));
    return { cancel: () => undefined };
  },
};
const resolver = new Resolver({
  clock,
  prng,
  transport,
  cache: new RecordCache({
    slab: new Slab({ bytes: 32 << 20, seed: [1, 2] }),
    clock,
    deps: new Dependencies(),
  }),
  token: new Uint8Array(8).fill(5),
});
const { pipeline } = pipelineOf(snapshotOf({ v: { cidrs: ['10.0.0.0/8'], forward: ['corp.test.'] } }), {
  resolve: (request) => resolver.resolve(request),
  clock,
  pipeline: Pipeline,
});
const client = clientAt('10.1.2.3');
let serial = 0;

async function misses(count: number): Promise<void> {
  for (let i = 0; i < count; i += AT_ONCE) {
    pipeline.begin();
    const replies = Array.from({ length: AT_ONCE }, () =>
      pipeline.handle(query(`host-${serial++}.corp.test.`, 'A', { edns: EDNS }), client),
    );
    await Promise.all(replies);
    await new Promise(setImmediate);
  }
}

await misses(MISSES);
const times: number[] = [];
let octets = 0;
for (let round = 0; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  const allocated = v8.getHeapStatistics().total_allocated_bytes;
  await misses(MISSES);
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / MISSES);
  octets = (v8.getHeapStatistics().total_allocated_bytes - allocated) / MISSES;
}
times.sort((a, b) => a - b);
console.log(
  `${times[ROUNDS >> 1]!.toFixed(1)} us CPU and ${Math.round(octets)} octets per miss ` +
    `(median of ${ROUNDS} x ${MISSES}; least ${times[0]!.toFixed(1)})`,
);
