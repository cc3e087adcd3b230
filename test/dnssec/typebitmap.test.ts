import fc from 'fast-check';
import t from 'tap';
import { hasType, NO_TYPES, typesOf } from '../../src/dnssec/typebitmap.ts';
import { typeBitmap } from '../support/signzone.ts';

/** Types close to each other, and far apart. */
const type = fc.oneof(fc.nat(300), fc.constantFrom(255, 256, 257, 32_768, 65_535), fc.nat(65_535));

t.test('a type is in the bitmap or not', async () => {
  const property = fc.property(fc.uniqueArray(type, { maxLength: 12 }), fc.array(type), (types, others) => {
    const bitmap = typeBitmap(types);
    for (const one of [...types, ...others])
      if (hasType(bitmap, one) !== types.includes(one)) throw new Error(`${one}`);
    const all = typesOf(bitmap);
    if (JSON.stringify(all) !== JSON.stringify(types.toSorted((a, b) => a - b))) throw new Error(`${all}`);
  });
  fc.assert(property, { numRuns: 2000, seed: 4034 });
});

t.test('RFC 4034 section 4.3', async (t) => {
  const octets = `00 06 40 01 00 00 00 03 04 1b ${'00 '.repeat(26)}20`;
  const bitmap = Uint8Array.fromHex(octets.replaceAll(' ', ''));
  t.same(typesOf(bitmap), [1, 15, 46, 47, 1234]);
  t.notOk(hasType(bitmap, 48), 'past the octets of its window, where the next one begins');
  t.notOk(hasType(bitmap, 53));
  t.notOk(hasType(bitmap, 1235));
  t.notOk(hasType(NO_TYPES, 0));
});
