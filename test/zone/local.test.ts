import t from 'tap';
import { parseCidr } from '../../src/util/cidr.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import { typeFromText } from '../../src/wire/rdata/table.ts';
import { lookupCompute } from '../../src/zone/compute.ts';
import { Zone } from '../../src/zone/image.ts';
import { type LocalZone, localZones, vpcLocalZones } from '../../src/zone/local.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { NameTable } from '../../src/zone/nametable.ts';
import { ask, lines, name, show } from './support.ts';

const local = localZones();
const table = NameTable.build(local.map((zone, i) => [zone.name, i]));

/** Asks the most specific local zone. */
function resolve(question: string): string[] {
  const [qname] = question.split(' ') as [string];
  let rest = name(qname);
  for (;;) {
    const index = table.lookup(rest);
    if (index >= 0) return ask(Zone.from(local[index]!.image), question);
    if (rest.length === 1) return ['NO LOCAL ZONE'];
    rest = rest.subarray(rest[0]! + 1);
  }
}

t.test('empty zones say NXDOMAIN, and NODATA at the apex', async (t) => {
  for (const zone of [
    '10.in-addr.arpa.',
    '16.172.in-addr.arpa.',
    '31.172.in-addr.arpa.',
    '168.192.in-addr.arpa.',
    '0.in-addr.arpa.',
    '254.169.in-addr.arpa.',
    '254.169.254.169.in-addr.arpa.',
    '2.0.192.in-addr.arpa.',
    '100.51.198.in-addr.arpa.',
    '113.0.203.in-addr.arpa.',
    '255.255.255.255.in-addr.arpa.',
    '64.100.in-addr.arpa.',
    '127.100.in-addr.arpa.',
    'd.f.ip6.arpa.',
    '8.e.f.ip6.arpa.',
    'b.e.f.ip6.arpa.',
    '8.b.d.0.1.0.0.2.ip6.arpa.',
    'test.',
    'invalid.',
    'onion.',
    'alt.',
    'home.arpa.',
  ]) {
    t.same(resolve(`${zone} PTR`), ['NODATA'], zone);
    t.same(resolve(`1.x.${zone} PTR`), ['NXDOMAIN'], zone);
    t.same(resolve(`${zone} SOA`), [
      'HIT',
      `${zone} 10800 SOA ${zone} nobody.invalid. 1 3600 1200 604800 10800`,
    ]);
    t.same(resolve(`${zone} NS`), ['HIT', `${zone} 10800 NS ${zone}`]);
  }
});

t.test('what is not private is nobody’s here', async (t) => {
  for (const other of ['15.172', '32.172', '63.100', '128.100', '1.0.192', '11', '169.192'])
    t.same(resolve(`1.${other}.in-addr.arpa. PTR`), ['NO LOCAL ZONE'], other);
  for (const other of ['7.e.f', 'c.e.f', 'e.f', '9.b.d.0.1.0.0.2'])
    t.same(resolve(`${other}.ip6.arpa. PTR`), ['NO LOCAL ZONE'], other);
  t.same(resolve('arpa. NS'), ['NO LOCAL ZONE']);
  t.same(resolve('example. A'), ['NO LOCAL ZONE']);
});

t.test(
  'localhost is the loopback address, and so is every name below it (RFC 6761 section 6.3)',
  async (t) => {
    t.same(resolve('LocalHost. A'), ['HIT', 'LocalHost. 10800 A 127.0.0.1']);
    t.same(resolve('localhost. AAAA'), ['HIT', 'localhost. 10800 AAAA ::1']);
    t.same(resolve('www.localhost. A'), ['HIT', 'www.localhost. 10800 A 127.0.0.1']);
    t.same(resolve('localhost. MX'), ['NODATA']);
    t.same(resolve('localhost.localdomain. A'), ['HIT', 'localhost.localdomain. 10800 A 127.0.0.1']);
    t.same(resolve('x.localdomain. A'), ['NXDOMAIN']);
  },
);

t.test('and back', async (t) => {
  t.same(resolve('1.0.0.127.in-addr.arpa. PTR'), ['HIT', '1.0.0.127.in-addr.arpa. 10800 PTR localhost.']);
  t.same(resolve('2.0.0.127.in-addr.arpa. PTR'), ['NXDOMAIN']);
  const loopback = `1.${'0.'.repeat(31)}ip6.arpa.`;
  t.same(resolve(`${loopback} PTR`), ['HIT', `${loopback} 10800 PTR localhost.`]);
  t.same(resolve(`0.${'0.'.repeat(31)}ip6.arpa. PTR`), ['NODATA']);
});

t.test(
  'resolver.arpa: NODATA for all names, there is no designated resolver (RFC 9462 section 4)',
  async (t) => {
    t.same(resolve('_dns.resolver.arpa. SVCB'), ['NODATA']);
    t.same(resolve('a.b.resolver.arpa. A'), ['NODATA']);
  },
);

t.test('every zone is there once, with the group that it is switched off by', async (t) => {
  t.equal(table.size, local.length);
  const reverse = local
    .filter((zone) => zone.group === 'autodefined-reverse')
    .map((zone) => nameToText(zone.name));
  t.equal(reverse.length, 1 + 1 + 16 + 1);
  t.notOk(reverse.includes('127.in-addr.arpa.'));
});

