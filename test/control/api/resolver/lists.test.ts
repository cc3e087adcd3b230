/** Lists that are filtered, sorted, and told part by part. */
import t from 'tap';
import { sortedPageOf } from '../../../../src/control/api/resolver/lists.ts';

interface Shown {
  readonly name: string;
  readonly count: number;
}

const ALL = (
  [
    ['c', 2],
    ['a', 10],
    ['b', 2],
    ['d', 9],
  ] as const
).map(([name, count], i) => ({ place: `000${i}`, shown: { name, count } }));
const VALUES = {
  Name: ({ name }: Shown) => [name],
  AssociationCount: ({ count }: Shown) => [count],
};

type Asked = Parameters<typeof sortedPageOf>[1];

/** All parts, one after the other; `without`: what is gone after the first. */
function parts(asked: Asked, without = ''): string[] {
  const found: string[] = [];
  for (let token: string | undefined, all = ALL; ; all = ALL.filter(({ shown }) => shown.name !== without)) {
    const page = sortedPageOf(all, { ...asked, NextToken: token }, VALUES);
    found.push(page.shown.map(({ name }) => name).join(''));
    token = page.NextToken;
    if (token === undefined) return found;
  }
}

t.test('in the order of their making, or by a member, either way', async (t) => {
  t.same(parts({}), ['cabd']);
  t.same(parts({ MaxResults: 3 }), ['cab', 'd']);
  t.same(parts({ SortOrder: 'DESCENDING', MaxResults: 3 }), ['dba', 'c']);
  t.same(parts({ SortBy: 'Name', MaxResults: 2 }), ['ab', 'cd']);
  t.same(parts({ SortBy: 'NAME', SortOrder: 'DESCENDING', MaxResults: 2 }), ['dc', 'ba']);
  t.same(parts({ SortBy: 'association_count' }), ['cbda'], 'numbers as numbers, equals in their order');
});

t.test('what goes between two parts is no reason to tell another twice or not at all', async (t) => {
  t.same(parts({ SortBy: 'Name', MaxResults: 2 }, 'c'), ['ab', 'd']);
  t.same(parts({ SortBy: 'Name', SortOrder: 'DESCENDING', MaxResults: 2 }, 'b'), ['dc', 'a']);
  t.same(parts({ SortBy: 'Name', MaxResults: 2 }, 'a'), ['ab', 'cd']);
});

t.test('counts, with filters and without', async (t) => {
  const filtered = { Filters: [{ Name: 'AssociationCount', Values: ['2'] }], MaxResults: 1 };
  t.match(sortedPageOf(ALL, filtered, VALUES), {
    TotalCount: 4,
    TotalFilteredCount: 2,
    shown: [{ name: 'c' }],
  });
});

t.test('what cannot be', async (t) => {
  t.throws(() => sortedPageOf(ALL, { SortBy: 'Colour' }, VALUES), { message: /'Colour' is invalid.*Name/ });
  t.throws(() => sortedPageOf(ALL, { NextToken: 'x' }, VALUES), { message: /NextToken/ });
});
