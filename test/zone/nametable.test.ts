import fc from 'fast-check';
import t from 'tap';
import { nameHash } from '../../src/wire/hashedname.ts';
import { type Name, nameFromText, nameKey, nameToText, parentOf } from '../../src/wire/name.ts';
import { NameTable, NameTableBuilder, Suffixes } from '../../src/zone/nametable.ts';
import { PATIENCE } from '../support/patience.ts';

const n = (text: string): Name => nameFromText(text);

function* numbered(count: number): Generator<[Name, number]> {
  for (let i = 0; i < count; i++) yield [n(`h${i}.s${i % 997}.example`), i];
}

t.test('names are found without regard to case, and nothing else is', async (t) => {
  const table = NameTable.build([
    [n('Example.'), 1],
    [n('www.example.'), 2],
    [n('.'), 3],
    [n('w\\.w.example.'), 0xffffffff],
  ]);
  t.equal(table.size, 4);
  t.equal(table.lookup(n('eXAMPLE.')), 1);
  t.equal(table.lookup(n('WWW.example.')), 2);
  t.equal(table.lookup(n('.')), 3);
  t.equal(table.lookup(n('w\\.w.example.')), 0xffffffff);
  t.equal(table.lookup(n('w.w.example.')), -1);
  t.equal(table.lookup(n('ww.example.')), -1);
  t.equal(table.lookup(n('example.example.')), -1);
});

t.test('octets beyond ASCII are not folded (RFC 4343)', async (t) => {
  const table = NameTable.build([[n('\\193.example.'), 1]]);
  t.equal(table.lookup(n('\\193.example.')), 1);
  t.equal(table.lookup(n('\\225.example.')), -1);
  t.equal(NameTable.build([[n('\\064\\091.'), 1]]).lookup(n('\\096{.')), -1);
});

t.test('suffixes are looked up in place', async (t) => {
  const table = NameTable.build([
    [n('.'), 0],
    [n('example.'), 1],
    [n('b.c.example.'), 2],
  ]);
  const name = n('A.B.C.Example.');
  t.equal(table.lookup(name, 2), 2);
  t.equal(table.lookup(name, 4), -1);
  t.equal(table.lookup(name, name.length - 1), 0);
  const message = new Uint8Array([9, 9, ...n('b.C.example.'), 7]);
  t.equal(table.lookupAt(message, 2, message.length - 3), 2);
  t.equal(table.lookupAt(message, 4, message.length - 5), -1);
  const found = new Suffixes();
  t.equal(table.lookupSuffixes(name, found), 3);
  t.same([...found.values.subarray(0, 3)], [2, 1, 0]);
  t.same([...found.offsets.subarray(0, 3)], [2, 6, 14]);
  t.equal(table.lookupSuffixes(name, found, n('example.').length), 2);
});

t.test('the longest possible name has 128 suffixes', async (t) => {
  const name = n('a.'.repeat(127));
  t.equal(name.length, 255);
  const all: [Name, number][] = [];
  for (let rest = name; all.length < 128; rest = parentOf(rest)) all.push([rest, all.length]);
  const table = NameTable.build(all);
  t.equal(table.size, 128);
  const found = new Suffixes();
  t.equal(table.lookupSuffixes(name, found), 128);
  t.same([...found.values], [...Array(128).keys()]);
  t.equal(NameTable.build([]).lookupSuffixes(name, found), 0);
  const shallow = NameTable.build([[n('a.'), 5]]);
  t.equal(shallow.lookupSuffixes(name, found), 1);
  t.same([found.offsets[0], found.values[0]], [252, 5]);
});

t.test('the closest name of a table that has all parents', async (t) => {
  const labels = 60;
  const deep = n('a.'.repeat(labels) + 'zone.test.');
  const all: [Name, number][] = [];
  for (let rest = deep; rest.length >= n('zone.test.').length; rest = parentOf(rest))
    all.push([rest, all.length]);
  const table = NameTable.build(all);
  const top = n('zone.test.').length;
  for (const [name, value] of all) {
    t.equal(table.lookupClosest(name, top), value);
    t.equal(table.lookupClosest(n('x.' + nameToText(name)), top), value);
  }
  t.equal(table.lookupClosest(n('x.y.' + nameToText(deep)), top), 0);
  t.equal(table.lookupClosest(n('a.ZONE.test.'), top), labels - 1);
  for (const outside of ['.', 'test.', 'a.test.', 'zone.tes.', 'a.zone.test.x.'])
    t.equal(table.lookupClosest(n(outside), top), -1, outside);
});

