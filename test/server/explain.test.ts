import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { RecordCache } from '../../src/cache/records.ts';
import { type ResolveRequest, Resolver } from '../../src/resolver/resolve.ts';
import type { TrustStep } from '../../src/resolver/truststep.ts';
import { explain } from '../../src/server/explain.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';
import { EDE, rcodeToText } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { upstreamOf } from '../support/upstream.ts';
import { snapshotOf } from '../support/world.ts';

const QUERIES = 10_000;
const ZONE =
  'www A 10.0.0.1\nwww A 10.0.0.2\nalias CNAME www\nout CNAME a.corp.test.\n*.wild TXT "w"\nold DNAME corp.test.\na.ent A 10.0.0.9\n';
const SNAPSHOT = snapshotOf({
  v: {
    cidrs: ['10.0.0.0/8'],
    dnssec: 'validate',
    dns64: { prefix: '64:ff9b::/96' },
    zones: { 'example.': ZONE, 'over.test.': { text: 'www A 10.0.0.3', overlay: 'nodata' } },
    forward: ['corp.test.', 'test.'],
  },
});

/** A record cache that knows half of the names and cannot ask for the others. */
function knowing(clock: ManualClock) {
  const cache = new RecordCache({
    slab: new Slab({ bytes: 1 << 22, seed: [1, 2] }),
    clock,
    deps: new Dependencies(),
  });
  for (const path of SNAPSHOT.paths)
    for (const label of ['a', 'b', 'www']) {
      const name = nameFromText(`${label}.${nameToText(path.domain)}`);
      const rdatas = [Uint8Array.from([192, 0, 2, label.charCodeAt(0)])];
      cache.putRrset(path.context as never, { name, type: 1, ttl: 3600, rdatas }, RANK.answer);
    }
  return new Resolver({
    clock,
    prng: new SeededPrng(1),
    transport: { begin: (start) => start(), exchange: () => ({ cancel: () => undefined }) },
    cache,
    token: new Uint8Array(8),
  });
}

const text = (rr: Rr): string =>
  `${nameToText(rr.name)} ${rr.ttl} IN ${typeToText(rr.type)} ${rdataToText(rr.type, rr.rdata)}`.toLowerCase();

t.test(`over ${QUERIES} random queries the explained answer is the served one`, async (t) => {
  const clock = new ManualClock();
  const resolver = knowing(clock);
  const { pipeline } = pipelineOf(SNAPSHOT, { clock, resolve: (r) => resolver.peek(r) });
  const prng = new SeededPrng(77);
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
  const labels = ['www', 'a', 'b', 'alias', 'out', 'x.wild', 'x.old', 'ent', 'none', 'a.old'];
  const sources = new Set<string>();
  let differing = 0;
  for (let i = 0; i < QUERIES; i++) {
    const name = `${pick(labels)}.${pick(['example.', 'corp.test.', 'over.test.', 'far.test.', 'elsewhere.'])}`;
    const type = pick(['A', 'AAAA', 'TXT', 'CNAME', 'MX', 'ANY']);
    const served = await ask(pipeline, clientAt('10.0.0.7'), query(name, type, { edns: EDNS }));
    const explained = await explain(
      pipeline.world,
      pipeline.world.view(0),
      { name: nameFromText(name), type: typeFromText(type) ?? 255 },
      (r) => resolver.peek(r),
      clock,
    );
    sources.add(explained.source);
    // Cached TTLs are whole seconds counted from two moments: they may differ by one.
    const withoutTtl = (line: string): string => line.toLowerCase().replace(/ \d+ in /, ' in ');
    // What would have to be asked for is served as nothing here, and explained as unknown.
    const isKnown = explained.answer.rcode !== 'unknown';
    const same =
      !isKnown ||
      (explained.answer.rcode === rcodeToText(served!.rcode) &&
        String(explained.answer.answer.map(withoutTtl).toSorted()) ===
          String(served!.answer.map(text).map(withoutTtl).toSorted()) &&
        String(explained.answer.authority.map((line) => line.toLowerCase())) ===
          String(served!.authority.map(text)));
    if (!same && differing++ < 3)
      t.fail(`${name} ${type}`, { explained: explained.answer, served: served!.answer.map(text) });
    clock.advance(10);
  }
  t.equal(differing, 0);
  t.same([...sources].toSorted(), ['cache', 'none', 'zone']);
});

t.test('candidates: who answers, and why the others do not', async (t) => {
  const clock = new ManualClock();
  const { pipeline } = pipelineOf(SNAPSHOT, { clock });
  const explained = await explain(
    pipeline.world,
    pipeline.world.view(0),
    { name: nameFromText('www.over.test.'), type: 1 },
    () => undefined,
    clock,
  );
  t.match(explained.candidates, [
    { name: 'over.test.', kind: 'zone', id: 'over.test.', chosen: true },
    { name: 'test.', kind: 'forward', chosen: false, why: 'over.test. is more specific' },
  ]);
  t.ok(explained.steps.some(({ stage, decision }) => stage === 'zone' && /hit/.test(decision)));
});

t.test('an overlay zone that passed on, each name of a chain, and what is not known', async (t) => {
  const clock = new ManualClock();
  const resolver = knowing(clock);
  const { pipeline } = pipelineOf(SNAPSHOT, { clock });
  const told = (name: string, type = 1) =>
    explain(
      pipeline.world,
      pipeline.world.view(0),
      { name: nameFromText(name), type },
      (r) => resolver.peek(r),
      clock,
    );
  const overlay = await told('none.over.test.');
  t.match(overlay.candidates, [
    { name: 'over.test.', chosen: false, why: 'an overlay zone that passed the question on' },
    { name: 'test.', kind: 'forward', chosen: true },
  ]);
  t.equal(overlay.answer.rcode, 'unknown', 'not an empty answer: nobody was asked');
  const chain = await told('out.example.');
  t.same(
    chain.candidates.filter(({ chosen }) => chosen).map(({ name }) => name),
    ['example.', 'corp.test.'],
    'the zone for the name, the rule for the target',
  );
  t.equal(chain.answer.rcode, 'NOERROR');
});

