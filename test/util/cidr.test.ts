import fc from 'fast-check';
import t from 'tap';
import {
  AddressError,
  addressToText,
  type Cidr,
  CidrMatch,
  CidrTable,
  cidrToText,
  parseAddress,
  parseCidr,
} from '../../src/util/cidr.ts';

const table = (...blocks: string[]): CidrTable =>
  CidrTable.build(blocks.map((text, value) => ({ ...parseCidr(text), value })));

t.test('addresses: strict forms only', async (t) => {
  for (const [text, out] of [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['::', '::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['fe80::1', 'fe80::1'],
  ] as const)
    t.equal(addressToText(parseAddress(text)), out, text);
  for (const text of [
    '',
    '010.0.0.1',
    '1.2.3',
    '1',
    '0x7f000001',
    '256.0.0.1',
    '1.2.3.4.5',
    ' 1.2.3.4',
    '1.2.3.4/32',
    'fe80::1%eth0',
    ':::',
    '1::2::3',
    'db8',
    '[::1]',
    '::ffff:010.0.0.1',
  ])
    t.throws(() => parseAddress(text), AddressError, text);
});

t.test('blocks', async (t) => {
  for (const [text, out] of [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::/0', '::/0'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ] as const)
    t.equal(cidrToText(parseCidr(text)), out, text);
  for (const text of [
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10/8',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
  ])
    t.throws(() => parseCidr(text), AddressError, text);
});

t.test('host bits: the error names the right block', async (t) => {
  const remedy = (text: string): string => {
    try {
      parseCidr(text);
    } catch (error) {
      if (error instanceof AddressError) return error.remedy;
    }
    return '';
  };
  t.match(remedy('10.20.3.4/16'), /10\.20\.0\.0\/16/);
  t.match(remedy('10.20.3.4/16'), /10\.20\.3\.4\/32/);
  t.match(remedy('2001:db8::1/32'), /2001:db8::\/32/);
  t.match(remedy('10.0.0.129/25'), /10\.0\.0\.128\/25/);
});

t.test('longest match', async (t) => {
  const blocks = table('10.0.0.0/8', '10.20.0.0/16', '10.20.0.1/32', 'fd00::/8', 'fd00:20::/48', '0.0.0.0/0');
  const find = (text: string): number => blocks.lookup(parseAddress(text));
  t.equal(find('10.20.0.1'), 2);
  t.equal(find('10.20.0.2'), 1);
  t.equal(find('10.21.0.2'), 0);
  t.equal(find('11.0.0.1'), 5);
  t.equal(find('fd00:20::1'), 4);
  t.equal(find('fd00:21::1'), 3);
  t.equal(find('fe00::1'), -1, 'an IPv4 default is no IPv6 default');
});

t.test('an IPv4-mapped IPv6 address is the IPv4 address', async (t) => {
  const blocks = table('10.0.0.0/8', '::/0');
  const mapped = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]);
  t.equal(blocks.lookup(mapped), 0);
  mapped[12] = 11;
  t.equal(blocks.lookup(mapped), -1, '::/0 holds no IPv4 client');
});

t.test('at an offset, from another thread’s view of the buffer, and empty', async (t) => {
  const blocks = CidrTable.from(table('192.0.2.0/24').buffer);
  t.equal(blocks.lookup(new Uint8Array([9, 9, 192, 0, 2, 7, 9]), 2, 4), 0);
  t.equal(table().lookup(parseAddress('::1')), -1);
  t.throws(() => CidrTable.from(new SharedArrayBuffer(4)), RangeError);
  t.throws(() => CidrTable.from(new SharedArrayBuffer(0)), RangeError);
});

const octets = (n: number): fc.Arbitrary<Uint8Array> =>
  // Few distinct octets, so that blocks nest and addresses hit.
  fc.array(fc.constantFrom(0, 1, 0x80, 0xff), { minLength: n, maxLength: n }).map((a) => Uint8Array.from(a));

const block: fc.Arbitrary<Cidr> = fc.constantFrom(4, 16).chain((n) =>
  fc.tuple(octets(n), fc.nat(8 * n)).map(([address, length]) => ({
    prefix: address.map((octet, i) => octet & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length)))),
    length,
  })),
);

function naive(blocks: readonly Cidr[], address: Uint8Array): number {
  let best = -1;
  blocks.forEach(({ prefix, length }, i) => {
    if (prefix.length !== address.length) return;
    for (let bit = 0; bit < length; bit++) {
      const mask = 0x80 >> (bit & 7);
      if ((prefix[bit >> 3]! & mask) !== (address[bit >> 3]! & mask)) return;
    }
    if (best < 0 || length >= blocks[best]!.length) best = i;
  });
  return best;
}

