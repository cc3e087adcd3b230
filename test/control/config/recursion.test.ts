/** The settings of recursion, trust, DNS64 and rebinding protection, and the rules that lead to servers. */
import t from 'tap';
import { cidrToText } from '../../../src/util/cidr.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { BASE, errorsOf, good, load, shortly, warningsOf } from './support.ts';

const section = (text: string): string => `recursion: { ${text} }\n${BASE}`;

t.test('defaults', async (t) => {
  const { recursion, vpcs } = good(BASE);
  t.same(recursion, {
    negativeTrustAnchors: [],
    rfc5011: true,
    ipv4: true,
    ipv6: 'auto',
    priming: true,
    qnameMinimisation: 'relaxed',
    case0x20: true,
    ednsSize: 1232,
    aggressiveNsec: true,
    sha1: false,
    keyTagSignal: false,
    keySentinel: true,
    loopbackServers: false,
    port: 53,
  });
  t.match(vpcs[0], { dnssec: 'validate', dns64: 'off', rebinding: true });
  t.same(warningsOf(BASE), []);
});

t.test('switches are on or off; true and false are taken too', async (t) => {
  const { recursion } = good(section('priming: off, sha1: on, keySentinel: false, ipv6: off, rfc5011: off'));
  t.match(recursion, { priming: false, sha1: true, keySentinel: false, ipv6: 'off', rfc5011: false });
  t.match(errorsOf(section('priming: yes, sha1: 1, ipv6: true, qnameMinimisation: on')), [
    /1:23 recursion\.priming: "yes" is not right here; write on or off; for example off/,
    /recursion\.sha1: "1" is not right here; write on or off/,
    /recursion\.ipv6: "true" is not known here; write auto, on or off/,
    /recursion\.qnameMinimisation: "on" is not known here; write relaxed, strict or off/,
  ]);
});

t.test('numbers have their range, keys their neighbours', async (t) => {
  t.equal(good(section('ednsSize: 512')).recursion.ednsSize, 512);
  t.equal(good(section('ednsSize: 4096, port: 5300')).recursion.port, 5300);
  t.match(errorsOf(section('ednsSize: 511, port: 0, qnameMinimization: off, hint: a')), [
    /recursion\.ednsSize: "511" is out of range; write a number from 512 to 4096/,
    /recursion\.port: "0" is out of range/,
    /unknown key "qnameMinimization"; did you mean "qnameMinimisation"\?/,
    /unknown key "hint"; did you mean "hints"\?/,
  ]);
  t.match(errorsOf(section('ednsSize: 4097')).join(), /out of range/);
});

t.test('with no family of addresses nobody can be asked', async (t) => {
  t.match(errorsOf(section('ipv4: off, ipv6: off')), [
    /recursion\.ipv6: with neither IPv4 nor IPv6 no server can be asked; write ipv6: on/,
  ]);
  t.same(errorsOf(section('ipv4: off, ipv6: auto')), []);
});

t.test('negative trust anchors: what, until when, why', async (t) => {
  const of = (text: string): string => section(`negativeTrustAnchors: [${text}]`);
  const until = (text: string): number | undefined =>
    good(of(`{ domain: a, until: ${text}, reason: x }`)).recursion.negativeTrustAnchors[0]!.until;
  t.equal(until('2026-12-31'), Date.UTC(2026, 11, 31));
  t.equal(until('2026-12-31T18:00Z'), Date.UTC(2026, 11, 31, 18));
  t.equal(until('"2028-02-29T23:59:58Z"'), Date.UTC(2028, 1, 29, 23, 59, 58));
  t.equal(good(of('{ domain: A.Example, reason: x }')).recursion.negativeTrustAnchors[0]!.until, undefined);
  for (const text of [
    'tomorrow',
    '2026-13-01',
    '2026-02-29',
    '2026-12-31T18:00',
    '2026-12-31T24:00Z',
    '20261231',
    '"2026-12-31T18:00+01:00"',
  ])
    t.equal(errorsOf(of(`{ domain: a, until: ${text}, reason: x }`)).length, 1, text);
  t.match(errorsOf(of('{ domain: "*.a", until: soon }')), [
    /negativeTrustAnchors\[0\]\.reason: reason is missing; add it, for example reason: "signatures/,
    /negativeTrustAnchors\[0\]\.domain: "\*\.a" is a wildcard/,
    /negativeTrustAnchors\[0\]\.until: "soon" is not a time; write a time in UTC such as 2026-12-31T18:00Z/,
  ]);
  t.match(errorsOf(of('{ domain: a, reason: x }, { domain: A., reason: y }')), [
    /negativeTrustAnchors\[1\]\.domain: a\. stands at recursion\.negativeTrustAnchors\[0\]\.domain already/,
  ]);
});

