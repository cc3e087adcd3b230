import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import t from 'tap';
import {
  BUDGET_BYTES,
  BUDGET_NSEC3_BLOCKS,
  BUDGET_PACKETS,
  BUDGET_VERIFIES,
  Budget,
} from '../../src/resolver/budget.ts';
import type { ForwardPath, Path, RecursivePath } from '../../src/resolver/path.ts';
import type { Resolution, ResolveRequest, Resolver } from '../../src/resolver/resolve.ts';
import { Ownership, SPILL_ABOVE } from '../../src/server/ownership.ts';
import { OWNER_SILENT_MS } from '../../src/server/peer.ts';
import { decode, encode } from '../../src/server/peerwire.ts';
import { type Clock, ManualClock, systemClock } from '../../src/util/clock.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { snapshotOf } from '../support/world.ts';

const [PATH, ROOT_PATH] = snapshotOf({ v: { cidrs: [], forward: ['corp.test.'], recursive: ['.'] } })
  .paths as [ForwardPath, RecursivePath];
const NAMES = Array.from({ length: 64 }, (_, i) => nameFromText(`h${i}.corp.test.`));

function request(name = NAMES[0]!, path: Path = PATH): ResolveRequest {
  return {
    name,
    type: 1,
    path,
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

/** Unless told otherwise, with a clock that stands still: on a busy machine somebody would be taken for silent. */
function pair(options: { connectB?: boolean; known?: boolean; path?: Path; clock?: Clock } = {}) {
  const path = options.path ?? PATH;
  const a = resolverOf('a');
  const b = resolverOf('b');
  const common = { workers: 2, seed: 42, clock: options.clock ?? new ManualClock() };
  const ownA = new Ownership({ ...common, self: 0, resolver: a.resolver, pathOf: () => path });
  const ownB = new Ownership({
    ...common,
    self: 1,
    resolver: b.resolver,
    pathOf: () => (options.known === false ? undefined : path),
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
  const { ownA, close } = pair({ connectB: false, clock: systemClock });
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

t.test('many questions are taken before the first of them is begun', async (t) => {
  const b = resolverOf('b');
  const ownB = new Ownership({
    workers: 2,
    seed: 42,
    clock: systemClock,
    self: 1,
    resolver: b.resolver,
    pathOf: () => PATH,
  });
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const takenAt: number[] = [];
  b.resolver.resolve = (r: ResolveRequest): Resolution => {
    const message = receiveMessageOnPort(port1)?.message as Uint8Array | undefined;
    if (message !== undefined) takenAt.push(decode(message).taken);
    return { outcome: 'nodata', rcode: 0, rrsets: [], ede: [], source: 'upstream', upstream: String(r.type) };
  };
  ownB.connect(0, port2);
  const asks = NAMES.map((name, i) => ({
    id: i + 1,
    name,
    type: 1,
    context: PATH.context,
    spentMs: 0,
    spent: { packets: 0, bytes: 0, verifies: 0, failedVerifies: 0, nsec3Blocks: 0 },
    tokens: [],
    checkingDisabled: false,
    wantsChain: false,
    peek: false,
  }));
  port1.postMessage(encode({ taken: 0, asks, answers: [] }));
  for (let left = 0; left < NAMES.length; ) {
    await new Promise(setImmediate);
    const message = receiveMessageOnPort(port1)?.message as Uint8Array | undefined;
    if (message !== undefined) left += decode(message).answers.length;
  }
  t.same(takenAt, [NAMES.length]);
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
    for (let i = 0; i < 7; i++) r.budget.takeVerify();
    r.budget.verifyFailed();
    r.budget.takeNsec3Blocks(50);
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
  t.same(
    left.map(({ verifies }) => BUDGET_VERIFIES - verifies),
    [0, 7, 14],
  );
  t.equal(budget.left.verifies, BUDGET_VERIFIES - 21);
  t.equal(budget.left.failedVerifies, 1);
  t.equal(budget.left.nsec3Blocks, BUDGET_NSEC3_BLOCKS - 100, 'the owner could take no more either');
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

t.test('what the client wants of validation travels with the question', async (t) => {
  const { b, ownA, close } = pair();
  t.teardown(close);
  const name = NAMES.find((n) => ownA.ownerOf(PATH, n) === 1)!;
  for (const checkingDisabled of [true, false])
    for (const wantsChain of [true, false]) {
      await ownA.resolve({ ...request(name), checkingDisabled, wantsChain });
      t.match(b.asked.at(-1), { checkingDisabled, wantsChain });
    }
});

t.test('recursion: a domain with all its names belongs to one worker', async (t) => {
  const { ownA, close } = pair({ path: ROOT_PATH });
  t.teardown(close);
  const owner = (text: string): number => ownA.ownerOf(ROOT_PATH, nameFromText(text));
  const owners = (names: readonly string[]): Set<number> => new Set(names.map(owner));
  const count = Array.from({ length: 64 }, (_, i) => i);
  for (const same of [
    count.map((i) => `a.b${i}.www.Example.TEST.`),
    count.map((i) => `${i}.${i}.0.192.in-addr.arpa.`),
    count.map((i) => `${i % 10}.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`),
  ])
    t.equal(owners(same).size, 1, String(same[1]));
  for (const different of [
    count.map((i) => `www.d${i}.test.`),
    count.map((i) => `t${i}.`),
    count.map((i) => `1.1.${i}.10.in-addr.arpa.`),
    count.map((i) => `0.${i % 10}.${(i >> 3) % 10}.d.0.1.0.0.2.ip6.arpa.`),
  ])
    t.equal(owners(different).size, 2, String(different[1]));
  t.equal(owner('.'), owner('.'));
});

t.test('an owner with more than its share: the names of one domain spread over all workers', async (t) => {
  const { a, b, ownA, close } = pair({ path: ROOT_PATH });
  t.teardown(close);
  const domain = ['d0.test.', 'd1.test.', 'd2.test.', 'd3.test.', 'd4.test.', 'd5.test.'].find(
    (text) => ownA.ownerOf(ROOT_PATH, nameFromText(text)) === 1,
  )!;
  const ask = (i: number) => ownA.resolve(request(nameFromText(`h${i}.${domain}`), ROOT_PATH));
  const waiting = Array.from({ length: SPILL_ABOVE + 1 }, (_, i) => ask(i));
  t.equal(a.asked.length, 0, 'all were handed over');
  const more = Array.from({ length: 64 }, (_, i) => ask(10_000 + i));
  const here = a.asked.length;
  t.ok(here > 16 && here < 48, `${here} of 64 are resolved here`);
  await Promise.all([...waiting, ...more]);
  t.equal(b.asked.length, SPILL_ABOVE + 1 + 64 - here);
  await ask(20_000);
  t.equal(a.asked.length, here, 'and when that is over the domain has its owner again');
});

t.test('the same for a domain of our own', async (t) => {
  const { a, b, ownA, close } = pair({ path: ROOT_PATH });
  t.teardown(close);
  const domain = ['d0.test.', 'd1.test.', 'd2.test.', 'd3.test.', 'd4.test.', 'd5.test.'].find(
    (text) => ownA.ownerOf(ROOT_PATH, nameFromText(text)) === 0,
  )!;
  const ask = (i: number) => ownA.resolve(request(nameFromText(`h${i}.${domain}`), ROOT_PATH));
  await Promise.all(Array.from({ length: 64 }, (_, i) => ask(i)));
  t.equal(b.asked.length, 0);
  Object.assign(a.resolver, { inFlight: SPILL_ABOVE + 1 });
  await Promise.all(Array.from({ length: 64 }, (_, i) => ask(i)));
  t.ok(b.asked.length > 16 && b.asked.length < 48, `${b.asked.length} of 64`);
});
