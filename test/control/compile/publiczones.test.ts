/** Public zones and the views of authoritative endpoints in a snapshot. */
import t from 'tap';
import { CidrTable, parseAddress } from '../../../src/util/cidr.ts';
import type { Snapshot } from '../../../src/view/snapshot.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { dependencyHash, nameServersHash } from '../../../src/zone/dependency.ts';
import { candidatesOf, compiled, compileText, recordsOf } from './support.ts';

const NODE =
  'node: { region: eu-central-1 }\nvpcs: [{ id: vpc-a, region: us-east-1, cidrs: [10.0.0.0/8] }]\n';
const ENDPOINTS = `endpoints:
  inbound: [{ id: in-1, listen: [127.0.0.1], clientSubnet: [192.0.2.0/24] }]
  authoritative:
    - { id: auth-1, listen: [127.0.0.2], delegationSet: set-1 }
    - { id: auth-2, listen: [127.0.0.3], zones: [own], allow: [192.0.2.0/24], clientSubnet: none }
    - { id: deleg-1, listen: [127.0.0.4], vpc: vpc-a }
delegationSets: [{ id: set-1, nameServers: [ns1.dns.test., ns2.dns.test.] }]
`;
const ZONES = `zones:
  - { name: z.test., records: "www A 192.0.2.1", delegationSet: set-1 }
  - { name: kid.z.test., records: "@ 60 NS ns.far.test.", delegationSet: set-1 }
  - { id: own, name: z.test., file: own.zone }
  - { id: private, name: z.test., records: "www A 10.0.0.1", vpcs: [vpc-a], overlay: nxdomain }
`;
const OWN = {
  '/etc/causeway/own.zone':
    '@ 900 SOA ns h 7 2 3 4 5\n@ 900 NS ns\nns 900 A 192.0.2.53\nwww 60 A 192.0.2.2\n',
};
const TEXT = NODE + ENDPOINTS + ZONES;

const endpoint = (snapshot: Snapshot, id: string) => snapshot.endpoints.find((each) => each.id === id)!;

t.test('each endpoint has a view with the zones that it serves and nothing else', async (t) => {
  const { snapshot } = compiled(TEXT, OWN);
  const view = (id: string) => snapshot.views[endpoint(snapshot, id).view]!;
  t.match(view('auth-1'), {
    vpc: 'endpoint auth-1',
    serves: 'authority',
    region: '',
    dns64: undefined,
  });
  t.equal(view('deleg-1').region, 'us-east-1', 'that of the VPC');
  t.same(candidatesOf(snapshot, 'endpoint auth-1', 'www.z.test.'), ['zone z.test.@public']);
  t.same(candidatesOf(snapshot, 'endpoint auth-1', 'www.kid.z.test.'), [
    'zone kid.z.test.@public',
    'zone z.test.@public',
  ]);
  t.same(candidatesOf(snapshot, 'endpoint auth-2', 'www.z.test.'), ['zone own']);
  t.same(candidatesOf(snapshot, 'endpoint deleg-1', 'www.z.test.'), ['zone private']);
  t.match(view('deleg-1').groups, [[{ overlay: 'none' }]], 'nothing comes behind it');
  for (const id of ['auth-1', 'auth-2', 'deleg-1'])
    for (const name of ['localhost.', 'test.', '10.in-addr.arpa.'])
      t.same(candidatesOf(snapshot, `endpoint ${id}`, name), [], `${id} ${name}`);
  t.equal(candidatesOf(snapshot, 'vpc-a', 'www.z.test.')[0], 'zone private', 'split horizon');
  t.same(
    snapshot.zones.slice(0, 4).map(({ kind }) => kind),
    ['public', 'public', 'public', 'private'],
  );
});

t.test('who may ask, and whose client subnet counts', async (t) => {
  const { snapshot } = compiled(TEXT, OWN);
  const counts = (id: string, key: 'allow' | 'clientSubnet') =>
    ['192.0.2.7', '198.51.100.7', '2001:db8::7'].map(
      (address) => CidrTable.from(endpoint(snapshot, id)[key]).lookup(parseAddress(address)) >= 0,
    );
  t.same(counts('auth-1', 'allow'), [true, true, true], 'everybody');
  t.same(counts('auth-2', 'allow'), [true, false, false]);
  t.same(counts('auth-1', 'clientSubnet'), [true, true, true], 'as Route 53');
  t.same(counts('auth-2', 'clientSubnet'), [false, false, false]);
  t.same(counts('deleg-1', 'clientSubnet'), [false, false, false], 'private zones');
  t.same(counts('in-1', 'clientSubnet'), [true, false, false]);
});

