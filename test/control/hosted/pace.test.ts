/** When changes by the API are put in force: single ones at once, those of a flood together. */
import t from 'tap';
import { Pace } from '../../../src/control/hosted/pace.ts';
import { ManualClock } from '../../../src/util/clock.ts';

/** One snapshot that takes so long to make; returns how long the next one waits. */
function make(pace: Pace, clock: ManualClock, ms: number): number {
  if (pace.wait > 0) clock.advance(pace.wait);
  pace.measure(() => clock.advance(ms));
  pace.over();
  return pace.wait;
}

t.test('the first is made at once, a hundred single ones after 15 ms each', async (t) => {
  const clock = new ManualClock();
  const pace = new Pace(clock);
  t.ok(pace.wait <= 0);
  for (let i = 0; i < 100; i++) {
    t.equal(make(pace, clock, 2), 15);
    clock.advance(8);
  }
});

t.test('a flood: five a second, and nine tenths of the thread for the API', async (t) => {
  const clock = new ManualClock();
  const pace = new Pace(clock);
  let first = 0;
  while (make(pace, clock, 10) === 15) first++;
  t.ok(first >= 100 && first < 130, `${first} before it is one`);
  for (let i = 0; i < 20; i++) t.equal(make(pace, clock, 10), 190, 'one each 200 ms');
  const slow = new Pace(clock);
  for (let i = 0; i < 60; i++) t.ok(make(slow, clock, 100) >= 100, 'never more than half of the thread');
  t.equal(make(slow, clock, 100), 800);
  t.equal(make(slow, clock, 5_000), 1_000, 'and never longer than a second');
});

t.test('what was owed is forgotten with time; what fails is counted as well', async (t) => {
  const clock = new ManualClock();
  const pace = new Pace(clock);
  t.throws(() =>
    pace.measure(() => {
      clock.advance(300);
      throw new Error('no snapshot');
    }),
  );
  pace.over();
  t.equal(pace.wait, 300);
  for (let i = 0; i < 200; i++) make(pace, clock, 1);
  t.equal(make(pace, clock, 1), 199);
  clock.advance(30_000);
  t.equal(make(pace, clock, 1), 15);
});
