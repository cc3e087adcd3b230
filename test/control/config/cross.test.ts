/** Parts that are right by themselves and wrong together. */
import t from 'tap';
import { BASE, errorsOf, good, warningsOf } from './support.ts';

const INBOUND = 'vpcs: [{ id: vpc-a, cidrs: [] }]\nendpoints:\n  inbound:\n';

t.test('a good file has nothing to complain about', async (t) => {
  t.same(errorsOf(BASE), []);
  t.same(warningsOf(BASE), []);
});

t.test('ids stand once', async (t) => {
  t.match(errorsOf('vpcs:\n  - { id: a, cidrs: [] }\n  - { id: a, cidrs: [] }\n'), [
    /3:11 vpcs\[1\]\.id: id "a" is taken by vpcs\[0\]\.id/,
  ]);
  t.match(errorsOf('vpcs: [{ id: by-source, cidrs: [] }]'), [/"by-source" has a meaning/]);
  t.match(errorsOf('endpoints: { inbound: [{ id: e, listen: [127.0.0.1] }], outbound: [{ id: e }] }'), [
    /endpoints\.outbound\[0\]\.id: id "e" is taken by endpoints\.inbound\[0\]\.id/,
  ]);
  const rules = (a: string, b: string) =>
    `${BASE}rules:\n  - { ${a}domain: x, type: system, vpcs: [vpc-a] }\n  - { ${b}domain: y, type: system, vpcs: [vpc-a] }\n`;
  t.match(errorsOf(rules('id: r, ', 'id: r, ')), [/rules\[1\]\.id: id "r" is taken by rules\[0\]/]);
  t.match(errorsOf(rules('id: y.@vpc-a, ', '')), [/rules\[1\]: id "y\.@vpc-a" is taken by rules\[0\]/]);
});

t.test('rules and zones without an id get one of domain and VPC', async (t) => {
  const config = good(
    `${BASE}rules: [{ domain: Corp.example, type: system, vpcs: [vpc-a, vpc-b] }]\nzones: [{ name: z, records: "", vpcs: [vpc-b] }]`,
  );
  t.equal(config.rules[0]!.id, 'corp.example.@vpc-a');
  t.equal(config.zones[0]!.id, 'z.@vpc-b');
});

t.test('a block is of one VPC', async (t) => {
  t.match(
    errorsOf('vpcs:\n  - { id: a, cidrs: [10.0.0.0/8] }\n  - { id: b, cidrs: [10.1.0.0/16, 10.0.0.0/8] }\n'),
    [
      /3:35 vpcs\[1\]\.cidrs\[1\]: 10\.0\.0\.0\/8 stands at vpcs\[0\]\.cidrs\[0\] already; a client is in one VPC only: leave it out/,
    ],
  );
  t.match(
    errorsOf('vpcs: [{ id: a, cidrs: ["fd00::/8", "FD00:0::/8"] }]'),
    [/stands at/],
    'however it is written',
  );
  t.same(
    errorsOf('vpcs: [{ id: a, cidrs: [10.0.0.0/8] }, { id: b, cidrs: [10.1.0.0/16] }]'),
    [],
    'nesting is fine',
  );
});

t.test('a VPC belongs to an account that is declared', async (t) => {
  const vpcs = (account: string) => `vpcs: [{ id: a, account: "${account}", cidrs: [] }]\n`;
  const accounts = 'accounts: [{ id: "111122223333" }]\n';
  t.same(errorsOf(`${accounts}${vpcs('111122223333')}`), []);
  t.same(errorsOf(vpcs('000000000000')), [], 'the one that is there where none is declared');
  t.match(errorsOf(`${accounts}${vpcs('111122223334')}`), [
    /vpcs\[0\]\.account: no account has the id "111122223334"; did you mean "111122223333"\?/,
  ]);
  t.match(errorsOf(vpcs('network')), [/"network" is not an account; write 12 digits/]);
  t.equal(errorsOf(`accounts: [{ id: x }]\n${vpcs('111122223333')}`).length, 1, 'one that could not be read');
});

t.test('VPCs and endpoints that are named are declared', async (t) => {
  t.match(errorsOf(`${BASE}rules: [{ domain: x, type: system, vpcs: [vpc-c, other] }]`), [
    /rules\[0\]\.vpcs\[0\]: no VPC has the id "vpc-c"; did you mean "vpc-a"\?/,
    /no VPC has the id "other"; known here: vpc-a, vpc-b/,
  ]);
  t.match(
    errorsOf(
      `${BASE}rules: [{ domain: x, type: forward, targets: [192.0.2.1], outbound: out-2, vpcs: [vpc-a] }]`,
    ),
    [/rules\[0\]\.outbound: no outbound endpoint has the id "out-2"; did you mean "out-1"\?/],
  );
  t.match(errorsOf(`${INBOUND}    - { id: a, listen: [127.0.0.1], vpc: by-sauce }`), [
    /no VPC has the id "by-sauce"; did you mean "by-source"/,
  ]);
  t.match(errorsOf(`${INBOUND}    - { id: a, listen: [127.0.0.1], defaultVpc: vpc-b }`), [
    /no VPC has the id "vpc-b"; did you mean "vpc-a"/,
  ]);
  t.match(errorsOf(`${BASE}zones: [{ name: z, records: "", vpcs: [vpc-c] }]`), [
    /zones\[0\]\.vpcs\[0\]: no VPC/,
  ]);
});