t.test('SOA and NS of the delegation set, where the zone has none of its own', async (t) => {
  const result = compiled(TEXT, OWN);
  t.same(recordsOf(result, 'z.test.@public').sort(), [
    'www.z.test. A 192.0.2.1',
    'z.test. NS ns1.dns.test.',
    'z.test. NS ns2.dns.test.',
    'z.test. SOA ns1.dns.test. hostmaster.z.test. 1 7200 900 1209600 86400',
  ]);
  t.same(recordsOf(result, 'kid.z.test.@public').sort(), [
    'kid.z.test. NS ns.far.test.',
    'kid.z.test. SOA ns1.dns.test. hostmaster.kid.z.test. 1 7200 900 1209600 86400',
  ]);
  const long = `${'l'.repeat(63)}.${'l'.repeat(63)}.${'l'.repeat(63)}.${'l'.repeat(55)}.`;
  const far = compiled(
    `${NODE}${ENDPOINTS}zones: [{ id: own, name: ${long}, records: "", delegationSet: set-1 }]`,
  );
  t.match(
    recordsOf(far, 'own').join('\n'),
    new RegExp(`SOA ns1\\.dns\\.test\\. ${long} 1 `),
    'a mailbox that fits',
  );
});

t.test('a public zone without a set needs its own', async (t) => {
  const { errors } = compileText(
    `${NODE}${ENDPOINTS}zones: [{ id: own, name: z.test., records: "www A 192.0.2.1" }]`,
  );
  t.match(
    errors?.map(({ message }) => message),
    [/z\.test\.: .*SOA/, /z\.test\.: .*NS/],
  );
});

t.test('a reload: other names in the set are another zone; views stay where they are', async (t) => {
  const first = compiled(TEXT, OWN);
  const same = compiled(TEXT, OWN, first);
  t.same(same.changes, []);
  t.same(same.touched, []);
  t.equal(same.snapshot.zones[0]!.image, first.snapshot.zones[0]!.image);
  const moved = compiled(TEXT.replace('ns2.dns', 'ns3.dns'), OWN, first);
  const [zone] = moved.snapshot.zones;
  t.not(zone!.image, first.snapshot.zones[0]!.image);
  t.ok(moved.touched.includes(nameServersHash(zone!.key, zone!.name)), 'they stand in each positive answer');
  const indexOf = (result: typeof first, vpc: string) =>
    result.snapshot.views.find((view) => view.vpc === vpc)?.index;
  const gone = compiled(
    TEXT.replace('    - { id: auth-1, listen: [127.0.0.2], delegationSet: set-1 }\n', ''),
    OWN,
    first,
  );
  t.equal(indexOf(gone, 'endpoint deleg-1'), indexOf(first, 'endpoint deleg-1'));
  t.equal(indexOf(gone, 'endpoint auth-1'), undefined);
  t.match(gone.changes, [/endpoint auth-1: removed/]);
});

t.test('an endpoint that serves another zone: its answers of that name end, and it is told', async (t) => {
  const first = compiled(TEXT, OWN);
  const next = compiled(TEXT.replace('zones: [own]', 'zones: [z.test.@public]'), OWN, first);
  const { key } = next.snapshot.views.find((view) => view.vpc === 'endpoint auth-2')!;
  t.same(next.touched, [dependencyHash(key, nameFromText('z.test.'))]);
  t.same(next.changes, ['endpoint auth-2: z.test. changed']);
});

t.test(
  'an address of a name server touches what all positive answers depend on, and no other name does',
  async (t) => {
    const first = compiled(TEXT, OWN);
    const hash = nameServersHash(first.snapshot.zones[2]!.key, nameFromText('z.test.'));
    const change = (from: string, to: string) =>
      compiled(TEXT, { '/etc/causeway/own.zone': OWN['/etc/causeway/own.zone'].replace(from, to) }, first)
        .touched;
    t.ok(change('192.0.2.53', '192.0.2.54').includes(hash));
    t.ok(change('@ 900 NS ns', '@ 900 NS ns\n@ 900 NS ns.far.').includes(hash));
    t.notOk(change('192.0.2.2', '192.0.2.3').includes(hash));
    t.notOk(change('h 7 2', 'h 8 2').includes(hash), 'nor a serial');
  },
);
