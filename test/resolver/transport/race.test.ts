/** Which of a server's addresses is tried when, by attempts that do as the test says. */
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Fault } from '../../../src/resolver/transport/carrier.ts';
import { ATTEMPT_DELAY_MS, type AttemptEvents, race } from '../../../src/resolver/transport/race.ts';
import { ManualClock } from '../../../src/util/clock.ts';

const WITHIN_MS = 5_000;

function start(addresses: readonly string[]) {
  const clock = new ManualClock();
  const began: { address: string; at: number; events: AttemptEvents<Socket> }[] = [];
  const cancelled: number[] = [];
  const ends: (Socket | Fault)[] = [];
  const attempt = (address: string, events: AttemptEvents<Socket>) => {
    const number = began.push({ address, at: clock.now(), events }) - 1;
    return { cancel: () => void cancelled.push(number) };
  };
  const opening = race<Socket>(
    { addresses, withinMs: WITHIN_MS, clock, attempt },
    { opened: (socket) => ends.push(socket), failed: (fault) => ends.push(fault) },
  );
  const times = () => began.map(({ at }) => at);
  return { clock, began, cancelled, ends, opening, times };
}

const socket = { is: 'a socket' } as unknown as Socket;
const nothingMore = (t: Test, { clock, began, ends }: ReturnType<typeof start>): void => {
  const before = [began.length, ends.length];
  clock.advance(2 * WITHIN_MS);
  t.same([began.length, ends.length], before, 'nothing happens any more');
};

t.test('one after the other, each as long after the last', async (t) => {
  const run = start(['a', 'b', 'c']);
  run.clock.advance(3 * ATTEMPT_DELAY_MS);
  t.same(run.times(), [0, ATTEMPT_DELAY_MS, 2 * ATTEMPT_DELAY_MS]);
  run.began[1]!.events.opened(socket);
  t.same(run.ends, [socket]);
  t.same(run.cancelled, [0, 2], 'the others end');
  nothingMore(t, run);
});

t.test('the next is tried at once when one has failed', async (t) => {
  const run = start(['a', 'b', 'a']);
  run.clock.advance(10);
  run.began[0]!.events.failed({ failure: 'tls' });
  t.same(run.times(), [0, 10]);
  run.clock.advance(ATTEMPT_DELAY_MS - 1);
  t.equal(run.began.length, 2);
  run.clock.advance(1);
  t.equal(run.began.length, 3);
  t.same(run.ends, []);
});

t.test('one that comes further gets as long again, if it is the newest', async (t) => {
  const run = start(['a', 'b', 'c']);
  run.clock.advance(200);
  run.began[0]!.events.progressed();
  run.clock.advance(ATTEMPT_DELAY_MS - 1);
  t.equal(run.began.length, 1);
  run.clock.advance(1);
  t.equal(run.began.length, 2);
  run.clock.advance(200);
  run.began[0]!.events.progressed();
  run.clock.advance(ATTEMPT_DELAY_MS - 200);
  t.equal(run.began.length, 3);
});

t.test('who comes further and no end is not waited for', async (t) => {
  const run = start(['a']);
  run.began[0]!.events.progressed();
  run.clock.advance(WITHIN_MS - 1);
  t.same(run.ends, []);
  run.clock.advance(1);
  t.same(run.ends, [{ failure: 'timeout' }]);
  t.same(run.cancelled, [0]);
  nothingMore(t, run);
});

t.test('all fail: what says most, and the last of such', async (t) => {
  const untrusted: Fault = { failure: 'untrusted', detail: 'x' };
  const cases: [Fault[], Fault][] = [
    [[{ failure: 'refused' }, { failure: 'unreachable' }], { failure: 'refused' }],
    [[{ failure: 'unreachable' }, { failure: 'unreachable' }], { failure: 'unreachable' }],
    [[untrusted, { failure: 'tls' }, { failure: 'refused' }], untrusted],
    [[{ failure: 'refused' }, { failure: 'tls' }], { failure: 'tls' }],
    [
      [
        { failure: 'tls', detail: '1' },
        { failure: 'tls', detail: '2' },
      ],
      { failure: 'tls', detail: '2' },
    ],
  ];
  for (const [faults, said] of cases) {
    const run = start(faults.map((_, i) => String(i)));
    for (const [i, fault] of faults.entries()) run.began[i]!.events.failed(fault);
    t.same(run.ends, [said]);
    nothingMore(t, run);
  }
  const run = start(['a', 'b']);
  run.began[0]!.events.failed(untrusted);
  run.clock.advance(WITHIN_MS);
  t.same(run.ends, [untrusted], 'more than that the other was silent');
});

t.test('cancelled: silence', async (t) => {
  const run = start(['a', 'b', 'c']);
  run.clock.advance(ATTEMPT_DELAY_MS);
  run.opening.cancel();
  t.same(run.cancelled, [0, 1]);
  t.same(run.ends, []);
  nothingMore(t, run);
});
