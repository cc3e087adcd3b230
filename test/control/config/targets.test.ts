/** Targets of rules that are asked through TLS, and what can be wrong with them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { SecureTarget } from '../../../src/resolver/path.ts';
import { type Certificates, makeCertificates } from '../../support/secure.ts';
import { missing } from '../../support/servers.ts';
import { errorsOf, good } from './support.ts';

const PIN = createHash('sha256').update('key').digest('base64');
const rule = (targets: string, type = 'forward') =>
  `vpcs: [{ id: vpc-a, region: r, cidrs: [10.0.0.0/8] }]\nrules: [{ domain: x, type: ${type}, vpcs: [vpc-a], targets: [${targets}] }]`;
const targetsOf = (targets: string, others: Record<string, string> = {}) =>
  good(rule(targets), others).rules[0]!.targets as readonly SecureTarget[];

t.test('as URLs', async (t) => {
  const [dot, port, doh, bare, v6] = targetsOf(
    '"tls://192.0.2.1#DNS.example.", "tls://192.0.2.1:8853#dns.example", "https://192.0.2.1:8443/q?a=b#dns.example", "https://192.0.2.1", "tls://192.0.2.2#192.0.2.9"',
  );
  t.match(dot, {
    protocol: 'dot',
    address: '192.0.2.1',
    port: 853,
    peer: { addresses: ['192.0.2.1'], name: 'dns.example', pins: [], path: '/dns-query' },
  });
  t.match(port, { port: 8853, peer: { name: 'dns.example' } });
  t.match(doh, { protocol: 'doh', port: 8443, peer: { name: 'dns.example', path: '/q?a=b' } });
  t.match(
    bare,
    { protocol: 'doh', port: 443, peer: { name: '192.0.2.1', path: '/dns-query' } },
    'its address',
  );
  t.match(v6, { peer: { name: '192.0.2.9' } });
  t.equal(new Set([dot, port, doh, bare, v6].map((each) => each!.peer.key)).size, 5);
  t.match(targetsOf('"tls://[2001:DB8::1]#dns.example"'), [{ address: '2001:db8::1', port: 853 }]);
});

t.test('as mappings, and beside plain ones', async (t) => {
  const [plain, dot, both, pinned] = targetsOf(
    `192.0.2.3, { protocol: dot, address: 192.0.2.1, serverName: dns.example, port: 8853 }, { protocol: doh, address: [192.0.2.1, "2001:db8::1"], serverName: dns.example, path: /q }, { protocol: dot, address: 192.0.2.4, pins: ["${PIN}"] }`,
  );
  t.same(plain, { address: '192.0.2.3', port: 53, protocol: 'do53' });
  t.match(dot, { protocol: 'dot', port: 8853, peer: { name: 'dns.example' } });
  t.match(both, { address: '192.0.2.1', peer: { addresses: ['192.0.2.1', '2001:db8::1'], path: '/q' } });
  t.match(pinned, { port: 853, peer: { pins: [PIN] } });
  t.equal(pinned!.peer.name, undefined, 'known by its key alone');
});

t.test('what is wrong is told', async (t) => {
  const cases: [string, RegExp][] = [
    ['"quic://192.0.2.1"', /targets are not asked by "quic:\/\/"; write for example tls:/],
    [
      '"tls://dns.example"',
      /has a name where its address has to be; write .*tls:\/\/192\.0\.2\.53#dns\.example/,
    ],
    ['"tls://192.0.2.1/path"', /is no server; write for example/],
    ['"tls://192.0.2.1#dns example"', /no name that a certificate could be for/],
    ['"tls://0.0.0.0"', /wildcard address/],
    ['"https://192.0.2.1/a b"', /is no path/],
    ['{ protocol: do53, address: 192.0.2.1 }', /protocol: "do53" is not known here; write dot or doh/],
    ['{ protocol: dot }', /address is missing/],
    ['{ protocol: dot, address: dns.example }', /not an IP address/],
    ['{ protocol: dot, address: 192.0.2.1, port: 0 }', /out of range/],
    ['{ protocol: dot, address: 192.0.2.1, sni: x }', /unknown key "sni"/],
    ['{ protocol: dot, address: 192.0.2.1, pins: [abc] }', /"abc" is no pin; write the SHA-256/],
    [
      '{ protocol: dot, address: 192.0.2.1, path: /q }',
      /dot has no path; leave it out, or write protocol: doh/,
    ],
    ['{ protocol: dot, address: [192.0.2.1, 192.0.2.2] }', /several addresses is known by a name or a key/],
    [`{ protocol: dot, address: 192.0.2.1, pins: ["${PIN}"], ca: /x }`, /nobody is asked who signed/],
    ['{ protocol: dot, address: 192.0.2.1, ca: gone.pem }', /ca: there is no such file/],
    ['{ protocol: dot, address: 192.0.2.1, ca: no.pem }', /no\.pem is no file of certificates/],
    ['"tls://192.0.2.1#a.example", "tls://192.0.2.1#b.example"', /192\.0\.2\.1:853 stands here twice/],
    ['192.0.2.1, "tls://[2001:db8::1]#a.example"', /IPv4 and IPv6 targets in one rule/],
  ];
  for (const [target, why] of cases)
    t.match(errorsOf(rule(target), { '/etc/causeway/no.pem': 'nothing' }).join('\n'), why, target);
  t.match(errorsOf(rule('"tls://192.0.2.1#a.example"', 'stub')), [
    /a stub rule asks its servers in plain text/,
  ]);
});

t.test('a file of certificates', { skip: missing('openssl') }, async (t) => {
  const certificates: Certificates = makeCertificates();
  t.teardown(() => certificates.stop());
  const pem = readFileSync(certificates.good.certFile, 'utf8');
  const others = { '/etc/causeway/ca.pem': `# ours\n${pem}`, '/etc/causeway/other.pem': pem };
  const named = (ca: string) => `{ protocol: dot, address: 192.0.2.1, serverName: a.example, ca: ${ca} }`;
  const [first] = targetsOf(named('ca.pem'), others);
  t.equal(first!.peer.ca!.pem, others['/etc/causeway/ca.pem']);
  const [other] = targetsOf(named('other.pem'), others);
  t.not(first!.peer.key, other!.peer.key, 'other certificates are another peer');
});
