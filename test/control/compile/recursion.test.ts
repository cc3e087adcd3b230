/** Which rules become which paths, what they trust, and when what was learned by them may still be used. */
import t from 'tap';
import { AUTODEFINED_RECURSION } from '../../../src/control/compile/paths.ts';
import type { Compiled } from '../../../src/control/compile.ts';
import type { Path, RecursivePath } from '../../../src/resolver/path.ts';
import { addressToText, CidrTable, parseAddress } from '../../../src/util/cidr.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { BASE } from '../config/support.ts';
import { allCandidatesOf, BY_DEFAULT, compiled, type Folder } from './support.ts';

const rules = (...list: string[]): string =>
  `${BASE}rules:\n${list.map((rule) => `  - { ${rule}, vpcs: [vpc-a] }\n`).join('')}`;

function pathOf(text: string, rule: string, folder: Folder = {}): Path {
  const path = compiled(text, folder).snapshot.paths.find((each) => each.rule === rule);
  if (path === undefined) throw new Error(`no path of ${rule}`);
  return path;
}

t.test('a VPC without a rule for the root recurses', async (t) => {
  const { snapshot } = compiled(rules('id: all, domain: ., type: forward, targets: [192.0.2.1]'));
  t.same(allCandidatesOf(snapshot, 'vpc-a', 'www.example.net.'), ['forward all']);
  t.same(allCandidatesOf(snapshot, 'vpc-b', 'www.example.net.'), [BY_DEFAULT]);
  t.same(allCandidatesOf(compiled(BASE).snapshot, 'vpc-a', '.'), [BY_DEFAULT]);
});

t.test('recursion by default is the last resort: behind a private root and a SYSTEM rule', async (t) => {
  const text = `${BASE}rules: [{ id: hole, domain: ., type: system, vpcs: [vpc-a] }]
zones: [{ id: root, name: ., records: "", vpcs: [vpc-a], overlay: nxdomain }]
`;
  t.same(allCandidatesOf(compiled(text).snapshot, 'vpc-a', 'example.'), ['zone root', BY_DEFAULT]);
});

t.test('a SYSTEM rule passes over forward and stub rules, not over recursion', async (t) => {
  const { snapshot } = compiled(
    rules(
      'id: hole, domain: a.b.c, type: system',
      'id: stub, domain: b.c, type: stub, targets: [192.0.2.1]',
      'id: rec, domain: c, type: recursive',
    ),
  );
  t.same(allCandidatesOf(snapshot, 'vpc-a', 'a.b.c.'), ['recursive rec', BY_DEFAULT]);
  t.same(allCandidatesOf(snapshot, 'vpc-a', 'x.b.c.'), ['forward stub', 'recursive rec', BY_DEFAULT]);
});

t.test('the default begins at the public root with what comes with the program', async (t) => {
  const { snapshot } = compiled(BASE);
  const path = snapshot.paths[0] as RecursivePath;
  t.match(path, { kind: 'recursive', rule: AUTODEFINED_RECURSION, hints: true, validate: true });
  t.equal(nameToText(path.origin), '.');
  t.equal(nameToText(path.domain), '.');
  t.equal(path.servers.length, 13);
  t.same(path.servers[0]!.addresses, [
    { address: '198.41.0.4', port: 53, protocol: 'do53' },
    { address: '2001:503:ba3e::2:30', port: 53, protocol: 'do53' },
  ]);
  const { anchors } = snapshot.recursion;
  t.same(
    anchors.map(({ zone, ds, dnskey }) => [nameToText(zone), ds.length, dnskey.length]),
    [['.', 2, 0]],
  );
});

t.test(
  'the chain of trust of a recursive rule is its own where the rule above is not validated',
  async (t) => {
    for (const [dnssec, above] of [
      ['off', undefined],
      ['validate', 'all'],
    ] as const) {
      const all = `id: all, domain: ., type: forward, targets: [192.0.2.1], dnssec: ${dnssec}`;
      const path = pathOf(rules(all, 'id: rec, domain: lab.example., type: recursive'), 'rec');
      t.equal(path.validate, true);
      t.equal(path.above?.rule, above, dnssec);
      const stub = pathOf(
        rules(all, 'id: stub, domain: b, type: stub, targets: [192.0.2.1], dnssec: validate'),
        'stub',
      );
      t.equal(stub.above?.rule, 'all', 'a stub rule has no other');
    }
  },
);

