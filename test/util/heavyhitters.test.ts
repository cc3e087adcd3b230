import fc from 'fast-check';
import t from 'tap';
import { HeavyHitters } from '../../src/util/heavyhitters.ts';

t.test('counts are exact while there are few keys', async (t) => {
  const top = new HeavyHitters<string>(2);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b', 'd']) top.add(key);
  t.same(top.list(), [
    { key: 'a', count: 3 },
    { key: 'b', count: 2 },
    { key: 'c', count: 1 },
    { key: 'd', count: 1 },
  ]);
  t.same([top.total, top.uncertainty], [7, 0]);
});

t.test('bounds hold and memory is bounded, whatever comes', async (t) => {
  const keys = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 5 })), {
    maxLength: 400,
  });
  const holds = (): void =>
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 12 }), (added, capacity) => {
        const top = new HeavyHitters<number>(capacity);
        const truth = new Map<number, number>();
        for (const [key, weight] of added) {
          top.add(key, weight);
          truth.set(key, (truth.get(key) ?? 0) + weight);
        }
        const told = new Map(top.list().map(({ key, count }) => [key, count]));
        const isBounded = told.size <= 2 * capacity && top.uncertainty <= top.total / capacity;
        return (
          isBounded &&
          [...truth].every(([key, count]) => {
            const known = told.get(key) ?? 0;
            return known <= count && count - known <= top.uncertainty;
          })
        );
      }),
    );
  t.doesNotThrow(holds);
});
