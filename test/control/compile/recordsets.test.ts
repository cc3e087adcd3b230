/** Record sets in the configuration: what becomes of them, and where their errors are told. */
import t from 'tap';
import { ZoneSets } from '../../../src/control/compile/recordsets.ts';
import { resourcesOf } from '../../../src/control/compile/resources.ts';
import { checkConfig } from '../../../src/control/compile.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import { chapters } from '../../../src/control/config/schema.ts';
import type { Resources } from '../../../src/control/records/input.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import { Zone } from '../../../src/zone/image.ts';
import { lookup } from '../../../src/zone/lookup.ts';
import type { RecordSet } from '../../../src/zone/recordset.ts';
import { FILE, filesOf, good } from '../config/support.ts';
import { compiled, compileText, type Folder, recordsOf } from './support.ts';

const VPC = 'vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]\n';
const ZONE = (sets: string, more = ''): string =>
  `${VPC}zones:\n  - name: example.com.\n    vpcs: [vpc-a]\n${more}    records:\n${sets.replace(/^/gm, '      ')}\n`;
const ID = 'example.com.@vpc-a';
const APEX = '@ 300 SOA ns h 1 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.1\n';
const at = (name: string): string => `/etc/causeway/${name}`;
const errorsOf = (text: string, others: Folder = {}): string[] =>
  checkConfig(FILE, filesOf({ [FILE]: text, ...others })).errors.map(problemToText);

const COLLECTIONS: Resources = {
  ...resourcesOf({ healthChecks: [], cidrCollections: [], unread: [] }, undefined),
  healthCheck: (id) => (id === 'hc-1' ? 5 : undefined),
  cidrCollection: (id) =>
    id === 'offices' ? { slot: 2, hasLocation: (name) => name === 'berlin' } : undefined,
};

const CHECKS = 'healthChecks: [{ id: hc, type: TCP, ipAddress: 192.0.2.1, port: 80 }]\n';

const ROUTED = (fields: string): string =>
  `- { name: www, type: A, ttl: 1h, values: 192.0.2.1, setIdentifier: s, ${fields} }`;

/** The sets of the first zone. */
function setsOf(text: string, resources = COLLECTIONS): readonly RecordSet[] {
  const config = good(text);
  return new ZoneSets(config, config.zones[0]!, 0, resources).sets;
}

/** `name type policy content` */
function shortly({ name, type, policy, content }: RecordSet): string {
  const what =
    content.kind === 'alias'
      ? `→ ${nameToText(content.target)} ${content.where}`
      : `${content.ttl} ${content.rdatas.map((rdata) => rdataToText(type, rdata)).join(', ')}`;
  return `${nameToText(name)} ${typeToText(type)} ${policy.kind} ${what}`;
}

t.test('names follow the rule of zone files', async (t) => {
  const sets = setsOf(
    ZONE(`- { name: www, type: A, ttl: 60, values: 192.0.2.1 }
- { name: "@", type: MX, ttl: 60, values: [10 mail.example.com, 20 mail.example.net.] }
- { name: "*.a.Example.com.", type: TXT, ttl: 1m, values: '"x" "y"' }
- { name: example.com., type: CAA, values: ['0 issue "ca.example.net"'] }
- { name: b, type: A, aliasTarget: { dnsName: www, evaluateTargetHealth: false } }
- { name: c, type: A, aliasTarget: { dnsName: lb.example.net., evaluateTargetHealth: true } }
- { name: d, type: AAAA, aliasTarget: { hostedZoneId: Z2, dnsName: x.example.com., evaluateTargetHealth: true } }
- { name: e, type: A, aliasTarget: { hostedZoneId: ${ID}, dnsName: www.example.com., evaluateTargetHealth: true } }
- { name: 'a\\056b', type: A, ttl: 60, values: 192.0.2.1 }`),
  );
  t.same(sets.map(shortly), [
    'www.example.com. A simple 60 192.0.2.1',
    'example.com. MX simple 60 10 mail.example.com., 20 mail.example.net.',
    '*.a.example.com. TXT simple 60 "x" "y"',
    'example.com. CAA simple 300 0 issue "ca.example.net"',
    'b.example.com. A simple → www.example.com. zone',
    'c.example.com. A simple → lb.example.net. outside',
    'd.example.com. AAAA simple → x.example.com. outside',
    'e.example.com. A simple → www.example.com. zone',
    'a\\.b.example.com. A simple 60 192.0.2.1',
  ]);
});

