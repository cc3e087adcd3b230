/** Client subnets on the fast path (RFC 7871): octet for octet what the slow path answers, and from the cache. */
import fc from 'fast-check';
import t from 'tap';
import type { Client } from '../../src/server/handler.ts';
import { CidrTable, parseAddress, parseCidr } from '../../src/util/cidr.ts';
import type { Prng } from '../../src/util/prng.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { type EdnsOption, findOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { LocationsBuilder } from '../../src/zone/geo/locations.ts';
import { locationKey } from '../../src/zone/geo/regions.ts';
import type { Content, Policy, RecordSet } from '../../src/zone/recordset.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { blocksOf, snapshotOf, withAuthority } from '../support/world.ts';

/** Draws that a test decides on. */
class Draws implements Prng {
  next = 0;
  u32(): number {
    return this.next;
  }
  below(bound: number): number {
    return this.next % bound;
  }
  fill<T extends Uint8Array>(out: T): T {
    return out;
  }
}

const a = (last: number): Content => ({ kind: 'records', ttl: 60, rdatas: [Uint8Array.of(192, 0, 2, last)] });
const set = (name: string, policy: Policy, content: Content): RecordSet => ({
  ...{ name: nameFromText(`${name}.example.`), type: TYPE.A, policy, health: undefined, content },
  setIdentifier: policy.kind === 'simple' ? undefined : JSON.stringify(policy),
});
const country = (code: string): Policy => ({
  kind: 'geolocation',
  place: { kind: 'country', country: code },
});
const elsewhere: Policy = { kind: 'geolocation', place: { kind: 'default' } };
const to = (name: string): Content => ({
  ...{ kind: 'alias', where: 'zone', evaluateTargetHealth: false },
  target: nameFromText(`${name}.example.`),
});

const SETS = [
  ...[set('geo', country('DE'), a(1)), set('geo', country('FR'), a(2)), set('geo', elsewhere, a(3))],
  ...[set('none', country('DE'), a(4)), set('none', country('FR'), a(5))],
  ...[1, 3].map((weight) => set('weighted', { kind: 'weighted', weight }, a(10 + weight))),
  ...[set('tree', country('DE'), to('weighted')), set('tree', elsewhere, a(20))],
  set('net', { kind: 'cidr', collection: 0, location: 'office' }, a(30)),
  set('net', { kind: 'cidr', collection: 0, location: '*' }, a(31)),
  ...[1, 2, 3].map((last) => set('several', { kind: 'multivalue' }, a(40 + last))),
];
const NAMES = ['geo', 'none', 'weighted', 'tree', 'net', 'several', 'plain', 'missing'];

/** 10.1.0.0/16 is in Germany, 10.2.0.0/15 in France, as are 2001:db8:1::/48 and 2001:db8:2::/47. */
function publicZone(): Snapshot {
  const builder = new LocationsBuilder();
  const add4 = (text: string, code: string): void =>
    builder.ranges.add4(Buffer.from(parseAddress(text)).readInt32BE(), builder.row({ country: code }));
  for (const [text, code] of [
    ['10.1.0.0', 'DE'],
    ['10.2.0.0', 'FR'],
    ['10.4.0.0', ''],
  ] as const)
    add4(text, code);
  const { buffer: table } = CidrTable.build([
    { ...parseCidr('10.2.128.0/20'), value: locationKey('office') },
    { ...parseCidr('2001:db8:1::/48'), value: locationKey('office') },
  ]);
  const zones = { 'example.': { text: 'plain A 192.0.2.80\nplain A 192.0.2.81', sets: SETS } };
  const made = withAuthority(snapshotOf({ v: { cidrs: ['0.0.0.0/0'], zones } }), 'v');
  return {
    ...made,
    zones: made.zones.map((zone) => ({ ...zone, clientsBy: 'address' as const })),
    views: made.views.map((view) => ({ ...view, region: '' })),
    endpoints: made.endpoints.map((each) => ({ ...each, clientSubnet: blocksOf(['10.0.0.0/9']) })),
    collections: [{ id: 'c', name: 'c', table, locations: ['office'] }],
    geo: { locations: [builder.finish()], rtt: undefined },
  };
}

function both() {
  const snapshot = publicZone();
  const draws = new Draws();
  const fast = pipelineOf(snapshot, { prng: draws });
  const slow = pipelineOf(snapshot, { prng: draws });
  // Nothing is ever found: each query is answered by the stages.
  slow.answers.find = () => -1;
  return { draws, fast, slow, hits: () => fast.counters.sum('answersFromCache') };
}

