import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { BUDGET_BYTES, BUDGET_PACKETS, Budget } from '../../src/resolver/budget.ts';
import type { ForwardPath } from '../../src/resolver/path.ts';
import type { Resolution, ResolveRequest, Resolver } from '../../src/resolver/resolve.ts';
import { OWNER_SILENT_MS, Ownership } from '../../src/server/ownership.ts';
import { systemClock } from '../../src/util/clock.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { snapshotOf } from '../support/world.ts';

const [PATH] = snapshotOf({ v: { cidrs: [], forward: ['corp.test.'] } }).paths as [ForwardPath];
const NAMES = Array.from({ length: 64 }, (_, i) => nameFromText(`h${i}.corp.test.`));

function request(name = NAMES[0]!): ResolveRequest {
  return {
    name,
    type: 1,
    path: PATH,
    budget: new Budget(systemClock.now()),
    tokens: [new Uint8Array(8).fill(9)],
  };
}

/** A resolver that only says who it is and what it was asked. */
function resolverOf(who: string) {
  const asked: ResolveRequest[] = [];
  const answer = (r: ResolveRequest): Resolution => {
    asked.push(r);
    return { outcome: 'nodata', rcode: 0, rrsets: [], ede: [], source: 'upstream', upstream: who };
  };
  return { asked, resolver: { resolve: answer, peek: () => undefined } as unknown as Resolver };
}

function pair(options: { connectB?: boolean; known?: boolean } = {}) {
  const a = resolverOf('a');
  const b = resolverOf('b');
  const common = { slots: 2, seed: 42, clock: systemClock };
  const ownA = new Ownership({ ...common, self: 0, resolver: a.resolver, pathOf: () => PATH });
  const ownB = new Ownership({
    ...common,
    self: 1,
    resolver: b.resolver,
    pathOf: () => (options.known === false ? undefined : PATH),
  });
  const { port1, port2 } = new MessageChannel();
  ownA.connect(1, port1);
  if (options.connectB !== false) ownB.connect(0, port2);
  const close = (): void => {
    port1.close();
    port2.close();
  };
  return { a, b, ownA, ownB, close, port2 };
}

t.test('both workers name the same owner, and each owns its share', async (t) => {
  const { ownA, ownB, close } = pair();
  t.teardown(close);
  const owners = NAMES.map((name) => ownA.ownerOf(PATH, name));
  t.same(
    NAMES.map((name) => ownB.ownerOf(PATH, name)),
    owners,
  );
  t.same(
    owners,
    NAMES.map((name) => ownA.ownerOf(PATH, nameFromText(nameToText(name).toUpperCase()))),
  );
  const share = owners.filter((owner) => owner === 0).length;
  t.ok(share > 16 && share < 48, `${share} of 64`);
});

t.test('a question of the other worker is answered there, with its budget and tokens', async (t) => {
  const { a, b, ownA, close } = pair();
  t.teardown(close);
  const resolutions = await Promise.all(NAMES.map((name) => ownA.resolve(request(name))));
  NAMES.forEach((name, i) => {
    t.equal(resolutions[i]!.upstream, ownA.ownerOf(PATH, name) === 0 ? 'a' : 'b');
  });
  t.equal(a.asked.length + b.asked.length, NAMES.length);
  t.same([...b.asked[0]!.tokens[0]!], Array(8).fill(9));
  t.ok(b.asked[0]!.budget.replyBy <= systemClock.now() + 4_500);
});

t.test('an owner that is silent for 50 ms: the question is resolved here', async (t) => {
  const { ownA, close } = pair({ connectB: false });
  t.teardown(close);
  const name = NAMES.find((n) => ownA.ownerOf(PATH, n) === 1)!;
  const before = systemClock.now();
  const alive = setInterval(() => undefined, 1000);
  const resolution = await ownA.resolve(request(name));
  clearInterval(alive);
  t.equal(resolution.upstream, 'a');
  t.ok(systemClock.now() - before >= OWNER_SILENT_MS - 1);
  t.equal(ownA.spilled, 1);
});

t.test('an owner that dies: what is open with it is taken back', async (t) => {
  const { ownA, port2, close } = pair({ connectB: false });
  t.teardown(close);
  const name = NAMES.find((n) => ownA.ownerOf(PATH, n) === 1)!;
  const waiting = ownA.resolve(request(name));
  port2.close();
  t.equal((await waiting).upstream, 'a');
  const next = ownA.resolve(request(name));
  t.notOk(next instanceof Promise, 'nothing more is handed over');
});

t.test('work done by owners is charged to the one budget of the client’s query', async (t) => {
  const { b, ownA, close } = pair();
  t.teardown(close);
  const left: Budget['left'][] = [];
  b.resolver.resolve = (r) => {
    left.push(r.budget.left);
    for (let i = 0; i < 30; i++) r.budget.takePacket(systemClock.now());
    r.budget.takeBytes(5000);
    return { outcome: 'nodata', rcode: 0, rrsets: [], ede: [], source: 'upstream' };
  };
  const { budget } = request();
  budget.takePacket(systemClock.now());
  // A chain: each link is a question of its own.
  for (const name of NAMES.filter((name) => ownA.ownerOf(PATH, name) === 1).slice(0, 3))
    await ownA.resolve({ ...request(name), budget });
  t.same(
    left.map(({ packets }) => BUDGET_PACKETS - packets),
    [1, 31, 61],
  );
  t.equal(budget.left.packets, BUDGET_PACKETS - 91);
  t.equal(budget.left.bytes, BUDGET_BYTES - 15_000);
});

t.test('an owner that fails gives the question back', async (t) => {
  const { b, ownA, close } = pair();
  t.teardown(close);
  b.resolver.resolve = () => {
    throw new Error('a fault of ours');
  };
  const name = NAMES.find((n) => ownA.ownerOf(PATH, n) === 1)!;
  t.equal((await ownA.resolve(request(name))).upstream, 'a');
});

t.test('an owner that does not know the path yet gives the question back', async (t) => {
  const { ownA, close } = pair({ known: false });
  t.teardown(close);
  const name = NAMES.find((n) => ownA.ownerOf(PATH, n) === 1)!;
  t.equal((await ownA.resolve(request(name))).upstream, 'a');
});
