/**
 * Microseconds of CPU that a question costs which is handed to another worker and answered there from what it knows, by
 * how many travel in one batch: `node test/bench/handover.ts`. Both ends are in this thread, so it is the sum of both.
 */
import { MessageChannel } from 'node:worker_threads';
import { Budget } from '../../src/resolver/budget.ts';
import type { Path } from '../../src/resolver/path.ts';
import type { Resolution, ResolveRequest, Resolver } from '../../src/resolver/resolve.ts';
import { Ownership } from '../../src/server/ownership.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { snapshotOf } from '../support/world.ts';

const QUESTIONS = 40_000;
const BATCHES = [1, 4, 16, 64];

const path = snapshotOf({ v: { cidrs: [], forward: ['corp.test.'] } }).paths[0] as Path;
const names = Array.from({ length: 4096 }, (_, i) => nameFromText(`host-${i}.corp.test.`));
const answerTo = ({ name, type }: ResolveRequest): Resolution => ({
  outcome: 'answer',
  rcode: 0,
  rrsets: [{ name, type, ttl: 300, rdatas: [Uint8Array.of(10, 0, 0, 1)] }],
  ede: [],
  source: 'upstream',
  upstream: '192.0.2.53:53',
});
const resolver = { resolve: answerTo, peek: () => undefined, inFlight: 0 } as unknown as Resolver;
const common = { workers: 2, seed: 42, clock, resolver, pathOf: () => path };
const asker = new Ownership({ ...common, self: 0 });
const owner = new Ownership({ ...common, self: 1 });
const { port1, port2 } = new MessageChannel();
asker.connect(1, port1);
owner.connect(0, port2);
const owned = names.filter((name) => asker.ownerOf(path, name) === 1);

async function cost(batch: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < QUESTIONS; i += batch) {
    const waiting = Array.from({ length: batch }, (_, j) =>
      asker.resolve({
        name: owned[(i + j) % owned.length]!,
        type: 1,
        path,
        budget: new Budget(clock.now()),
        tokens: [],
      }),
    );
    await Promise.all(waiting);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / QUESTIONS;
}

for (const batch of BATCHES) await cost(batch);
for (const batch of BATCHES)
  console.log(`batches of ${batch}: ${(await cost(batch)).toFixed(1)} us a question`);
console.log(`${asker.spilled} resolved by the asker`);
port1.close();
port2.close();