t.test('a recursive rule for a name begins at the root, a stub rule at its targets', async (t) => {
  const text = rules(
    'id: rec, domain: lab.example., type: recursive, outbound: out-4, stale: false',
    'id: stub, domain: corp.example., type: stub, targets: [192.0.2.53, "192.0.2.54:5300"], outbound: out-4',
  );
  t.match(pathOf(text, 'rec'), { kind: 'recursive', hints: true, sources: ['10.1.0.1'], serveStale: false });
  const stub = pathOf(text, 'stub') as RecursivePath;
  t.match(stub, { kind: 'recursive', hints: false, sources: ['10.1.0.1'], validate: false });
  t.same([nameToText(stub.domain), nameToText(stub.origin)], ['corp.example.', 'corp.example.']);
  t.same(stub.servers, [
    {
      name: Uint8Array.of(0),
      addresses: [
        { address: '192.0.2.53', port: 53, protocol: 'do53' },
        { address: '192.0.2.54', port: 5300, protocol: 'do53' },
      ],
    },
  ]);
});

t.test('letter case: a rule says it, else recursion for rules that recurse', async (t) => {
  const list = [
    'id: rec, domain: a., type: recursive',
    'id: own, domain: b., type: recursive, case0x20: true',
    'id: fwd, domain: c., type: forward, targets: [192.0.2.1]',
  ];
  const text = `recursion: { case0x20: off }\n${rules(...list)}`;
  t.same(
    ['rec', 'own', 'fwd', AUTODEFINED_RECURSION].map((rule) => pathOf(text, rule).case0x20),
    [false, true, true, false],
  );
  t.ok(pathOf(rules(...list), 'rec').case0x20);
});

t.test('who is validated: the VPC says it for the Internet, rules for private names', async (t) => {
  const LIST = [
    ['rec', 'domain: a., type: recursive'],
    ['rec-off', 'domain: b., type: recursive, dnssec: off'],
    ['fwd', 'domain: c., type: forward, targets: [192.0.2.1]'],
    ['fwd-on', 'domain: d., type: forward, targets: [192.0.2.1], dnssec: validate'],
    ['stub', 'domain: e., type: stub, targets: [192.0.2.1]'],
    ['stub-on', 'domain: f., type: stub, targets: [192.0.2.1], dnssec: validate'],
  ] as const;
  const validated = (dnssec: string, root: string): string[] => {
    const text = rules(...LIST.map(([id, rule]) => `id: ${id}, ${rule}`), `id: root, domain: ., ${root}`);
    const { snapshot } = compiled(text.replace('[10.1.0.0/16]', `[10.1.0.0/16], dnssec: ${dnssec}`));
    t.equal(snapshot.views[0]!.dnssec, dnssec);
    return snapshot.paths.flatMap(({ validate, rule, view }) => (validate && view === 0 ? [rule] : []));
  };
  const forward = 'type: forward, targets: [192.0.2.1]';
  t.same(validated('validate', forward), ['rec', 'fwd-on', 'stub-on', 'root']);
  t.same(validated('validate', `${forward}, dnssec: off`), ['rec', 'fwd-on', 'stub-on']);
  t.same(validated('validate', 'type: stub, targets: [192.0.2.1]'), ['rec', 'fwd-on', 'stub-on']);
  t.same(validated('route53', forward), ['rec'], 'forwarded answers never, as in AWS');
  t.same(validated('route53', 'type: recursive'), ['rec', 'root']);
  t.same(validated('off', 'type: recursive'), []);
});

t.test('delegate rules', async (t) => {
  const text = rules('id: d, type: delegate, delegationRecord: NS.Example, outbound: out-4');
  const { snapshot } = compiled(text);
  const plain = compiled(`recursion: { case0x20: off }\n${text}`).snapshot;
  t.equal(plain.views[0]!.delegates[0]!.case0x20, false);
  const [delegate] = snapshot.views[0]!.delegates;
  t.match(delegate, { rule: 'd', sources: ['10.1.0.1'], case0x20: true });
  t.equal(nameToText(delegate!.record), 'ns.example.');
  t.same(snapshot.views[1]!.delegates, []);
  t.notOk(
    snapshot.paths.some(({ context }) => context === delegate!.context),
    'a context of its own',
  );
});

t.test('settings of recursion', async (t) => {
  const text = `recursion:
  { ipv6: off, priming: off, qnameMinimisation: strict, ednsSize: 1400, aggressiveNsec: off, sha1: on, loopbackServers: on,
    port: 5300, keyTagSignal: off, keySentinel: off,
    negativeTrustAnchors: [{ domain: Broken.example, until: 2026-12-31, reason: why }] }\n${BASE}`;
  const { snapshot } = compiled(text);
  t.match(snapshot.recursion, {
    qnameMinimisation: 'strict',
    ednsPayload: 1400,
    priming: false,
    ipv4: true,
    ipv6: 'off',
    loopbackServers: true,
    port: 5300,
    aggressiveNsec: false,
    sha1: true,
    keyTagSignal: false,
    keySentinel: false,
  });
  const [nta] = snapshot.recursion.ntas;
  t.equal(nameToText(nta!.domain), 'broken.example.');
  t.match(nta, { until: Date.UTC(2026, 11, 31), reason: 'why' });
  const { servers } = snapshot.paths[0] as RecursivePath;
  t.ok(
    servers.every(({ addresses }) => addresses.every(({ port }) => port === 5300)),
    'hints too',
  );
});

