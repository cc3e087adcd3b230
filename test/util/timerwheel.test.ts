/** Timers for what is mostly over before its time. */
import fc from 'fast-check';
import t from 'tap';
import { ManualClock, type Timer } from '../../src/util/clock.ts';
import { TICK_MS, TimerWheel, WHEEL_MS_MAX, WHEEL_MS_MIN } from '../../src/util/timerwheel.ts';

t.test('never early, at most a tick late, in order', async (t) => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const rung: string[] = [];
  const set = (ms: number, what: string): Timer => wheel.after(ms, () => rung.push(what));
  clock.advance(3);
  set(100, 'b');
  set(WHEEL_MS_MAX, 'd');
  set(50, 'a');
  set(100, 'c');
  const gone = set(100, 'gone');
  gone.cancel();
  gone.cancel();
  clock.advance(49);
  t.same(rung, []);
  clock.advance(1 + TICK_MS);
  t.same(rung, ['a']);
  clock.advance(50);
  t.same(rung, ['a', 'b', 'c']);
  clock.advance(WHEEL_MS_MAX);
  t.same(rung, ['a', 'b', 'c', 'd']);
  t.equal(clock.next(), undefined, 'it sleeps while there is nothing to wait for');
});

t.test('whoever is rung may set and cancel others', async (t) => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const rung: string[] = [];
  wheel.after(WHEEL_MS_MIN, () => {
    rung.push('first');
    second.cancel();
    wheel.after(WHEEL_MS_MIN, () => rung.push(`third at ${clock.now()}`));
  });
  const second = wheel.after(WHEEL_MS_MIN, () => rung.push('second'));
  clock.advance(10 * WHEEL_MS_MIN);
  t.same(rung, ['first', `third at ${2 * WHEEL_MS_MIN}`]);
});

t.test('one that throws does not keep others from their time', async (t) => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const rung: string[] = [];
  wheel.after(WHEEL_MS_MIN, () => {
    throw new Error('a mistake');
  });
  wheel.after(WHEEL_MS_MIN, () => rung.push('the same tick'));
  wheel.after(2 * WHEEL_MS_MIN, () => rung.push('later'));
  t.throws(() => clock.advance(WHEEL_MS_MIN), /a mistake/);
  clock.advance(WHEEL_MS_MIN);
  t.same(rung, ['the same tick', 'later']);
});

t.test('the clock is never asked for a time that is over', async (t) => {
  const clock = new ManualClock();
  const asked: number[] = [];
  let held = 0;
  const wheel = new TimerWheel({
    now: () => clock.now() + held,
    after: (ms, fn) => {
      asked.push(ms);
      return clock.after(ms, fn);
    },
  });
  const rung: string[] = [];
  wheel.after(WHEEL_MS_MIN, () => {
    held += 3 * TICK_MS;
    rung.push('takes long');
  });
  wheel.after(WHEEL_MS_MIN + TICK_MS, () => rung.push('next'));
  clock.advance(WHEEL_MS_MIN);
  clock.advance(1);
  t.same(rung, ['takes long', 'next']);
  t.ok(asked.every((ms) => ms >= 0));
});

t.test('a thread that was held up for longer than a round', async (t) => {
  let now = 0;
  let wake = (): void => undefined;
  const wheel = new TimerWheel({
    now: () => now,
    after: (_, fn) => {
      wake = fn;
      return { cancel: () => undefined };
    },
  });
  const rung: string[] = [];
  wheel.after(WHEEL_MS_MIN, () => rung.push('short'));
  wheel.after(WHEEL_MS_MAX, () => rung.push('long'));
  now = 10 * WHEEL_MS_MAX;
  wake();
  t.same(rung.sort(), ['long', 'short']);
});

t.test('as a clock would do it, whatever is set and cancelled', async () => {
  const step = fc.record({
    wait: fc.nat({ max: 3000 }),
    ms: fc.integer({ min: WHEEL_MS_MIN, max: WHEEL_MS_MAX }),
    cancels: fc.option(fc.nat({ max: 20 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = new ManualClock();
      const wheel = new TimerWheel(clock);
      const due = new Map<number, number>();
      const timers: Timer[] = [];
      for (const [i, { wait, ms, cancels }] of steps.entries()) {
        clock.advance(wait);
        due.set(i, clock.now() + ms);
        const late = (): number => clock.now() - due.get(i)!;
        timers.push(
          wheel.after(ms, () => {
            if (late() < 0 || late() > TICK_MS) throw new Error(`${i} is ${late()} ms late`);
            due.delete(i);
          }),
        );
        if (cancels !== null && cancels <= i) {
          timers[cancels]!.cancel();
          due.delete(cancels);
        }
      }
      clock.advance(WHEEL_MS_MAX + TICK_MS);
      return due.size === 0;
    }),
  );
});
