/** Random lists of record sets: what passes the rules makes an image, and every name of it is answered. */
import fc from 'fast-check';
import t from 'tap';
import type { RecordSetInput } from '../../../src/control/records/input.ts';
import { FLAG, RCODE } from '../../../src/wire/constants.ts';
import { ZoneBuilder } from '../../../src/zone/image.ts';
import type { RecordSet } from '../../../src/zone/recordset.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../../support/world.ts';
import { problems } from '../../zone/support.ts';
import { read, ZONE } from './support.ts';

const LISTS = 400;
const NAMES = [
  'example.com',
  'a.example.com',
  'b.example.com',
  '*.example.com',
  'a.b.example.com',
  '*.b.example.com',
  'c.a.b.example.com',
  '\\052.a.example.com',
  'x\\056y.example.com',
];
/** The names as zone files have them, and some that only wildcards have. */
const ASKED = NAMES.map((name) => name.replace('\\052', '*').replace('\\056', '\\.')).concat(
  'q.example.com',
  'q.q.b.example.com',
);
const VALUES: Readonly<Record<string, readonly string[]>> = {
  A: ['192.0.2.1', '192.0.2.2'],
  CNAME: ['a.example.com', 'c.a.b.example.com.'],
  NS: ['a.example.com', 'ns.far'],
  SOA: ['a.example.com h.example.com 1 2 3 4 5'],
  DS: [`1 13 2 ${'0A'.repeat(32)}`],
  TXT: ['"x"', '"y" "z"'],
  MX: ['10 a.example.com', '10 b.example.com'],
  SVCB: ['1 . alpn=h2', '0 a.example.com'],
  NAPTR: ['1 2 "s" "SIP" "" a.example.com'],
};
const POLICIES: readonly Partial<RecordSetInput>[] = [
  {},
  {},
  { weight: 0 },
  { weight: 3 },
  { failover: 'PRIMARY' },
  { failover: 'SECONDARY' },
  { region: 'eu-central-1' },
  { geoLocation: { countryCode: '*' } },
  { geoLocation: { countryCode: 'DE' } },
  { multiValueAnswer: true },
  { cidrRoutingConfig: { collectionId: 'offices', locationName: 'berlin' } },
  { geoProximityLocation: { awsRegion: 'eu-central-1', bias: 3 } },
];

const aliasTarget = fc.record({
  dnsName: fc.constantFrom(...NAMES),
  evaluateTargetHealth: fc.boolean(),
  hostedZoneId: fc.constantFrom(undefined, 'Z1'),
});
const input: fc.Arbitrary<RecordSetInput> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    type: fc.constantFrom('A', 'A', 'A', ...Object.keys(VALUES)),
    policy: fc.constantFrom(...POLICIES),
    identifier: fc.constantFrom('1', '2', '3'),
    alias: fc.option(aliasTarget, { freq: 3 }),
    isChecked: fc.boolean(),
    count: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ name, type, policy, identifier, alias, isChecked, count }) => ({
    name,
    type,
    ...policy,
    ...(Object.keys(policy).length === 0 ? {} : { setIdentifier: identifier }),
    ...(alias === null ? { ttl: 60, values: VALUES[type]!.slice(0, count) } : { aliasTarget: alias }),
    ...(isChecked ? { healthCheckId: 'hc-1' } : {}),
  }));

/** Those of the list that are left when what is refused is taken out, again and again. */
function accepted(list: readonly RecordSetInput[]): readonly RecordSet[] {
  for (let inputs = list; ; ) {
    const { sets, faults } = read(inputs);
    if (faults.length === 0) return sets as readonly RecordSet[];
    inputs = inputs.filter((_, i) => !faults.some(({ index }) => index === i));
  }
}

t.test('what passes makes an image, and all of it is answered', async (t) => {
  const base = snapshotOf({ public: { cidrs: [], zones: { 'example.com.': '' } } });
  let images = 0;
  for (const list of fc.sample(fc.array(input, { minLength: 1, maxLength: 5 }), {
    numRuns: LISTS,
    seed: 43,
  })) {
    const sets = accepted(list);
    const builder = new ZoneBuilder(ZONE.name, { synthesizeApex: true });
    for (const set of sets) builder.addSet(set);
    const { image, errors } = builder.finish();
    if (image === undefined) {
      // Below a zone cut there is nothing to lead to: the rules know no cuts.
      const others = problems(errors).filter((text) => !/the alias leads to .*, which has no/.test(text));
      if (others.length > 0 || !sets.some(({ type }) => type === 2)) t.same(others, [], JSON.stringify(list));
      continue;
    }
    images++;
    const zones = [{ ...base.zones[0]!, image }];
    const { pipeline } = pipelineOf(withAuthority({ ...base, zones }, 'public'));
    for (const name of ASKED)
      for (const type of ['A', 'CNAME', 'NS', 'SOA', 'DS', 'TYPE255']) {
        const reply = await ask(pipeline, clientAt('192.0.2.9'), query(name, type, { edns: EDNS }));
        if (reply?.rcode === RCODE.NOERROR || reply?.rcode === RCODE.NXDOMAIN) {
          if ((reply.flags & FLAG.RA) !== 0) t.fail(`RA: ${name} ${type} of ${JSON.stringify(list)}`);
        } else t.fail(`${name} ${type}: ${reply?.rcode} of ${JSON.stringify(list)}`);
      }
  }
  t.ok(images > LISTS / 2, `${images} images`);
});
