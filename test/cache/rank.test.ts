import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { RANK, type Rank } from '../../src/cache/rank.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');
const soa = rrset(SOA);
const a = (address: string): ReturnType<typeof rrset> => rrset(`www.example. 300 IN A ${address}`);

t.test('a lower rank never replaces a higher one that has not expired', async (t) => {
  const ranks = Object.values(RANK).filter((rank): rank is Rank => rank !== RANK.failure);
  for (const old of ranks)
    for (const young of ranks) {
      const { cache, clock } = setUp();
      cache.putRrset(CONTEXT, a('192.0.2.1'), old);
      clock.advance(1000);
      t.equal(cache.putRrset(CONTEXT, a('192.0.2.2'), young), young >= old);
      const want = young >= old ? '300 A 192.0.2.2' : '299 A 192.0.2.1';
      t.equal(show(cache.get(CONTEXT, www, TYPE.A)), `www.example. ${want}`, `${young} over ${old}`);
    }
});

t.test('what has expired is replaced by any rank', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a('192.0.2.1'), RANK.secure);
  clock.advance(300_000);
  t.ok(cache.putRrset(CONTEXT, a('192.0.2.2'), RANK.additional));
  t.match(cache.get(CONTEXT, www, TYPE.A), { rank: RANK.additional, state: 'fresh' });
});

t.test('a forged NXDOMAIN or NODATA does not hide validated records', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a('192.0.2.1'), RANK.secure);
  clock.advance(1);
  t.notOk(cache.putNegative(CONTEXT, www, TYPE.A, soa, RANK.answer));
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer);
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), 'www.example. 299 A 192.0.2.1');
});

t.test('a forged record does not hide a validated NXDOMAIN', async (t) => {
  const { cache } = setUp();
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.secure);
  t.notOk(cache.putRrset(CONTEXT, a('192.0.2.1'), RANK.answer));
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'nxdomain');
  t.ok(cache.putRrset(CONTEXT, a('192.0.2.1'), RANK.secure));
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'rrset');
});