t.test('every routing policy, with places, collections and health checks', async (t) => {
  const set = (fields: string): RecordSet => setsOf(ZONE(ROUTED(fields)))[0]!;
  for (const [fields, policy] of [
    ['weight: 10', { kind: 'weighted', weight: 10 }],
    ['failover: SECONDARY', { kind: 'failover', role: 'secondary' }],
    [
      'geoLocation: { continentCode: EU }',
      { kind: 'geolocation', place: { kind: 'continent', continent: 'EU' } },
    ],
    ['geoLocation: { countryCode: "*" }', { kind: 'geolocation', place: { kind: 'default' } }],
    ['multiValueAnswer: true', { kind: 'multivalue' }],
    [
      'geoProximityLocation: { coordinates: { latitude: 49.22, longitude: "-74.01" }, bias: -5 }',
      { kind: 'geoproximity', at: { latitude: 49.22, longitude: -74.01 }, bias: -5 },
    ],
    [
      'cidrRoutingConfig: { collectionId: offices, locationName: berlin }',
      { kind: 'cidr', collection: 2, location: 'berlin' },
    ],
  ] as const)
    t.same(set(fields).policy, policy, fields);
  const latency = set('region: eu-central-1, healthCheckId: hc-1');
  t.match(latency.policy, { kind: 'latency', region: 'eu-central-1', at: { latitude: 50.11 } });
  t.same([latency.health, latency.setIdentifier], [5, 's']);
});

t.test('the examples of the reference compile', async (t) => {
  const text = chapters.map(({ example }) => example).join('');
  const result = compiled(text, {
    [at('zones/internal.example.zone')]: APEX,
    [at('lists/malware.txt')]: '',
  });
  t.same(
    recordsOf(result, 'shop.example.@vpc-corp').filter((record) => / TXT /.test(record)),
    ['shop.example. TXT "v=spf1 -all"'],
  );
});

t.test('sets get the apex of Route 53, or stand beside a zone file', async (t) => {
  const www = '- { name: www, type: A, ttl: 60, values: 192.0.2.80 }';
  const alone = recordsOf(compiled(ZONE(www)), ID);
  t.ok(alone.includes('www.example.com. A 192.0.2.80'));
  t.ok(alone.includes('example.com. NS ns-512.awsdns-00.net.'));
  const folder = { [at('a.zone')]: `${APEX}mail A 192.0.2.25\n` };
  const both = recordsOf(compiled(ZONE(www, '    file: a.zone\n'), folder), ID);
  t.ok(both.includes('www.example.com. A 192.0.2.80') && both.includes('mail.example.com. A 192.0.2.25'));
  t.ok(both.includes('example.com. NS ns.example.com.') && !both.join().includes('awsdns'));
  const text = `${VPC}zones: [{ name: example.com., vpcs: [vpc-a], file: a.zone, records: "www A 192.0.2.80" }]`;
  t.ok(recordsOf(compiled(text, folder), ID).includes('www.example.com. A 192.0.2.80'), 'so may lines');
});