t.test('DNS64', async (t) => {
  const text = BASE.replace('[10.1.0.0/16]', '[10.1.0.0/16], dns64: { exclude: ["2001:db8::/32"] }');
  const { views } = compiled(text).snapshot;
  t.equal(views[1]!.dns64, undefined);
  const { prefix, prefixBits, exclude } = views[0]!.dns64!;
  t.equal(addressToText(prefix), '64:ff9b::');
  t.equal(prefixBits, 96);
  const table = CidrTable.from(exclude);
  const mapped = new Uint8Array(16).fill(0xff, 10, 12);
  t.ok(table.lookup(mapped) >= 0, 'IPv4-mapped addresses are always excluded');
  t.ok(table.lookup(parseAddress('2001:db8::1')) >= 0);
  t.ok(table.lookup(parseAddress('2001:db9::1')) < 0);
});

/** Of the paths of vpc-a, and of its delegate rules. */
function contexts({ snapshot }: Compiled): Map<string, number> {
  return new Map([
    ...snapshot.paths.filter(({ view }) => view === 0).map(({ rule, context }) => [rule, context] as const),
    ...snapshot.views[0]!.delegates.map(({ rule, context }) => [rule, context] as const),
  ]);
}

const HINTS = '. NS ns.root.\nns.root. A 192.0.2.100\n';
const KEY = `. DS 1 8 2 ${'00'.repeat(32)}\n`;
const FILES = { '/etc/causeway/hints': HINTS, '/etc/causeway/key': KEY };
const ALL = `recursion: { hints: hints, anchors: key }\n${rules(
  'id: rec, domain: ., type: recursive',
  'id: stub, domain: a., type: stub, targets: [192.0.2.1]',
  'id: fwd, domain: b., type: forward, targets: [192.0.2.1], dnssec: validate',
  'id: plain, domain: c., type: forward, targets: [192.0.2.1]',
  'id: del, type: delegate, delegationRecord: ns.d',
)}`;

t.test('contexts stay while what is asked and trusted does', async (t) => {
  const first = compiled(ALL, FILES);
  const before = contexts(first);
  t.equal(new Set(before.values()).size, 5);
  /** Rules with another context after a change. */
  const anew = (text: string, files: Folder = FILES): string[] => {
    const after = contexts(compiled(text, files, first));
    return [...before].flatMap(([rule, context]) => (after.get(rule) === context ? [] : [rule]));
  };
  t.same(anew(ALL), []);
  t.same(anew(`# read again\n${ALL}`, { ...FILES, '/etc/causeway/hints': `; the same\n${HINTS}` }), []);
  t.same(
    anew(ALL.replace('anchors: key', 'anchors: key, priming: off, ednsSize: 4096')),
    [],
    'how it is asked',
  );
  t.same(anew(ALL, { ...FILES, '/etc/causeway/hints': HINTS.replace('.100', '.101') }), ['rec']);
  t.same(anew(ALL.replace('anchors: key', 'anchors: key, port: 54')), ['rec']);
  const trusting = ['rec', 'fwd'];
  t.same(anew(ALL, { ...FILES, '/etc/causeway/key': KEY.replace(' 1 8', ' 2 8') }), trusting);
  t.same(anew(ALL.replace('anchors: key', 'anchors: key, sha1: on')), trusting);
  const nta = (more: string) =>
    ALL.replace('anchors: key', `anchors: key, negativeTrustAnchors: [{ domain: x, reason: y${more} }]`);
  t.same(anew(nta('')), trusting);
  const withNta = compiled(nta(''), FILES, first);
  t.same(contexts(compiled(nta(', until: 2020-01-01'), FILES, withNta)), contexts(withNta), 'not by its end');
  t.same(anew(ALL.replace('dnssec: validate', 'dnssec: off')), ['fwd']);
  t.same(anew(ALL.replace('[10.1.0.0/16]', '[10.1.0.0/16], dnssec: route53')), ['fwd']);
  t.same(anew(ALL.replace('[10.1.0.0/16]', '[10.1.0.0/16], dnssec: off')), trusting);
  t.same(anew(ALL.replaceAll('[192.0.2.1]', '[192.0.2.2]')), ['stub', 'fwd', 'plain']);
  t.same(anew(ALL.replace('ns.d', 'ns.e')), ['del']);
});

t.test('recursion written out has the context of recursion by default', async (t) => {
  const first = compiled(BASE);
  const next = compiled(rules('id: rec, domain: ., type: recursive'), {}, first);
  t.equal(next.snapshot.paths[0]!.rule, 'rec');
  t.equal(next.snapshot.paths[0]!.context, first.snapshot.paths[0]!.context);
});