const CHAIN: readonly TrustStep[] = [
  {
    zone: '.',
    outcome: 'secure',
    by: 'anchor',
    keys: [{ tag: 20326, algorithm: 'RSASHA256' }],
    digests: ['SHA-256'],
  },
  {
    zone: 'test.',
    outcome: 'secure',
    by: 'ds',
    keys: [{ tag: 4711, algorithm: 'ECDSAP256SHA256' }],
    digests: ['SHA-256'],
  },
];
const BROKEN: TrustStep = {
  zone: 'bad.test.',
  outcome: 'bogus',
  by: 'ds',
  keys: [],
  digests: ['SHA-384'],
  why: 'no DNSKEY has tag 815',
};

const validating = (table: Parameters<typeof upstreamOf>[0]) => {
  const snapshot = snapshotOf({
    v: {
      cidrs: ['10.0.0.0/8'],
      zones: { 'corp.test.': 'out CNAME www.test.' },
      recursive: ['.', 'stub.test.'],
      dnssec: 'validate',
    },
  });
  const asked: ResolveRequest[] = [];
  const { pipeline, clock } = pipelineOf(snapshot);
  const told = (name: string, type = 1) =>
    explain(
      pipeline.world,
      pipeline.world.view(0),
      { name: nameFromText(name), type },
      upstreamOf(table, asked),
      clock,
    );
  return { asked, told };
};

t.test('the chain of trust, zone cut by zone cut, for each name that was learned of others', async (t) => {
  const { told, asked } = validating({
    'www.test. A': { records: ['www.test. 60 IN A 192.0.2.1'], security: 'secure', chain: CHAIN },
    'x.bad.test. A': {
      outcome: 'failure',
      chain: [...CHAIN, BROKEN],
      ede: [{ code: EDE.DNSKEY_MISSING, text: 'bad.test.: no DNSKEY has tag 815' }],
    },
  });
  const good = await told('www.test.');
  t.same(good.trust, [{ name: 'www.test.', security: 'secure', steps: CHAIN }]);
  t.same(good.answer.flags, ['ra', 'ad']);
  t.ok(asked[0]!.wantsChain);
  const chained = await told('out.corp.test.');
  t.match(chained.trust, [{ name: 'www.test.', security: 'secure' }]);
  t.same(chained.answer.flags, ['aa', 'ra'], 'its first link is a private zone’s');
  const bad = await told('x.bad.test.');
  t.equal(bad.answer.rcode, 'SERVFAIL');
  t.match(bad.trust, [{ name: 'x.bad.test.', steps: { length: 3 } }]);
  t.same(bad.trust[0]!.steps[2], BROKEN);
  t.match(bad.ede, [{ code: EDE.DNSKEY_MISSING }]);
});

t.test('candidates: recursion, a stub rule, and a zone that is asked for its own DS', async (t) => {
  const { told } = validating({});
  t.match((await told('www.example.')).candidates, [
    { name: '.', kind: 'recursive', id: '., from the root', chosen: true, why: 'longest match' },
  ]);
  t.match((await told('www.stub.test.')).candidates, [
    { name: 'stub.test.', id: 'stub.test., from the servers of stub.test.: 192.0.2.1:53', chosen: true },
    { name: '.', kind: 'recursive', chosen: false, why: 'stub.test. is more specific' },
  ]);
  t.match((await told('corp.test.', 43)).candidates, [
    { name: 'corp.test.', kind: 'zone', chosen: false, why: 'DS records are data of its parent' },
    { name: '.', kind: 'recursive', chosen: true },
  ]);
  t.match((await told('stub.test.', 43)).candidates, [
    { name: 'stub.test.', chosen: false, why: 'not asked for DS records of its own name' },
    { name: '.', kind: 'recursive', chosen: true },
  ]);
});

t.test('candidates of a question that is asked beside another are not those of the other', async (t) => {
  const { pipeline, clock } = pipelineOf(SNAPSHOT);
  const candidatesOf = async (name: string) => {
    const { candidates, answer } = await explain(
      pipeline.world,
      pipeline.world.view(0),
      { name: nameFromText(name), type: 28 },
      upstreamOf({ 'www.over.test. AAAA': { outcome: 'nodata' } }),
      clock,
    );
    t.match(answer.answer, [/ AAAA 64:ff9b::a00:3$/i]);
    return candidates.map(({ kind, chosen, why }) => ({ kind, chosen, why }));
  };
  // DNS64 asks the zone for A when both had no AAAA.
  const told = await candidatesOf('www.over.test.');
  t.match(told.slice(0, 2), [
    { kind: 'zone', chosen: false },
    { kind: 'forward', chosen: true },
  ]);
  t.same(await candidatesOf('WWW.over.test.'), told, 'whatever its case');
});

t.test('a synthesized address, and each name once', async (t) => {
  const clock = new ManualClock();
  const { pipeline } = pipelineOf(SNAPSHOT, { clock });
  const told = await explain(
    pipeline.world,
    pipeline.world.view(0),
    { name: nameFromText('a.ent.example.'), type: 28 },
    () => undefined,
    clock,
  );
  t.same(told.answer.answer, ['a.ent.example. 300 IN AAAA 64:ff9b::a00:9']);
  t.same(
    told.steps.map(({ stage }) => stage),
    ['zone', 'dns64', 'zone'],
  );
  t.equal(told.candidates.length, 1);
});
