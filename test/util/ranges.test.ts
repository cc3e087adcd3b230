import fc from 'fast-check';
import t from 'tap';
import { CidrMatch, parseAddress } from '../../src/util/cidr.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { AddressRanges, AddressRangesBuilder } from '../../src/util/ranges.ts';

/** A table behind some words of something else. */
function tableOf(fill: (builder: AddressRangesBuilder) => void): AddressRanges {
  const builder = new AddressRangesBuilder();
  fill(builder);
  const words = new Int32Array(3 + builder.words);
  builder.writeTo(words, 3);
  return new AddressRanges(words, 3);
}

function find(table: AddressRanges, text: string, bits?: number): [value: number, bits: number] {
  const match = new CidrMatch();
  const address = parseAddress(text);
  table.find(address, bits ?? 8 * address.length, match);
  return [match.value, match.bits];
}

const v4 = (text: string): number => Buffer.from(parseAddress(text)).readInt32BE();

t.test('ranges of both families, and on how many bits they depend', async (t) => {
  const table = tableOf((builder) => {
    builder.add4(v4('10.0.0.0'), 7);
    builder.add4(v4('10.128.0.0'), 7);
    builder.add4(v4('11.0.0.0'), 0);
    builder.add4(v4('192.0.2.0'), 8);
    builder.add4(v4('192.0.3.0'), 0);
    builder.add6(0x20010db8, 0, 9);
    builder.add6(0x20010db9, 0, 0);
  });
  t.equal(table.size, 5 + 3, 'neighbours with one value are one');
  t.same(find(table, '10.200.0.1'), [7, 8]);
  t.same(find(table, '9.0.0.1'), [0, 7], '8.0.0.0/7 has nothing');
  t.same(find(table, '192.0.2.255'), [8, 24]);
  t.same(find(table, '192.0.2.255', 20), [0, 20], 'the address that the known bits begin is asked for');
  t.same(find(table, '192.0.2.0', 23), [8, 23]);
  t.same(find(table, '255.255.255.255'), [0, 3]);
  t.same(find(table, '2001:db8:ffff::1'), [9, 32]);
  t.same(find(table, '2001:db9::'), [0, 32]);
  t.same(find(table, '::'), [0, 3]);
  t.same(find(table, 'ffff::', 0), [0, 0]);
  const mapped = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]);
  const match = new CidrMatch();
  table.find(mapped, 128, match);
  t.match(match, { value: 7, bits: 104 }, 'an IPv4-mapped address');
  table.find(mapped, 90, match);
  t.match(match, { value: 0, bits: 0 });
});

t.test('a value that is given anew for one place counts', async (t) => {
  const table = tableOf((builder) => {
    builder.add4(0, 3);
    builder.add4(5, 4);
    builder.add4(5, 3);
    builder.add6(0, 0, 2);
    builder.add6(0, 1, 5);
    builder.add6(0, 1, 2);
  });
  t.equal(table.size, 2);
  t.same(find(table, '1.2.3.4'), [3, 0]);
  t.same(find(table, '1::'), [2, 0]);
});

t.test('nothing, and no table', async (t) => {
  t.same(
    find(
      tableOf(() => {}),
      '10.0.0.1',
    ),
    [0, 0],
  );
  t.same(
    find(
      tableOf(() => {}),
      'fe80::1',
    ),
    [0, 0],
  );
  t.throws(() => new AddressRanges(new Int32Array(0), 0), RangeError);
  t.throws(() => new AddressRanges(new Int32Array(8), 0), RangeError);
  t.throws(() => new AddressRanges(Int32Array.of(1, 1, 1, 1, 0, 0, 0, 0), 0), RangeError);
  t.throws(() => new AddressRanges(new Int32Array(100).fill(1, 0, 2), 0), RangeError, 'an index of no bits');
  const builder = new AddressRangesBuilder();
  builder.add4(9, 1);
  t.throws(() => builder.add4(8, 2), /in order/);
});

/** Few distinct octets: neighbours are near. */
const octet = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff);
const bytes = (n: number) => fc.array(octet, { minLength: n, maxLength: n }).map((a) => Buffer.from(a));