const cidrs = ['10.20.0.0/16', '10.21.4.0/23', '192.0.2.16/28', '2001:db8::/56'].map(parseCidr);
const vpc = vpcLocalZones({ region: 'eu-central-1', cidrs });

function compute(zones: readonly LocalZone[], zone: string, question: string): string[] {
  const [qname, qtype] = question.split(' ') as [string, string];
  const found = zones.find((candidate) => nameToText(candidate.name) === zone)!;
  const code = qtype === 'ANY' ? TYPE.ANY : typeFromText(qtype)!;
  return show(lookupCompute(Zone.from(found.image), found.compute!, name(qname), code));
}

t.test('reverse zones of a VPC are on whole octets', async (t) => {
  const names = (...blocks: string[]): string[] =>
    vpcLocalZones({ region: 'eu-central-1', cidrs: blocks.map(parseCidr) })
      .slice(1)
      .map((zone) => nameToText(zone.name).replace('.in-addr.arpa.', ''));
  t.same(names('10.0.0.0/23'), ['0.0.10', '1.0.10']);
  t.same(names('10.0.0.0/16', '10.0.0.0/20'), ['0.10', ...Array.from({ length: 16 }, (_, i) => `${i}.0.10`)]);
  t.same(names('10.0.0.0/8'), ['10']);
  t.same(
    names('172.16.0.0/12'),
    Array.from({ length: 16 }, (_, i) => `${16 + i}.172`),
  );
  t.same(names('192.0.2.128/25', '192.0.2.16/28'), ['2.0.192']);
  t.same(names('2001:db8::/56'), []);
});

t.test('an address of the VPC has a name', async (t) => {
  const zone = 'eu-central-1.compute.internal.';
  const asked = (question: string): string[] => compute(vpc, zone, question);
  t.same(asked(`IP-10-20-255-1.${zone} A`), ['HIT', `IP-10-20-255-1.${zone} 60 A 10.20.255.1`]);
  t.same(asked(`ip-10-21-5-0.${zone} ANY`), ['ANY', `ip-10-21-5-0.${zone} 60 A 10.21.5.0`]);
  t.same(asked(`ip-10-20-0-1.${zone} AAAA`), ['NODATA']);
  t.same(asked(`ip-10-21-6-0.${zone} A`), ['NXDOMAIN'], 'outside the blocks');
  t.same(asked(`x.ip-10-20-0-1.${zone} A`), ['NXDOMAIN']);
  for (const label of [
    'ip-10-20-0',
    'ip-10-20-0-256',
    'ip-10-20-00-1',
    'ip-10-20-0-1-',
    'ip-10-20--1',
    'ip10-20-0-1',
    'www',
  ])
    t.same(asked(`${label}.${zone} A`), ['NXDOMAIN'], label);
  t.same(asked(`${zone} A`), ['NODATA']);
  t.same(asked(`${zone} SOA`)[0], 'HIT');
});

t.test('and its reverse leads back to it', async (t) => {
  const asked = (zone: string, question: string): string[] => compute(vpc, `${zone}.in-addr.arpa.`, question);
  t.same(asked('20.10', '1.255.20.10.in-addr.arpa. PTR'), [
    'HIT',
    '1.255.20.10.in-addr.arpa. 60 PTR ip-10-20-255-1.eu-central-1.compute.internal.',
  ]);
  t.same(asked('20.10', '1.255.20.10.in-addr.arpa. A'), ['NODATA']);
  t.same(asked('20.10', '255.20.10.in-addr.arpa. PTR'), ['NODATA'], 'a name above existing ones');
  t.same(asked('20.10', '20.10.in-addr.arpa. PTR'), ['NODATA']);
  t.same(asked('20.10', '256.20.10.in-addr.arpa. PTR'), ['NXDOMAIN']);
  t.same(asked('20.10', '9.1.255.20.10.in-addr.arpa. PTR'), ['NXDOMAIN']);
  t.same(asked('2.0.192', '31.2.0.192.in-addr.arpa. PTR')[0], 'HIT');
  t.same(asked('2.0.192', '32.2.0.192.in-addr.arpa. PTR'), ['NXDOMAIN'], 'in the octet, not in the block');
});

t.test('us-east-1 has names of its own', async (t) => {
  const zones = vpcLocalZones({ region: 'us-east-1', cidrs });
  t.same(compute(zones, 'ec2.internal.', 'ip-10-20-0-1.ec2.internal. A')[0], 'HIT');
  t.same(
    compute(zones, '20.10.in-addr.arpa.', '1.0.20.10.in-addr.arpa. PTR').at(-1),
    '1.0.20.10.in-addr.arpa. 60 PTR ip-10-20-0-1.ec2.internal.',
  );
});

t.test('a zone with such names is also an ordinary zone', async (t) => {
  const zone = Zone.from(vpc[0]!.image, 8);
  const result = lookup(zone, name('x.eu-central-1.compute.internal.'), TYPE.A);
  t.equal(result.kind, 'nxdomain');
  t.same(lines(zone.ns), ['eu-central-1.compute.internal. 10800 NS eu-central-1.compute.internal.']);
  const made = lookupCompute(
    zone,
    vpc[0]!.compute!,
    name('ip-10-20-0-1.eu-central-1.compute.internal.'),
    TYPE.A,
  );
  t.same(made.deps, result.deps);
});
