/** The sets of one zone together: one row for each of Route 53's messages. */
import t from 'tap';
import type { RecordSetInput } from '../../../src/control/records/input.ts';
import type { OtherRecords } from '../../../src/control/records/members.ts';
import { checkSets } from '../../../src/control/records/rules.ts';
import { nameFromText, nameKey } from '../../../src/wire/name.ts';
import { A, ALIAS, faultsOf, read, ZONE } from './support.ts';

const NAME = 'www.example.com';
const CNAME = (name: string, more: Partial<RecordSetInput> = {}): RecordSetInput =>
  A(name, { type: 'CNAME', values: ['a.b'], ...more });
const one = (more: Partial<RecordSetInput>): RecordSetInput => A(NAME, { setIdentifier: 'one', ...more });
const two = (more: Partial<RecordSetInput>): RecordSetInput => A(NAME, { setIdentifier: 'two', ...more });
const TWO = 'RRSet with DNS name www.example.com., type A, SetIdentifier two';

/** A zone file with an address at db.example.com and at x.y.example.com. */
const FILE: OtherRecords = {
  isWhole: true,
  types: (key) => (key === DB || key === XY ? [1] : []),
  has: (key, type) => (key === DB || key === XY) && type === 1,
  exists: (key) => [DB, XY, nameKey(nameFromText('y.example.com.')), nameKey(ZONE.name)].includes(key),
};
const DB = nameKey(nameFromText('db.example.com.'));
const XY = nameKey(nameFromText('x.y.example.com.'));

const targets = (name: string): string =>
  `Tried to create an alias that targets ${name}, type A in zone Z1, but`;

