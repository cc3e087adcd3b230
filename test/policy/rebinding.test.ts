import t from 'tap';
import { Rebinding } from '../../src/policy/rebinding.ts';
import { addressToText, CidrTable } from '../../src/util/cidr.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { rdataToText } from '../../src/wire/rdata/table.ts';
import { setsOf } from '../support/upstream.ts';
import { blocksOf } from '../support/world.ts';

/** Ranges of the attack catalogue: this network, private, loopback, link-local, unique local, behind a NAT64. */
const BLOCKED = [
  ...['0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', '64:ff9b::a00:0/104'],
];
const guard = new Rebinding(CidrTable.from(blocksOf(BLOCKED)), [nameFromText('home.example.')]);

/** What is left of a set of records, and the address that was found first. */
function judged(lines: readonly string[]): { rest: string[]; address: string | undefined } {
  const [set] = setsOf(lines);
  const verdict = guard.judge(set!);
  if (verdict.kind === 'pass') return { rest: lines.map((line) => line), address: undefined };
  const rest = (verdict.rest?.rdatas ?? []).map((rdata) => rdataToText(set!.type, rdata));
  if (verdict.rest?.sigs !== undefined) throw new Error('signatures of what is no longer whole');
  return { rest, address: addressToText(verdict.address) };
}

const INSIDE: readonly [string, string][] = [
  ...[
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.0',
    '10.255.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
  ].map((address): [string, string] => ['A', address]),
  ...[
    '::',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1',
    '64:ff9b::10.1.2.3',
  ].map((address): [string, string] => ['AAAA', address]),
];
const OUTSIDE: readonly [string, string][] = [
  ...[
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.1.1',
    '192.0.0.170',
  ].map((address): [string, string] => ['A', address]),
  ...['::2', '2001:db8::1', 'fbff::1', 'fe00::1', 'fec0::1', '::ffff:192.0.2.1', '64:ff9b::192.0.2.1'].map(
    (address): [string, string] => ['AAAA', address],
  ),
];

t.test('each range, in addresses and in hints', async (t) => {
  for (const [type, address] of INSIDE) {
    const hint = type === 'A' ? 'ipv4hint' : 'ipv6hint';
    t.same(judged([`www.example. 60 IN ${type} ${address}`]).rest, [], `${type} ${address}`);
    for (const service of ['HTTPS', 'SVCB']) {
      t.same(judged([`www.example. 60 IN ${service} 1 . alpn=h2 ${hint}=${address}`]).rest, [], service);
      const other = type === 'A' ? '192.0.2.1' : '2001:db8::1';
      t.same(judged([`www.example. 60 IN ${service} 1 cdn.test. ${hint}=${other},${address}`]).rest, []);
    }
  }
  for (const [type, address] of OUTSIDE) {
    const hint = type === 'A' ? 'ipv4hint' : 'ipv6hint';
    t.equal(judged([`www.example. 60 IN ${type} ${address}`]).rest.length, 1, `${type} ${address}`);
    t.equal(judged([`www.example. 60 IN HTTPS 1 . alpn=h2 ${hint}=${address}`]).rest.length, 1);
  }
});

t.test('of several records the others stay, without the signatures of the whole', async (t) => {
  t.same(
    judged([
      'www.example. 60 IN A 192.0.2.1',
      'www.example. 60 IN A 10.0.0.7',
      'www.example. 60 IN A 192.0.2.2',
      'www.example. 60 IN RRSIG A 13 2 60 20380101000000 20200101000000 1 example. AAAA',
    ]),
    { rest: ['192.0.2.1', '192.0.2.2'], address: '10.0.0.7' },
  );
});

t.test('names that may, with all below them; no more than their own records', async (t) => {
  for (const owner of ['home.example.', 'nas.home.example.', 'NAS.Home.Example.'])
    t.equal(judged([`${owner} 60 IN A 192.168.1.1`]).address, undefined, owner);
  for (const owner of ['xhome.example.', 'example.', 'home.example.test.'])
    t.equal(judged([`${owner} 60 IN A 192.168.1.1`]).address, '192.168.1.1', owner);
});

t.test('what is no address is not looked at', async (t) => {
  for (const record of [
    'TXT "10.0.0.1"',
    'MX 10 localhost.',
    'CNAME localhost.',
    'NS ns.example.',
    'TYPE65280 \\# 4 0A000001',
  ])
    t.equal(judged([`www.example. 60 IN ${record}`]).address, undefined, record);
  t.equal(judged(['www.example. 60 IN HTTPS 0 cdn.example.']).address, undefined);
  t.equal(judged(['www.example. 60 IN HTTPS 1 . alpn=h2 port=10']).address, undefined);
});
