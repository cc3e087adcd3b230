/** Record sets through the whole pipeline: what is chosen, what is remembered, and what ends that. */
import t from 'tap';
import type { Resolve } from '../../src/server/query.ts';
import { World } from '../../src/server/world.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameEquals, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Content, Policy, RecordSet } from '../../src/zone/recordset.ts';
import { ask, clientAt, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { snapshotOf, withAuthority, type ZoneSpec } from '../support/world.ts';

const ZONE = 'example.';

function set(name: string, policy: Policy, content: Content, health?: number): RecordSet {
  const setIdentifier = policy.kind === 'simple' ? undefined : `${name} ${JSON.stringify(policy)}`;
  return { name: nameFromText(`${name}.${ZONE}`), type: TYPE.A, setIdentifier, policy, health, content };
}

function a(...addresses: string[]): Content {
  return {
    kind: 'records',
    ttl: 60,
    rdatas: addresses.map((text) => Uint8Array.from(text.split('.').map(Number))),
  };
}

function alias(target: string, where: 'zone' | 'outside' = 'zone', evaluateTargetHealth = false): Content {
  return { kind: 'alias', target: nameFromText(target), where, evaluateTargetHealth };
}

const weight = (of: number): Policy => ({ kind: 'weighted', weight: of });
const primary: Policy = { kind: 'failover', role: 'primary' };
const secondary: Policy = { kind: 'failover', role: 'secondary' };
const simple: Policy = { kind: 'simple' };

function daemonOf(sets: readonly RecordSet[], options: { text?: string; resolve?: Resolve } = {}) {
  const health = new HealthBits();
  const zone: ZoneSpec = { text: options.text ?? '', sets };
  const views = { v: { cidrs: ['10.0.0.0/8'], zones: { [ZONE]: zone }, forward: ['.'] } };
  const made = pipelineOf(snapshotOf(views), {
    health,
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
  });
  const client = clientAt('10.1.2.3');
  const answer = async (name: string, type = 'A'): Promise<string[]> => {
    const reply = await ask(made.pipeline, client, query(`${name}.${ZONE}`, type));
    return reply!.answer.map(rrText);
  };
  const hits = (): number => made.counters.sum('answersFromCache');
  return { ...made, health, answer, hits, client };
}

t.test('failover follows health at once, and both answers are remembered', async (t) => {
  const { answer, health, hits } = daemonOf([
    set('www', primary, a('192.0.2.1'), 7),
    set('www', secondary, a('192.0.2.2')),
  ]);
  const first = ['www.example. 60 A 192.0.2.1'];
  const second = ['www.example. 60 A 192.0.2.2'];
  t.same(await answer('www'), first);
  t.same(await answer('www'), first);
  t.equal(hits(), 1);
  health.set(7, false);
  t.same(await answer('www'), second, 'nothing had to be told that the primary is unhealthy');
  t.same(await answer('www'), second);
  health.set(7, true);
  t.same(await answer('www'), first);
  t.equal(hits(), 3, 'only the first answer of each set was made');
  t.same(await answer('WWW'), ['WWW.example. 60 A 192.0.2.1']);
});

t.test('weights hold over hits and misses together', async (t) => {
  const { answer, hits } = daemonOf([
    set('www', weight(1), a('192.0.2.1')),
    set('www', weight(3), a('192.0.2.2')),
    set('www', weight(0), a('192.0.2.3')),
  ]);
  const counts = new Map<string, number>();
  const ROUNDS = 4000;
  for (let i = 0; i < ROUNDS; i++) {
    const [record = ''] = await answer('www');
    counts.set(record, (counts.get(record) ?? 0) + 1);
  }
  const share = (counts.get('www.example. 60 A 192.0.2.1') ?? 0) / ROUNDS;
  // Four standard deviations of a share of 1/4.
  t.ok(Math.abs(share - 0.25) < 4 * Math.sqrt((0.25 * 0.75) / ROUNDS), `${share}`);
  t.equal(counts.size, 2, 'a weight of zero is not chosen while others are healthy');
  t.equal(hits(), ROUNDS - 2);
});

t.test('choices in two zones are independent', async (t) => {
  const weighted = (owner: string, id: string, type: number, rdata: Uint8Array): RecordSet => ({
    name: nameFromText(owner),
    type,
    setIdentifier: id,
    policy: weight(1),
    health: undefined,
    content: { kind: 'records', ttl: 60, rdatas: [rdata] },
  });
  // The first group of its zone each: by number alone the second choice would follow from the first.
  const one = ['x.two.', 'y.two.'].map((to) => weighted('www.one.', to, TYPE.CNAME, nameFromText(to)));
  const two = [1, 2].map((last) => weighted('x.two.', `${last}`, TYPE.A, Uint8Array.of(192, 0, 2, last)));
  const zones = { 'one.': { text: '', sets: one }, 'two.': { text: 'y A 192.0.2.3', sets: two } };
  const { pipeline } = pipelineOf(snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones } }));
  const counts = new Map<string, number>();
  const ROUNDS = 2000;
  for (let i = 0; i < ROUNDS; i++) {
    const reply = await ask(pipeline, clientAt('10.1.2.3'), query('www.one.', 'A'));
    const last = rrText(reply!.answer.at(-1)!);
    counts.set(last, (counts.get(last) ?? 0) + 1);
  }
  const deviations = [
    ['x.two. 60 A 192.0.2.1', 1 / 4],
    ['x.two. 60 A 192.0.2.2', 1 / 4],
    ['y.two. 300 A 192.0.2.3', 1 / 2],
  ].map(([last, share]) => Math.abs((counts.get(last as string) ?? 0) / ROUNDS - (share as number)));
  t.ok(Math.max(...deviations) < 4 * Math.sqrt((0.25 * 0.75) / ROUNDS), JSON.stringify([...counts]));
});

