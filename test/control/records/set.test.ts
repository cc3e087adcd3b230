/** One record set: what it becomes, and what is said of one that is wrong in itself. */
import t from 'tap';
import type { RecordSetInput } from '../../../src/control/records/input.ts';
import { toHex } from '../../../src/wire/base.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { A, ALIAS, faultsOf, read } from './support.ts';

const NAME = 'www.example.com';
const ROUTED = { setIdentifier: 's' };

function only(input: RecordSetInput) {
  const { sets, faults } = read([input]);
  if (faults.length > 0) throw new Error(faults[0]!.message);
  return sets[0]!;
}

t.test('records', async (t) => {
  const set = only(A('WWW.Example.com.', { values: ['192.0.2.2', '192.0.2.1'], healthCheckId: 'hc-1' }));
  t.equal(nameToText(set.name), 'www.example.com.', 'folded');
  t.same([set.type, set.setIdentifier, set.policy, set.health], [1, undefined, { kind: 'simple' }, 7]);
  t.same(
    set.content.kind === 'records' && set.content.rdatas.map(toHex),
    ['C0000202', 'C0000201'],
    'in order',
  );
});

t.test('aliases', async (t) => {
  const content = (input: RecordSetInput) => only(input).content;
  const target = nameFromText('a.example.com.');
  const inside = { kind: 'alias', target, where: 'zone', evaluateTargetHealth: false };
  const self = A('a.example.com');
  t.same(read([self, ALIAS(NAME, 'A.example.com')]).sets[1]!.content, inside);
  const aliasTarget = { dnsName: 'a.example.com', evaluateTargetHealth: false };
  t.same(read([self, ALIAS(NAME, '', { aliasTarget })]).sets[1]!.content, inside, 'without an id');
  t.same(
    content(ALIAS(NAME, '', { aliasTarget: { ...aliasTarget, hostedZoneId: 'Z2' } })),
    { ...inside, where: 'outside' },
    'another zone',
  );
  t.same(
    content(ALIAS(NAME, '', { aliasTarget: { dnsName: 'lb.example.net', evaluateTargetHealth: true } })),
    { kind: 'alias', target: nameFromText('lb.example.net.'), where: 'outside', evaluateTargetHealth: true },
  );
});

t.test('every policy', async (t) => {
  const frankfurt = { latitude: 50.11, longitude: 8.68 };
  const geo = (geoLocation: RecordSetInput['geoLocation']) => ({ geoLocation });
  const near = (geoProximityLocation: RecordSetInput['geoProximityLocation']) => ({ geoProximityLocation });
  for (const [fields, policy] of [
    [{ weight: 0 }, { kind: 'weighted', weight: 0 }],
    [{ weight: 255 }, { kind: 'weighted', weight: 255 }],
    [{ region: 'eu-central-1' }, { kind: 'latency', region: 'eu-central-1', at: frankfurt }],
    [{ failover: 'PRIMARY' }, { kind: 'failover', role: 'primary' }],
    [{ failover: 'SECONDARY' }, { kind: 'failover', role: 'secondary' }],
    [geo({ continentCode: 'EU' }), { kind: 'geolocation', place: { kind: 'continent', continent: 'EU' } }],
    [geo({ countryCode: 'DE' }), { kind: 'geolocation', place: { kind: 'country', country: 'DE' } }],
    [geo({ countryCode: '*' }), { kind: 'geolocation', place: { kind: 'default' } }],
    [
      geo({ countryCode: 'US', subdivisionCode: 'WA' }),
      { kind: 'geolocation', place: { kind: 'subdivision', country: 'US', subdivision: 'WA' } },
    ],
    [near({ awsRegion: 'eu-central-1', bias: -99 }), { kind: 'geoproximity', at: frankfurt, bias: -99 }],
    [
      near({ localZoneGroup: 'us-east-1-bue-1' }),
      { kind: 'geoproximity', at: { latitude: -34.6, longitude: -58.4 }, bias: 0 },
    ],
    [
      near({ coordinates: { latitude: '+49.22', longitude: '-180.' }, bias: 99 }),
      { kind: 'geoproximity', at: { latitude: 49.22, longitude: -180 }, bias: 99 },
    ],
    [{ multiValueAnswer: true }, { kind: 'multivalue' }],
    [
      { cidrRoutingConfig: { collectionId: 'offices', locationName: 'berlin' } },
      { kind: 'cidr', collection: 3, location: 'berlin' },
    ],
    [
      { cidrRoutingConfig: { collectionId: 'branches', locationName: '*' } },
      { kind: 'cidr', collection: 4, location: '*' },
    ],
  ] as const)
    t.same(only(A(NAME, { ...ROUTED, ...fields })).policy, policy, JSON.stringify(fields));
  t.same(only(A(NAME, { multiValueAnswer: false })).policy, { kind: 'simple' });
});

const CHANGE = `Change with [Action=CREATE, Name=${NAME}, Type=A, SetIdentifier=null]`;
const CHANGE_S = `Change with [Action=CREATE, Name=${NAME}, Type=A, SetIdentifier=s]`;
const CONTENT =
  'Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]';
