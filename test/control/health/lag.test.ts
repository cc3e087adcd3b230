import t from 'tap';
import { LagMeter } from '../../../src/control/health/lag.ts';
import { type Clock, ManualClock } from '../../../src/util/clock.ts';

/** A clock whose timers can be kept from firing, as a blocked loop does. */
function blockable(): { clock: Clock; pass(ms: number): void; block(ms: number): void } {
  const manual = new ManualClock();
  let blocked = 0;
  const clock: Clock = {
    now: () => manual.now() + blocked,
    wall: () => manual.wall(),
    after: (ms, fn) => manual.after(ms, fn),
    every: (ms, fn) => manual.every(ms, fn),
  };
  return { clock, pass: (ms) => manual.advance(ms), block: (ms) => void (blocked += ms) };
}

t.test('a loop that turns in time does not lag', async (t) => {
  const { clock, pass } = blockable();
  const lag = new LagMeter(clock);
  pass(10_000);
  t.equal(lag.laggedSince(0), false);
  lag.stop();
});

t.test('a block of 100 ms is nothing, one of more counts for all that ran meanwhile', async (t) => {
  const { clock, pass, block } = blockable();
  const lag = new LagMeter(clock);
  pass(1000);
  block(100);
  t.equal(lag.laggedSince(0), false);
  pass(1000);
  const begun = clock.now();
  block(126);
  t.equal(lag.laggedSince(begun), true, 'seen before the next tick');
  const after = clock.now() + 1;
  pass(1000);
  t.equal(lag.laggedSince(begun), true);
  t.equal(lag.laggedSince(after), false, 'what began later is not concerned');
});

t.test('a block that a tick tells of', async (t) => {
  const { clock, pass, block } = blockable();
  const lag = new LagMeter(clock);
  pass(1000);
  const begun = clock.now();
  block(500);
  pass(100);
  t.equal(lag.laggedSince(begun), true);
});