t.test('what does not go together', async (t) => {
  const rows: readonly (readonly [string, readonly RecordSetInput[], string])[] = [
    [
      'twice',
      [A(NAME), A('WWW.example.com.')],
      "1 : Tried to create resource record set [name='www.example.com.', type='A'] but it already exists",
    ],
    [
      'an identifier twice',
      [one({ weight: 1 }), one({ weight: 2 })],
      "1 : Tried to create resource record set [name='www.example.com.', type='A', set-identifier='one'] but it already exists",
    ],
    [
      'beside a record of the zone file',
      [A('db.example.com')],
      "0 : Tried to create resource record set [name='db.example.com.', type='A'] but it already exists",
    ],
    [
      'a CNAME to others',
      [A(NAME), CNAME(NAME)],
      '1 type: RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.',
    ],
    [
      'a CNAME to records of the zone file',
      [CNAME('db.example.com')],
      '0 type: RRSet of type CNAME with DNS name db.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.',
    ],
    [
      'others to a CNAME',
      [CNAME('*.example.com'), A('*.example.com')],
      '1 type: RRSet of type A with DNS name \\052.example.com. is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com.',
    ],
    [
      'a CNAME at the apex',
      [CNAME('example.com')],
      '0 type: RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.',
    ],
    [
      'an alias of type CNAME at the apex',
      [CNAME(NAME), ALIAS('example.com', NAME, { type: 'CNAME' })],
      '1 type: RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.',
    ],
    [
      'an SOA elsewhere',
      [A(NAME, { type: 'SOA', values: ['a b 1 2 3 4 5'] })],
      '0 type: RRSet of type SOA with DNS name www.example.com. is not permitted in zone example.com.',
    ],
    [
      'NS at a wildcard',
      [A('*.example.com', { type: 'NS', values: ['ns.x'] })],
      '0 type: RRSet of type NS with DNS name \\052.example.com. is not permitted in zone example.com.',
    ],
    [
      'weighted to simple',
      [A(NAME), two({ weight: 1 })],
      `1 : ${TWO} cannot be created as a non-weighted set exists with the same name and type.`,
    ],
    [
      'weighted to a record of the zone file',
      [A('db.example.com', { setIdentifier: 'one', weight: 1 })],
      '0 : RRSet with DNS name db.example.com., type A, SetIdentifier one cannot be created as a non-weighted set exists with the same name and type.',
    ],
    [
      'failover to weighted',
      [one({ weight: 1 }), two({ failover: 'PRIMARY' })],
      `1 : ${TWO} cannot be created as a non-failover set exists with the same name and type.`,
    ],
    [
      'simple to weighted',
      [one({ weight: 1 }), A(NAME)],
      '1 : RRSet with DNS name www.example.com., type A cannot be created as other RRSets exist with the same name and type.',
    ],
    [
      'weighted with another TTL',
      [one({ weight: 1 }), two({ weight: 1, ttl: 61 })],
      '1 : RRSet with DNS name www.example.com. and type A, SetIdentifier two cannot be created as weighted sets must contain the same TTL.',
    ],
    [
      'a region twice',
      [one({ region: 'us-east-1' }), two({ region: 'us-east-1' })],
      `1 : ${TWO}, and Region Name=us-east-1 cannot be created because a latency RRSet with the same name, type and region already exists.`,
    ],
    [
      'a role twice',
      [one({ failover: 'PRIMARY' }), two({ failover: 'PRIMARY' })],
      `1 : ${TWO}, and Failover=PRIMARY cannot be created because a failover RRSet with the same name, type and failover already exists.`,
    ],
    [
      'a place twice',
      [
        one({ geoLocation: { countryCode: 'US', subdivisionCode: 'WA' } }),
        two({ geoLocation: { countryCode: 'US', subdivisionCode: 'WA' } }),
      ],
      `1 : ${TWO}, and GeoLocation=US-WA cannot be created because a geolocation RRSet with the same name, type and geolocation already exists.`,
    ],
    [
      'a CIDR location twice',
      [
        one({ cidrRoutingConfig: { collectionId: 'offices', locationName: 'berlin' } }),
        two({ cidrRoutingConfig: { collectionId: 'offices', locationName: 'berlin' } }),
      ],
      `1 : ${TWO}, and Location Name=berlin cannot be created because a CIDR RRSet with the same name, type and location already exists.`,
    ],
    [
      'two CIDR collections',
      [
        one({ cidrRoutingConfig: { collectionId: 'offices', locationName: 'berlin' } }),
        two({ cidrRoutingConfig: { collectionId: 'branches', locationName: 'berlin' } }),
      ],
      `1 : ${TWO} cannot be created as IP-based sets must name the same CIDR collection.`,
    ],
    [
      '101 of a group',
      Array.from({ length: 101 }, (_, i) => A(NAME, { setIdentifier: `${i}`, weight: 1 })),
      '100 : RRSet with DNS name www.example.com., type A, SetIdentifier 100 cannot be created as more than 100 sets have this name and type.',
    ],
    [
      '31 of a geoproximity group',
      Array.from({ length: 31 }, (_, i) =>
        A(NAME, { setIdentifier: `${i}`, geoProximityLocation: { awsRegion: 'us-east-1', bias: i } }),
      ),
      '30 : RRSet with DNS name www.example.com., type A, SetIdentifier 30 cannot be created as more than 30 sets have this name and type.',
    ],
    [
      'a target that is not there',
      [ALIAS(NAME, 'a.example.com')],
      `0 aliasTarget.dnsName: ${targets('a.example.com.')} that target was not found`,
    ],
    [
      'a target of another type',
      [A('a.example.com', { type: 'AAAA', values: ['::1'] }), ALIAS(NAME, 'a.example.com')],
      `1 aliasTarget.dnsName: ${targets('a.example.com.')} that target was not found`,
    ],
    [
      'a name that keeps the wildcard away',
      [A('*.example.com'), A('a.b.example.com'), ALIAS(NAME, 'c.b.example.com')],
      `2 aliasTarget.dnsName: ${targets('c.b.example.com.')} that target was not found`,
    ],
    [
      'a name of the zone file that keeps it away',
      [A('*.example.com'), ALIAS(NAME, 'z.y.example.com')],
      `1 aliasTarget.dnsName: ${targets('z.y.example.com.')} that target was not found`,
    ],
    [
      'an alias to itself',
      [ALIAS(NAME, NAME)],
      `0 aliasTarget.dnsName: ${targets('www.example.com.')} its aliases lead in a circle`,
    ],
  ];
  for (const [what, inputs, message] of rows) t.same(faultsOf(inputs, FILE), [message], what);
});

