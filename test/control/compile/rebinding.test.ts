/** Addresses that no public name may have, against the block list of Node.js. */
import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { compileRebinding } from '../../../src/control/compile/rebinding.ts';
import { addressToText, CidrTable, parseAddress, parseCidr } from '../../../src/util/cidr.ts';
import { BASE } from '../config/support.ts';
import { compiled } from './support.ts';

/** The table of vpc-a. */
function blockedBy(settings: string): (address: string) => boolean {
  const text = BASE.replace('[10.1.0.0/16]', `[10.1.0.0/16], ${settings}`);
  const table = CidrTable.from(compiled(text).snapshot.views[0]!.rebinding!.blocked);
  return (address) => table.lookup(parseAddress(address)) >= 0;
}

t.test('each range from its first to its last address, and no further', async (t) => {
  const blocked = blockedBy('rebinding: on');
  for (const [first, last, before, after] of [
    ['0.0.0.0', '0.255.255.255', '255.255.255.255', '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['::', '::1', 'ffff:ffff::', '::2'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fbff:ffff::', 'fe00::'],
    ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fe7f:ffff::', 'fec0::'],
    ['::ffff:10.0.0.0', '::ffff:10.255.255.255', '::ffff:9.255.255.255', '::ffff:11.0.0.0'],
    ['64:ff9b::10.0.0.0', '64:ff9b::10.255.255.255', '64:ff9b::9.255.255.255', '64:ff9b::11.0.0.0'],
    ['64:ff9b::127.0.0.1', '64:ff9b::192.168.1.1', '64:ff9b::8.8.8.8', '64:ff9b:1::10.0.0.1'],
  ] as const) {
    t.ok(blocked(first) && blocked(last), `${first} to ${last}`);
    t.notOk(blocked(before) || blocked(after), `not ${before}, nor ${after}`);
  }
  for (const address of ['100.64.0.1', '192.0.2.1', '2001:db8::1', '198.41.0.4'])
    t.notOk(blocked(address), address);
});

t.test('addresses behind a NAT64 prefix of the VPC, as RFC 6052 section 2.4 writes them', async (t) => {
  for (const [prefix, inside, outside] of [
    ['2001:db8::/32', '2001:db8:c0a8:221::', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:a802:21::', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c0a8:2:2100::', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:a8:221::', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:a802:2100::', '2001:db8:122:344:c0:2:2100::'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::192.168.2.33', '2001:db8:122:344::192.0.2.33'],
  ] as const) {
    const blocked = blockedBy(`dns64: { prefix: "${prefix}" }`);
    t.ok(blocked(inside), inside);
    t.notOk(blocked(outside), outside);
    t.ok(blocked('64:ff9b::10.0.0.1'), 'and the well-known one');
    t.notOk(blockedBy('dns64: off')(inside), 'of another VPC it means nothing');
  }
});

t.test('off, and exceptions by name', async (t) => {
  const text = BASE.replace('[10.1.0.0/16]', '[10.1.0.0/16], rebinding: off').replace(
    '[10.2.0.0/16]',
    '[10.2.0.0/16], rebinding: { exempt: [a., b.] }',
  );
  const { views } = compiled(text).snapshot;
  t.equal(views[0]!.rebinding, undefined);
  t.equal(views[1]!.rebinding!.exempt.length, 2);
});

t.test('a hole takes its NAT64 form with it, however large it is', async (t) => {
  const blocked = blockedBy('rebinding: { allow: [10.20.80.0/24, 192.0.0.0/8, "fd00:1::/32", 127.0.0.1] }');
  for (const address of ['10.20.80.0', '10.20.80.255', '::ffff:10.20.80.7', '64:ff9b::10.20.80.7'])
    t.notOk(blocked(address), address);
  for (const address of ['192.168.1.1', 'fd00:1::1', '127.0.0.1', '64:ff9b::7f00:1'])
    t.notOk(blocked(address), address);
  for (const address of ['10.20.79.255', '10.20.81.0', 'fd00:2::1', '127.0.0.2', '64:ff9b::10.20.81.0'])
    t.ok(blocked(address), address);
});

t.test('any holes, against the block list of Node.js', async (t) => {
  const RANGES = [
    ...['0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
    ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10'],
  ];
  const listOf = (blocks: readonly string[]): BlockList => {
    const list = new BlockList();
    for (const block of blocks) {
      const [address, length] = block.split('/') as [string, string];
      list.addSubnet(address, Number(length), isIPv4(address) ? 'ipv4' : 'ipv6');
    }
    return list;
  };
  const ranges = listOf(RANGES);
  /** Mostly near the ranges: their first octets, or anything. */
  const octets = (head: number[][], rest: number) =>
    fc.tuple(fc.constantFrom(...head), fc.uint8Array({ minLength: rest, maxLength: rest }));
  const ipv4 = octets(
    [
      [10, 0, 0],
      [172, 16, 0],
      [192, 168, 1],
      [11, 1, 1],
      [127, 0, 0],
    ],
    1,
  );
  const ipv6 = octets(
    [
      [0xfd, 0, 0, 1],
      [0xfe, 0x80, 0, 0],
      [0x20, 1, 0x0d, 0xb8],
    ],
    12,
  );
  const address = fc.oneof(ipv4, ipv6).map(([head, rest]) => addressToText(Uint8Array.of(...head, ...rest)));
  // An IPv6 block that holds ::ffff:0:0/96 is one of IPv4 addresses for Node.js and not for us: none is that large.
  const hole = fc.tuple(address, fc.integer({ min: 3, max: 32 })).map(([text, length]) => {
    const octets = parseAddress(text).map(
      (octet, i) => octet & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length))),
    );
    return `${addressToText(octets)}/${length}`;
  });
  fc.assert(
    fc.property(
      fc.array(hole, { maxLength: 4 }),
      fc.array(address, { minLength: 20, maxLength: 20 }),
      (holes, asked) => {
        const table = CidrTable.from(
          compileRebinding({ rebinding: { exempt: [], allow: holes.map(parseCidr) }, dns64: 'off' })!.blocked,
        );
        const allowed = listOf(holes);
        for (const each of asked) {
          const family = isIPv4(each) ? 'ipv4' : 'ipv6';
          const blocked = table.lookup(parseAddress(each)) >= 0;
          if (blocked !== (ranges.check(each, family) && !allowed.check(each, family))) return false;
        }
        return true;
      },
    ),
    { numRuns: 1000 },
  );
  t.pass('no difference');
});
