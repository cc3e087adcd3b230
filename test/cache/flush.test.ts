import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { RANK } from '../../src/cache/rank.ts';
import type { RecordCache } from '../../src/cache/records.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

function fill(cache: RecordCache): void {
  for (const context of [1, 2]) {
    for (const owner of ['example.', 'www.example.', 'a.www.example.', 'xwww.example.', 'www.example.net.'])
      cache.putRrset(context, rrset(`${owner} 300 IN A 192.0.2.1`), RANK.answer);
    cache.putNegative(context, name('www.example.'), TYPE.AAAA, rrset(SOA), RANK.answer);
    cache.putNegative(context, name('nx.www.example.'), NXDOMAIN, rrset(SOA), RANK.answer);
    cache.putFailure(context, name('www.example.'), TYPE.MX);
  }
}

/** `context name type`, sorted. */
function left(cache: RecordCache): string[] {
  return cache
    .dump(1000)
    .map(({ context, name, type }) => `${context} ${nameToText(name)} ${type}`)
    .sort();
}

t.test('a name: all its types, and nothing else', async (t) => {
  const { cache } = setUp();
  fill(cache);
  t.equal(cache.flush(name('WWW.example.'), 'name'), 6);
  t.same(
    left(cache).filter((entry) => entry.includes(' www.example. ')),
    [],
  );
  t.equal(left(cache).length, 10);
});

t.test('a subtree: at label boundaries', async (t) => {
  const { cache } = setUp();
  fill(cache);
  t.equal(cache.flush(name('www.example.'), 'subtree'), 10);
  t.same(left(cache), [
    '1 example. 1',
    '1 www.example.net. 1',
    '1 xwww.example. 1',
    '2 example. 1',
    '2 www.example.net. 1',
    '2 xwww.example. 1',
  ]);
  t.equal(cache.flush(name('.'), 'subtree'), 6, 'the root is everything');
  t.equal(cache.stats.entries, 0);
});

t.test('only in the contexts that are meant', async (t) => {
  const { cache } = setUp();
  fill(cache);
  t.equal(
    cache.flush(name('.'), 'subtree', (context) => context === 2),
    8,
  );
  t.ok(left(cache).every((entry) => entry.startsWith('1 ')));
  t.equal(left(cache).length, 8);
});

t.test('in steps, with questions in between', async (t) => {
  const { cache } = setUp({}, 8 << 20);
  for (let i = 0; i < 20000; i++) cache.putRrset(1, rrset(`n${i}.example. 300 IN A 192.0.2.1`), RANK.answer);
  const before = cache.stats.entries;
  let removed = 0;
  let steps = 0;
  for (const step of cache.flushSteps(name('example.'), 'subtree')) {
    removed += step;
    cache.putRrset(1, rrset(`between${steps++}.test. 300 IN A 192.0.2.1`), RANK.answer);
  }
  t.equal(removed, before);
  t.ok(steps > 2, `${steps} steps`);
  t.equal(cache.stats.entries, steps);
});

t.test('a dump shows what would be answered, up to its limit', async (t) => {
  const { cache, clock } = setUp();
  fill(cache);
  t.equal(cache.dump(5).length, 5);
  clock.advance(400_000);
  const dump = cache.dump(100);
  t.equal(dump.length, 14, 'failures that ended are gone');
  const entry = dump.find(({ name, type }) => nameToText(name) === 'www.example.' && type === TYPE.A);
  t.equal(show(entry?.cached), 'stale www.example. 30 A 192.0.2.1');
  t.match(entry?.cached, { left: -100, age: 400 });
  clock.advance(2 * 86_400_000);
  t.same(cache.dump(100), []);
});
