/** What is there at once stays so, and what comes later is waited for, in order. */
import t from 'tap';
import { type Soon, soon, soonEach } from '../../src/util/soon.ts';

t.test('at once, if it is there', async (t) => {
  t.equal(
    soon(1, (n) => n + 1),
    2,
  );
  const late = soon(Promise.resolve(1), (n) => n + 1);
  t.type(late, Promise);
  t.equal(await late, 2);
  t.equal(await soon(1, (n) => Promise.resolve(n + 1)), 2);
  await t.rejects(soon(Promise.reject(new Error('wrong')), () => 1) as Promise<number>, { message: 'wrong' });
});

t.test('one after the other', async (t) => {
  const sum = (n: number, done: readonly number[]): number => n + (done.at(-1) ?? 0);
  t.same(soonEach([], sum), []);
  t.same(soonEach([1, 2, 3], sum), [1, 3, 6]);
  const begun: number[] = [];
  const mixed = soonEach([1, 2, 3, 4], (n, done): Soon<number> => {
    begun.push(n);
    return n % 2 === 0 ? Promise.resolve(sum(n, done)) : sum(n, done);
  });
  t.same(begun, [1, 2], 'what comes after one that is waited for has not begun');
  t.same(await mixed, [1, 3, 6, 10]);
});
