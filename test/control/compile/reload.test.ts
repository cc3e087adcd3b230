/** What a reload touches: exactly what stored answers may depend on and is not as it was. */
import t, { type Test } from 'tap';
import { type Compiled, resume } from '../../../src/control/compile.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { dependencyHash } from '../../../src/zone/dependency.ts';
import { BASE } from '../config/support.ts';
import { compiled, type Folder, viewOf } from './support.ts';

/** A worker's stored answer as far as it matters here: the names of the view down from the one that answered. */
function matchHashes({ snapshot }: Compiled, vpc: string, qname: string): number[] {
  const view = viewOf(snapshot, vpc);
  const name = nameFromText(qname);
  const least = view.match(name)!.name.length;
  const names = view.matchedNames(name).filter(({ length }) => length >= least);
  return names.map((each) => dependencyHash(view.key, each));
}

const ZONE_TEXT = '$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\n';
const TEXT = `${BASE}rules:
  - { id: corp, domain: corp.example., type: forward, targets: [192.0.2.53], vpcs: [vpc-a, vpc-b] }
zones:
  - { id: inner, name: internal.example., file: z, vpcs: [vpc-a, vpc-b] }
`;
const folder = (zone = ZONE_TEXT): Folder => ({ '/etc/causeway/z': zone });
const first = compiled(TEXT, folder());

const reload = (text: string, zone = ZONE_TEXT, previous = first): Compiled =>
  compiled(text, folder(zone), previous);

/** Would an answer for `qname` that was stored before the reload be thrown away by it? */
function spoils(next: Compiled, vpc: string, qname: string, before = first): boolean {
  return matchHashes(before, vpc, qname).some((hash) => next.touched.includes(hash));
}

t.test('nothing changed: nothing is touched', async (t) => {
  const next = reload(`# a comment\n${TEXT}`);
  t.same(next.touched, []);
  t.same(next.changes, []);
  t.equal(next.snapshot.revision, first.snapshot.revision + 1);
});

t.test('a changed record touches its owner in its zone, and no match', async (t) => {
  const next = reload(TEXT, ZONE_TEXT.replace('192.0.2.80', '192.0.2.81'));
  const { key } = first.snapshot.zones.find(({ id }) => id === 'inner')!;
  t.same(next.touched, [dependencyHash(key, nameFromText('www.internal.example.'))]);
  t.match(next.changes, ['zone inner: changed: www.internal.example.']);
});

t.test('a zone that changes as a whole touches its name in the views that see it', async (t) => {
  const next = reload(TEXT, ZONE_TEXT.replace('1 2 3 4 5', '1 2 3 4 6'));
  t.match(next.changes, ['zone inner: replaced']);
  t.ok(spoils(next, 'vpc-a', 'www.internal.example.'));
  t.ok(spoils(next, 'vpc-b', 'www.internal.example.'));
  t.notOk(spoils(next, 'vpc-a', 'www.corp.example.'));
});

t.test('other targets touch the domain of the rule, where the rule holds', async (t) => {
  const next = reload(TEXT.replace('192.0.2.53', '192.0.2.54'));
  t.match(next.changes, [
    'VPC vpc-a: rule for corp.example. changed',
    'VPC vpc-b: rule for corp.example. changed',
  ]);
  t.ok(spoils(next, 'vpc-a', 'www.corp.example.'));
  t.notOk(spoils(next, 'vpc-a', 'www.internal.example.'));
  t.same(
    reload(TEXT.replace('vpcs: [vpc-a, vpc-b] }\nzones', 'policy: fastest, vpcs: [vpc-a, vpc-b] }\nzones'))
      .touched,
    [],
  );
});

const NEW_RULE = (domain: string, vpc = 'vpc-a'): string =>
  TEXT.replace(
    'zones:',
    `  - { id: new, domain: ${domain}, type: forward, targets: [192.0.2.99], vpcs: [${vpc}] }\nzones:`,
  );

