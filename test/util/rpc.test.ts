import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { ManualClock } from '../../src/util/clock.ts';
import { Caller, RpcError, serveCalls } from '../../src/util/rpc.ts';

type Call = { readonly ask: string };
type Answer = { readonly answer: unknown };

function pair(clock = new ManualClock()) {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  return { caller: new Caller<Call, Answer>(port1, clock), far: port2, clock };
}

const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: RpcError) => error.failure,
  );

t.test('answers find their calls in any order', async (t) => {
  const { caller, far } = pair();
  const waiting: ((text: string) => void)[] = [];
  serveCalls<Call & { id: number }>(
    far,
    ({ ask }) => new Promise((resolve) => waiting.push(() => resolve({ answer: `${ask}!` }))),
  );
  const first = caller.call({ ask: 'a' });
  const second = caller.call({ ask: 'b' });
  while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
  waiting[1]!('');
  t.equal((await second).answer, 'b!');
  t.equal(caller.openCalls, 1);
  waiting[0]!('');
  t.equal((await first).answer, 'a!');
  t.equal(caller.openCalls, 0);
});

t.test('a refusal is an error that says why, thrown at once or later', async (t) => {
  const { caller, far } = pair();
  serveCalls<Call & { id: number }>(far, ({ ask }) => {
    if (ask === 'now') throw new Error('not now');
    return Promise.reject(new Error('not later'));
  });
  await t.rejects(caller.call({ ask: 'now' }), { failure: 'refused', message: 'not now' });
  await t.rejects(caller.call({ ask: 'later' }), { failure: 'refused', message: 'not later' });
});

t.test('a call without an answer ends with the timeout, and a late answer is nobody’s', async (t) => {
  const { caller, far, clock } = pair();
  let ids: number[] = [];
  far.on('message', ({ id }: { id: number }) => {
    ids = [...ids, id];
  });
  const call = caller.call({ ask: 'a' }, 100);
  const failure = failureOf(call);
  while (ids.length < 1) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(99);
  t.equal(caller.openCalls, 1);
  clock.advance(1);
  t.equal(await failure, 'timeout');
  far.postMessage({ id: ids[0], answer: 'late' });
  far.postMessage('no message of this kind');
  far.postMessage(null);
  far.postMessage({ id: 'x' });
  const next = caller.call({ ask: 'b' });
  while (ids.length < 2) await new Promise((resolve) => setImmediate(resolve));
  far.postMessage({ id: ids[1], answer: 'in time' });
  t.equal((await next).answer, 'in time');
  t.equal(clock.next(), undefined, 'no timer is left');
});

t.test('calls fail at once when the other side closes, and after that', async (t) => {
  const { caller, far, clock } = pair();
  const failure = failureOf(caller.call({ ask: 'a' }));
  far.close();
  t.equal(await failure, 'gone');
  t.equal(await failureOf(caller.call({ ask: 'b' })), 'gone');
  t.equal(clock.next(), undefined, 'no timer is left');
});

t.test('closing fails what is open', async (t) => {
  const { caller } = pair();
  const failure = failureOf(caller.call({ ask: 'a' }));
  caller.close();
  t.equal(await failure, 'gone');
});

t.test('open calls are bounded', async (t) => {
  const { caller } = pair();
  const failures = Array.from({ length: 300 }, () => failureOf(caller.call({ ask: 'a' })));
  t.equal(caller.openCalls, 256);
  caller.close();
  const counts = Object.groupBy(await Promise.all(failures), (failure) => failure);
  t.equal(counts['overload']?.length, 44);
  t.equal(counts['gone']?.length, 256);
});

t.test('errors of the port are told apart from others', (t) => {
  t.ok(new RpcError('gone', 'x') instanceof Error);
  t.equal(new RpcError('gone', 'x').name, 'RpcError');
  t.end();
});
