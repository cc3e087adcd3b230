import { createHash } from 'node:crypto';
import t from 'tap';
import { digest } from '../../src/dnssec/digest.ts';

/** Octets of every value, each in its turn. */
const octets = (length: number, first = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + 7 * i) & 0xff);

t.test('the hash of two pieces is that of both in one, however long they are', async (t) => {
  for (const algorithm of ['sha1', 'sha256', 'sha384'])
    for (const [a, b] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [20, 8],
      [255, 255],
      [255, 769],
      [255, 770],
      [1_024, 0],
      [255, 65_535],
    ] as const) {
      const [first, second] = [octets(a), octets(b, 99)];
      const expected = createHash(algorithm).update(first).update(second).digest();
      t.same([...digest(algorithm, first, second)], [...expected], `${algorithm} of ${a} and ${b} octets`);
    }
});

t.test('a hash stays as it is when others are made', async (t) => {
  const first = digest('sha1', octets(20), octets(8));
  const before = [...first];
  digest('sha1', octets(20, 1), octets(8, 1));
  t.same([...first], before);
});