t.test('a choice that was made once is the same in the slow path', async (t) => {
  // Of many sets, each is made for the first time by a query that the fast path chose for.
  const sets = Array.from({ length: 50 }, (_, i) => set('www', weight(1), a(`192.0.2.${i}`)));
  const { answer } = daemonOf(sets);
  const seen = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const [record = ''] = await answer('www');
    seen.set(record, (seen.get(record) ?? 0) + 1);
  }
  t.equal(seen.size, 50);
  t.ok(Math.max(...seen.values()) < 120, 'those that are remembered are not drawn more often');
});

t.test('trees by aliases, with the TTL of what they lead to', async (t) => {
  const { answer, health, hits } = daemonOf(
    [
      set('www', primary, alias('eu.example.', 'zone', true)),
      set('www', secondary, alias('plain.example.')),
      set('eu', weight(1), a('192.0.2.1'), 1),
      set('eu', weight(1), a('192.0.2.2'), 2),
      set('alias', simple, alias('www.example.')),
      set('wild', simple, alias('any.star.example.')),
    ],
    { text: 'plain 30 A 192.0.2.9\n*.star 20 A 192.0.2.8' },
  );
  health.set(1, false);
  t.same(await answer('www'), ['www.example. 60 A 192.0.2.2']);
  t.same(await answer('alias'), ['alias.example. 60 A 192.0.2.2']);
  health.set(2, false);
  t.same(await answer('www'), ['www.example. 30 A 192.0.2.9'], 'none of eu is healthy');
  health.set(1, true);
  t.same(await answer('alias'), ['alias.example. 60 A 192.0.2.1']);
  t.same(await answer('wild'), ['wild.example. 20 A 192.0.2.8']);
  t.same(await answer('www', 'AAAA'), [], 'an alias has its own type only');
  const before = hits();
  t.same(await answer('wild'), ['wild.example. 20 A 192.0.2.8']);
  t.equal(hits(), before + 1);
});

t.test('a chosen CNAME is followed, and what follows has its own TTL', async (t) => {
  let asked = 0;
  const resolve: Resolve = () => {
    asked++;
    return undefined;
  };
  const cname = (name: string, target: string, policy: Policy): RecordSet => ({
    ...set(name, policy, { kind: 'records', ttl: 60, rdatas: [nameFromText(target)] }),
    type: TYPE.CNAME,
  });
  const { answer } = daemonOf(
    [cname('www', 'one.example.', primary), cname('www', 'two.example.', secondary)],
    { text: 'one A 192.0.2.1\ntwo A 192.0.2.2', resolve },
  );
  t.same(await answer('www'), ['www.example. 60 CNAME one.example.', 'one.example. 300 A 192.0.2.1']);
  t.same(await answer('www', 'CNAME'), ['www.example. 60 CNAME one.example.']);
  t.equal(asked, 0);
});

