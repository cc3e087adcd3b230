import fc from 'fast-check';
import t from 'tap';
import { Turnover } from '../../src/util/turnover.ts';

t.test('it holds what a map would hold, in the same order', async (t) => {
  const change = fc.record({ key: fc.nat(40), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600 }), (changes) => {
      const turnover = new Turnover<number, number>();
      const map = new Map<number, number>();
      changes.forEach(({ key, isAdded }, i) => {
        if (isAdded) {
          turnover.set(key, i);
          map.set(key, i);
        } else t.equal(turnover.delete(key), map.delete(key));
      });
      t.equal(turnover.size, map.size);
      t.same(turnover.entries(), [...map]);
      t.same(turnover.values(), [...map.values()]);
      for (let key = 0; key <= 40; key++) t.equal(turnover.get(key), map.get(key));
    }),
    { numRuns: 50 },
  );
});

t.test('thousands come and go beside some that stay', async (t) => {
  const turnover = new Turnover<string, number>();
  for (let i = 0; i < 200; i++) turnover.set(`stays ${i}`, i);
  for (let i = 0; i < 10_000; i++) {
    turnover.set(`goes ${i}`, i);
    t.ok(turnover.delete(`goes ${i}`));
  }
  t.same(
    turnover.values(),
    Array.from({ length: 200 }, (_, i) => i),
  );
  turnover.clear();
  t.equal(turnover.size, 0);
  t.equal(turnover.get('stays 1'), undefined);
});
