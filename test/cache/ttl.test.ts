import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { RANK } from '../../src/cache/rank.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show, soaText } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');

t.test('TTLs count down and are never told longer than they last', async (t) => {
  const { cache, clock } = setUp();
  t.ok(
    cache.putRrset(
      CONTEXT,
      rrset('www.example. 300 IN A 192.0.2.1\nwww.example. 300 IN A 192.0.2.2'),
      RANK.answer,
    ),
  );
  const a = (ttl: number): string => `www.example. ${ttl} A 192.0.2.1 | www.example. ${ttl} A 192.0.2.2`;
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), a(300));
  clock.advance(1);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), a(299));
  clock.advance(99_999);
  t.match(cache.get(CONTEXT, www, TYPE.A), {
    state: 'fresh',
    ttl: 200,
    originalTtl: 300,
    age: 100,
    left: 200,
  });
  clock.advance(199_999);
  t.match(cache.get(CONTEXT, www, TYPE.A), { state: 'fresh', ttl: 0, age: 299 });
  clock.advance(1);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.state, 'stale');
});

t.test('looking something up does not keep it longer', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, rrset('www.example. 60 IN A 192.0.2.1'), RANK.answer);
  for (let second = 0; second < 60; second++) {
    t.equal(cache.get(CONTEXT, www, TYPE.A)?.ttl, 60 - second);
    clock.advance(1000);
  }
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.state, 'stale');
});

t.test('case: found however it is asked, given as it was learned', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, rrset('WWW.Example. 300 IN A 192.0.2.1'), RANK.answer);
  t.equal(show(cache.get(CONTEXT, name('www.eXAMPLE.'), TYPE.A)), 'WWW.Example. 300 A 192.0.2.1');
  t.equal(cache.get(CONTEXT, name('ww.example.'), TYPE.A), undefined);
});

t.test('names are octets: dots and zeros inside labels are no boundaries', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, rrset('www\\.v.test. 300 IN A 192.0.2.1'), RANK.answer);
  cache.putRrset(CONTEXT, rrset('a\\000.v.test. 300 IN A 192.0.2.2'), RANK.answer);
  t.equal(cache.get(CONTEXT, name('www.v.test.'), TYPE.A), undefined);
  t.equal(cache.get(CONTEXT, name('a.v.test.'), TYPE.A), undefined);
  t.equal(show(cache.get(CONTEXT, name('www\\.v.test.'), TYPE.A)), 'www\\.v.test. 300 A 192.0.2.1');
});

t.test('floor and ceiling', async (t) => {
  const { cache } = setUp({ floor: 30, ceiling: 600 });
  cache.putRrset(CONTEXT, rrset('www.example. 5 IN A 192.0.2.1'), RANK.answer);
  t.match(cache.get(CONTEXT, www, TYPE.A), { ttl: 30, originalTtl: 30 });
  cache.putRrset(CONTEXT, rrset('www.example. 86400 IN A 192.0.2.1'), RANK.answer);
  t.match(cache.get(CONTEXT, www, TYPE.A), { ttl: 600, originalTtl: 600 });
  cache.putNegative(CONTEXT, www, TYPE.AAAA, rrset(SOA), RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.AAAA)?.ttl, 600, 'the ceiling holds for negative answers too');
});

t.test('without settings: no floor, a day at most', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, rrset('www.example. 1 IN A 192.0.2.1'), RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.ttl, 1);
  cache.putRrset(CONTEXT, rrset('www.example. 2147483647 IN A 192.0.2.1'), RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.ttl, 86400);
});

t.test('TTL 0 is not kept, not even as stale, and ends what was known before', async (t) => {
  const { cache } = setUp();
  cache.putRrset(CONTEXT, rrset('www.example. 300 IN A 192.0.2.1'), RANK.answer);
  t.notOk(cache.putRrset(CONTEXT, rrset('www.example. 0 IN A 192.0.2.2'), RANK.answer));
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('a TTL with the top bit set counts as 0 (RFC 2181 section 8)', async (t) => {
  const { cache } = setUp();
  const set = { ...rrset('www.example. 300 IN A 192.0.2.1'), ttl: 0x80000000 };
  t.notOk(cache.putRrset(CONTEXT, set, RANK.answer));
  t.notOk(cache.putNegative(CONTEXT, www, TYPE.A, { ...rrset(SOA), ttl: 0xffffffff }, RANK.answer));
  t.ok(setUp({ floor: 60 }).cache.putRrset(CONTEXT, set, RANK.answer), 'a floor lifts 0 as any other TTL');
});

t.test(
  'negative answers: the lesser of SOA TTL and MINIMUM, three hours at most (RFC 2308 section 5)',
  async (t) => {
    const soa = (ttl: number, minimum: number): string =>
      `example. ${ttl} IN SOA ns.example. root.example. 1 7200 900 1209600 ${minimum}`;
    for (const [ttl, minimum, want] of [
      [3600, 900, 900],
      [60, 900, 60],
      [86400, 86400, 10800],
    ] as const) {
      const { cache } = setUp();
      cache.putNegative(CONTEXT, www, TYPE.A, rrset(soa(ttl, minimum)), RANK.answer);
      t.equal(cache.get(CONTEXT, www, TYPE.A)?.ttl, want, `SOA ${ttl}, minimum ${minimum}`);
    }
    t.notOk(setUp().cache.putNegative(CONTEXT, www, TYPE.A, rrset(soa(0, 900)), RANK.answer));
    t.notOk(setUp().cache.putNegative(CONTEXT, www, TYPE.A, rrset(soa(900, 0)), RANK.answer));
    t.notOk(setUp().cache.putNegative(CONTEXT, www, TYPE.A, rrset(soa(900, 0x80000000)), RANK.answer));
  },
);

t.test('the SOA of a negative answer counts down as well', async (t) => {
  const { cache, clock } = setUp();
  cache.putNegative(CONTEXT, www, NXDOMAIN, rrset(SOA), RANK.answer);
  clock.advance(100_000);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), `nxdomain ${soaText(800)}`);
});