t.test('an alias of type CNAME leads on as the CNAME that it stands for', async (t) => {
  const { answer } = daemonOf(
    ['inside', 'outside'].map((where) => ({
      ...set(where, simple, alias('real.example.', where as 'zone' | 'outside')),
      type: TYPE.CNAME,
    })),
    { text: 'real CNAME one\none A 192.0.2.1' },
  );
  for (const name of ['inside', 'outside']) {
    const cname = `${name}.example. 300 CNAME one.example.`;
    t.same(await answer(name), [cname, 'one.example. 300 A 192.0.2.1']);
    t.same(await answer(name, 'CNAME'), [cname]);
  }
});

t.test('several values of up to eight healthy sets', async (t) => {
  const sets = Array.from({ length: 12 }, (_, i) => set('www', { kind: 'multivalue' }, a(`192.0.2.${i}`), i));
  const { answer, health, hits } = daemonOf(sets);
  const first = await answer('www');
  t.equal(first.length, 8);
  t.equal(new Set(first).size, 8);
  for (let i = 0; i < 9; i++) health.set(i, false);
  t.same((await answer('www')).sort(), [
    'www.example. 60 A 192.0.2.10',
    'www.example. 60 A 192.0.2.11',
    'www.example. 60 A 192.0.2.9',
  ]);
  const before = hits();
  t.equal((await answer('www')).length, 3);
  t.equal(hits(), before + 1, 'one of few choices is remembered');
  for (let i = 9; i < 12; i++) health.set(i, false);
  t.equal((await answer('www')).length, 8, 'none is healthy: eight of all');
});

t.test('no set for the client: NOERROR and the SOA, remembered too', async (t) => {
  const { pipeline, client, hits, answer } = daemonOf([
    set('www', { kind: 'geolocation', place: { kind: 'country', country: 'JP' } }, a('192.0.2.1')),
    set('de', { kind: 'geolocation', place: { kind: 'country', country: 'DE' } }, a('192.0.2.2')),
    set('de', { kind: 'geolocation', place: { kind: 'default' } }, a('192.0.2.3')),
  ]);
  for (let i = 0; i < 2; i++) {
    const reply = await ask(pipeline, client, query('www.example.', 'A'));
    t.equal(reply?.rcode, 0);
    t.same(reply?.answer, []);
    t.equal(reply?.authority[0]?.type, TYPE.SOA);
  }
  t.equal(hits(), 1);
  t.same(await answer('de'), ['de.example. 60 A 192.0.2.2'], 'the region of the VPC is Frankfurt');
});

t.test('an alias to a name outside is resolved as the client would, and told flat', async (t) => {
  let asked = 0;
  const made = daemonOf(
    [
      set('www', simple, alias('origin.test.', 'outside')),
      set('gone', simple, alias('gone.test.', 'outside')),
      set('loop', simple, alias('loop.example.', 'outside')),
      set('self', simple, alias('de.example.', 'outside')),
      set('de', weight(1), a('192.0.2.2')),
    ],
    {
      resolve: (request) => {
        asked++;
        const isThere = nameEquals(request.name, nameFromText('origin.test.'));
        const rdatas = [Uint8Array.of(198, 51, 100, 1)];
        return {
          outcome: isThere ? 'answer' : 'nxdomain',
          rcode: isThere ? 0 : 3,
          rrsets: isThere ? [{ name: request.name, type: TYPE.A, ttl: 17, rdatas }] : [],
          soa: { name: nameFromText('test.'), type: TYPE.SOA, ttl: 33, rdatas: [] },
          ede: [],
          source: 'upstream',
        };
      },
    },
  );
  t.same(await made.answer('www'), ['www.example. 17 A 198.51.100.1']);
  t.same(await made.answer('www'), ['www.example. 17 A 198.51.100.1']);
  t.equal(asked, 1, 'the flat answer is remembered for the TTL of the target');
  const gone = await ask(made.pipeline, made.client, query('gone.example.', 'A'));
  t.same([gone?.rcode, gone?.answer], [0, []]);
  t.equal(gone?.authority[0]?.ttl, 33, 'no longer than the target is known not to be there');
  t.same(await made.answer('self'), ['self.example. 60 A 192.0.2.2']);
  const reply = await ask(made.pipeline, made.client, query('loop.example.', 'A'));
  t.equal(reply?.rcode, 2, 'an alias that leads to itself ends');
  t.equal(made.counters.sum('aliasMissing'), 1);
  t.equal(made.counters.sum('aliasFailed'), 1);
});

