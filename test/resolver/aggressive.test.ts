import fc from 'fast-check';
import t from 'tap';
import { AggressiveCache, type Denial } from '../../src/resolver/aggressive.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { AGGRESSIVE_NSEC3_BLOCKS } from '../../src/resolver/denials.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import {
  isNoData,
  type Labels,
  type Nsec3Options,
  names,
  nsec3At,
  randomOwners,
  TestZone,
  TYPES,
  WORK_WITHOUT_END,
  wire,
} from '../dnssec/chains.ts';
import { CountedWork } from '../dnssec/support.ts';
import { records, rrsetsOf } from '../dnssec/zones.ts';
import { LONG } from '../support/long.ts';

const EFFORT = LONG ? 50 : 1;
const CONTEXT = 1;
const ORIGIN: Labels = ['example'];
const APEX = wire(ORIGIN);
const name = nameFromText;

function soaOf(zone: string, minimum = 300): Rrset {
  return rrsetsOf(records(`${zone} 3600 SOA ns.far. admin.far. 1 3600 900 604800 ${minimum}\n`))[0]!;
}

class Setup {
  readonly clock = new ManualClock();
  readonly cache: AggressiveCache;

  constructor({ zonesMax = 100, rangesMax = 10_000 }: { zonesMax?: number; rangesMax?: number } = {}) {
    this.cache = new AggressiveCache({ clock: this.clock, zonesMax, rangesMax });
  }

  /** Everything for 100 s. */
  learn(zone: string, rrsets: readonly Rrset[], context = CONTEXT): this {
    const until = this.clock.now() + 100_000;
    this.cache.addSoa(context, name(zone), soaOf(zone), until);
    for (const rrset of rrsets) this.cache.add(context, name(zone), rrset, until);
    return this;
  }

  /** `nxdomain`, `nodata` or `-`. */
  ask(text: string, type: number = TYPE.A, zone = 'example.', context = CONTEXT): string {
    return this.find(name(text), type, name(zone), context)?.kind ?? '-';
  }

  find(qname: Name, type: number = TYPE.A, zone = APEX, context = CONTEXT): Denial | undefined {
    return this.cache.find(context, zone, qname, type, WORK_WITHOUT_END);
  }
}

const text = (lines: string): Rrset[] => rrsetsOf(records(lines));

/** RFC 4035 appendix A. */
const NSEC = text(`
example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY
a.example. NSEC ai.example. NS DS RRSIG NSEC
ai.example. NSEC b.example. A HINFO AAAA RRSIG NSEC
b.example. NSEC ns1.example. NS RRSIG NSEC
ns1.example. NSEC ns2.example. A RRSIG NSEC
ns2.example. NSEC *.w.example. A RRSIG NSEC
*.w.example. NSEC x.w.example. MX RRSIG NSEC
x.w.example. NSEC x.y.w.example. MX RRSIG NSEC
x.y.w.example. NSEC xx.example. MX RRSIG NSEC
xx.example. NSEC example. A HINFO AAAA RRSIG NSEC
`);

t.test('denials that no server was asked for', async (t) => {
  const setup = new Setup().learn('example.', NSEC);
  t.equal(setup.ask('ml.example.'), 'nxdomain');
  t.equal(setup.ask('a.b.c.d.ml.example.'), 'nxdomain');
  t.equal(setup.ask('ns1.example.', TYPE.MX), 'nodata');
  t.equal(setup.ask('ns1.example.'), '-', 'it has an address');
  t.equal(setup.ask('y.w.example.'), 'nodata', 'an empty non-terminal');
  t.equal(setup.ask('a.z.w.example.', TYPE.AAAA), 'nodata', 'at a wildcard');
  t.equal(setup.ask('a.z.w.example.', TYPE.MX), '-', 'which has data');
  const found = setup.find(name('ml.example.'))!;
  t.same(
    found.proofs.map((rrset) => nameToText(rrset.name)),
    ['b.example.', 'example.'],
  );
  t.same(setup.find(name('xyz.example.'))!.proofs.length, 2);
});

t.test('a delegation denies nothing below it', async (t) => {
  const setup = new Setup().learn('example.', NSEC);
  t.equal(setup.ask('www.b.example.'), '-');
  t.equal(setup.ask('b.example.'), '-');
  t.equal(setup.ask('b.example.', TYPE.DS), 'nodata');
  t.equal(setup.ask('a.example.', TYPE.DS), '-');
  t.equal(setup.ask('example.', TYPE.DS), '-', "the parent's to say");
});

