import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { TYPE } from '../../src/wire/constants.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');

const many = (count: number, octets: number): Rrset => ({
  name: www,
  type: 65280,
  ttl: 300,
  rdatas: Array.from({ length: count }, (_, i) => new Uint8Array(octets).fill(i)),
});

t.test('256 records in one RRset, not more', async (t) => {
  const { cache } = setUp();
  t.ok(cache.putRrset(CONTEXT, many(256, 4), RANK.answer));
  t.same(cache.get(CONTEXT, www, 65280)?.rrset, { ...many(256, 4) });
  t.notOk(cache.putRrset(CONTEXT, many(257, 4), RANK.answer));
  t.equal(cache.get(CONTEXT, www, 65280), undefined, 'and what was there before is no longer true');
  t.notOk(cache.putRrset(CONTEXT, many(0, 4), RANK.answer));
});

t.test('16 kB in one entry, not more', async (t) => {
  const { cache } = setUp();
  t.ok(cache.putRrset(CONTEXT, many(4, 4000), RANK.answer));
  t.same(cache.get(CONTEXT, www, 65280)?.rrset, { ...many(4, 4000) });
  t.notOk(cache.putRrset(CONTEXT, many(4, 4096), RANK.answer));
  t.equal(cache.get(CONTEXT, www, 65280), undefined);
});

t.test('empty rdata and signatures are kept as they are', async (t) => {
  const { cache } = setUp();
  const set = { ...many(2, 0), sigs: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)] };
  t.ok(cache.putRrset(CONTEXT, set, RANK.secure));
  t.same(cache.get(CONTEXT, www, 65280)?.rrset, set);
});

t.test('the longest name', async (t) => {
  const { cache } = setUp();
  const label = 'x'.repeat(63);
  const longest = `${label}.${label}.${label}.${'x'.repeat(61)}.`;
  t.equal(name(longest).length, 255);
  cache.putRrset(CONTEXT, rrset(`${longest.toUpperCase()} 300 IN A 192.0.2.1`), RANK.answer);
  t.equal(show(cache.get(CONTEXT, name(longest), TYPE.A)), `${longest.toUpperCase()} 300 A 192.0.2.1`);
});

t.test('what is given out is a copy', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, rrset('www.example. 300 IN A 192.0.2.1'), RANK.answer);
  const cached = cache.get(CONTEXT, www, TYPE.A)!;
  cached.rrset!.rdatas[0]!.fill(0);
  cached.rrset!.name.fill(0);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), 'www.example. 300 A 192.0.2.1');
});

t.test('octets of typical entries', async (t) => {
  const sizes = (lines: string[]): number[] =>
    lines.map((line) => {
      const { cache, slab } = setUp();
      const set = rrset(line);
      if (set.type === TYPE.SOA)
        cache.putNegative(CONTEXT, name('nx.www.example.com.'), TYPE.AAAA, set, RANK.answer);
      else cache.putRrset(CONTEXT, set, RANK.answer);
      return slab.stats.bytesUsed;
    });
  t.same(
    sizes([
      'www.example.com. 300 IN A 192.0.2.1',
      [1, 2, 3, 4].map((i) => `www.example.com. 300 IN A 192.0.2.${i}`).join('\n'),
      'www.example.com. 300 IN AAAA 2001:db8::1',
      'www.example.com. 300 IN CNAME d111111abcdef8.cloudfront.net.',
      SOA,
    ]),
    [64, 88, 80, 96, 120],
  );
});
