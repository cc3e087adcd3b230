import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { RANK } from '../../src/cache/rank.ts';
import { DEPENDENCIES_MAX } from '../../src/util/deps.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show, soaText } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');

t.test('expired data is there for a day, with TTL 30 (RFC 8767)', async (t) => {
  const { cache, clock, slab } = setUp();
  cache.putRrset(CONTEXT, rrset('www.example. 300 IN A 192.0.2.1'), RANK.answer);
  clock.advance(300_000);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), 'stale www.example. 30 A 192.0.2.1');
  clock.advance(86_399_999);
  t.match(cache.get(CONTEXT, www, TYPE.A), { state: 'stale', ttl: 30, left: -86400, age: 86699 });
  clock.advance(1);
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
  t.equal(slab.stats.entries, 0, 'and is then removed');
});

t.test('negative data as well', async (t) => {
  const { cache, clock } = setUp();
  cache.putNegative(CONTEXT, www, TYPE.AAAA, rrset(SOA), RANK.answer);
  cache.putNegative(CONTEXT, name('nx.example.'), NXDOMAIN, rrset(SOA), RANK.answer);
  clock.advance(900_000);
  t.equal(show(cache.get(CONTEXT, www, TYPE.AAAA)), `stale nodata ${soaText(30)}`);
  t.equal(show(cache.get(CONTEXT, name('nx.example.'), TYPE.A)), `stale nxdomain ${soaText(30)}`);
});

t.test('a window of 0 keeps nothing past its expiry', async (t) => {
  const { cache, clock } = setUp({ staleWindow: 0 });
  cache.putRrset(CONTEXT, rrset('www.example. 300 IN A 192.0.2.1'), RANK.answer);
  clock.advance(299_999);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.state, 'fresh');
  clock.advance(1);
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('stale entries are found under their own name only, and carry it', async (t) => {
  const { cache, clock } = setUp();
  const names = ['a.example.', 'b.example.', '*.example.', 'example.', 'a.b.example.', 'A.Sub.example.'];
  for (const [i, owner] of names.entries())
    cache.putRrset(CONTEXT, rrset(`${owner} 60 IN A 192.0.2.${i}`), RANK.answer);
  clock.advance(3_600_000);
  for (const [i, owner] of names.entries())
    t.equal(show(cache.get(CONTEXT, name(owner), TYPE.A)), `stale ${owner} 30 A 192.0.2.${i}`);
  t.equal(cache.get(CONTEXT, name('c.example.'), TYPE.A), undefined);
});

t.test('a change of what it was made from ends it, stale or fresh', async (t) => {
  const { cache, clock, deps } = setUp();
  const dependencies = [3, 9].map((slot) => ({ slot, generation: deps.generation(slot) }));
  const a = rrset('www.example. 300 IN A 192.0.2.1');
  t.ok(cache.putRrset(CONTEXT, a, RANK.answer, { dependencies }));
  deps.bump(4);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), 'www.example. 300 A 192.0.2.1');
  deps.bump(9);
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
  t.notOk(cache.putRrset(CONTEXT, a, RANK.answer, { dependencies }), 'made from what was before the change');
  const many = Array.from({ length: DEPENDENCIES_MAX + 1 }, (_, slot) => ({
    slot,
    generation: deps.generation(slot),
  }));
  t.notOk(cache.putRrset(CONTEXT, a, RANK.answer, { dependencies: many }), 'more than can be watched');
  t.ok(cache.putRrset(CONTEXT, a, RANK.answer, { dependencies: many.slice(0, 4) }));
  clock.advance(301_000);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.state, 'stale');
  deps.bump(1);
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});
