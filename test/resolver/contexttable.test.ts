/** Tables by context and name, beside maps by strings. */
import fc from 'fast-check';
import t from 'tap';
import { ContextTable } from '../../src/resolver/contexttable.ts';
import { nameFromText } from '../../src/wire/name.ts';

const name = nameFromText;

t.test('by context and by the end of a name', async (t) => {
  const table = new ContextTable<string>(10);
  table.set(1, name('Corp.test.'), 'corp');
  table.set(2, name('corp.test.'), 'of another context');
  table.set(1, name('.'), 'root');
  t.equal(table.get(1, name('cORP.test.')), 'corp');
  t.equal(table.get(2, name('corp.test.')), 'of another context');
  t.equal(table.get(3, name('corp.test.')), undefined);
  t.equal(table.get(1, name('www.corp.test.'), 4), 'corp');
  t.equal(table.get(1, name('www.corp.test.'), 14), 'root');
  t.equal(table.get(1, name('www.corp.test.')), undefined);
  table.set(1, name('corp.TEST.'), 'again');
  t.equal(table.get(1, name('corp.test.')), 'again');
  t.equal(table.size, 3);
  t.equal(
    table.removeIf((_, context) => context === 1),
    2,
  );
  t.equal(table.get(1, name('.')), undefined);
  t.equal(table.size, 1);
  table.clear();
  t.equal(table.size, 0);
});

t.test('who keeps count is told of each that is removed, and of none that is replaced', async (t) => {
  const removed: number[] = [];
  const table = new ContextTable<number>(3, { removed: (value) => removed.push(value) });
  for (const [i, text] of ['a.', 'b.', 'c.', 'd.'].entries()) table.set(1, name(text), i);
  t.same(removed, [0], 'for room');
  table.set(1, name('b.'), 7);
  t.same(removed, [0]);
  table.removeOldest();
  t.same(removed, [0, 2]);
  table.removeIf((value) => value === 7);
  table.clear();
  t.same(removed, [0, 2, 7, 3]);
  t.throws(() => table.removeOldest());
});

t.test('the longest unused goes first', async (t) => {
  const table = new ContextTable<number>(3);
  for (const [i, text] of ['a.', 'b.', 'c.'].entries()) table.set(1, name(text), i);
  table.get(1, name('a.'));
  table.set(1, name('d.'), 3);
  t.same(
    ['a.', 'b.', 'c.', 'd.'].map((text) => table.get(1, name(text))),
    [0, undefined, 2, 3],
  );
});

t.test('what was used lately stays, though not each use is a move', async (t) => {
  const max = 800;
  const table = new ContextTable<number>(max);
  const at = (i: number) => name(`n${i}.`);
  for (let i = 0; i < max; i++) table.set(1, at(i), i);
  // Used again and again while all others are replaced several times over.
  for (let i = max; i < 5 * max; i++) {
    for (const used of [0, 1, max - 1])
      if (table.get(1, at(used)) !== used) t.fail(`${used} is gone at ${i}`);
    table.set(1, at(i), i);
  }
  t.equal(table.size, max);
  // Of those that nobody used the last are there, but for the three.
  const there = (i: number) => table.get(1, at(i)) === i;
  for (let i = 4 * max + 3; i < 5 * max; i++) if (!there(i)) t.fail(`${i} is gone`);
  t.notOk(there(4 * max - 1 - max / 8), 'and nothing that is older by an eighth');
});

t.test('in exact order each use is a move', async (t) => {
  const max = 80;
  const table = new ContextTable<number>(max, { order: 'exact' });
  for (let i = 0; i < max; i++) table.set(1, name(`n${i}.`), i);
  // The newest but one, which is not moved in an order that is near.
  table.get(1, name(`n${max - 2}.`));
  for (let i = 0; i < max - 1; i++) table.removeOldest();
  t.equal(table.get(1, name(`n${max - 2}.`)), max - 2);
});

t.test('many, some of which are removed', async (t) => {
  const table = new ContextTable<number>(10_000);
  const at = (i: number) => name(`n${i}.`);
  const isThere = (i: number) => table.get(i % 3, at(i)) === i;
  for (let i = 0; i < 5_000; i++) table.set(i % 3, at(i), i);
  for (let i = 0; i < 5_000; i++) if (!isThere(i)) t.fail(`${i} is gone`);
  t.equal(
    table.removeIf((value) => value % 2 === 0),
    2_500,
  );
  for (let i = 0; i < 5_000; i++) if (isThere(i) !== (i % 2 === 1)) t.fail(`${i}`);
  t.equal(table.size, 2_500);
});

t.test('as a map, whatever is done', async (t) => {
  const names = ['.', 'a.', 'b.', 'a.b.', 'b.a.', 'a.a.', 'c.'].map((text) => name(text));
  const step = fc.record({
    do: fc.constantFrom('get', 'set', 'remove'),
    context: fc.integer({ min: 0, max: 2 }),
    at: fc.nat(names.length - 1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const max = 5;
      const table = new ContextTable<number>(max);
      // The order of a Map is that of its entries' last use.
      const map = new Map<string, number>();
      for (const [i, { do: what, context, at }] of steps.entries()) {
        const key = `${context} ${at}`;
        const known = map.get(key);
        if (what === 'remove') {
          table.removeIf((value) => value === known);
          map.delete(key);
          continue;
        }
        if (what === 'get' && table.get(context, names[at]!) !== known) return false;
        if (what === 'get' && known === undefined) continue;
        if (what === 'set') table.set(context, names[at]!, i);
        map.delete(key);
        if (map.size === max) map.delete(map.keys().next().value!);
        map.set(key, what === 'set' ? i : known!);
      }
      return table.size === map.size;
    }),
  );
  t.pass();
});
