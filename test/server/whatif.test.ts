/** What another world would answer otherwise: whose view counts, which questions, and how long clients wait for it. */
import t from 'tap';
import { whatIf } from '../../src/server/whatif.ts';
import { World } from '../../src/server/world.ts';
import { parseAddress } from '../../src/util/cidr.ts';
import { type Clock, ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import type { WhatIfQuestion } from '../../src/view/whatif.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import { ask, clientAt, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';

const TWO = {
  a: { cidrs: ['10.0.0.0/8'], zones: { 'example.': 'www A 192.0.2.1' } },
  b: { cidrs: ['172.16.0.0/12'], zones: { 'example.': 'www A 192.0.2.2' } },
};

function worldOf(snapshot: Snapshot): World {
  return new World(snapshot, new Dependencies());
}

function question(name: string, vpc: string, client: string): WhatIfQuestion {
  return { name: nameFromText(name), type: TYPE.A, vpc, client: parseAddress(client) };
}

/** `name before -> after`, of what would be answered otherwise. */
async function differences(
  now: Snapshot,
  then: Snapshot,
  questions: readonly WhatIfQuestion[],
  clock: Clock = new ManualClock(),
): Promise<string[]> {
  const told = await whatIf(worldOf(now), worldOf(then), questions, () => undefined, clock);
  return told.differences.map(
    ({ qname, before, after }) => `${qname} ${before.answer.join()} -> ${after.rcode} ${after.answer.join()}`,
  );
}

function withEndpoint(snapshot: Snapshot, change: Partial<Snapshot['endpoints'][number]>): Snapshot {
  return { ...snapshot, endpoints: snapshot.endpoints.map((endpoint) => ({ ...endpoint, ...change })) };
}

t.test('where nothing changes nothing is told, whoever asks where', async (t) => {
  const snapshot = snapshotOf(TWO);
  // A client with an address of `a` asks at an endpoint of `b`.
  const asked = [question('www.example.', 'b', '10.1.2.3')];
  const bound = withEndpoint(snapshot, { view: 1 });
  t.same(await differences(bound, bound, asked), []);
  const authority = withAuthority(snapshot, 'b');
  t.same(await differences(authority, authority, asked), []);
});

t.test('a client whose address decides may come into another VPC, or into none', async (t) => {
  const now = snapshotOf(TWO);
  const moved = snapshotOf({
    a: { ...TWO.a, cidrs: ['192.168.0.0/16'] },
    b: { ...TWO.b, cidrs: ['10.0.0.0/8'] },
  });
  const inA = question('www.example.', 'a', '10.1.2.3');
  const inB = question('www.example.', 'b', '172.16.1.1');
  t.same(await differences(now, moved, [inA, inB]), [
    'www.example. www.example. 300 IN A 192.0.2.1 -> NOERROR www.example. 300 IN A 192.0.2.2',
    'www.example. www.example. 300 IN A 192.0.2.2 -> REFUSED ',
  ]);
  const open = withEndpoint(moved, { defaultView: 1 });
  t.same(await differences(now, open, [inB]), [], 'the endpoint has a VPC for those');
  const stray = question('www.example.', 'b', '198.51.100.1');
  t.same(
    await differences(withEndpoint(now, { defaultView: 1 }), withEndpoint(now, { defaultView: 0 }), [stray]),
    ['www.example. www.example. 300 IN A 192.0.2.2 -> NOERROR www.example. 300 IN A 192.0.2.1'],
  );
});

t.test('chance is the same where other names change', async (t) => {
  const weighted = (owner: string): RecordSet[] =>
    [1, 2].map((last) => ({
      name: nameFromText(owner),
      type: TYPE.A,
      setIdentifier: `${last}`,
      policy: { kind: 'weighted', weight: 1 },
      health: undefined,
      content: { kind: 'records', ttl: 60, rdatas: [Uint8Array.of(192, 0, 2, last)] },
    }));
  const owners = Array.from({ length: 20 }, (_, i) => `w${i}.example.`);
  const sets = owners.flatMap(weighted);
  const zoneOf = (sets: readonly RecordSet[]): Snapshot =>
    snapshotOf({ a: { cidrs: ['10.0.0.0/8'], zones: { 'example.': { text: '', sets } } } });
  // All groups have another number.
  const then = zoneOf([...weighted('new.example.'), ...sets]);
  const asked = owners.map((owner) => question(owner, 'a', '10.1.2.3'));
  t.same(await differences(zoneOf(sets), then, asked), []);
});

t.test('clients have their turn between questions that take long', async (t) => {
  let ms = 0;
  // A look at the clock takes a millisecond: each question takes its turn, and more.
  const clock: Clock = Object.assign(new ManualClock(), { now: () => ms++ });
  const asked = Array.from({ length: 16 }, (_, i) => question('www.example.', 'a', `10.1.2.${i}`));
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await differences(snapshotOf(TWO), snapshotOf(TWO), asked, clock);
  isDone = true;
  t.ok(turns >= asked.length - 1, `${turns} turns`);
});

t.test('what was asked in a view that went is not told of its successor', async (t) => {
  const { pipeline, client } = { ...pipelineOf(snapshotOf(TWO)), client: clientAt('10.1.2.3') };
  await ask(pipeline, client, query('www.example.', 'A'));
  await ask(pipeline, clientAt('172.16.1.1'), query('other.example.', 'A'));
  const names = (): string[] => pipeline.recent.list().map(({ name }) => nameToText(name));
  t.same(names(), ['other.example.', 'www.example.']);
  pipeline.serve(worldOf(snapshotOf(TWO)));
  t.equal(names().length, 2, 'those of views that stay are kept');
  const next = snapshotOf({ c: TWO.a, b: TWO.b });
  const views = next.views.map((view, i) => (i === 0 ? { ...view, key: 999 } : view));
  pipeline.serve(worldOf({ ...next, views }));
  t.same(names(), ['other.example.']);
});
