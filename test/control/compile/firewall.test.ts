/** Firewalls in snapshots: the order of rules, which lists are there, and what a reload touches. */
import t from 'tap';
import { type Compiled, resume } from '../../../src/control/compile.ts';
import { HashedName } from '../../../src/wire/hashedname.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { firewallHash } from '../../../src/zone/dependency.ts';
import { Domains } from '../../../src/zone/domains.ts';
import { compiled, type Result } from './support.ts';

interface Spec {
  readonly bad?: readonly string[];
  readonly groups?: string;
  readonly action?: string;
}

const text = ({ bad = ['bad.example'], groups, action = 'alert' }: Spec): string => `
vpcs:
  - id: vpc-a
    cidrs: [10.0.0.0/8]
    firewall: { groups: [${groups ?? '{ group: second, priority: 9 }, { group: first, priority: 1 }'}] }
  - { id: vpc-b, cidrs: [172.16.0.0/12] }
firewall:
  lists:
    - { id: bad, domains: [${bad.map((each) => JSON.stringify(each)).join()}] }
    - { id: good, domains: [good.example] }
    - { id: idle, domains: [idle.example] }
  groups:
    - id: first
      rules:
        - { priority: 5, list: bad, action: block }
        - { priority: 4, list: good, action: allow }
    - { id: second, rules: [{ priority: 1, list: bad, action: ${action} }] }
    - { id: nobodys, rules: [{ priority: 1, list: idle, action: alert }] }
`;

const make = (spec: Spec = {}, before?: Compiled): Compiled => compiled(text(spec), {}, before as Result);
const touch = ({ touched }: Compiled, vpc: number, name: string, { snapshot }: Compiled): boolean =>
  touched.includes(firewallHash(snapshot.views[vpc]!.key, nameFromText(name)));

t.test('rules in the order of priorities; lists that are named, each once', async (t) => {
  const { snapshot } = make();
  const [a, b] = snapshot.views;
  t.same(
    a!.firewall!.rules.map(({ group, list, action }) => `${group} ${list} ${action.kind}`),
    ['first good allow', 'first bad block', 'second bad alert'],
  );
  t.equal(b!.firewall, undefined);
  t.same(
    snapshot.domainLists.map(({ id }) => id),
    ['bad', 'good'],
  );
  t.ok(
    Domains.from(snapshot.domainLists[0]!.table!).covers(new HashedName().set(nameFromText('bad.example.'))),
  );
});

t.test('what did not change keeps its table and touches nothing', async (t) => {
  const first = make();
  const next = make({}, first);
  t.same(next.changes, []);
  t.same(next.touched, []);
  t.equal(next.snapshot.domainLists[0]!.table, first.snapshot.domainLists[0]!.table);
});

t.test(
  'all lists have one seed, by which a name is hashed once: new ones too, of a control that took over',
  async (t) => {
    const seeds = ({ snapshot }: Compiled): number[] =>
      snapshot.domainLists.map(({ table }) => Domains.from(table!).seed);
    const first = make();
    const [seed] = seeds(first);
    t.same(seeds(first), [seed, seed]);
    t.same(seeds(make({ bad: ['worse.example'] }, first)), [seed, seed]);
    const elsewhere = first.snapshot.domainLists.map((list, i) => ({
      ...list,
      table: Domains.build([{ name: nameFromText(`${i}.test.`), covers: 'name' }], 7),
    }));
    const before = resume({ ...first.snapshot, domainLists: elsewhere });
    const next = make({ bad: ['worse.example'] }, before);
    t.not(next.snapshot.domainLists[0]!.table, elsewhere[0]!.table, 'made anew');
    t.same(seeds(next), [7, 7]);
  },
);

t.test('a few names that come or go touch themselves, in the VPCs that look for them', async (t) => {
  const first = make();
  const next = make({ bad: ['bad.example', 'worse.example', '*.worst.test'] }, first);
  t.same(next.changes, ['firewall list bad: 2 domains changed']);
  for (const name of ['a.b.worse.example.', 'www.worst.test.']) t.ok(touch(next, 0, name, next), name);
  for (const name of ['bad.example.', '.']) t.notOk(touch(next, 0, name, next), name);
  t.notOk(touch(next, 1, 'worse.example.', next), 'the other VPC has no firewall');
  t.ok(touch(make({}, next), 0, 'worse.example.', next), 'and back');
});

t.test('what may be any name touches the whole view', async (t) => {
  const first = make();
  for (const spec of [
    { bad: ['bad.example', '*'] },
    { bad: ['bad.example', '*.test'] },
    { bad: Array.from({ length: 9000 }, (_, i) => `n${i}.example`) },
    { action: 'allow' },
    { groups: '' },
    { groups: '{ group: second, priority: 1 }' },
  ])
    t.ok(touch(make(spec, first), 0, '.', first), JSON.stringify(spec).slice(0, 60));
  t.notOk(
    touch(make({ bad: ['bad.example', 'test'] }, first), 0, '.', first),
    'a name of one label is one name',
  );
});

t.test(
  'a VPC that goes, or whose AAAA records are made otherwise, touches what its firewall has said',
  async (t) => {
    const first = make();
    const gone = compiled('vpcs: [{ id: vpc-b, cidrs: [172.16.0.0/12] }]', {}, first as Result);
    t.ok(touch(gone, 0, '.', first));
    const dns64 = text({}).replace('cidrs: [10.0.0.0/8]', 'cidrs: [10.0.0.0/8]\n    dns64: {}');
    t.ok(touch(compiled(dns64, {}, first as Result), 0, '.', first));
  },
);