t.test('a new image of the zone ends what was chosen in the old one', async (t) => {
  const made = daemonOf([set('www', weight(1), a('192.0.2.1')), set('zzz', weight(1), a('192.0.2.9'))]);
  t.same(await made.answer('www'), ['www.example. 60 A 192.0.2.1']);
  t.same(await made.answer('zzz'), ['zzz.example. 60 A 192.0.2.9']);
  // The groups and RRsets of the new one have other numbers.
  const zone = { text: 'aaa A 192.0.2.7', sets: [set('zzz', weight(1), a('192.0.2.8'))] };
  const views = { v: { cidrs: ['10.0.0.0/8'], zones: { [ZONE]: zone }, forward: ['.'] } };
  made.pipeline.world = new World(snapshotOf(views), made.dependencies, made.health);
  t.same(await made.answer('zzz'), ['zzz.example. 60 A 192.0.2.8']);
  const before = made.hits();
  t.same(await made.answer('zzz'), ['zzz.example. 60 A 192.0.2.8']);
  t.equal(made.hits(), before + 1);
});

t.test('an authority resolves what its aliases lead to, and nothing else', async (t) => {
  const asked: string[] = [];
  const resolve: Resolve = ({ name }) => {
    asked.push(nameToText(name));
    const rdatas = [Uint8Array.of(198, 51, 100, 1)];
    const isCname = nameToText(name) === 'cdn.test.';
    const cname = { name, type: TYPE.CNAME, ttl: 9, rdatas: [nameFromText('edge.test.')] };
    const rrsets = isCname ? [cname] : [{ name, type: TYPE.A, ttl: 17, rdatas }];
    return { outcome: 'answer', rcode: 0, rrsets, ede: [], source: 'upstream' };
  };
  const zone = { text: 'c CNAME www.test.', sets: [set('www', simple, alias('cdn.test.', 'outside'))] };
  const views = { public: { cidrs: [], zones: { [ZONE]: zone }, recursive: ['.'] } };
  const { pipeline } = pipelineOf(withAuthority(snapshotOf(views), 'public'), { resolve });
  const client = clientAt('203.0.113.9');
  const reply = await ask(pipeline, client, query('www.example.', 'A', { flags: 0 }));
  t.same(reply?.answer.map(rrText), ['www.example. 9 A 198.51.100.1'], 'with the least TTL of the way');
  t.same(asked, ['cdn.test.', 'edge.test.']);
  t.equal((await ask(pipeline, client, query('edge.test.', 'A')))?.rcode, 5, 'no recursion for clients');
  const chain = await ask(pipeline, client, query('c.example.', 'A'));
  t.same(chain?.answer.map(rrText), ['c.example. 300 CNAME www.test.'], 'and no CNAME is followed out');
  t.equal(asked.length, 2);
});

t.test('an alias leads to what public zones have delegated as everybody finds it', async (t) => {
  const asked: string[] = [];
  const resolve: Resolve = ({ name, type }) => {
    asked.push(nameToText(name));
    const rrsets = [{ name, type, ttl: 17, rdatas: [Uint8Array.of(198, 51, 100, 1)] }];
    return { outcome: 'answer', rcode: 0, rrsets, ede: [], source: 'upstream' };
  };
  const zones = {
    [ZONE]: { text: 'sub NS ns', sets: [set('www', simple, alias('lb.deep.sub.example.', 'outside'))] },
    'sub.example.': 'deep NS ns.far.test.',
  };
  const snapshot = snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones, recursive: ['.'] } });
  const answer = async (served: Snapshot) => {
    const reply = await ask(pipelineOf(served, { resolve }).pipeline, clientAt('10.1.2.3'), WWW);
    return [reply?.rcode, reply?.answer.map(rrText), asked.splice(0)];
  };
  const WWW = query('www.example.', 'A');
  const ofKind = (kind: 'public' | 'private'): Snapshot => ({
    ...snapshot,
    zones: snapshot.zones.map((zone) => ({ ...zone, kind })),
  });
  t.same(await answer(withAuthority(ofKind('public'), 'v')), [
    0,
    ['www.example. 17 A 198.51.100.1'],
    ['lb.deep.sub.example.'],
  ]);
  // Private names are nobody's business outside, and that there are none has nobody said.
  t.same(await answer(withAuthority(ofKind('private'), 'v')), [2, [], []]);
  t.same(await answer(snapshot), [2, [], []]);
});
