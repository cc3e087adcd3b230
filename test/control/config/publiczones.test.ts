/** Delegation sets, public zones and authoritative endpoints: what is right, and all that may be wrong. */
import t from 'tap';
import { BASE, errorsOf, good, warningsOf } from './support.ts';

const SETS = `delegationSets:
  - { id: set-1, nameServers: [ns1.test., ns2.test.] }
  - { id: set-2, nameServers: [ns3.test.] }
`;

/** Endpoints and zones in flow form, beside two VPCs and two delegation sets. */
function file(endpoints: readonly string[], zones: readonly string[]): string {
  const withEndpoints = BASE.replace(
    '  outbound:',
    `  authoritative:\n${endpoints.map((each) => `    - ${each}\n`).join('')}  outbound:`,
  );
  return `${endpoints.length === 0 ? BASE : withEndpoints}${SETS}zones:\n${zones.map((each) => `  - ${each}\n`).join('')}`;
}

const AUTH = '{ id: auth-1, listen: ["127.0.0.2:5353"], delegationSet: set-1 }';
const ZONE = '{ name: z.test., records: "", delegationSet: set-1 }';

t.test('a public zone of a set, and the same name as a private zone', async (t) => {
  const text = file([AUTH], [ZONE, '{ name: z.test., records: "", vpcs: [vpc-a] }']);
  t.same(errorsOf(text), []);
  t.same(warningsOf(text), []);
  const config = good(text);
  t.same(
    config.zones.map(({ id }) => id),
    ['z.test.@public', 'z.test.@vpc-a'],
  );
  const [endpoint] = config.endpoints.authoritative;
  t.match(endpoint, { outside: 'drop', rateLimit: true, allow: undefined, clientSubnet: undefined });
});

t.test('a node may have authoritative endpoints only', async (t) => {
  const text = `endpoints: { authoritative: [${AUTH}] }\n${SETS}zones: [${ZONE}]`;
  t.same(errorsOf(text), []);
  t.same(warningsOf(text), []);
});

t.test('client subnets: none, any, or blocks', async (t) => {
  const withSubnet = (value: string) => file([AUTH.replace(' }', `, clientSubnet: ${value} }`)], [ZONE]);
  for (const value of ['none', 'any', '[192.0.2.0/24, "2001:db8::/32"]'])
    t.same(errorsOf(withSubnet(value)), []);
  t.match(errorsOf(withSubnet('some')), [/clientSubnet: .*; write none, any, or blocks of addresses/]);
  t.match(errorsOf(withSubnet('[192.0.2.1/24]')), [/clientSubnet\[0\]/]);
});

t.test('an endpoint says what it serves, once', async (t) => {
  const listen = 'id: auth-1, listen: ["127.0.0.2:5353"]';
  t.match(errorsOf(file([`{ ${listen} }`], [])), [
    /endpoints\.authoritative\[0\]: the endpoint says nothing of what it serves; add one of delegationSet, zones and vpc/,
  ]);
  t.match(
    errorsOf(file([`{ ${listen}, delegationSet: set-1, zones: [z.test.@public], vpc: vpc-a }`], [ZONE])),
    [/authoritative\[0\]\.zones: the endpoint has both delegationSet and zones; leave one of them out/],
  );
  t.match(errorsOf(file([`{ ${listen}, delegationSet: set-3 }`], [])), [
    /authoritative\[0\]\.delegationSet: no delegation set has the id "set-3"; did you mean "set-1"/,
  ]);
  t.match(errorsOf(file([`{ ${listen}, vpc: vpc-c }`], [])), [
    /authoritative\[0\]\.vpc: no VPC has the id "vpc-c"/,
  ]);
});

t.test('zones that an endpoint names are public, there, and of different names', async (t) => {
  const endpoint = (zones: string) => `{ id: auth-1, listen: ["127.0.0.2:5353"], zones: [${zones}] }`;
  const zones = [
    '{ id: one, name: z.test., records: "", delegationSet: set-1 }',
    '{ id: two, name: Z.test, records: "", delegationSet: set-2 }',
    '{ id: kid, name: kid.z.test., records: "", delegationSet: set-1 }',
    '{ id: own, name: z.test., records: "", vpcs: [vpc-a] }',
  ];
  t.match(errorsOf(file([endpoint('one, two')], zones)), [
    /zones\[1\]: two has the name of one, which stands here already \(ConflictingDomainExists\); take one out/,
  ]);
  t.match(errorsOf(file([endpoint('one, own, ones, one')], zones)), [
    /zones\[1\]: zones\[3\] is a private zone; name a public one/,
    /zones\[2\]: no public zone has the id "ones"; did you mean "one"/,
    /zones\[3\]: one stands here twice/,
  ]);
  t.same(errorsOf(file([endpoint('one, kid')], zones)), [], 'a parent and its child');
});