t.test('files of anchors: one or a list', async (t) => {
  const key = { '/etc/causeway/a.key': '', '/etc/causeway/b.key': '' };
  t.equal(good(section('anchors: a.key'), key).root.anchors, 'a.key');
  t.same(good(section('anchors: [a.key, b.key]'), key).root.anchors, ['a.key', 'b.key']);
  t.match(errorsOf(section('anchors: [a.key, a.key]')), [
    /recursion\.anchors\[1\]: a\.key stands here twice/,
  ]);
  t.match(errorsOf(section('anchors: []')), [/recursion\.anchors: the list is empty; write 1 to 16/]);
  t.match(errorsOf(section('anchors: { a: 1 }')), [/recursion\.anchors: a mapping stands here/]);
  t.match(errorsOf(section('anchors: [5]')), [/recursion\.anchors\[0\]: a number stands here/]);
});

const vpc = (text: string): string => `vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16], ${text} }]`;

t.test('DNSSEC of a VPC', async (t) => {
  for (const dnssec of ['validate', 'off', 'route53'] as const)
    t.equal(good(vpc(`dnssec: ${dnssec}`)).vpcs[0]!.dnssec, dnssec);
  t.match(errorsOf(vpc('dnssec: on')), [/"on" is not known here; write validate, off or route53/]);
});

t.test('DNS64: prefixes as RFC 6052 section 2.2 has them', async (t) => {
  const prefix = (text: string): string => {
    const { dns64 } = good(vpc(`dns64: { prefix: "${text}" }`)).vpcs[0]!;
    return dns64 === 'off' ? 'off' : cidrToText(dns64.prefix);
  };
  for (const text of [
    '2001:db8::/32',
    '2001:db8:100::/40',
    '2001:db8:122::/48',
    '2001:db8:122:300::/56',
    '2001:db8:122:344::/64',
    '2001:db8:122:344::/96',
    '64:ff9b::/96',
  ])
    t.equal(prefix(text), text);
  const { dns64 } = good(vpc('dns64: {}')).vpcs[0]!;
  t.ok(dns64 !== 'off' && cidrToText(dns64.prefix) === '64:ff9b::/96', 'the well-known prefix by default');
  t.match(errorsOf(vpc('dns64: { prefix: "2001:db8::/33" }')), [
    /vpcs\[0\]\.dns64\.prefix: 2001:db8::\/33 cannot hold IPv4 addresses; write an IPv6 block of 32, 40, 48, 56, 64 or 96 bits/,
  ]);
  t.match(errorsOf(vpc('dns64: { prefix: 10.0.0.0/8 }')), [/10\.0\.0\.0\/8 cannot hold IPv4 addresses/]);
  t.match(errorsOf(vpc('dns64: { prefix: "2001:db8:0:0:100::/96" }')), [
    /has bits set from 64 to 71, which must be zero/,
  ]);
  t.match(errorsOf(vpc('dns64: on')), [/"on" is not known here; write off, or settings/]);
  t.match(errorsOf(vpc('dns64: { prefx: a }')), [/unknown key "prefx"; did you mean "prefix"/]);
});

t.test('rebinding protection: on, off, or exceptions', async (t) => {
  t.equal(good(vpc('rebinding: off')).vpcs[0]!.rebinding, false);
  const { rebinding } = good(
    vpc('rebinding: { exempt: [Home.example.net], allow: [10.2.0.0/16, "fd00::/8"] }'),
  ).vpcs[0]!;
  if (typeof rebinding === 'boolean') return t.fail('settings are kept');
  t.same(rebinding.exempt.map(nameToText), ['home.example.net.']);
  t.same(rebinding.allow.map(cidrToText), ['10.2.0.0/16', 'fd00::/8']);
  t.match(errorsOf(vpc('rebinding: { exempt: ["*.a"], allow: [10.2.0.1/16] }')), [
    /rebinding\.exempt\[0\]: "\*\.a" is a wildcard/,
    /rebinding\.allow\[0\]: "10\.2\.0\.1\/16" has bits set behind the prefix/,
  ]);
  t.match(errorsOf(vpc('rebinding: maybe')), [/"maybe" is not right here; write on, off, or settings/]);
});

const rule = (text: string): string => `${BASE}rules: [{ ${text}, vpcs: [vpc-a] }]`;