t.test('what goes together', async (t) => {
  for (const [what, inputs] of [
    ['types at one name', [A(NAME), A(NAME, { type: 'AAAA', values: ['::1'] })]],
    ['a group', [one({ weight: 0 }), two({ weight: 0 })]],
    [
      'an alias in a weighted group has no TTL',
      [one({ weight: 1, ttl: 9 }), ALIAS(NAME, 'db.example.com', { setIdentifier: 'two', weight: 1 })],
    ],
    [
      'other TTLs where the policy is another',
      [one({ failover: 'PRIMARY' }), two({ failover: 'SECONDARY', ttl: 9 })],
    ],
    [
      'the roles of one policy by type',
      [one({ failover: 'PRIMARY' }), one({ failover: 'PRIMARY', type: 'AAAA', values: ['::1'] })],
    ],
    [
      'a country and its state',
      [
        one({ geoLocation: { countryCode: 'US' } }),
        two({ geoLocation: { countryCode: 'US', subdivisionCode: 'WA' } }),
      ],
    ],
    [
      'a continent and a country',
      [one({ geoLocation: { continentCode: 'EU' } }), two({ geoLocation: { countryCode: '*' } })],
    ],
    ['a target that comes later', [ALIAS(NAME, 'a.example.com'), A('a.example.com')]],
    ['a target in the zone file', [ALIAS(NAME, 'db.example.com')]],
    ['a target by a wildcard', [A('*.b.example.com'), ALIAS(NAME, 'x.y.b.example.com')]],
    [
      'a target that is a group',
      [A('a.example.com', { setIdentifier: 'x', weight: 1 }), ALIAS(NAME, 'a.example.com')],
    ],
    [
      'aliases of aliases',
      [ALIAS('a.example.com', 'b.example.com'), ALIAS('b.example.com', 'c.example.com'), A('c.example.com')],
    ],
    ['an alias at the apex', [ALIAS('example.com', 'db.example.com')]],
    ['a CNAME alias', [CNAME('a.example.com'), ALIAS(NAME, 'a.example.com', { type: 'CNAME' })]],
    [
      'apex sets',
      [
        A('example.com', { type: 'NS', values: ['ns.x'] }),
        A('example.com', { type: 'SOA', values: ['a b 1 2 3 4 5'] }),
      ],
    ],
    [
      '30 of a geoproximity group',
      Array.from({ length: 30 }, (_, i) =>
        A(NAME, { setIdentifier: `${i}`, geoProximityLocation: { awsRegion: 'us-east-1', bias: i } }),
      ),
    ],
  ] as const)
    t.same(faultsOf(inputs as readonly RecordSetInput[], FILE), [], what);
});

t.test('circles and long ways: every alias that leads into one, and no other', async (t) => {
  const faults = faultsOf([
    ALIAS('a.example.com', 'b.example.com'),
    ALIAS('b.example.com', 'c.example.com', { setIdentifier: '1', weight: 1 }),
    A('b.example.com', { setIdentifier: '2', weight: 1 }),
    ALIAS('c.example.com', '*.w.example.com'),
    ALIAS('*.w.example.com', 'b.example.com'),
    ALIAS('way.example.com', 'any.w.example.com'),
    ALIAS('good.example.com', 'end.example.com'),
    A('end.example.com'),
  ]);
  t.same(
    faults.map((fault) => Number.parseInt(fault, 10)),
    [0, 1, 3, 4, 5],
  );
  const chain = (length: number) => [
    ...Array.from({ length }, (_, i) => ALIAS(`n${i}.example.com`, `n${i + 1}.example.com`)),
    A(`n${length}.example.com`),
  ];
  t.same(faultsOf(chain(32)), []);
  t.same(faultsOf(chain(20_000)), [
    `${20_000 - 33} aliasTarget.dnsName: ${targets('n19968.example.com.')} its aliases lead through more than 32 others`,
  ]);
});

t.test('where a set could not be read, nobody misses it', async (t) => {
  const { drafts } = read([ALIAS(NAME, 'a.example.com')]);
  t.same(checkSets(ZONE, [...drafts, undefined]), []);
});

t.test('all faults of a zone at once, each at its set', async (t) => {
  const faults = faultsOf([
    A(NAME),
    CNAME(NAME),
    A(NAME),
    A('example.net'),
    ALIAS('x.example.com', 'none.example.com', { ttl: 5 }),
  ]);
  t.same(
    faults.map((fault) => Number.parseInt(fault, 10)),
    [3, 4, 1, 2, 2],
  );
});