t.test('two zones of one name are in two sets and have two ids', async (t) => {
  t.match(errorsOf(file([AUTH], [ZONE, ZONE])), [
    /zones\[1\]: id "z\.test\.@public" is taken by zones\[0\]; give each an id of its own/,
    /zones\[1\]\.name: z\.test\. conflicts with zones\[0\], which shares the delegation set set-1 \(ConflictingDomainExists\)/,
  ]);
  const other = '{ id: two, name: z.test., records: "", delegationSet: set-2 }';
  t.same(errorsOf(file([AUTH], [ZONE, other])), []);
  const misnamed = '{ id: z.test.@public, name: y.test., records: "", vpcs: [vpc-a] }';
  t.match(errorsOf(file([AUTH], [misnamed, ZONE])), [
    /zones\[1\]: id "z\.test\.@public" is taken by zones\[0\]/,
  ]);
});

t.test('what is of the one kind of zone only', async (t) => {
  t.match(errorsOf(file([AUTH], [ZONE.replace(' }', ', overlay: none }')])), [
    /zones\[0\]\.overlay: a public zone has no overlay; leave it out/,
  ]);
  t.match(errorsOf(file([], ['{ name: z.test., records: "", vpcs: [vpc-a], delegationSet: set-1 }'])), [
    /zones\[0\]\.delegationSet: a private zone has no delegationSet; leave it out, or leave vpcs out/,
  ]);
  t.match(errorsOf(file([AUTH], ['{ name: z.test., records: "", delegationSet: set-9 }'])), [
    /zones\[0\]\.delegationSet: no delegation set has the id "set-9"/,
  ]);
  t.match(
    errorsOf(file([AUTH], ['{ name: z.test., records: "", vpcs: [] }'])),
    [/the list is empty/],
    'not public',
  );
});

t.test('delegation sets: ids and names once', async (t) => {
  t.match(
    errorsOf(`${BASE}delegationSets:
  - { id: s, nameServers: [a.test., A.test] }
  - { id: s, nameServers: [] }
  - { id: r, nameServers: ["*.test."] }
`),
    [
      /delegationSets\[0\]\.nameServers\[1\]: a\.test\. stands here twice; leave one out/,
      /delegationSets\[1\]\.id: id "s" is taken by delegationSets\[0\]\.id; give each set an id of its own/,
      /delegationSets\[1\]\.nameServers: the list is empty/,
      /delegationSets\[2\]\.nameServers\[0\]: "\*\.test\." is a wildcard/,
    ],
  );
});

t.test('what nobody sees is warned about', async (t) => {
  t.match(warningsOf(file([], [ZONE])), [
    /zones\[0\]: no endpoint serves this public zone: nobody sees it; name it or its delegation set in endpoints\.auth/,
  ]);
  t.match(warningsOf(file([AUTH.replace('set-1', 'set-2')], [ZONE])), [
    /authoritative\[0\]\.delegationSet: this endpoint serves no zone: all that it is asked is refused/,
    /zones\[0\]: no endpoint serves/,
  ]);
  const vpc = '{ id: auth-1, listen: ["127.0.0.2:5353"], vpc: vpc-a }';
  t.match(warningsOf(file([vpc], [])), [/authoritative\[0\]\.vpc: this endpoint serves no zone/]);
  t.same(warningsOf(file([vpc], ['{ name: z.test., records: "", vpcs: [vpc-a] }'])), []);
});

t.test('addresses and ids are shared with the other endpoints', async (t) => {
  const taken = AUTH.replace('127.0.0.2:5353', '127.0.0.1:5353').replace('auth-1', 'in-1');
  t.match(errorsOf(file([taken], [ZONE])), [
    /authoritative\[0\]\.id: id "in-1" is taken by endpoints\.inbound\[0\]\.id/,
    /authoritative\[0\]\.listen\[0\]: 127\.0\.0\.1:5353 is taken by 127\.0\.0\.1:5353 of endpoints\.inbound/,
  ]);
  const rule = 'rules: [{ domain: z.test., type: forward, targets: ["127.0.0.2:5353"], vpcs: [vpc-a] }]\n';
  t.same(errorsOf(`${file([AUTH], [ZONE])}${rule}`), [], 'a question that is sent there does not come back');
});