t.test('nothing crosses from one context or zone to another', async (t) => {
  const setup = new Setup().learn('example.', NSEC);
  t.equal(setup.ask('ml.example.', TYPE.A, 'example.', 2), '-', 'another context');
  t.equal(setup.ask('ml.example.', TYPE.A, '.'), '-', 'a zone above');
  t.equal(setup.ask('ml.b.example.', TYPE.A, 'b.example.'), '-', 'a zone below');
  t.equal(setup.ask('ml.victim.'), '-', 'a name out of the zone');
  t.equal(setup.ask('ml.victim.', TYPE.A, 'victim.'), '-');
  t.equal(setup.ask('ML.EXAMPLE.', TYPE.A, 'Example.'), 'nxdomain', 'case is no difference');
});

t.test('nsec_cross_zone: a next name out of the zone is not kept', async (t) => {
  const evil = text('example. NSEC zzz. NS SOA RRSIG NSEC\nwww.example. NSEC a.victim. A RRSIG NSEC\n');
  const setup = new Setup().learn('example.', evil);
  t.equal(setup.cache.ranges, 0);
  for (const victim of ['victim.', 'www.victim.', 'test.', 'x.example.'])
    for (const zone of ['example.', 'victim.', '.']) t.equal(setup.ask(victim, TYPE.A, zone), '-', victim);
});

t.test('without the SOA there is no answer', async (t) => {
  const setup = new Setup();
  for (const rrset of NSEC) setup.cache.add(CONTEXT, APEX, rrset, 100_000);
  t.equal(setup.ask('ml.example.'), '-');
  setup.cache.addSoa(CONTEXT, APEX, soaOf('www.example.'), 100_000);
  t.equal(setup.ask('ml.example.'), '-', 'that of another zone does not do');
  setup.cache.addSoa(CONTEXT, APEX, soaOf('example.'), 100_000);
  t.equal(setup.ask('ml.example.'), 'nxdomain');
});

t.test('the TTL is the least of what is left of each record and the minimum of the SOA', async (t) => {
  const setup = new Setup();
  const [apex, b] = [NSEC[0]!, NSEC[3]!];
  setup.cache.addSoa(CONTEXT, APEX, soaOf('example.', 60), 3_600_000);
  setup.cache.add(CONTEXT, APEX, apex, 90_000);
  setup.cache.add(CONTEXT, APEX, b, 80_500);
  const ttl = () => setup.find(name('ml.example.'))?.ttl;
  t.equal(ttl(), 60);
  setup.clock.advance(30_000);
  const found = setup.find(name('ml.example.'))!;
  t.equal(found.ttl, 50);
  t.same([found.soa.ttl, ...found.proofs.map((rrset) => rrset.ttl)], [50, 50, 50]);
  setup.clock.advance(49_600);
  t.equal(ttl(), undefined, 'less than a second is nothing');
  setup.cache.add(CONTEXT, APEX, b, 200_000);
  t.equal(ttl(), 10, 'of the record that is older now');
  setup.clock.advance(11_000);
  t.equal(ttl(), undefined);
  setup.cache.add(CONTEXT, APEX, apex, setup.clock.now());
  t.equal(ttl(), undefined, 'what has expired is not put in');
});

t.test('an SOA that has expired ends the answers', async (t) => {
  const setup = new Setup().learn('example.', NSEC);
  setup.cache.addSoa(CONTEXT, APEX, soaOf('example.'), 5_000);
  setup.clock.advance(5_000);
  t.equal(setup.ask('ml.example.'), '-');
});

t.test(
  'a name that was denied by a record for it alone gets NODATA again, and its neighbours nothing',
  async (t) => {
    const setup = new Setup().learn(
      'example.',
      text('www.example. NSEC \\000.www.example. RRSIG NSEC TYPE128\n'),
    );
    t.equal(setup.ask('www.example.'), 'nodata');
    t.equal(setup.ask('www.example.', TYPE.AAAA), 'nodata');
    t.equal(setup.ask('a.www.example.'), '-');
    t.equal(setup.ask('wwx.example.'), '-');
  },
);

const zone = new TestZone(ORIGIN, [
  { labels: ['a'], kind: 'address' },
  { labels: ['cut'], kind: 'cut' },
  { labels: ['b', 'c'], kind: 'text' },
]);

