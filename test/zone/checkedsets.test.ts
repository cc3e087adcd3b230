/** "An HC on a simple record has no effect" (route53-semantics 5.2), but on the aliases that ask for it. */
import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { nameEquals } from '../../src/wire/name.ts';
import { typeFromText } from '../../src/wire/rdata/table.ts';
import { additionalFor } from '../../src/zone/address.ts';
import { Zone, ZoneBuilder } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';
import type { Policy, RecordSet } from '../../src/zone/recordset.ts';
import { APEX, lines, name, problems, records, show } from './support.ts';

const RECORDS = `${APEX.split('\n')[0]}
  @       NS    ns.example.
  ns      A     192.0.2.1
  sub     NS    ns.sub.example.
  ns.sub  A     192.0.2.2
  mail    MX    10 www
  www     A     192.0.2.3
  www     AAAA  2001:db8::3
  *.w     TXT   "w"
  alias   CNAME www`;

/** Each record as a simple set. */
function setsOf(health: number | undefined): RecordSet[] {
  return records('example.', RECORDS).map(({ name, type, ttl, rdata }) => ({
    name,
    type,
    setIdentifier: undefined,
    policy: { kind: 'simple' },
    health,
    content: { kind: 'records', ttl, rdatas: [rdata] },
  }));
}

function built(sets: readonly RecordSet[]) {
  const builder = new ZoneBuilder(name('example.'), { seed: 1 });
  for (const set of sets) builder.addSet(set);
  return builder.finish();
}

function zoneOf(sets: readonly RecordSet[]): Zone {
  const { image, errors } = built(sets);
  if (image === undefined) throw new Error(problems(errors).join('\n'));
  return Zone.from(image);
}

t.test('a health check on simple sets changes no answer', async (t) => {
  const [plain, checked] = [zoneOf(setsOf(undefined)), zoneOf(setsOf(7))];
  for (const question of [
    'example. SOA',
    'example. NS',
    'www.example. A',
    'www.example. ANY',
    'www.example. MX',
    'mail.example. MX',
    'x.sub.example. A',
    'sub.example. NS',
    'a.w.example. TXT',
    'alias.example. A',
    'none.example. A',
  ]) {
    const [qname, type] = question.split(' ') as [string, string];
    const told = [plain, checked].map((zone) => {
      const result = lookup(zone, name(qname), typeFromText(type) ?? TYPE.ANY);
      const additional = result.kind === 'hit' ? lines(...additionalFor(zone, [result.rrset])) : [];
      return [...show(result), ...additional];
    });
    t.same(told[1], told[0], question);
  }
});

t.test(
  'nor does an alias give addresses to others: they would not end with those of its target',
  async (t) => {
    const alias: RecordSet = {
      name: name('www.example.'),
      type: TYPE.A,
      setIdentifier: undefined,
      policy: { kind: 'simple' },
      health: undefined,
      content: { kind: 'alias', where: 'zone', target: name('ns.example.'), evaluateTargetHealth: false },
    };
    const isAddress = (set: RecordSet): boolean => set.type === TYPE.A && nameEquals(set.name, alias.name);
    const zone = zoneOf([...setsOf(undefined).filter((set) => !isAddress(set)), alias]);
    t.equal(lookup(zone, alias.name, TYPE.A).kind, 'routed');
    const result = lookup(zone, name('mail.example.'), TYPE.MX);
    t.same(result.kind === 'hit' && lines(...additionalFor(zone, [result.rrset])), [
      'www.example. 300 AAAA 2001:db8::3',
    ]);
  },
);

t.test('what shapes a zone is not chosen', async (t) => {
  const weighted: Policy = { kind: 'weighted', weight: 1 };
  const sets = setsOf(undefined).map((set) =>
    set.type === TYPE.NS ? { ...set, setIdentifier: 'one', policy: weighted } : set,
  );
  t.same(problems(built(sets).errors ?? []), [
    'example. NS: not to be chosen, nor an alias: it is where a zone ends',
    'sub.example. NS: not to be chosen, nor an alias: it is where a zone ends',
    'example. the zone has no NS record at its apex',
  ]);
});
