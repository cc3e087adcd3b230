/** The system's clocks, and the one that tests move. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clockFor, ManualClock, type Timer } from '../../src/util/clock.ts';

const real = Date.now;

/** Puts the wall clock of this process forward by so many milliseconds, or back. */
function shift(ms: number): void {
  Date.now = () => real() + ms;
}

t.afterEach(() => shift(0));

t.test('time goes on whatever the wall clock does', async (t) => {
  const clock = clockFor(undefined);
  const before = clock.now();
  shift(3_600_000);
  t.ok(clock.now() - before < 60_000);
  shift(-3_600_000);
  t.ok(clock.now() >= before);
  t.ok(Math.abs(clock.wall() - (real() - 3_600_000)) < 60_000);
});

t.test('CAUSEWAY_CLOCK=wall: an hour that is put forward is an hour', async (t) => {
  const clock = clockFor('wall');
  const before = clock.now();
  shift(3_600_000);
  const forward = clock.now() - before;
  t.ok(forward >= 3_600_000 && forward < 3_660_000, `${forward}`);
  shift(-3_600_000);
  t.ok(clock.now() - before - forward < 60_000 && clock.now() >= before + forward, 'put back: it stands');
  shift(0);
  const again = clock.now() - before - forward;
  t.ok(again >= 3_600_000 - 1 && again < 3_660_000, 'and goes on from there');
});

t.test('anything else is an error', async (t) => {
  t.throws(() => clockFor('mono'), /CAUSEWAY_CLOCK is "mono"; it can be wall, or not be set/);
  t.ok(clockFor(''));
});

t.test('a clock that is moved: timers fire in order of their time, then of their making', async (t) => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const at = (ms: number, what: string): Timer => clock.after(ms, () => fired.push(`${what} ${clock.now()}`));
  const tick = clock.every(10, () => fired.push(`tick ${clock.now()}`));
  at(20, 'b');
  at(5, 'a');
  const gone = at(20, 'gone');
  at(20, 'c');
  clock.after(7, () => gone.cancel());
  t.equal(clock.next(), 5);
  clock.advance(19);
  t.same(fired, ['a 5', 'tick 10']);
  clock.advance(1);
  t.same(fired.splice(0), ['a 5', 'tick 10', 'tick 20', 'b 20', 'c 20']);
  clock.after(3, () => at(0, 'made at once'));
  clock.advance(3);
  t.same(fired.splice(0), ['made at once 23']);
  const last = clock.every(30, () => {
    fired.push(`last ${clock.now()}`);
    last.cancel();
  });
  tick.cancel();
  tick.cancel();
  clock.advance(100);
  t.same(fired, ['last 53'], 'cancelled, also from within');
  t.equal(clock.next(), undefined);
  t.equal(clock.now(), 123);
});

/** What a process sees of an hour that passes in its fake clock, and of a TTL of half an hour in its cache. */
const PROGRAM = `
import { RecordCache } from ${JSON.stringify(join(import.meta.dirname, '../../src/cache/records.ts'))};
import { RANK } from ${JSON.stringify(join(import.meta.dirname, '../../src/cache/rank.ts'))};
import { systemClock as clock } from ${JSON.stringify(join(import.meta.dirname, '../../src/util/clock.ts'))};
import { Dependencies } from ${JSON.stringify(join(import.meta.dirname, '../../src/util/deps.ts'))};
import { Slab } from ${JSON.stringify(join(import.meta.dirname, '../../src/util/slab.ts'))};
const cache = new RecordCache({ slab: new Slab({ bytes: 1 << 20, seed: [1, 2] }), clock, deps: new Dependencies() });
const name = Uint8Array.of(1, 97, 0);
cache.putRrset(1, { name, type: 1, ttl: 1800, rdatas: [Uint8Array.of(192, 0, 2, 1)] }, RANK.answer);
const before = cache.get(1, name, 1).state;
const real = Date.now;
Date.now = () => real() + 3_600_000;
console.log(before, cache.get(1, name, 1).state);
`;

t.test('TTLs follow the wall clock in a process with CAUSEWAY_CLOCK=wall, and in no other', async (t) => {
  const file = join(t.testdir(), 'program.ts');
  writeFileSync(file, PROGRAM);
  const run = (clock: string): string =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      env: { ...process.env, CAUSEWAY_CLOCK: clock },
      encoding: 'utf8',
    }).stdout.trim();
  t.equal(run('wall'), 'fresh stale');
  t.equal(run(''), 'fresh fresh');
});
