/** What is under way, beside a map by strings. */
import fc from 'fast-check';
import t from 'tap';
import { Underway } from '../../src/resolver/underway.ts';
import { nameFromText } from '../../src/wire/name.ts';

const name = nameFromText;

t.test('by context, name and number', async (t) => {
  const underway = new Underway<string>();
  underway.add(1, name('Corp.test.'), 1, 'corp');
  t.equal(underway.get(1, name('cORP.test.'), 1), 'corp');
  t.equal(underway.get(2, name('corp.test.'), 1), undefined);
  t.equal(underway.get(1, name('corp.test.'), 2), undefined);
  t.equal(underway.get(1, name('test.'), 1), undefined);
  underway.delete(1, name('corp.test.'), 2);
  t.equal(underway.size, 1);
  underway.delete(1, name('corp.TEST.'), 1);
  t.equal(underway.size, 0);
  t.equal(underway.get(1, name('corp.test.'), 1), undefined);
  underway.add(1, name('.'), 0, 'root');
  underway.clear();
  t.equal(underway.size, 0);
  t.equal(underway.get(1, name('.'), 0), undefined);
});

t.test('as a map, whatever is done', async (t) => {
  const names = Array.from({ length: 60 }, (_, i) => name(`${i % 7}.${i}.test.`));
  const step = fc.record({
    isBegun: fc.boolean(),
    context: fc.integer({ min: 0, max: 1 }),
    at: fc.nat(names.length - 1),
    mark: fc.integer({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      // Of so few hashes most are of several.
      const underway = new Underway<number>(7);
      const map = new Map<string, number>();
      for (const [i, { isBegun, context, at, mark }] of steps.entries()) {
        const key = `${context} ${at} ${mark}`;
        if (underway.get(context, names[at]!, mark) !== map.get(key)) return false;
        if (!isBegun) {
          underway.delete(context, names[at]!, mark);
          map.delete(key);
        } else if (!map.has(key)) {
          underway.add(context, names[at]!, mark, i);
          map.set(key, i);
        }
      }
      return underway.size === map.size;
    }),
  );
  t.pass();
});
