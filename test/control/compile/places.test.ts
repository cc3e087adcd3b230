/** Numbers that stay while others come and go. */
import t from 'tap';
import { inPlaces, steadyPlaces } from '../../../src/control/compile/places.ts';
import { SeededPrng } from '../../../src/util/prng.ts';

const placed = (before: string, after: string): string =>
  inPlaces([...after], steadyPlaces([...before], [...after])).join('');

t.test('who was there keeps the number, as far as the list is as long', async (t) => {
  t.equal(placed('', 'abc'), 'abc');
  t.equal(placed('abc', 'cab'), 'abc');
  t.equal(placed('abc', 'xabc'), 'abcx');
  t.equal(placed('abcd', 'acd'), 'adc', 'the last one goes where there is room');
  t.equal(placed('abcd', 'axcdy'), 'axcdy');
  t.equal(placed('abcd', 'd'), 'd');
  t.equal(placed('abc', 'aaxc'), 'aacx', 'one that is there twice is two');
});

t.test('any lists', async (t) => {
  const prng = new SeededPrng(8);
  const list = (): number[] => Array.from({ length: prng.below(12) }, () => prng.below(16));
  for (let i = 0; i < 1000; i++) {
    const [before, after] = [list(), list()];
    const places = steadyPlaces(before, after);
    t.same(
      [...places].sort((a, b) => a - b),
      [...after.keys()],
      'each number once',
    );
    const moved = new Set(after).size < after.length || new Set(before).size < before.length;
    if (moved) continue;
    after.forEach((each, k) => {
      const was = before.indexOf(each);
      if (was >= 0 && was < after.length) t.equal(places[k], was);
    });
  }
});