const LISTED = '10.1.2.3';
const UNLISTED = '10.200.2.3';

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** Well-formed ones mostly; `spoilt` is a change of one octet, or of the length. */
const subnets = fc
  .record({
    address: fc.oneof(
      fc.tuple(fc.constantFrom(1, 2, 3, 4), fc.nat(255), fc.nat(255)).map(([b, c, d]) => [10, b, c, d]),
      fc
        .tuple(fc.constantFrom(1, 2, 9), fc.nat(255))
        .map(([c, d]) => [0x20, 1, 0xd, 0xb8, 0, c, d, ...Array(9).fill(d)]),
    ),
    bits: fc.nat(130),
    family0: fc.integer({ min: 0, max: 19 }),
    spoilt: seldom(fc.tuple(fc.nat(12), fc.nat(255))),
    cut: seldom(fc.integer({ min: -3, max: 2 })),
  })
  .map(({ address, bits, family0, spoilt, cut }): EdnsOption => {
    const most = 8 * address.length;
    const source = family0 === 0 ? 0 : Math.min(bits, most);
    const given = address.slice(0, Math.ceil(source / 8)).map((octet, i) => {
      const kept = Math.min(8, source - 8 * i);
      return octet & (0xff << (8 - kept)) & 0xff;
    });
    const family = family0 === 0 ? 0 : address.length === 4 ? 1 : 2;
    const data = [0, family, source, 0, ...given];
    if (spoilt !== null && spoilt[0] < data.length) data[spoilt[0]] = spoilt[1];
    const length = data.length + (cut ?? 0);
    return {
      code: OPTION.ECS,
      data: Uint8Array.from({ length: Math.max(0, length) }, (_, i) => data[i] ?? 0),
    };
  });
const others: fc.Arbitrary<EdnsOption> = fc.oneof(
  fc.constant({ code: OPTION.COOKIE, data: new Uint8Array(8).fill(9) }),
  fc.constant({ code: OPTION.PADDING, data: new Uint8Array(5) }),
  fc.constant({ code: OPTION.KEEPALIVE, data: new Uint8Array(0) }),
  fc.constant({ code: OPTION.NSID, data: new Uint8Array(0) }),
);

t.test('octet for octet what the slow path answers', async (t) => {
  const { draws, fast, slow, hits } = both();
  const asked = fc.record({
    name: fc.constantFrom(...NAMES),
    options: fc.tuple(subnets, fc.array(others, { maxLength: 2 }), seldom(subnets)),
    isFirst: fc.boolean(),
    payload: fc.constantFrom(512, 1232),
    client: fc.constantFrom(LISTED, LISTED, UNLISTED),
    transport: fc.constantFrom<Client['transport']>('udp', 'tcp', 'dot'),
    draw: fc.integer({ min: 0, max: 0xffffffff }),
    id: fc.nat(0xffff),
  });
  let formErrors = 0;
  let scoped = 0;
  await fc.assert(
    fc.asyncProperty(asked, async ({ name, options, isFirst, payload, client, transport, draw, id }) => {
      const [subnet, more, second] = options;
      const all = [
        ...(isFirst ? [subnet, ...more] : [...more, subnet]),
        ...(second === null ? [] : [second]),
      ];
      const bytes = query(`${name}.example.`, 'A', { id, edns: { ...EDNS, payload, options: all } });
      draws.next = draw;
      const from = clientAt(client, transport);
      const right = (await ask(slow.pipeline, from, bytes))!;
      // The first time it may have to be made.
      for (let round = 0; round < 2; round++) {
        const { bytes: given } = (await ask(fast.pipeline, from, bytes))!;
        if (!Buffer.from(given).equals(right.bytes)) t.same(readMessage(given), right, `${name} ${client}`);
      }
      if (right.rcode === RCODE.FORMERR) formErrors++;
      if ((findOption(right.edns, OPTION.ECS)?.[3] ?? 0) > 0) scoped++;
    }),
    { seed: 7871, numRuns: 1500 },
  );
  t.equal(slow.counters.sum('answersFromCache'), 0);
  t.ok(hits() > 1000, `${hits()} of 3000 from the cache`);
  t.ok(formErrors > 50, `${formErrors} malformed`);
  t.ok(scoped > 150, `${scoped} that hold for a part of the clients only`);
});

t.test('the subnet decides where it counts, and the address where it does not', async (t) => {
  const { fast, hits } = both();
  const last = async (client: string, data: number[]): Promise<string> => {
    const edns = { ...EDNS, options: [{ code: OPTION.ECS, data: Uint8Array.from(data) }] };
    const reply = (await ask(fast.pipeline, clientAt(client), query('geo.example.', 'A', { edns })))!;
    return `${reply.answer[0]!.rdata[3]}/${findOption(reply.edns, OPTION.ECS)?.[3]}`;
  };
  const [germany, france] = [
    [0, 1, 16, 0, 10, 1],
    [0, 1, 15, 0, 10, 2],
  ] as const;
  for (let round = 0; round < 2; round++) {
    t.equal(await last(LISTED, [...germany]), '1/16');
    t.equal(await last(LISTED, [...france]), '2/15');
    t.equal(await last(LISTED, [0, 1, 0, 0]), '1/0', 'for nobody: the address, and no scope');
    t.equal(await last(UNLISTED, [...germany]), '3/undefined', 'it may not say so, and is not told');
  }
  // The answer for Germany is there when it is asked for nobody.
  t.equal(hits(), 5);
  t.same(
    fast.pipeline.recent.list().map(({ client }) => client[1]),
    [200, 200],
    'what-if asks by addresses',
  );
});