t.test('each type of rule has what it needs, and nothing of the others', async (t) => {
  for (const text of [
    'domain: ., type: recursive, outbound: out-1, case0x20: false, stale: false, dnssec: off',
    'domain: a, type: stub, targets: [192.0.2.1, "[2001:db8::1]:54"], outbound: out-1, dnssec: validate',
    'domain: a, type: forward, targets: [192.0.2.1], policy: fastest, dnssec: validate',
    'type: delegate, delegationRecord: ns.a, outbound: out-1',
    'domain: a, type: system',
  ])
    t.same(errorsOf(rule(text)), [], text);
  t.match(errorsOf(rule('type: recursive, targets: [192.0.2.1], policy: random')), [
    /rules\[0\]: a recursive rule needs domain; add for example domain: corp\.example\./,
    /rules\[0\]\.targets: a recursive rule has no targets; leave it out, or write type: forward/,
    /rules\[0\]\.policy: a recursive rule has no policy/,
  ]);
  t.match(errorsOf(rule('domain: a, type: stub')), [/rules\[0\]: a stub rule needs targets/]);
  t.match(errorsOf(rule('domain: a, type: delegate, targets: [192.0.2.1], delegationRecord: ns.a')), [
    /rules\[0\]\.domain: a delegate rule has no domain; leave it out: delegationRecord is the name of the name servers/,
    /rules\[0\]\.targets: a delegate rule has no targets/,
  ]);
  t.match(errorsOf(rule('type: delegate')), [/a delegate rule needs delegationRecord; add for example/]);
  t.match(errorsOf(rule('domain: a, type: system, dnssec: off, delegationRecord: b')), [
    /rules\[0\]\.dnssec: a system rule has no dnssec; leave it out/,
    /a system rule has no delegationRecord; leave it out, or write type: delegate/,
  ]);
  t.match(errorsOf(rule('domain: a, type: stub, targets: ["127.0.0.1:5353"]')), [
    /is an inbound endpoint of this node/,
  ]);
  t.match(errorsOf(rule('domain: ., type: recursive, outbound: out-9')), [/no outbound endpoint/]);
});

t.test('a forward and a delegate rule may have one name, two delegate rules may not', async (t) => {
  const two = (a: string, b: string) =>
    errorsOf(`${BASE}rules:\n  - { ${a}, vpcs: [vpc-a] }\n  - { ${b}, vpcs: [vpc-a] }\n`);
  const delegate = 'type: delegate, delegationRecord: ns.a';
  t.same(two('domain: ns.a, type: forward, targets: [192.0.2.1]', delegate), []);
  t.match(two(delegate, 'type: delegate, delegationRecord: NS.a.'), [
    /rules\[1\]\.delegationRecord: rules\[0\] is a rule of VPC vpc-a for ns\.a\. already \(ResourceExistsException\)/,
  ]);
  t.match(two('domain: ., type: recursive', 'domain: ., type: forward, targets: [192.0.2.1]'), [
    /rules\[1\]\.domain: rules\[0\] is a rule of VPC vpc-a for \. already/,
  ]);
});

t.test('a rule that is to be validated in a VPC that does not validate', async (t) => {
  const text = (dnssec: string, type: string) =>
    `${BASE.replace('[10.1.0.0/16]', `[10.1.0.0/16], dnssec: ${dnssec}`)}rules: [{ domain: a, ${type}, dnssec: validate, vpcs: [vpc-a] }]`;
  const forward = 'type: forward, targets: [192.0.2.1]';
  t.match(warningsOf(text('off', forward)), [
    /rules\[0\]\.dnssec: in VPC vpc-a answers of this rule are not validated: it has dnssec: off/,
  ]);
  t.equal(warningsOf(text('route53', forward)).length, 1);
  t.equal(warningsOf(text('off', 'type: recursive')).length, 1);
  t.same(warningsOf(text('route53', 'type: recursive')), []);
  t.same(warningsOf(text('validate', forward)), []);
});

t.test('a rule that is to be validated below one that is not', async (t) => {
  const below = (above: string) =>
    warningsOf(
      `${BASE}rules:\n  - { ${above}, vpcs: [vpc-a] }\n  - { domain: x.a.b, type: stub, targets: [192.0.2.2], dnssec: validate, vpcs: [vpc-a] }\n`,
    );
  const forward = 'type: forward, targets: [192.0.2.1]';
  t.match(below(`domain: a.b, ${forward}`), [
    /rules\[1\]\.dnssec: in VPC vpc-a the rule above it, for a\.b\., is not validated: without a trust anchor/,
  ]);
  t.equal(below('domain: a.b, type: stub, targets: [192.0.2.1]').length, 1);
  t.equal(below(`domain: ., ${forward}, dnssec: off`).length, 1);
  t.equal(below('domain: b, type: recursive, dnssec: off').length, 1);
  t.same(below(`domain: a.b, ${forward}, dnssec: validate`), []);
  t.same(below(`domain: ., ${forward}`), []);
  t.same(below('domain: b, type: recursive'), []);
  t.same(below(`domain: other, ${forward}`), []);
  t.same(below(`domain: y.x.a.b, ${forward}`), [], 'what is below it does not matter');
  const between = `domain: b, ${forward}, vpcs: [vpc-a] }\n  - { domain: a.b, ${forward}, dnssec: validate`;
  t.equal(below(between).length, 1, 'of the rule between them');
  const recursive = `domain: ., ${forward}, dnssec: off, vpcs: [vpc-a] }\n  - { domain: b, type: recursive, dnssec: validate`;
  t.same(below(recursive), [], 'one that recurses has its own way from the root');
});

t.test('a zone that a recursive or stub rule hides', async (t) => {
  const zone = 'zones: [{ name: a, records: "", vpcs: [vpc-a] }]';
  for (const type of ['recursive', 'stub, targets: [192.0.2.1]'])
    t.match(load(`${rule(`domain: a, type: ${type}`)}\n${zone}`).warnings.map(shortly), [
      /nobody sees this zone: the (recursive|stub) rule of the same name/,
    ]);
});
