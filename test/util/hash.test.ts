import fc from 'fast-check';
import t from 'tap';
import { keyedHash, keyedHashFolded, keyedHashOfWord } from '../../src/util/hash.ts';

const OCTETS = Uint8Array.from({ length: 64 }, (_, i) => i);

t.test('HalfSipHash-1-3: published values for the key 00..07 and messages 00..n-1', async (t) => {
  // Those of the self-test of the Linux kernel's hsiphash on 32-bit machines.
  const published = [
    0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6,
    0x577999b1, 0xc839caed, 0xe4fa32cf, 0x959246ee, 0x6b28096c, 0x66dd9cd6, 0x16658a7c, 0xd0257b04,
    0x8b31d501,
  ];
  for (const [length, want] of published.entries())
    t.equal(keyedHash([0x03020100, 0x07060504], OCTETS, 0, length) >>> 0, want, `${length} octets`);
});

t.test('the folded hash is the hash of the lower-cased octets', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(5), (octets, off) => {
      const folded = octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet));
      const start = Math.min(off, octets.length);
      const length = octets.length - start;
      return keyedHashFolded([1, -2], octets, start, length) === keyedHash([1, -2], folded, start, length);
    }),
    { numRuns: 2000 },
  );
  t.not(keyedHash([1, 2], OCTETS, 0, 20), keyedHash([1, 3], OCTETS, 0, 20), 'the key matters');
});

t.test('the hash of a word and an octet is that of the five octets', async () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.integer(), fc.nat(255), (k0, k1, word, octet) => {
      const octets = Uint8Array.of(word, word >> 8, word >> 16, word >> 24, octet);
      return keyedHashOfWord([k0, k1], word, octet) === keyedHash([k0, k1], octets, 0, 5);
    }),
    { numRuns: 2000 },
  );
});

t.test('a seed may be given signed or unsigned', async (t) => {
  t.equal(keyedHash([-1, -2], OCTETS, 0, 9), keyedHash([0xffffffff, 0xfffffffe], OCTETS, 0, 9));
});