t.test('a new rule touches the answers of names above it until now', async (t) => {
  const next = reload(NEW_RULE('lab.corp.example.'));
  t.ok(spoils(next, 'vpc-a', 'x.lab.corp.example.'));
  t.notOk(spoils(next, 'vpc-b', 'x.lab.corp.example.'), 'not those of other VPCs');
  t.notOk(spoils(next, 'vpc-a', 'www.internal.example.'));
  t.match(next.changes, ['VPC vpc-a: rule for lab.corp.example. added']);
  t.ok(spoils(reload(NEW_RULE('.')), 'vpc-a', 'nowhere.example.net.'), 'also those that had nothing');
  t.notOk(spoils(reload(NEW_RULE('.')), 'vpc-a', 'www.corp.example.'));
  t.ok(spoils(reload(NEW_RULE('net.')), 'vpc-a', 'nowhere.example.net.'));
});

t.test('a rule that goes touches its own domain', async (t) => {
  const before = reload(NEW_RULE('lab.corp.example.'));
  const next = reload(TEXT, ZONE_TEXT, before);
  t.ok(spoils(next, 'vpc-a', 'x.lab.corp.example.', before));
  t.notOk(spoils(next, 'vpc-a', 'www.internal.example.', before));
  t.match(next.changes, ['VPC vpc-a: rule for lab.corp.example. removed']);
});

t.test('overlay, type of rule and association count as changes', async (t) => {
  t.ok(
    spoils(reload(TEXT.replace('file: z,', 'file: z, overlay: nxdomain,')), 'vpc-a', 'www.internal.example.'),
  );
  const system = TEXT.replace('type: forward, targets: [192.0.2.53]', 'type: system');
  t.ok(spoils(reload(system), 'vpc-a', 'www.corp.example.'));
  const left = reload(TEXT.replace('file: z, vpcs: [vpc-a, vpc-b]', 'file: z, vpcs: [vpc-a]'));
  t.ok(spoils(left, 'vpc-b', 'www.internal.example.'));
  t.notOk(spoils(left, 'vpc-a', 'www.internal.example.'));
});

t.test('a VPC keeps its index; that of one that went is given to nobody in the same reload', async (t) => {
  const without = TEXT.replace('  - { id: vpc-a, cidrs: [10.1.0.0/16] }\n', '').replaceAll(
    '[vpc-a, vpc-b]',
    '[vpc-b]',
  );
  const withNew = without.replace('vpcs:\n', 'vpcs:\n  - { id: vpc-new, cidrs: [10.9.0.0/16] }\n');
  const next = reload(withNew);
  t.same(
    next.snapshot.views.map(({ vpc }) => vpc),
    ['', 'vpc-b', 'vpc-new'],
  );
  t.ok(
    spoils(next, 'vpc-a', 'www.corp.example.') && spoils(next, 'vpc-a', 'nowhere.example.net.'),
    'all of vpc-a goes',
  );
  t.notOk(spoils(next, 'vpc-b', 'www.corp.example.'), 'nothing of vpc-b');
  const later = reload(withNew.replace('vpcs:\n', 'vpcs:\n  - { id: vpc-c, cidrs: [] }\n'), ZONE_TEXT, next);
  t.same(
    later.snapshot.views.map(({ vpc }) => vpc),
    ['vpc-c', 'vpc-b', 'vpc-new'],
  );
  t.same(
    later.snapshot.views.map(({ index }) => index),
    [0, 1, 2],
  );
  const last = reload('vpcs: [{ id: vpc-a, cidrs: [] }]', ZONE_TEXT, first);
  t.same(
    last.snapshot.views.map(({ vpc }) => vpc),
    ['vpc-a'],
    'and is dropped at the end',
  );
  t.same(next.changes, [
    'VPC vpc-new: added',
    'VPC vpc-a: removed',
    'VPCs: client addresses changed',
    'endpoint in-1: changed',
  ]);
});

