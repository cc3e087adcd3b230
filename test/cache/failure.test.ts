import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { EDE, RCODE, TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');
const a = rrset('www.example. 300 IN A 192.0.2.1');

t.test('failures are remembered for 5 seconds, doubling to 300 while they go on (RFC 9520)', async (t) => {
  const { cache, clock } = setUp();
  for (const seconds of [5, 10, 20, 40, 80, 160, 300, 300]) {
    t.equal(cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.NO_REACHABLE_AUTHORITY }), seconds);
    t.match(cache.get(CONTEXT, www, TYPE.A), {
      state: 'fresh',
      kind: 'failure',
      rcode: RCODE.SERVFAIL,
      failure: { ede: EDE.NO_REACHABLE_AUTHORITY, left: seconds },
    });
    clock.advance(1000 * seconds - 1);
    t.equal(cache.get(CONTEXT, www, TYPE.A)?.failure?.left, 1);
    clock.advance(1);
    t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
  }
});

t.test('whether what was found is bogus is kept with it', async (t) => {
  const { cache } = setUp();
  cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.DNSKEY_MISSING });
  cache.putFailure(CONTEXT, www, TYPE.AAAA, { ede: EDE.BOGUS, text: 'www', isBogus: true });
  t.match(cache.get(CONTEXT, www, TYPE.A)?.failure, { ede: EDE.DNSKEY_MISSING, isBogus: false });
  t.match(cache.get(CONTEXT, www, TYPE.AAAA)?.failure, { ede: EDE.BOGUS, isBogus: true, text: 'www' });
});

t.test('a failure that comes while one is remembered is the same one', async (t) => {
  const { cache, clock } = setUp();
  cache.putFailure(CONTEXT, www, TYPE.A);
  clock.advance(2000);
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 3);
  clock.advance(3000);
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 10);
});

t.test('a failure is of one name, type and context', async (t) => {
  const { cache } = setUp();
  cache.putFailure(CONTEXT, www, TYPE.A);
  t.equal(cache.get(CONTEXT, www, TYPE.AAAA), undefined);
  t.equal(cache.get(CONTEXT + 1, www, TYPE.A), undefined);
  t.equal(cache.get(CONTEXT, name('example.'), TYPE.A), undefined);
  t.match(cache.get(CONTEXT, www, TYPE.A), { kind: 'failure', failure: { ede: undefined } });
});

t.test('a success ends it, and so does time', async (t) => {
  const { cache, clock } = setUp();
  cache.putFailure(CONTEXT, www, TYPE.A);
  clock.advance(5000);
  cache.putRrset(CONTEXT, a, RANK.answer);
  clock.advance(301_000);
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 5, 'after a record');
  cache.putNegative(CONTEXT, www, TYPE.A, rrset(SOA), RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'nodata');
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 5, 'after a NODATA');
  clock.advance(5000);
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 10);
  clock.advance(10_000 + 300_000);
  t.equal(cache.putFailure(CONTEXT, www, TYPE.A), 5, 'after five minutes without one');
});

t.test('a failure hides nothing: neither fresh data nor stale', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.additional);
  cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.NETWORK_ERROR });
  t.equal(show(cache.get(CONTEXT, www, TYPE.A)), 'www.example. 300 A 192.0.2.1');
  t.match(
    cache.get(CONTEXT, www, TYPE.A)?.failure,
    { ede: EDE.NETWORK_ERROR },
    'but it is told: not for all are unvalidated data an answer',
  );
  clock.advance(300_000);
  cache.putFailure(CONTEXT, www, TYPE.A, { ede: EDE.NETWORK_ERROR });
  const cached = cache.get(CONTEXT, www, TYPE.A);
  t.equal(show(cached), 'stale www.example. 30 A 192.0.2.1');
  t.equal(cached?.failure?.ede, EDE.NETWORK_ERROR, 'and it is told that asking is no use for now');
  clock.advance(10_000);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.failure, undefined);
});