function scan(starts: readonly { key: Buffer; value: number }[], key: Buffer): number {
  return starts.findLast((start) => Buffer.compare(start.key, key) <= 0)?.value ?? 0;
}

t.test('property: as a scan, the same for all that share the bits, and none fewer would do', async () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(4, 16)
        .chain((n) =>
          fc.tuple(
            fc.array(fc.record({ key: bytes(Math.min(n, 8)), value: fc.nat(3) }), { maxLength: 12 }),
            bytes(n),
            bytes(n),
            fc.nat(8 * n),
          ),
        ),
      ([list, address, noise, bits]) => {
        const starts = [...new Map(list.map((start) => [start.key.toString('hex'), start])).values()];
        starts.sort((a, b) => Buffer.compare(a.key, b.key));
        const table = tableOf((builder) => {
          for (const { key, value } of starts)
            if (key.length === 4) builder.add4(key.readInt32BE(), value);
            else builder.add6(key.readInt32BE(), key.readInt32BE(4), value);
        });
        const match = new CidrMatch();
        const valueAt = (octets: Buffer): number => {
          table.find(octets, 8 * octets.length, match);
          return match.value;
        };
        const known = mix(address, Buffer.alloc(address.length), bits);
        table.find(address, bits, match);
        const { value, bits: depends } = match;
        const keyOf = (octets: Buffer): Buffer => octets.subarray(0, 8);
        if (value !== scan(starts, keyOf(known)) || depends > bits) return false;
        if (bits === 8 * address.length && valueAt(mix(address, noise, depends)) !== value) return false;
        // The other half of the block that is one bit shorter has another value somewhere: at an end of a range.
        if (depends === 0 || depends === bits) return true;
        return edges(starts, known.length).some(
          (edge) => sharesBits(edge, known, depends - 1) && valueAt(edge) !== value,
        );
      },
    ),
    { numRuns: 3_000 },
  );
});

t.test('many ranges: as a scan', async (t) => {
  const prng = new SeededPrng(3);
  const firsts = Array.from({ length: 20_000 }, () => prng.u32()).sort((a, b) => a - b);
  const table = tableOf((builder) => {
    for (const [i, first] of firsts.entries()) {
      builder.add4(first | 0, i + 1);
      builder.add6(first | 0, i % 2 === 0 ? 0 : first | 0, i + 1);
    }
  });
  const match = new CidrMatch();
  const octets = Buffer.alloc(4);
  for (let i = 0; i < 20_000; i++) {
    // A third at the edges of ranges.
    const address = i % 3 === 0 ? firsts[prng.below(firsts.length)]! - prng.below(2) : prng.u32();
    octets.writeUInt32BE(address >>> 0);
    const expected = firsts.findLastIndex((first) => first <= address) + 1;
    table.find(octets, 32, match);
    if (match.value !== expected) t.fail(`${address}: ${match.value}, not ${expected}`);
    const long = Buffer.alloc(16);
    octets.copy(long);
    octets.copy(long, 4);
    table.find(long, 128, match);
    if (match.value !== expected) t.fail(`${address} in IPv6: ${match.value}, not ${expected}`);
  }
});

function mix(address: Buffer, noise: Buffer, bits: number): Buffer {
  return Buffer.from(
    address.map((octet, i) => {
      const mask = 0xff << Math.max(0, Math.min(8, 8 * (i + 1) - bits));
      return (octet & mask) | (noise[i]! & ~mask);
    }),
  );
}

function sharesBits(a: Buffer, b: Buffer, bits: number): boolean {
  return mix(a, b, bits).equals(b);
}

/** The first address of each range, and the one before it. */
function edges(starts: readonly { key: Buffer }[], octets: number): Buffer[] {
  return starts.flatMap(({ key }) => {
    const first = BigInt(`0x${key.toString('hex')}`);
    const before = first === 0n ? first : first - 1n;
    return [first, before].map((number) => {
      const out = Buffer.alloc(octets);
      Buffer.from(number.toString(16).padStart(2 * key.length, '0'), 'hex').copy(out);
      return out;
    });
  });
}