t.test('a zone file has targets for aliases, and records in the way', async (t) => {
  const zone = (sets: string): string => ZONE(sets, '    file: a.zone\n');
  const folder = { [at('a.zone')]: `${APEX}mail A 192.0.2.25\n*.w A 192.0.2.26\nx.y.w A 192.0.2.27\n` };
  const alias = (target: string): string =>
    `- { name: www, type: A, aliasTarget: { dnsName: ${target}, evaluateTargetHealth: true } }`;
  t.same(errorsOf(zone(alias('mail')), folder), []);
  t.same(errorsOf(zone(alias('any.w')), folder), [], 'by a wildcard');
  t.match(errorsOf(zone(alias('z.y.w')), folder), [
    /causeway\.yaml:7:55: zones\[0\]\.records\[0\]\.aliasTarget\.dnsName: Tried to create an alias that targets z\.y\.w\.example\.com\., type A in zone example\.com\.@vpc-a, but that target was not found; write a name of the zone that has a set of type A; without a final dot a name is relative to the zone$/,
  ]);
  t.match(
    errorsOf(
      zone(
        '- { name: mail, type: A, ttl: 60, values: 192.0.2.1 }\n- { name: ns, type: CNAME, ttl: 60, values: a.b }',
      ),
      folder,
    ),
    [
      /causeway\.yaml:7:9: zones\[0\]\.records\[0\]: Tried to create resource record set \[name='mail\.example\.com\.', type='A'\] but it already exists/,
      /causeway\.yaml:8:27: zones\[0\]\.records\[1\]\.type: RRSet of type CNAME with DNS name ns\.example\.com\. is not permitted as it conflicts/,
    ],
  );
});