t.test('NSEC3, whole and in parts', async (t) => {
  const setup = new Setup().learn('example.', zone.nsec3());
  t.equal(setup.ask('none.example.'), 'nxdomain');
  t.equal(setup.ask('x.y.none.example.'), 'nxdomain');
  t.equal(setup.ask('a.example.', TYPE.MX), 'nodata');
  t.equal(setup.ask('c.example.'), 'nodata');
  t.equal(setup.ask('cut.example.', TYPE.DS), 'nodata');
  t.equal(setup.ask('www.cut.example.'), '-');
  const chain = zone.nsec3();
  const needed = [[], ['none'], ['*']].map((labels) => nsec3At(chain, zone, labels));
  for (const missing of needed) {
    const part = new Setup().learn(
      'example.',
      needed.filter((rrset) => rrset !== missing),
    );
    t.equal(part.ask('none.example.'), '-');
  }
});

t.test('an opt-out denies no name', async (t) => {
  const setup = new Setup().learn('example.', zone.nsec3({ optOut: true }));
  t.equal(setup.ask('none.example.'), '-');
  t.equal(setup.ask('none.example.', TYPE.DS), '-');
  t.equal(setup.ask('cut.example.', TYPE.DS), '-');
  t.equal(setup.ask('a.example.', TYPE.MX), 'nodata', 'but what is at a name is sure');
});

t.test('other NSEC3 parameters begin a new chain', async (t) => {
  const salted: Nsec3Options = { salt: Uint8Array.of(1) };
  const setup = new Setup().learn('example.', zone.nsec3());
  const count = setup.cache.ranges;
  setup.learn('example.', zone.nsec3(salted).slice(0, 1));
  t.equal(setup.cache.ranges, 1);
  t.equal(setup.ask('none.example.'), '-');
  setup.learn('example.', zone.nsec3(salted));
  t.equal(setup.ask('none.example.'), 'nxdomain');
  t.equal(setup.cache.ranges, count);
  const dear = new Setup().learn('example.', zone.nsec3({ iterations: 51 }));
  t.equal(dear.cache.ranges, 0, 'those that cost too much are not kept');
});

t.test('a search hashes little, and nothing that is not paid for', async (t) => {
  const deep = `${'x.'.repeat(118)}none.example.`;
  for (const iterations of [0, 1, 4, 20, 50]) {
    const setup = new Setup().learn('example.', zone.nsec3({ iterations }));
    for (const qname of ['none.example.', deep]) {
      const work = new CountedWork();
      setup.cache.find(CONTEXT, APEX, name(qname), TYPE.A, work);
      t.ok(work.blocks <= AGGRESSIVE_NSEC3_BLOCKS, `${iterations} iterations: ${work.blocks} blocks`);
    }
    t.equal(setup.ask('none.example.'), iterations <= 4 ? 'nxdomain' : '-');
  }
  const setup = new Setup().learn('example.', zone.nsec3());
  const budget = new Budget(0);
  for (let i = 0; i < 1000; i++) setup.cache.find(CONTEXT, APEX, name(`${i}.example.`), TYPE.A, budget);
  t.equal(budget.left.nsec3Blocks, 0);
  t.equal(setup.cache.find(CONTEXT, APEX, name('1.example.'), TYPE.A, budget), undefined);
  const none = new Setup().learn('example.', NSEC);
  const work = new CountedWork();
  none.cache.find(CONTEXT, APEX, name(deep), TYPE.A, work);
  t.equal(work.blocks, 0, 'nothing is hashed for a zone with NSEC');
});

function truly(of: TestZone, labels: Labels, type: number): string {
  if (of.truth(labels).kind === 'none') return 'nxdomain';
  return isNoData(of.truth(labels), labels, type) ? 'nodata' : '-';
}

/** Compares all answers with the truth; `isWhole`: what is true must be known too. */
function compare(setup: Setup, of: TestZone, isWhole: boolean): void {
  for (const labels of names(of))
    for (const type of TYPES) {
      const answer = setup.find(wire([...labels, ...ORIGIN]), type)?.kind ?? '-';
      const truth = truly(of, labels, type);
      const isRight = answer === truth || (answer === '-' && !isWhole);
      if (!isRight) throw new Error(`${JSON.stringify(labels)} ${type}: ${answer}, not ${truth}`);
    }
}

type Chain = (of: TestZone) => Rrset[];
const CHAINS: [string, Chain][] = [
  ['NSEC', (of) => of.nsec()],
  ['NSEC3', (of) => of.nsec3()],
];
const mask = fc.array(fc.boolean(), { minLength: 24, maxLength: 24 });