t.test('iteration is in the order of adding; the last value of a name holds', async (t) => {
  const table = NameTable.build([
    [n('b.'), 1],
    [n('A.'), 2],
    [n('B.'), 3],
  ]);
  t.same(
    [...table].map(([name, value]) => [nameToText(name), value]),
    [
      ['b.', 3],
      ['a.', 2],
    ],
  );
  t.equal(table.nameLength(1), 3);
});

t.test('one seed gives the same bytes, another seed other slots and the same answers', async (t) => {
  const bytes = (seed: number): Buffer =>
    Buffer.from(NameTable.build(numbered(100), seed).buffer as SharedArrayBuffer);
  t.ok(bytes(1).equals(bytes(1)));
  t.notOk(bytes(1).equals(bytes(2)));
  const table = NameTable.build(numbered(100), 2);
  for (const [name, value] of numbered(100)) t.equal(table.lookup(name), value);
});

t.test('a table lies anywhere in a larger buffer', async (t) => {
  const builder = new NameTableBuilder(7);
  for (const [name, value] of numbered(50)) builder.set(builder.add(name), value);
  t.equal(builder.find(n('H7.s7.example')), 7);
  t.equal(builder.find(n('x.h7.s7.example'), 2), 7);
  t.equal(builder.find(n('h50.s50.example')), -1);
  const buffer = new SharedArrayBuffer(64 + builder.byteLength + 4);
  builder.writeTo(buffer, 64);
  const table = NameTable.from(buffer, 64);
  t.equal(table.byteLength, builder.byteLength);
  for (const [name, value] of numbered(50)) t.equal(table.lookup(name), value);
});

t.test('what is no table is refused', async (t) => {
  t.throws(() => NameTable.from(new SharedArrayBuffer(4)), RangeError);
  t.throws(() => NameTable.from(new SharedArrayBuffer(400)), RangeError);
  const whole = new Uint8Array(NameTable.build(numbered(20)).buffer);
  for (let length = 0; length < whole.length; length += 4)
    t.throws(() => NameTable.from(whole.slice(0, length).buffer), RangeError, `${length} octets`);
  t.throws(() => NameTable.from(whole.slice(0).buffer, 2), RangeError);
});

t.test('agrees with a Map', async () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 3 });
  const name = fc.array(label, { maxLength: 4 }).map((labels) => {
    return new Uint8Array([...labels.flatMap((l) => [l.length, ...l]), 0]);
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat(0xffffffff))), fc.array(name), (entries, questions) => {
      const map = new Map(entries.map(([key, value]) => [nameKey(key), value]));
      const table = NameTable.build(entries);
      if (table.size !== map.size) return false;
      return [...entries.map(([key]) => key), ...questions].every(
        (key) => table.lookup(key) === (map.get(nameKey(key)) ?? -1),
      );
    }),
  );
});

/** Steps that all probes for its names take together, beside the first of each. */
function stepsOf(table: NameTable): number {
  const { slots } = table.parts;
  const mask = slots.length / 2 - 1;
  let steps = 0;
  for (let slot = 0; slot <= mask; slot++)
    if (slots[2 * slot + 1] !== 0) steps += (slot - (slots[2 * slot]! & mask)) & mask;
  return steps;
}

t.test('HashDoS: a million names that were chosen for one seed', async (t) => {
  /** Names whose probes begin in the first eighth of a table of so many, where it has this seed. */
  function* chosen(count: number, seed: number): Generator<Name> {
    const mask = 2 ** Math.ceil(Math.log2((4 / 3) * count)) - 1;
    for (let i = 0, found = 0; found < count; i++) {
      const name = n(`${i}.x`);
      if ((nameHash(seed, name, 0, name.length) & mask) > mask >> 3) continue;
      found++;
      yield name;
    }
  }
  const SEED = 77;
  const entries = (names: Iterable<Name>) => Array.from(names, (name, i): [Name, number] => [name, i]);
  const few = entries(chosen(20_000, SEED));
  const known = stepsOf(NameTable.build(few, SEED));
  t.ok(known > 1_000 * few.length, `${known} steps where the seed is known: nobody is told it`);
  for (const names of [few, entries(chosen(1_000_000, SEED))]) {
    const steps = stepsOf(NameTable.build(names));
    t.ok(steps < 3 * names.length, `${steps} steps for ${names.length} names`);
  }
});

t.test('100,000 names are built within a second', async (t) => {
  const entries = [...numbered(100_000)];
  const start = performance.now();
  const table = NameTable.build(entries);
  const ms = performance.now() - start;
  t.comment(`${ms.toFixed(0)} ms, ${(table.byteLength / 100_000).toFixed(1)} octets a name`);
  t.ok(ms < 1000 * PATIENCE);
  t.ok(entries.every(([name, value]) => table.lookup(name) === value));
});
