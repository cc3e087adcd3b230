/** What `causeway anchors` tells of: keys that are trusted, and names below which nothing is validated. */
import t from 'tap';
import { anchorsReport } from '../../src/control/anchorreport.ts';
import { readConfig } from '../../src/control/compile.ts';
import { problemToText } from '../../src/control/config/problem.ts';
import type { AnchorsReport } from '../../src/view/report.ts';
import { compiled } from './compile/support.ts';
import { BASE, FILE, filesOf } from './config/support.ts';

const NOW = Date.UTC(2026, 5, 1);
const report = (text: string, folder: Record<string, string> = {}): AnchorsReport =>
  anchorsReport(compiled(text, folder).snapshot, NOW);

t.test('the public root is known by the digests of two keys', async (t) => {
  const common = { zone: '.', record: 'DS', algorithm: 'RSASHA256', digest: 'SHA-256', state: 'valid' };
  t.same(report(BASE), {
    anchors: [
      { ...common, keyTag: 20326 },
      { ...common, keyTag: 38696 },
    ],
    negative: [],
  });
});

/** RFC 8080 section 6.1. */
const ED25519 = 'l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=';

t.test('keys by themselves, with the tag that RFC 8080 gives', async (t) => {
  const key = `example.com. 3600 IN DNSKEY 257 3 15 (\n  ${ED25519} )\n. DS 1 5 1 ${'00'.repeat(20)}\n. DS 2 8 2 ${'00'.repeat(32)}\n`;
  const { anchors } = report(`recursion: { anchors: key }\n${BASE}`, { '/etc/causeway/key': key });
  t.match(anchors, [
    { zone: 'example.com.', record: 'DNSKEY', keyTag: 3613, algorithm: 'ED25519', state: 'valid' },
    { zone: '.', keyTag: 1, algorithm: 'RSASHA1', digest: 'SHA-1', state: 'unsupported' },
    { zone: '.', keyTag: 2, digest: 'SHA-256', state: 'valid' },
  ]);
});

t.test('negative trust anchors: with what is left of them, and none after its end', async (t) => {
  const text = `recursion:
  negativeTrustAnchors:
    - { domain: a.example., until: 2026-06-01T02:00Z, reason: soon }
    - { domain: b.example., until: 2026-06-01T00:00Z, reason: over }
    - { domain: c.example., reason: "for ever" }
${BASE}`;
  const common = { source: 'configured', vpcs: [], secondsLeft: undefined };
  t.match(report(text).negative, [
    { ...common, domain: 'a.example.', state: 'active', secondsLeft: 7200, reason: 'soon' },
    { ...common, domain: 'b.example.', state: 'expired', until: '2026-06-01T00:00:00.000Z', secondsLeft: 0 },
    { ...common, domain: 'c.example.', state: 'active', reason: 'for ever' },
  ]);
  const files = filesOf({ [FILE]: text });
  const warnings = (now: number): string[] =>
    readConfig(FILE, undefined, files, now)
      .warnings.filter(({ path }) => path.startsWith('recursion'))
      .map(problemToText);
  t.match(warnings(NOW), [
    /:4:36: recursion\.negativeTrustAnchors\[1\]\.until: the negative trust anchor of b\.example\. ended at 2026-06-01T00:00:00\.000Z; take it out/,
  ]);
  t.same(warnings(NOW - 1), []);
});

t.test('rules and VPCs without validation imply them', async (t) => {
  const text = `vpcs:
  - { id: vpc-a, cidrs: [10.1.0.0/16] }
  - { id: vpc-b, cidrs: [10.2.0.0/16], dnssec: route53 }
  - { id: vpc-c, cidrs: [10.3.0.0/16], dnssec: off }
endpoints: { inbound: [{ id: in-1, listen: [127.0.0.1] }] }
rules:
  - { id: fwd, domain: corp.example., type: forward, targets: [192.0.2.1], vpcs: [vpc-a, vpc-b, vpc-c] }
  - { id: on, domain: on.example., type: forward, targets: [192.0.2.1], vpcs: [vpc-a, vpc-b], dnssec: validate }
  - { id: stub, domain: stub.example., type: stub, targets: [192.0.2.1], vpcs: [vpc-a] }
  - { id: rec, domain: ., type: recursive, vpcs: [vpc-b], dnssec: off }
`;
  t.same(report(text).negative, [
    { domain: '.', source: 'vpc', vpcs: ['vpc-c'], state: 'active', reason: 'the VPC has dnssec: off' },
    {
      domain: 'corp.example.',
      source: 'rule',
      vpcs: ['vpc-a', 'vpc-b'],
      state: 'active',
      reason: 'forward rule fwd is not validated',
    },
    {
      domain: 'stub.example.',
      source: 'rule',
      vpcs: ['vpc-a'],
      state: 'active',
      reason: 'stub rule stub is not validated',
    },
    {
      domain: 'on.example.',
      source: 'rule',
      vpcs: ['vpc-b'],
      state: 'active',
      reason: 'forward rule on is not validated',
    },
    {
      domain: '.',
      source: 'rule',
      vpcs: ['vpc-b'],
      state: 'active',
      reason: 'recursive rule rec is not validated',
    },
  ]);
});