t.test('what no answer depends on is told, and touches nothing', async (t) => {
  const next = reload(
    `node: { prefetch: false }\n${TEXT.replace('listen: ["127.0.0.1:5353"]', 'listen: ["127.0.0.1:5354"]')}`,
  );
  t.same(next.touched, []);
  t.same(next.changes, ['node: settings changed', 'endpoint in-1: changed']);
});

/** TEXT with a setting of vpc-a, or with a section of recursion. */
const withVpc = (setting: string): string => TEXT.replace('[10.1.0.0/16]', `[10.1.0.0/16], ${setting}`);
const withRecursion = (settings: string): string => `recursion: { ${settings} }\n${TEXT}`;
const PUBLIC = 'www.example.net.';
const FORWARDED = 'www.corp.example.';
const PRIVATE = 'www.internal.example.';

/** Which answers of vpc-a, stored before, the reload throws away; those of vpc-b must stay. */
function spoiled(t: Test, next: Compiled, before = first): string[] {
  const names = [PUBLIC, FORWARDED, PRIVATE];
  for (const name of names) t.notOk(spoils(next, 'vpc-b', name, before), `${name} of the other VPC`);
  return names.filter((name) => spoils(next, 'vpc-a', name, before));
}

t.test('what clients see of DNSSEC may be in every answer of the VPC', async (t) => {
  const next = reload(withVpc('dnssec: off'));
  t.same(spoiled(t, next), [PUBLIC, FORWARDED, PRIVATE]);
  t.same(next.changes, ['VPC vpc-a: dnssec is off']);
  const route53 = reload(withVpc('dnssec: route53'));
  t.same(spoiled(t, route53), [PUBLIC, FORWARDED, PRIVATE], 'validated as before, and shown otherwise');
  t.same(
    route53.snapshot.paths.map(({ context }) => context),
    first.snapshot.paths.map(({ context }) => context),
  );
});

t.test('so may addresses made by DNS64, and what a delegate rule leads to', async (t) => {
  const dns64 = reload(withVpc('dns64: {}'));
  t.same(spoiled(t, dns64), [PUBLIC, FORWARDED, PRIVATE]);
  t.same(dns64.changes, ['VPC vpc-a: dns64 changed']);
  t.same(reload(withVpc('dns64: {}'), ZONE_TEXT, dns64).touched, []);
  t.same(spoiled(t, reload(withVpc('dns64: { exclude: ["2001:db8::/32"] }'), ZONE_TEXT, dns64), dns64), [
    PUBLIC,
    FORWARDED,
    PRIVATE,
  ]);
  const rule = '  - { id: del, type: delegate, delegationRecord: ns.a, vpcs: [vpc-a] }\nzones:';
  const delegate = reload(TEXT.replace('zones:', rule));
  t.same(spoiled(t, delegate), [PUBLIC, FORWARDED, PRIVATE]);
  t.same(delegate.changes, ['VPC vpc-a: delegate rules changed']);
  t.same(spoiled(t, reload(TEXT, ZONE_TEXT, delegate), delegate), [PUBLIC, FORWARDED, PRIVATE]);
});

t.test('rebinding protection is of answers from the Internet', async (t) => {
  for (const setting of [
    'rebinding: off',
    'rebinding: { allow: [10.0.0.0/8] }',
    'rebinding: { exempt: [a] }',
  ]) {
    const next = reload(withVpc(setting));
    t.same(spoiled(t, next), [PUBLIC], setting);
    t.same(next.changes, ['VPC vpc-a: rebinding changed']);
  }
});

/** Which answers go, in both VPCs alike. */
function spoiledEverywhere(t: Test, next: Compiled): string[] {
  const names = [PUBLIC, FORWARDED, PRIVATE];
  const of = (vpc: string): string[] => names.filter((name) => spoils(next, vpc, name));
  t.same(of('vpc-a'), of('vpc-b'));
  return of('vpc-a');
}

