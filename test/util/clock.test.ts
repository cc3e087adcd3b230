/** The system's clocks. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clockFor } from '../../src/util/clock.ts';

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
