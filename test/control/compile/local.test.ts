/** Zones that every VPC has without being asked for, and where they stand. */
import t from 'tap';
import { nameFromText } from '../../../src/wire/name.ts';
import { dependencyHash } from '../../../src/zone/dependency.ts';
import { candidatesOf, compiled } from './support.ts';

const VPCS = `vpcs:
  - { id: vpc-a, region: eu-central-1, cidrs: [10.20.0.0/16, 127.0.0.0/8] }
  - { id: vpc-b, cidrs: [10.30.0.0/23], autodefinedReverse: false }
`;

t.test('special names and reverse names of private addresses', async (t) => {
  const { snapshot } = compiled(VPCS);
  for (const [qname, zone] of [
    ['localhost.', 'localhost.'],
    ['www.onion.', 'onion.'],
    ['_dns.resolver.arpa.', 'resolver.arpa.'],
    ['1.0.0.10.in-addr.arpa.', '10.in-addr.arpa.'],
    ['1.0.16.172.in-addr.arpa.', '16.172.in-addr.arpa.'],
    ['1.0.0.127.in-addr.arpa.', '127.in-addr.arpa.'],
  ] as const)
    t.same(candidatesOf(snapshot, 'vpc-a', qname), [`local local:${zone}`], qname);
});

t.test('names of instances and reverse zones of a VPC are its own', async (t) => {
  const { snapshot } = compiled(VPCS);
  t.same(candidatesOf(snapshot, 'vpc-a', '5.0.20.10.in-addr.arpa.'), [
    'local local:vpc-a:20.10.in-addr.arpa.',
    'local local:10.in-addr.arpa.',
  ]);
  t.same(candidatesOf(snapshot, 'vpc-a', 'ip-10-20-0-5.eu-central-1.compute.internal.'), [
    'local local:vpc-a:eu-central-1.compute.internal.',
  ]);
  t.same(candidatesOf(snapshot, 'vpc-b', 'ip-10-30-0-5.ec2.internal.'), ['local local:vpc-b:ec2.internal.']);
  t.same(candidatesOf(snapshot, 'vpc-b', 'ip-10-20-0-5.eu-central-1.compute.internal.'), []);
  const zone = snapshot.zones.find(({ id }) => id === 'local:vpc-a:eu-central-1.compute.internal.');
  t.ok(zone?.compute, 'made up when asked for');
});

t.test('autodefinedReverse: false takes all of those for reverse names away, and nothing else', async (t) => {
  const { snapshot } = compiled(VPCS);
  for (const qname of ['1.0.0.10.in-addr.arpa.', '1.0.30.10.in-addr.arpa.', '1.1.168.192.in-addr.arpa.'])
    t.same(candidatesOf(snapshot, 'vpc-b', qname), [], qname);
  t.same(candidatesOf(snapshot, 'vpc-b', 'localhost.'), ['local local:localhost.']);
});

t.test('a rule or private zone of the same name comes before; a longer autodefined name stays', async (t) => {
  const { snapshot } = compiled(`${VPCS}rules:
  - { id: r, domain: 10.in-addr.arpa., type: forward, targets: [192.0.2.1], vpcs: [vpc-a] }
zones:
  - { id: z, name: 20.10.in-addr.arpa., records: "1 PTR a.", vpcs: [vpc-a] }
`);
  t.same(candidatesOf(snapshot, 'vpc-a', '1.0.20.10.in-addr.arpa.'), [
    'zone z',
    'local local:vpc-a:20.10.in-addr.arpa.',
    'forward r',
    'local local:10.in-addr.arpa.',
  ]);
  t.same(candidatesOf(snapshot, 'vpc-a', '1.0.0.127.in-addr.arpa.'), ['local local:127.in-addr.arpa.']);
});

t.test('a VPC whose block is a whole private network has one zone of that name', async (t) => {
  const { snapshot } = compiled('vpcs: [{ id: a, cidrs: [10.0.0.0/8] }]');
  t.same(candidatesOf(snapshot, 'a', '1.0.0.10.in-addr.arpa.'), ['local local:a:10.in-addr.arpa.']);
});

t.test('reload: images stay; other blocks touch the names of instances', async (t) => {
  const first = compiled(VPCS);
  const image = (of: typeof first, id: string): unknown =>
    of.snapshot.zones.find((zone) => zone.id === id)?.image;
  const same = compiled(VPCS, {}, first);
  for (const { id } of first.snapshot.zones) t.equal(image(same, id), image(first, id), id);
  const more = compiled(VPCS.replace('10.20.0.0/16,', '10.20.0.0/16, 10.99.0.0/16,'), {}, first);
  const zone = first.snapshot.zones.find(({ id }) => id === 'local:vpc-a:eu-central-1.compute.internal.')!;
  t.ok(more.touched.includes(dependencyHash(zone.key, nameFromText('eu-central-1.compute.internal.'))));
  const { key } = first.snapshot.views[0]!;
  t.ok(
    more.touched.includes(dependencyHash(key, nameFromText('10.in-addr.arpa.'))),
    'a new reverse zone below it',
  );
});