t.test('how this node recurses, and what it trusts, is of answers by recursion', async (t) => {
  const settings = reload(withRecursion('aggressiveNsec: off'));
  t.same(spoiledEverywhere(t, settings), [PUBLIC]);
  t.same(settings.changes, ['recursion: settings changed']);
  const nta = reload(withRecursion('negativeTrustAnchors: [{ domain: a., reason: x }]'));
  t.same(spoiledEverywhere(t, nta), [PUBLIC]);
  t.same(nta.changes, ['recursion: negative trust anchors changed']);
  const later = reload(
    withRecursion('negativeTrustAnchors: [{ domain: a., reason: x, until: 2040-01-01 }]'),
    ZONE_TEXT,
    nta,
  );
  t.same(later.touched, [], 'when it ends is looked at as time goes by');
  t.same(later.changes, ['recursion: negative trust anchors changed']);
  const key = { '/etc/causeway/key': `. DS 1 8 2 ${'ab'.repeat(32)}\n` };
  const anchors = compiled(withRecursion('anchors: key'), { ...folder(), ...key }, first);
  t.same(spoiledEverywhere(t, anchors), [PUBLIC]);
  t.same(anchors.changes, ['recursion: trust anchors changed']);
  const hints = { '/etc/causeway/hints': '. NS a.\na. A 192.0.2.1\n' };
  t.same(spoiledEverywhere(t, compiled(withRecursion('hints: hints'), { ...folder(), ...hints }, first)), [
    PUBLIC,
  ]);
});

t.test('validation of a forward rule counts as a change of the rule', async (t) => {
  const on = TEXT.replace('[192.0.2.53], ', '[192.0.2.53], dnssec: validate, ');
  const next = reload(on);
  t.same(spoiledEverywhere(t, next), [FORWARDED]);
  t.match(next.changes, [/rule for corp\.example\. changed/, /rule for corp\.example\. changed/]);
});

t.test('a rule for the root takes the place of recursion by default, and gives it back', async (t) => {
  const next = reload(NEW_RULE('.'));
  t.same(spoiled(t, next), [PUBLIC]);
  t.same(next.changes, ['VPC vpc-a: rule for . changed']);
  const back = reload(TEXT, ZONE_TEXT, next);
  t.ok(spoils(back, 'vpc-a', PUBLIC, next));
  t.not(
    back.snapshot.paths.find(({ rule, view }) => view === 0 && rule.startsWith('rslvr'))!.context,
    first.snapshot.paths.find(({ rule, view }) => view === 0 && rule.startsWith('rslvr'))!.context,
    'and begins anew',
  );
  t.same(
    reload(TEXT.replace('zones:', '  - { id: r, domain: ., type: recursive, vpcs: [vpc-a] }\nzones:'))
      .touched,
    [],
  );
});

t.test('a control thread that takes over from a snapshot goes on as the one before', async (t) => {
  const next = reload(TEXT, ZONE_TEXT, { ...resume(first.snapshot) });
  t.same(next.touched, [], 'nothing is touched');
  t.same(next.changes, []);
  t.same(
    next.snapshot.paths.map(({ context }) => context),
    first.snapshot.paths.map(({ context }) => context),
  );
  t.ok(resume(first.snapshot).contexts.next >= first.snapshot.nextContext, 'no number is given out again');
  const all = withRecursion('negativeTrustAnchors: [{ domain: a., reason: x }]').replace(
    'zones:',
    `  - { id: del, type: delegate, delegationRecord: ns.a, vpcs: [vpc-a] }
  - { id: stub, domain: s., type: stub, targets: [192.0.2.7], dnssec: validate, vpcs: [vpc-a] }
zones:`,
  );
  const before = reload(all);
  t.same(reload(all, ZONE_TEXT, resume(before.snapshot)).touched, [], 'stub and delegate rules too');
});