const POLICY =
  'Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, CidrRoutingConfig, or GeoProximityLocation]';
const failed = (value: unknown, field: string, must: string): string =>
  `${field}: Value '${value}' at '${field}' failed to satisfy constraint: Member must ${must}`;
const near = (geoProximityLocation: RecordSetInput['geoProximityLocation']): RecordSetInput =>
  A(NAME, { ...ROUTED, geoProximityLocation });
const geo = (geoLocation: RecordSetInput['geoLocation']): RecordSetInput =>
  A(NAME, { ...ROUTED, geoLocation });
const at = (latitude: string, longitude: string): RecordSetInput =>
  near({ coordinates: { latitude, longitude } });

t.test('what is wrong with one set', async (t) => {
  const rows: readonly (readonly [RecordSetInput, string])[] = [
    [{ name: NAME, type: 'A' }, `: Invalid request: ${CONTENT}, but found none in ${CHANGE}`],
    [A(NAME, { ttl: undefined }), `: Invalid request: ${CONTENT}, but found none in ${CHANGE}`],
    [
      ALIAS(NAME, 'lb.example.net', { ttl: 60 }),
      `: Invalid request: ${CONTENT}, but found more than one in ${CHANGE}`,
    ],
    [
      ALIAS(NAME, 'lb.example.net', { values: ['192.0.2.1'] }),
      `: Invalid request: ${CONTENT}, but found more than one in ${CHANGE}`,
    ],
    [
      A(NAME, { type: 'DNAME' }),
      "type: Invalid XML ; cvc-enumeration-valid: Value 'DNAME' is not facet-valid with respect to enumeration '[SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS, TLSA, SSHFP, SVCB, HTTPS]'. It must be a value from the enumeration.",
    ],
    [
      A('www.example.net'),
      'name: RRSet with DNS name www.example.net. is not permitted in zone example.com.',
    ],
    [
      A('a..example.com'),
      "name: FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com'",
    ],
    [A(NAME, { ttl: -1 }), failed(-1, 'ttl', 'have value greater than or equal to 0')],
    [A(NAME, { ttl: 2 ** 31 }), failed(2 ** 31, 'ttl', 'have value less than or equal to 2147483647')],
    [A(NAME, { values: [] }), failed('[]', 'values', 'have length greater than or equal to 1')],
    [
      A(NAME, { type: 'TXT', values: ['v'] }),
      "values.0: Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'v''",
    ],
    [
      A(NAME, { values: ['192.0.2.1', 'x'] }),
      "values.1: Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with 'x''",
    ],
    [
      A(NAME, { type: 'CNAME', values: [''] }),
      "values.0: Invalid Resource Record: 'FATAL problem: DomainNameEmpty (Domain name is empty) encountered with '''",
    ],
    [
      A(NAME, { type: 'CNAME', values: ['ä.example'] }),
      "values.0: Invalid Resource Record: 'FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with 'ä.example''",
    ],
    [
      A(NAME, { type: 'TXT', values: [`"${'a '.repeat(2000)}"`] }),
      failed(
        `"${'a '.repeat(100)}`.slice(0, 200) + '…',
        'values.0',
        'have length less than or equal to 4000',
      ),
    ],
    [A(NAME, { values: ['192.0.2.1', '192.0.2.1'] }), "values.1: Duplicate Resource Record: '192.0.2.1'"],
    [A(NAME, { type: 'MX', values: ['1 a.b', '01 A.B.'] }), "values.1: Duplicate Resource Record: '01 A.B.'"],
    [
      A(NAME, { values: Array.from({ length: 401 }, (_, i) => `10.0.${i >> 8}.${i & 255}`) }),
      'values: Number of records limit of 400 exceeded.',
    ],
    [A(NAME, { type: 'CNAME', values: ['a', 'b'] }), 'values: Number of records limit of 1 exceeded.'],
    [A(NAME, { ...ROUTED, weight: 256 }), failed(256, 'weight', 'have value less than or equal to 255')],
    [A(NAME, { ...ROUTED, weight: -1 }), failed(-1, 'weight', 'have value greater than or equal to 0')],
    [
      A(NAME, { ...ROUTED, region: 'eu-central-9' }),
      failed('eu-central-9', 'region', 'satisfy enum value set: [eu-central-1, us-east-1]'),
    ],
    [
      A(NAME, { ...ROUTED, failover: 'primary' }),
      failed('primary', 'failover', 'satisfy enum value set: [PRIMARY, SECONDARY]'),
    ],
    [
      geo({}),
      `geoLocation: Invalid request: Expected exactly one of [ContinentCode, or CountryCode], but found none in ${CHANGE_S}`,
    ],
    [
      geo({ continentCode: 'EU', countryCode: 'DE' }),
      `geoLocation: Invalid request: Expected exactly one of [ContinentCode, or CountryCode], but found more than one in ${CHANGE_S}`,
    ],
    [
      geo({ continentCode: 'XX' }),
      failed('XX', 'geoLocation.continentCode', 'be the code of a geographic location'),
    ],
    [
      geo({ countryCode: 'de' }),
      failed('de', 'geoLocation.countryCode', 'be the code of a geographic location'),
    ],
    [
      geo({ countryCode: 'DE', subdivisionCode: 'BE' }),
      failed('BE', 'geoLocation.subdivisionCode', 'be the code of a geographic location'),
    ],
    [
      geo({ countryCode: 'US', subdivisionCode: 'XX' }),
      failed('XX', 'geoLocation.subdivisionCode', 'be the code of a geographic location'),
    ],
    [
      near({ bias: 1 }),
      `geoProximityLocation: Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or Coordinates], but found none in ${CHANGE_S}`,
    ],
    [
      near({ awsRegion: 'us-east-1', localZoneGroup: 'us-east-1-bue-1' }),
      `geoProximityLocation: Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or Coordinates], but found more than one in ${CHANGE_S}`,
    ],
    [
      near({ awsRegion: 'us-east-1', bias: 100 }),
      failed(100, 'geoProximityLocation.bias', 'have value less than or equal to 99'),
    ],
    [
      near({ localZoneGroup: 'x' }),
      failed('x', 'geoProximityLocation.localZoneGroup', 'be the name of a Local Zone group'),
    ],
    [
      at('49.223', '1'),
      failed(
        '49.223',
        'geoProximityLocation.coordinates.latitude',
        'satisfy regular expression pattern: [-+]?[0-9]{1,2}(\\.[0-9]{0,2})?',
      ),
    ],
    [
      at('1', '180.01'),
      failed('180.01', 'geoProximityLocation.coordinates.longitude', 'have value less than or equal to 180'),
    ],
    [A(NAME, { weight: 1 }), `: Invalid request: Missing field 'SetIdentifier' in ${CHANGE}`],
    [A(NAME, ROUTED), `setIdentifier: Invalid request: ${POLICY}, but found none in ${CHANGE_S}`],
    [
      A(NAME, { ...ROUTED, weight: 1, failover: 'PRIMARY' }),
      `failover: Invalid request: ${POLICY}, but found more than one in ${CHANGE_S}`,
    ],
    [
      A(NAME, { setIdentifier: '', weight: 1 }),
      failed('', 'setIdentifier', 'have length greater than or equal to 1'),
    ],
    [
      A(NAME, { setIdentifier: 's'.repeat(129), weight: 1 }),
      failed('s'.repeat(129), 'setIdentifier', 'have length less than or equal to 128'),
    ],
    [A(NAME, { healthCheckId: 'hc-2' }), 'healthCheckId: A health check with id hc-2 does not exist.'],
    [
      A(NAME, { ...ROUTED, cidrRoutingConfig: { collectionId: 'x', locationName: '*' } }),
      'cidrRoutingConfig.collectionId: A CIDR collection with id x does not exist.',
    ],
    [
      A(NAME, { ...ROUTED, cidrRoutingConfig: { collectionId: 'offices', locationName: 'rome' } }),
      'cidrRoutingConfig.locationName: The CIDR collection offices has no location rome.',
    ],
    [
      A(NAME, { ...ROUTED, type: 'NS', values: ['a'], weight: 1 }),
      `type: RRSet with DNS name ${NAME}, type NS, SetIdentifier s cannot be created as sets of this type must have the simple routing policy.`,
    ],
    [
      A(NAME, { ...ROUTED, type: 'CNAME', values: ['a'], multiValueAnswer: true }),
      `type: RRSet with DNS name ${NAME}, type CNAME, SetIdentifier s cannot be created as multivalue answer sets must not be of type CNAME.`,
    ],
    [
      ALIAS(NAME, 'a.b', {
        ...ROUTED,
        multiValueAnswer: true,
        aliasTarget: { dnsName: 'a.b', evaluateTargetHealth: true },
      }),
      `type: RRSet with DNS name ${NAME}, type A, SetIdentifier s cannot be created as multivalue answer sets must not be aliases.`,
    ],
    [
      ALIAS(NAME, 'example.com', { type: 'NS' }),
      'type: RRSet of type NS with DNS name example.com. is not permitted as an alias target',
    ],
    [
      ALIAS(NAME, 'a.example.net'),
      'aliasTarget.dnsName: Tried to create an alias that targets a.example.net., type A in zone Z1, but the alias target name does not lie within the target zone',
    ],
    [
      ALIAS(NAME, ''),
      "aliasTarget.dnsName: FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''",
    ],
  ];
  for (const [input, message] of rows) t.same(faultsOf([input]), [`0 ${message}`], message.slice(0, 100));
});

t.test('all that is wrong with a set is told at once', async (t) => {
  const faults = faultsOf([
    A('x.example.net', {
      type: 'MX',
      ttl: -1,
      values: ['a', 'b'],
      setIdentifier: 's',
      weight: 300,
      healthCheckId: 'no',
    }),
  ]);
  t.equal(faults.length, 6);
});

t.test('every fault says what would be right', async (t) => {
  for (const fault of read([{ name: 'x', type: 'y', setIdentifier: '', failover: 'z' }]).faults)
    t.ok(fault.remedy.length > 5, fault.message);
});
