/** Sort keys: lists in the order in which Route 53 returns them. */
import * as fc from 'fast-check';
import t from 'tap';
import { nameFromRoute53 } from '../../../src/control/records/names.ts';
import {
  nameOrder,
  recordSetOrder,
  recordSetStart,
  revisionOrder,
} from '../../../src/control/store/order.ts';
import { ROOT } from '../../../src/wire/name.ts';

const name = nameFromRoute53;

t.test('labels from the right, as Route 53 writes them', async (t) => {
  t.equal(nameOrder(name('WWW.Example.com')), 'com.example.www.');
  t.equal(nameOrder(name('*.example.com')), 'com.example.\\052.');
  t.equal(nameOrder(name('a\\056b.x')), 'x.a\\056b.', 'an escaped dot parts no labels');
  t.equal(nameOrder(ROOT), '.');
});

t.test('the order of a list', async (t) => {
  const sets: [name: string, type: string, identifier?: string][] = [
    ['example.com', 'A'],
    ['example.com', 'NS'],
    ['example.com', 'SOA'],
    ['a-b.example.com', 'A'],
    ['a.example.com', 'A'],
    ['a.example.com', 'AAAA'],
    ['a.a.example.com', 'A'],
    ['b.example.com', 'A', 'blue'],
    ['b.example.com', 'A', 'blue green'],
    ['b.example.com', 'A', 'green'],
    ['b.example.com', 'AAAA', 'a'],
    ['*.example.com', 'A'],
    ['_a.example.com', 'TXT'],
  ];
  const keys = sets.map(([text, type, identifier]) => recordSetOrder(name(text), type, identifier));
  // A hyphen is less than a dot, that less than letters; `\` of an escape and `_` stand between digits and letters.
  const wanted = [0, 1, 2, 11, 12, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => keys[i]);
  t.same([...keys].sort(), wanted);
  t.equal(new Set(keys).size, keys.length);
});

t.test('a start is not behind what it starts at, nor before what comes earlier', async () => {
  const label = fc.stringMatching(/^[a-z0-9_*!-]{1,4}$/);
  const set = fc.record({
    name: fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => name(labels.join('.'))),
    type: fc.constantFrom('A', 'AAAA', 'TXT'),
    identifier: fc.constantFrom('', 'a', 'a b', 'b'),
  });
  fc.assert(
    fc.property(set, set, (a, b) => {
      const key = (each: typeof a) => recordSetOrder(each.name, each.type, each.identifier);
      const parts = (each: typeof a) => [nameOrder(each.name), each.type, each.identifier];
      const before = parts(a).findIndex((part, i) => part !== parts(b)[i]);
      const order = before < 0 ? 0 : parts(a)[before]! < parts(b)[before]! ? -1 : 1;
      t.equal(Math.sign(Number(key(a) > key(b)) - Number(key(a) < key(b))), order);
      t.ok(recordSetStart(a.name) <= recordSetStart(a.name, a.type));
      t.ok(recordSetStart(a.name, a.type) <= key(a));
      t.equal(recordSetStart(a.name, a.type, a.identifier), key(a));
      if (nameOrder(b.name) < nameOrder(a.name)) t.ok(key(b) < recordSetStart(a.name));
    }),
    { seed: 6, numRuns: 300 },
  );
});

t.test('in the order of making', async (t) => {
  const made = [1, 9, 10, 99, 1_000_000, Number.MAX_SAFE_INTEGER].map(revisionOrder);
  t.same([...made].sort(), made);
});
