import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../../src/wire/rdata/address.ts';

t.test('IPv4: four decimal parts without leading zeros', async (t) => {
  t.equal(ipv4FromText('0.0.0.0'), 0);
  t.equal(ipv4FromText('255.255.255.255'), 0xffffffff);
  t.equal(ipv4FromText('192.0.2.1'), 0xc0000201);
  t.equal(ipv4ToText(new Uint8Array([9, 192, 0, 2, 1]), 1), '192.0.2.1');
  const wrong = [
    '',
    '.',
    '1',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
  ];
  wrong.push(
    '010.0.0.1',
    '1.2.3.00',
    '0x1.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.-4',
    '1.2.3.+4',
    '1.2.3.1e1',
    '٣.2.3.4',
  );
  wrong.push('4294967296.0.0.0', '99999999999999999999.0.0.0', '1.2.3.4/8', '0000.0.0.0');
  for (const text of wrong) t.equal(ipv4FromText(text), -1, text);
});

t.test('IPv6: the forms of RFC 4291 section 2.2', async (t) => {
  const cases: [string, string][] = [
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcdef0123456789abcdef0123456789'],
    ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a'],
    ['2001:db8::8:800:200c:417a', '20010db80000000000080800200c417a'],
    ['FF01::101', 'ff010000000000000000000000000101'],
    ['::1', '00000000000000000000000000000001'],
    ['::', '00000000000000000000000000000000'],
    ['1::', '00010000000000000000000000000000'],
    ['0:0:0:0:0:0:13.1.68.3', '0000000000000000000000000d014403'],
    ['::FFFF:129.144.52.38', '00000000000000000000ffff81903426'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['00ff::0001', '00ff0000000000000000000000000001'],
  ];
  for (const [text, hex] of cases) t.equal(Buffer.from(ipv6FromText(text) ?? []).toString('hex'), hex, text);
  const wrong = [
    '',
    ':',
    ':::',
    '1',
    '1:',
    ':1',
    '::1:',
    ':1::',
    '1:::2',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
  ];
  wrong.push(
    '1:2:3:4::5:6:7:8',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    '00001::',
    '::g',
    '1.2.3.4',
    '::1.2.3',
  );
  wrong.push(
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::01.2.3.4',
    'fe80::1%eth0',
    '::1/64',
    '[::1]',
    ' ::1',
    '::1 ',
    '::-1',
  );
  for (const text of wrong) t.equal(ipv6FromText(text), undefined, text);
});

t.test('IPv6 is printed as RFC 5952 says', async (t) => {
  const cases: [string, string][] = [
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:DB8::AAAA', '2001:db8::aaaa'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:1:0:1:0:1:0:1', '0:1:0:1:0:1:0:1'],
    ['0:0:0:0:0:ffff:c000:201', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:0:c000:201', '::c000:201'],
    ['0:0:0:0:ffff:0:c000:201', '::ffff:0:c000:201'],
  ];
  for (const [text, printed] of cases) t.equal(ipv6ToText(ipv6FromText(text)!), printed);
  t.equal(ipv6ToText(Uint8Array.from([9, ...new Array(15).fill(0), 1]), 1), '::1');
});

t.test('any address survives, and ipaddr.js agrees', async () => {
  // Zeros and all-ones words, so that runs of zeros and mapped addresses come up.
  const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
      const octets = Uint8Array.from(words.flatMap((w) => [w >> 8, w & 0xff]));
      const text = ipv6ToText(octets);
      const again = ipv6FromText(text);
      const four = ipv4FromText(ipv4ToText(octets));
      return (
        Buffer.compare(octets, again ?? new Uint8Array(0)) === 0 &&
        Buffer.compare(octets, Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray())) === 0 &&
        four === octets[0]! * 2 ** 24 + octets[1]! * 2 ** 16 + octets[2]! * 2 ** 8 + octets[3]!
      );
    }),
    { numRuns: 1000 },
  );
});

t.test('what is an address and what is not: as the C library behind node:net says', async (t) => {
  const char = fc.constantFrom(...'0123456789abcfF::::....');
  const text = fc.string({ unit: char, maxLength: 24 });
  const group = fc.constantFrom('0', '1', 'ab', 'ffff', '12345', '', '', '1.2.3.4', '01.2.3.4', '256.1.1.1');
  const joined = fc.array(group, { maxLength: 10 }).map((groups) => groups.join(':'));
  const disagreements: string[] = [];
  fc.assert(
    fc.property(fc.oneof(text, joined), (address) => {
      if ((ipv6FromText(address) !== undefined) !== isIPv6(address)) disagreements.push(address);
      if (ipv4FromText(address) >= 0 !== isIPv4(address)) disagreements.push(address);
    }),
    { numRuns: 10_000 },
  );
  t.same(disagreements, []);
});