t.test('associations: at least one VPC, each once', async (t) => {
  t.match(errorsOf(`${BASE}rules: [{ domain: x, type: system, vpcs: [] }]`), [
    /rules\[0\]\.vpcs: the list is empty; write at least 1/,
  ]);
  t.match(errorsOf(`${BASE}zones: [{ name: x, records: "", vpcs: [] }]`), [
    /zones\[0\]\.vpcs: the list is empty/,
  ]);
  t.match(errorsOf(`${BASE}rules: [{ domain: x, type: system, vpcs: [vpc-a, vpc-a] }]`), [
    /rules\[0\]\.vpcs\[1\]: vpc-a stands here twice/,
  ]);
});

t.test('one rule per domain and VPC, one zone per name and VPC', async (t) => {
  t.match(
    errorsOf(
      `${BASE}rules:\n  - { domain: Corp.example., type: system, vpcs: [vpc-a] }\n  - { domain: corp.example, type: forward, targets: [192.0.2.1], vpcs: [vpc-b, vpc-a] }\n`,
    ),
    [
      /9:15 rules\[1\]\.domain: rules\[0\] is a rule of VPC vpc-a for corp\.example\. already \(ResourceExistsException\)/,
    ],
  );
  t.match(
    errorsOf(
      `${BASE}zones:\n  - { name: z, records: "", vpcs: [vpc-a] }\n  - { name: z., records: "", vpcs: [vpc-a] }\n`,
    ),
    [/zones\[1\]\.name: zones\[0\] is a zone z\. of VPC vpc-a already \(ConflictingDomainExists\)/],
  );
  t.same(
    errorsOf(
      `${BASE}zones:\n  - { name: z, records: "", vpcs: [vpc-a] }\n  - { name: z, records: "", vpcs: [vpc-b] }\n`,
    ),
    [],
    'split horizon',
  );
  t.same(
    errorsOf(
      `${BASE}zones:\n  - { name: z, records: "", vpcs: [vpc-a] }\n  - { name: a.z, records: "", vpcs: [vpc-a] }\n`,
    ),
    [],
    'parent and child',
  );
});

t.test('what a rule of its type has', async (t) => {
  t.match(errorsOf(`${BASE}rules: [{ domain: x, type: forward, vpcs: [vpc-a] }]`), [
    /rules\[0\]: a forward rule needs targets/,
  ]);
  t.match(
    errorsOf(
      `${BASE}rules: [{ domain: x, type: system, outbound: out-1, targets: [192.0.2.1], policy: random, vpcs: [vpc-a] }]`,
    ),
    [
      /rules\[0\]\.outbound: a system rule has no outbound/,
      /a system rule has no targets/,
      /a system rule has no policy/,
    ],
  );
});

t.test('targets: one family, each once, asked from an address of that family', async (t) => {
  const rule = (targets: string, more = '') =>
    `${BASE}rules: [{ domain: x, type: forward, targets: [${targets}], ${more}vpcs: [vpc-a] }]`;
  t.match(errorsOf(rule('192.0.2.1, "2001:db8::1"')), [
    /rules\[0\]\.targets: IPv4 and IPv6 targets in one rule/,
  ]);
  t.match(errorsOf(rule('192.0.2.1, "192.0.2.1:53"')), [
    /rules\[0\]\.targets\[1\]: 192\.0\.2\.1:53 stands here twice/,
  ]);
  t.same(errorsOf(rule('192.0.2.1, "192.0.2.1:54"')), []);
  t.match(errorsOf(rule('"2001:db8::1"', 'outbound: out-4, ')), [
    /out-4 has no IPv6 address to ask IPv6 targets from/,
  ]);
  t.same(errorsOf(rule('192.0.2.1', 'outbound: out-4, ')), []);
});

t.test('the loop trap: a target that is an inbound endpoint of this node', async (t) => {
  const text = (listen: string, target: string) =>
    `${INBOUND}    - { id: a, listen: ["${listen}"] }\nrules: [{ domain: x, type: forward, targets: ["${target}"], vpcs: [vpc-a] }]`;
  t.match(errorsOf(text('127.0.0.1:5353', '127.0.0.1:5353')), [
    /rules\[0\]\.targets\[0\]: 127\.0\.0\.1:5353 is an inbound endpoint of this node/,
  ]);
  t.match(errorsOf(text('[::1]:53', '0:0::1')), [/is an inbound endpoint/]);
  t.match(errorsOf(text('0.0.0.0:53', '127.0.0.9')), [/is an inbound endpoint/]);
  t.same(errorsOf(text('0.0.0.0:53', '192.0.2.1')), [], 'a wildcard says nothing of other hosts');
  t.same(errorsOf(text('127.0.0.1:5353', '127.0.0.1:5300')), []);
  t.same(errorsOf(text('[::]:53', '127.0.0.9')), []);
});