for (const [what, chain] of CHAINS) {
  t.test(`${what}: every answer is true, whatever was learned; all are there when all was`, async () => {
    const property = fc.property(randomOwners, fc.array(mask, { maxLength: 3 }), (owners, masks) => {
      const of = new TestZone(ORIGIN, owners);
      const setup = new Setup();
      for (const part of masks) {
        setup.learn(
          'example.',
          chain(of).filter((_, i) => part[i % part.length]),
        );
        compare(setup, of, false);
      }
      compare(setup.learn('example.', chain(of)), of, true);
    });
    fc.assert(property, { numRuns: 40 * EFFORT, seed: 8198 });
  });

  t.test(
    `${what}: when all of a zone that has changed was learned, nothing is left of what it was`,
    async () => {
      const property = fc.property(randomOwners, randomOwners, fc.nat(), (before, after, turn) => {
        const setup = new Setup().learn('example.', chain(new TestZone(ORIGIN, before)));
        const now = new TestZone(ORIGIN, after);
        const records = chain(now);
        const from = turn % records.length;
        compare(setup.learn('example.', [...records.slice(from), ...records.slice(0, from)]), now, true);
      });
      fc.assert(property, { numRuns: 40 * EFFORT, seed: 8198 });
    },
  );
}

t.test('NSEC3 with opt-out: every answer is true', async () => {
  const property = fc.property(randomOwners, mask, (owners, part) => {
    const of = new TestZone(ORIGIN, owners);
    const chain = of.nsec3({ optOut: true });
    compare(new Setup().learn('example.', chain), of, false);
    compare(
      new Setup().learn(
        'example.',
        chain.filter((_, i) => part[i % part.length]),
      ),
      of,
      false,
    );
  });
  fc.assert(property, { numRuns: 40 * EFFORT, seed: 8198 });
});

/** `count` records of a zone, none of which overlaps another. */
function many(zone: string, count: number): Rrset[] {
  const owner = (i: number): string => `n${String(i).padStart(6, '0')}`;
  return text(
    Array.from({ length: count }, (_, i) => `${owner(i)}.${zone} NSEC ${owner(i)}a.${zone} A\n`).join(''),
  );
}

t.test('memory is bounded: in ranges, and for one zone', async (t) => {
  const setup = new Setup({ rangesMax: 800 }).learn('example.', NSEC);
  setup.learn('flood.', many('flood.', 2000));
  t.ok(setup.cache.ranges <= 100 + NSEC.length, `${setup.cache.ranges} ranges`);
  t.equal(setup.ask('ml.example.'), 'nxdomain', 'one zone does not displace the others');
  for (let i = 0; i < 20; i++) {
    setup.learn(`flood${i}.`, many(`flood${i}.`, 90));
    t.ok(setup.cache.ranges <= 800);
    if (i < 10) t.equal(setup.ask('ml.example.'), 'nxdomain', 'a zone that is asked for stays');
  }
  t.ok(setup.cache.ranges > 500, 'and what is there is used');
});

t.test('memory is bounded in zones', async (t) => {
  const setup = new Setup({ zonesMax: 3 });
  for (let i = 0; i < 9; i++) setup.learn(`z${i}.`, many(`z${i}.`, 2));
  t.equal(setup.cache.ranges, 6);
  t.equal(setup.ask('n000000.z8.', TYPE.MX, 'z8.'), 'nodata');
  t.equal(setup.ask('n000000.z5.', TYPE.MX, 'z5.'), '-');
});

t.test('a flush forgets all that may deny the name', async (t) => {
  const learned = () =>
    new Setup()
      .learn('.', many('', 3))
      .learn('example.', NSEC)
      .learn('b.example.', many('b.example.', 2))
      .learn('other.', many('other.', 1))
      .learn('example.', NSEC, 2);
  const total = learned().cache.ranges;
  const forget = (text: string, extent: 'name' | 'subtree', context?: number): number => {
    const { cache } = learned();
    const isMeant = context === undefined ? undefined : (one: number) => one === context;
    const count = cache.forget(name(text), extent, isMeant);
    t.equal(cache.ranges, total - count);
    return count;
  };
  t.equal(forget('example.', 'name'), 3 + 2 * NSEC.length);
  t.equal(forget('example.', 'name', 2), NSEC.length);
  t.equal(forget('example.', 'subtree'), 3 + 2 * NSEC.length + 2);
  t.equal(forget('.', 'subtree'), total);
  t.equal(forget('x.b.example.', 'name', 1), 3 + NSEC.length + 2);
  const setup = learned();
  setup.cache.forget(name('example.'), 'name');
  t.equal(setup.ask('ml.example.'), '-');
});

t.test('an RRset of two records is not kept', async (t) => {
  const [rrset] = NSEC as [Rrset, ...Rrset[]];
  const two = { ...rrset, rdatas: [...rrset.rdatas, ...NSEC[1]!.rdatas] };
  const setup = new Setup().learn('example.', [two, soaOf('example.')]);
  t.equal(setup.cache.ranges, 0);
});
