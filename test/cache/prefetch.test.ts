import t from 'tap';
import { RANK } from '../../src/cache/rank.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { name, rrset, setUp } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');
const a = rrset('www.example. 300 IN A 192.0.2.1');

t.test('due in the last tenth of its life, when asked for twice', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  clock.advance(269_999);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  clock.advance(1);
  t.ok(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  clock.advance(30_000);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue, 'stale is another matter');
});

t.test('not for what one client asked once', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  clock.advance(280_000);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  t.ok(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
});

t.test('renewing starts the count again', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  for (let i = 0; i < 1000; i++) cache.get(CONTEXT, www, TYPE.A);
  clock.advance(290_000);
  t.ok(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  cache.putRrset(CONTEXT, a, RANK.answer);
  clock.advance(290_000);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
});

t.test('not for TTLs under 10 seconds', async (t) => {
  for (const [ttl, want] of [
    [9, false],
    [10, true],
  ] as const) {
    const { cache, clock } = setUp();
    cache.putRrset(CONTEXT, { ...a, ttl }, RANK.answer);
    clock.advance(1000 * ttl - 500);
    cache.get(CONTEXT, www, TYPE.A);
    t.equal(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue, want);
  }
});

t.test('not again while the last attempt is a remembered failure', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  cache.get(CONTEXT, www, TYPE.A);
  clock.advance(280_000);
  cache.putFailure(CONTEXT, www, TYPE.A);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
  clock.advance(5000);
  t.ok(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
});

t.test('looking is not asking', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  clock.advance(280_000);
  for (let i = 0; i < 5; i++) t.notOk(cache.peek(CONTEXT, www, TYPE.A)?.prefetchDue);
  t.notOk(cache.get(CONTEXT, www, TYPE.A)?.prefetchDue);
});