t.test('property: equals a scan of all blocks', async () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 40 }),
      fc.array(fc.constantFrom(4, 16).chain(octets), { maxLength: 30 }),
      (blocks, addresses) => {
        const compiled = CidrTable.build(blocks.map((cidr, value) => ({ ...cidr, value })));
        return addresses.every((address) => compiled.lookup(address) === naive(blocks, address));
      },
    ),
    { numRuns: 400 },
  );
});

function matchOf(blocks: CidrTable, text: string, bits?: number): [value: number, bits: number] {
  const match = new CidrMatch();
  const address = parseAddress(text);
  blocks.match(address, bits ?? 8 * address.length, match);
  return [match.value, match.bits];
}

t.test('on how many bits the result depends', async (t) => {
  const blocks = table('10.0.0.0/8', '10.20.0.0/16', '192.0.2.0/24', '2001:db8::/32');
  t.same(matchOf(blocks, '10.20.1.1'), [1, 16]);
  t.same(matchOf(blocks, '10.21.1.1'), [0, 16], '.20 and .21 differ in the sixteenth bit');
  t.same(matchOf(blocks, '10.128.1.1'), [0, 9]);
  t.same(matchOf(blocks, '127.0.0.1'), [-1, 2]);
  t.same(matchOf(blocks, '192.0.2.1'), [2, 24]);
  t.same(matchOf(blocks, '2001:db8::1'), [3, 32]);
  t.same(matchOf(blocks, 'fe80::1'), [-1, 1]);
  t.same(matchOf(table('10.0.0.0/8'), '::1'), [-1, 0], 'without blocks all addresses are alike');
  t.same(matchOf(table('0.0.0.0/0'), '10.0.0.1'), [0, 0]);
});

t.test('a block longer than what is known of the address holds it not', async (t) => {
  const blocks = table('10.0.0.0/8', '10.20.0.0/16', '2001:db8::/48');
  t.same(matchOf(blocks, '10.20.0.0', 15), [0, 15]);
  t.same(matchOf(blocks, '10.20.0.0', 16), [1, 16]);
  t.same(matchOf(blocks, '10.20.0.0', 4), [-1, 4]);
  t.same(matchOf(blocks, '10.20.0.0', 0), [-1, 0]);
  t.same(matchOf(blocks, '2001:db8::', 32), [-1, 32]);
  t.same(matchOf(blocks, '2001:db8::', 48), [2, 48]);
});

t.test('a mapped address: bits count from its first octet', async (t) => {
  const blocks = table('10.0.0.0/8');
  const mapped = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]);
  const match = new CidrMatch();
  blocks.match(mapped, 128, match);
  t.match(match, { value: 0, bits: 104 });
  blocks.match(mapped, 100, match);
  t.match(match, { value: -1, bits: 100 });
  blocks.match(mapped, 64, match);
  t.match(match, { value: -1, bits: 0 });
});

t.test('property: a match is that of a scan, and holds for all that share its bits', async () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 30 }),
      fc.constantFrom(4, 16).chain((n) => fc.tuple(octets(n), octets(n), fc.nat(8 * n))),
      (blocks, [address, noise, bits]) => {
        const compiled = CidrTable.build(blocks.map((cidr, value) => ({ ...cidr, value })));
        const match = new CidrMatch();
        compiled.match(address, bits, match);
        const { value, bits: depends } = match;
        const fitting = blocks.map((each) => (each.length <= bits ? each : UNFIT));
        if (value !== naive(fitting, address) || depends > bits) return false;
        // The same leading bits, others behind them.
        compiled.match(mix(address, noise, depends), bits, match);
        return match.value === value && match.bits === depends;
      },
    ),
    { numRuns: 2_000 },
  );
});

/** Holds no address of the family that is asked for. */
const UNFIT: Cidr = { prefix: new Uint8Array(1), length: 0 };

function mix(address: Uint8Array, noise: Uint8Array, bits: number): Uint8Array {
  return address.map((octet, i) => {
    const mask = 0xff << Math.max(0, Math.min(8, 8 * (i + 1) - bits));
    return (octet & mask) | (noise[i]! & ~mask);
  });
}

t.test('property: text round trip', async () => {
  fc.assert(
    fc.property(block, (cidr) => cidrToText(parseCidr(cidrToText(cidr))) === cidrToText(cidr)),
    { numRuns: 200 },
  );
});