t.test('an address is listened on once', async (t) => {
  const text = (...listen: string[]) =>
    `${INBOUND}    - { id: a, listen: [${listen.map((each) => `"${each}"`).join()}] }\n`;
  t.match(errorsOf(text('127.0.0.1', '127.0.0.1:53')), [
    /listen\[1\]: 127\.0\.0\.1:53 is taken by 127\.0\.0\.1:53 of endpoints\.inbound\[0\]\.listen\[0\]/,
  ]);
  t.match(errorsOf(text('127.0.0.1', '0.0.0.0')), [/is taken by/]);
  t.match(errorsOf(text('::', '[::1]:53')), [/is taken by/]);
  t.same(errorsOf(text('0.0.0.0', '::', '127.0.0.1:54')), []);
  t.match(errorsOf(text('127.0.0.1:9153')), [/node\.metrics: 127\.0\.0\.1:9153 is taken by/]);
  t.same(errorsOf(`node: { metrics: off }\n${text('127.0.0.1:9153')}`), []);
});

t.test('addresses for endpoints of the API are single ones that nothing else has', async (t) => {
  const text = (...listen: string[]) => {
    const offered = listen.map((each) => `{ listen: "${each}" }`).join();
    return `${INBOUND}    - { id: a, listen: [127.0.0.1] }\n  api: { addresses: [${offered}] }\n`;
  };
  t.same(errorsOf(text('127.0.0.2', '127.0.0.3:54')), []);
  t.match(errorsOf(text('127.0.0.1')), [
    /endpoints\.api\.addresses\[0\]\.listen: 127\.0\.0\.1:53 is taken by/,
  ]);
  t.match(errorsOf(text('127.0.0.2', '127.0.0.2:54')), [/127\.0\.0\.2 stands at .*addresses\[0\]/]);
  t.match(errorsOf(text('0.0.0.0')), [/0\.0\.0\.0 stands for every address/]);
  t.match(errorsOf(text('127.0.0.2:443')), [
    /endpoints\.api\.dohPort: 127\.0\.0\.2:443 is taken by .*addresses\[0\]\.listen/,
  ]);
  t.same(errorsOf(text('127.0.0.2:443').replace('api: {', 'api: { dohPort: 8443,')), []);
  t.match(errorsOf(text('127.0.0.2').replace('api: {', 'api: { dohPort: 0,')), [/endpoints\.api\.dohPort: /]);
  t.match(errorsOf(`${INBOUND}    []\n  api: { addresses: [{ listen: 127.0.0.2, vpc: vpc-x }] }`), [
    /no VPC has the id "vpc-x"/,
  ]);
});

t.test('the default VPC is of endpoints that go by the source', async (t) => {
  t.match(errorsOf(`${INBOUND}    - { id: a, listen: [127.0.0.1], vpc: vpc-a, defaultVpc: vpc-a }`), [
    /every client of this endpoint is in vpc-a; leave defaultVpc out/,
  ]);
});

t.test('zones: a file, records, or both', async (t) => {
  t.match(errorsOf(`${BASE}zones: [{ name: z, vpcs: [vpc-a] }]`), [
    /zones\[0\]: the zone has neither file nor records/,
  ]);
  t.same(errorsOf(`${BASE}zones: [{ name: z, file: a, records: "", vpcs: [vpc-a] }]`), []);
});

t.test('warnings', async (t) => {
  t.match(warningsOf('node: {}'), [/no inbound endpoint: nobody can ask this node/]);
  t.match(warningsOf(`${INBOUND}    - { id: a, listen: [127.0.0.1], allow: [0.0.0.0/0] }`), [
    /allow\[0\]: everybody who reaches this endpoint may ask it/,
  ]);
  t.match(warningsOf(`${INBOUND}    - { id: a, listen: [127.0.0.1], defaultVpc: vpc-a }`), [
    /nobody gets the default VPC; add allow/,
  ]);
  t.match(
    warningsOf(
      `${BASE}rules: [{ domain: z, type: forward, targets: [192.0.2.1], vpcs: [vpc-a] }]\nzones: [{ name: z, records: "", vpcs: [vpc-b, vpc-a] }]`,
    ),
    [/zones\[0\]\.name: in VPC vpc-a nobody sees this zone/],
  );
});

t.test('what could not be read is not complained about twice', async (t) => {
  t.equal(
    errorsOf(`${BASE}rules: [{ domain: "a b", type: forward, targets: [nowhere], vpcs: [vpc-a] }]`).length,
    2,
  );
  t.equal(
    errorsOf('vpcs: [{ id: vpc-a, cidrs: [x] }]\nrules: [{ domain: x, type: system, vpcs: [vpc-a] }]').length,
    1,
  );
  t.equal(errorsOf(`${BASE}rules: [{ domain: x, type: nothing, vpcs: [vpc-a] }]`).length, 1);
});
