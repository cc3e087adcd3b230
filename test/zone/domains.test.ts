import fc from 'fast-check';
import t from 'tap';
import { HashedName } from '../../src/wire/hashedname.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import { type Domain, Domains } from '../../src/zone/domains.ts';

const below = (text: string): Domain => ({ name: nameFromText(text), covers: 'below' });
const name = (text: string): Domain => ({ name: nameFromText(text), covers: 'name' });
const named = (text: string): HashedName => new HashedName().set(nameFromText(text));
const listOf = (...domains: Domain[]): Domains => Domains.from(Domains.build(domains));

t.test('a name is that name alone, *. is what is below it alone, * is all', async (t) => {
  const list = listOf(name('one.test.'), below('two.test.'), name('both.test.'), below('both.test.'));
  for (const [text, covered] of [
    ['one.test.', true],
    ['ONE.Test.', true],
    ['a.one.test.', false],
    ['two.test.', false],
    ['a.two.test.', true],
    ['a.b.two.test.', true],
    ['both.test.', true],
    ['a.both.test.', true],
    ['test.', false],
    ['.', false],
  ] as const)
    t.equal(list.covers(named(text)), covered, text);
  const all = listOf({ name: nameFromText('.'), covers: 'all' });
  for (const text of ['.', 'test.', 'a.test.']) t.ok(all.covers(named(text)));
  t.notOk(listOf().covers(named('a.test.')));
});

t.test('it covers what a walk through the list finds', async (t) => {
  const few = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
  const many = fc.nat(127).map((length) => Array<string>(Math.max(length, 1)).fill('a'));
  const labels = fc.oneof({ weight: 3, arbitrary: few }, { weight: 1, arbitrary: many });
  const texts = labels.map((each) => `${each.join('.')}.`);
  const domains = fc.array(
    fc.record({ text: texts, covers: fc.constantFrom('name' as const, 'below' as const) }),
  );
  fc.assert(
    fc.property(domains, texts, (list, asked) => {
      const walked = list.some(({ text, covers }) =>
        covers === 'name' ? asked === text : asked.endsWith(`.${text}`),
      );
      const made = listOf(...list.map(({ text, covers }) => ({ name: nameFromText(text), covers })));
      t.equal(made.covers(named(asked)), walked);
    }),
    { seed: 15, numRuns: 500 },
  );
});

t.test(
  'the difference: how many domains, and the ends of names that they concern, up to a bound',
  async (t) => {
    const a = listOf(
      name('a.one.test.'),
      name('b.one.test.'),
      name('both.test.'),
      below('both.test.'),
      name('same.test.'),
    );
    const b = listOf(below('two.test.'), name('both.test.'), name('same.test.'), name('test.'));
    const { domains, names } = Domains.difference(a, b, 4);
    t.equal(domains, 5);
    t.same((names as Name[]).map(nameToText).sort(), ['both.test.', 'one.test.', 'test.', 'two.test.']);
    t.equal(Domains.difference(a, b, 3).names, 'all');
    t.same(Domains.difference(a, a, 0), { domains: 0, names: [] });
    for (const wide of [below('test.'), below('.')])
      t.equal(Domains.difference(listOf(wide), listOf(), 9).names, 'all', 'it may be any name');
  },
);
