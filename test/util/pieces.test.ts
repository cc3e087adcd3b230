/** Octets for what is gone in a moment. */
import t from 'tap';
import { piece } from '../../src/util/pieces.ts';

t.test('zero, of the length that was asked for, and nobody else has them', async (t) => {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < 5000; i++) {
    const length = (i * 7) % 1500;
    const made = piece(length);
    if (made.length !== length || made.some((octet) => octet !== 0)) t.fail(`piece ${i}`);
    pieces.push(made.fill(1 + (i % 255)));
  }
  const spoilt = pieces.findIndex((each, i) => each.some((octet) => octet !== 1 + (i % 255)));
  t.equal(spoilt, -1);
});