t.test('all errors at once, each where it stands', async (t) => {
  const text = `${ZONE(
    `- { name: www, type: A, ttl: 60, values: 192.0.2, setIdentifier: one, weight: 300 }
- { name: www, type: AAA, ttl: soon, values: [192.0.2.1] }
- { name: txt, type: TXT, ttl: 60, values: ['"ok"', v] }
- { name: www.example.net., type: A, ttl: 60, values: 192.0.2.1, colour: red }
- { name: www.example.net., type: A, ttl: 60, values: 192.0.2.1, healthCheckId: none }
- { type: A }
- { name: api, type: A }
- { name: geo, type: A, ttl: 60, values: 192.0.2.1, setIdentifier: a, geoLocation: { countryCode: XX } }`,
    '    file: a.zone\n',
  )}  - { name: other., records: "x A 1", vpcs: [vpc-b] }\n`;
  const errors = errorsOf(text, { [at('a.zone')]: `${APEX}mail A 192.0.2\nns CNAME x\n` });
  t.match(errors, [
    /yaml:7:48: zones\[0\]\.records\[0\]\.values: Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address \(Value is not a valid IPv4 address\) encountered with '192\.0\.2''; write it like 192\.0\.2\.1/,
    /yaml:7:85: zones\[0\]\.records\[0\]\.weight: Value '300' at 'weight' failed to satisfy constraint: Member must have value less than or equal to 255; write 0 to 255/,
    /yaml:8:38: zones\[0\]\.records\[1\]\.ttl: "soon" is no number of seconds; write seconds, or a time such as 30s, 5m or 1h/,
    /yaml:9:59: zones\[0\]\.records\[2\]\.values\[1\]: Invalid Resource Record: 'FATAL problem: InvalidCharacterString \(Value should be enclosed in quotation marks\) encountered with 'v''; write it like "v=spf1 -all"/,
    /yaml:10:72: zones\[0\]\.records\[3\]\.colour: unknown key "colour"/,
    /yaml:11:17: zones\[0\]\.records\[4\]\.name: RRSet with DNS name www\.example\.net\. is not permitted in zone example\.com\./,
    /yaml:11:87: zones\[0\]\.records\[4\]\.healthCheckId: A health check with id none does not exist\./,
    /yaml:12:9: zones\[0\]\.records\[5\]\.name: name is missing; add it, for example name: www/,
    /yaml:13:9: zones\[0\]\.records\[6\]: Invalid request: Expected exactly one of \[AliasTarget, .* found none in Change with \[Action=CREATE, Name=api\.example\.com\., Type=A, SetIdentifier=null\]; add values, or an aliasTarget/,
    /yaml:14:105: zones\[0\]\.records\[7\]\.geoLocation\.countryCode: Value 'XX' /,
    /yaml:15:\d+: zones\[1\]\.records: /,
    /yaml:15:\d+: zones\[1\]\.vpcs\[0\]: no VPC has the id "vpc-b"/,
    /a\.zone:3:1: ns\.example\.com\.: CNAME: not allowed beside other data \(A\)/,
    /a\.zone:4:8: /,
  ]);
  t.equal(errors.length, 14);
});

t.test('what follows from another error is not told', async (t) => {
  const alias = '- { name: www, type: A, aliasTarget: { dnsName: mail, evaluateTargetHealth: true } }';
  const zone = ZONE(alias, '    file: a.zone\n');
  t.match(errorsOf(zone, {}), [/a\.zone: there is no such file/], 'the target may be in the file');
  t.match(errorsOf(zone, { [at('a.zone')]: `${APEX}mail A 192.0.2\n` }), [/a\.zone:4:8: /]);
  t.match(errorsOf(ZONE(`${alias}\n- { name: mail, type: A, ttl: [1] }`)), [
    /records\[1\]\.ttl: a list stands here/,
  ]);
  const named = '- { name: www, type: A, values: 192.0.2.1, healthCheckId: hc-1 }';
  for (const checks of ['[{ id: "-", type: TCP }]', '5'])
    t.notMatch(errorsOf(`healthChecks: ${checks}\n${ZONE(named)}`).join(), /does not exist/, checks);
  const office = ROUTED('cidrRoutingConfig: { collectionId: offices, locationName: berlin }');
  for (const collections of ['[{ id: "-", locations: [] }]', '[{ id: offices, locations: 5 }]', '5'])
    t.notMatch(errorsOf(`cidrCollections: ${collections}\n${ZONE(office)}`).join(), /exist|no location/);
});

t.test('what the zone as a whole does not take is told at the set', async (t) => {
  const sets = `- { name: sub, type: NS, ttl: 60, values: ns.example.net }
- { name: sub, type: TXT, ttl: 60, values: '"hidden"' }`;
  t.match(compileText(ZONE(sets)).warnings.map(problemToText), [
    /causeway\.yaml:7:9: zones\[0\]\.records\[1\]: sub\.example\.com\.: TXT: ignored: the name is a zone cut/,
  ]);
});

t.test('a health check on what makes a zone and its cuts changes nothing', async (t) => {
  const sets = `- { name: "@", type: NS, ttl: 60, values: ns.example.net, healthCheckId: hc }
- { name: "@", type: SOA, ttl: 60, values: a.b c.d 1 2 3 4 5, healthCheckId: hc }
- { name: sub, type: NS, ttl: 60, values: ns.sub.example.com, healthCheckId: hc }`;
  t.same(recordsOf(compiled(`${CHECKS}${ZONE(sets)}`), ID).sort(), [
    'example.com. NS ns.example.net.',
    'example.com. SOA a.b. c.d. 1 2 3 4 5',
    'sub.example.com. NS ns.sub.example.com.',
  ]);
});

t.test('glue that depends on the client is none, and is warned about', async (t) => {
  const glue = (more: string): string => `- { name: sub, type: NS, ttl: 60, values: ns.sub.example.com }
- { name: ns.sub, type: A, ttl: 60, values: 192.0.2.1${more} }`;
  const textOf = (more: string): string => `${CHECKS}${ZONE(glue(more))}`;
  const warningsOf = (more: string): string[] =>
    compileText(textOf(more)).warnings.map(({ message }) => message);
  t.same(warningsOf(''), []);
  t.same(warningsOf(', healthCheckId: hc'), [], 'the simple policy does not ask for health');
  const { snapshot } = compiled(textOf(', healthCheckId: hc'));
  const { image } = snapshot.zones.find(({ id }) => id === ID)!;
  const referral = lookup(Zone.from(image), nameFromText('x.sub.example.com.'), TYPE.A);
  t.match(referral, { kind: 'delegation', glue: [{ rdatas: [Uint8Array.of(192, 0, 2, 1)] }] });
  t.match(warningsOf(', setIdentifier: a, weight: 1'), [
    /^sub\.example\.com\.: NS: ns\.sub\.example\.com\. is in this zone and has no address that is the same for all/,
  ]);
});

t.test('a name that ends in its zone once more is asked about', async (t) => {
  const sets = `- { name: www.Example.com, type: A, values: 192.0.2.1 }
- { name: b, type: A, aliasTarget: { dnsName: www.example.com, evaluateTargetHealth: true } }`;
  const result = compileText(ZONE(sets.replace('www.example.com,', 'www.example.com.example.com.,')));
  t.match(result.warnings.map(problemToText), [
    /yaml:6:17: zones\[0\]\.records\[0\]\.name: www\.Example\.com is relative to the zone and so means www\.Example\.com\.example\.com\.; write www\.Example\.com\. with a final dot if it is meant as it stands/,
  ]);
});

t.test('a reload sees changed sets, and keeps the image where none changed', async (t) => {
  const text = (weight: number, more = ''): string =>
    ZONE(`- { name: www, type: A, values: 192.0.2.1, setIdentifier: a, weight: ${weight} }${more}`);
  const first = compiled(text(1));
  t.equal(compiled(text(1), {}, first).zones.get(ID), first.zones.get(ID));
  t.equal(compiled(`# a comment\n${text(1)}`, {}, first).zones.get(ID), first.zones.get(ID));
  const second = compiled(text(2), {}, first);
  t.not(second.zones.get(ID), first.zones.get(ID));
  t.ok(second.touched.length > 0, 'answers that depend on the set are dropped');
  t.not(compiled(text(1).replace('192.0.2.1', '192.0.2.2'), {}, first).zones.get(ID), first.zones.get(ID));
});

t.test('a set reads its health check by the slot, and is compiled again where that changed', async (t) => {
  const checks = (...ids: string[]): string =>
    `healthChecks: [${ids.map((id) => `{ id: ${id}, type: TCP, ipAddress: 192.0.2.1, port: 80 }`)}]\n`;
  const zone = ZONE(
    '- { name: www, type: A, values: 192.0.2.1, setIdentifier: a, weight: 1, healthCheckId: hc-1 }',
  );
  const first = compiled(checks('hc-1') + zone);
  t.equal(compiled(checks('hc-0', 'hc-1') + zone, {}, first).zones.get(ID), first.zones.get(ID));
  const anew = compiled(checks('hc-0', 'hc-1') + zone);
  t.not(
    compiled(checks('hc-1') + zone, {}, { ...anew, snapshot: first.snapshot }).zones.get(ID),
    anew.zones.get(ID),
  );
  t.match(errorsOf(checks('hc-2') + zone), [/healthCheckId: A health check with id hc-1 does not exist\./]);
});

t.test('a set names a location of a CIDR collection', async (t) => {
  const collections = (...ids: string[]): string =>
    `cidrCollections: [${ids.map((id) => `{ id: ${id}, locations: [{ name: berlin, cidrs: [192.0.2.0/24] }] }`)}]\n`;
  const zone = (location: string): string =>
    ZONE(ROUTED(`cidrRoutingConfig: { collectionId: offices, locationName: "${location}" }`));
  const first = compiled(collections('offices') + zone('berlin'));
  t.equal(
    compiled(collections('a', 'offices') + zone('berlin'), {}, first).zones.get(ID),
    first.zones.get(ID),
  );
  t.not(compiled(collections('offices') + zone('*'), {}, first).zones.get(ID), first.zones.get(ID));
  t.match(errorsOf(collections('offices') + zone('rome')), [
    /locationName: The CIDR collection offices has no location rome\.; add the location/,
  ]);
  t.match(errorsOf(collections('a') + zone('berlin')), [
    /collectionId: A CIDR collection with id offices does not exist\./,
  ]);
});
