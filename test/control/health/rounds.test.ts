/** When checks look: intervals, jitter, bounds. No network, no time but the test's. */
import t from 'tap';
import { Rounds, type Task } from '../../../src/control/health/rounds.ts';
import { type Clock, ManualClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';

const IN_FLIGHT_MAX = 2048;

interface Look {
  readonly id: string;
  readonly at: number;
  done(result: string): void;
  givenUp: boolean;
}

function start() {
  const clock = new ManualClock();
  const looks: Look[] = [];
  const results: string[] = [];
  let lagged = false;
  const rounds = new Rounds<string>({
    clock,
    prng: new SeededPrng(1),
    inFlightMax: IN_FLIGHT_MAX,
    lag: { laggedSince: () => lagged },
    over: (id, result, late) => {
      results.push(`${id} ${result}${late ? ' late' : ''}`);
      return late || result === 'void';
    },
  });
  const taskOf = (id: string, intervalMs = 10_000): { key: string; task: Task<string> } => ({
    key: `${intervalMs}`,
    task: {
      intervalMs,
      look: (done) => {
        const look: Look = { id, at: clock.now(), done, givenUp: false };
        looks.push(look);
        return () => {
          look.givenUp = true;
        };
      },
    },
  });
  const configure = (...ids: string[]): void => rounds.configure(new Map(ids.map((id) => [id, taskOf(id)])));
  return {
    clock,
    looks,
    results,
    rounds,
    taskOf,
    configure,
    lag: (value: boolean) => {
      lagged = value;
    },
  };
}

t.test('the interval is from a result to the next look, and a little less at random', async (t) => {
  const { clock, looks, configure } = start();
  configure('a');
  clock.advance(5);
  t.equal(looks.length, 1, 'a new check is made at once');
  const waits: number[] = [];
  for (let i = 0; i < 200; i++) {
    clock.advance(4_000);
    t.equal(looks.length, i + 1, 'one at a time');
    const ended = clock.now();
    looks[i]!.done('ok');
    clock.advance(10_000);
    waits.push(looks[i + 1]!.at - ended);
  }
  t.ok(waits.every((ms) => ms > 9_000 && ms <= 10_000));
  t.ok(Math.min(...waits) < 9_200 && Math.max(...waits) > 9_800, 'all over the tenth');
});

t.test('a round that told nothing is made again in a second, then later and later', async (t) => {
  const { clock, looks, results, configure, lag } = start();
  configure('a');
  clock.advance(5);
  looks[0]!.done('void');
  clock.advance(1_000);
  t.equal(looks.length, 2);
  lag(true);
  looks[1]!.done('ok');
  clock.advance(2_000);
  t.equal(looks.length, 3);
  lag(false);
  looks[2]!.done('ok');
  clock.advance(8_999);
  t.equal(looks.length, 3);
  t.same(results, ['a void', 'a ok late', 'a ok']);
  for (let round = 3; round < 20; round++) {
    clock.advance(10_000);
    t.equal(looks.length, round + 1, 'an interval at most');
    looks[round]!.done('void');
  }
  const ended = clock.now();
  clock.advance(10_000);
  t.ok(looks.at(-1)!.at - ended > 9_000, 'and no less in the end');
});

/** A thread that keeps up with `perSlice` looks begun in 100 ms, and is late with more; it is blocked from 30 s on for 2 s. */
function busyThread(perSlice: number) {
  const clock = new ManualClock();
  const blocked = (at: number): number => (at >= 30_000 && at < 32_000 ? 32_000 : at);
  const held: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, fn) => clock.after(blocked(clock.now() + ms) - clock.now(), fn),
    every: (ms, fn) => clock.every(ms, fn),
  };
  const begun = new Map<number, number>();
  let latest = Number.NEGATIVE_INFINITY;
  const voids: number[] = [];
  const rounds = new Rounds<string>({
    clock: held,
    prng: new SeededPrng(1),
    inFlightMax: IN_FLIGHT_MAX,
    lag: { laggedSince: (at) => latest >= at },
    over: (_id, _result, late) => {
      if (late) voids.push(clock.now());
      return late;
    },
  });
  clock.after(32_000, () => {
    latest = clock.now();
  });
  const look: Task<string>['look'] = (done) => {
    const slice = Math.floor(clock.now() / 100);
    const count = (begun.get(slice) ?? 0) + 1;
    begun.set(slice, count);
    if (count > perSlice) latest = clock.now();
    const timer = held.after(1_500, () => done('ok'));
    return () => timer.cancel();
  };
  return { clock, rounds, look, voids };
}

t.test('a thread that was late once catches up: void rounds do not keep it late', async (t) => {
  const { clock, rounds, look, voids } = busyThread(60);
  const task = { key: '', task: { intervalMs: 10_000, look } };
  rounds.configure(new Map(Array.from({ length: 2000 }, (_, i) => [`c${i}`, task])));
  clock.advance(29_999);
  t.same(voids, [], 'a third of what it can do');
  clock.advance(60_000);
  const before = voids.length;
  t.ok(before > 0);
  clock.advance(60_000);
  t.equal(voids.length - before, 0);
});

t.test('first looks are spread: 2,000 over an interval, no two hundred in one second', async (t) => {
  const { clock, looks, configure } = start();
  configure(...Array.from({ length: 2000 }, (_, i) => `c${i}`));
  const seconds = Array.from({ length: 10 }, () => {
    const before = looks.length;
    clock.advance(1000);
    return looks.length - before;
  });
  t.equal(looks.length, 2000);
  t.ok(Math.max(...seconds) < 300, seconds.join());
});

t.test('looks under way are bounded; the others have their turn, each once', async (t) => {
  const { clock, looks, rounds, configure } = start();
  configure(...Array.from({ length: IN_FLIGHT_MAX + 500 }, (_, i) => `c${i}`));
  clock.advance(10_000);
  t.equal(looks.length, IN_FLIGHT_MAX);
  t.equal(rounds.inFlight, IN_FLIGHT_MAX);
  for (let i = 0; i < 500; i++) looks[i]!.done('ok');
  t.equal(looks.length, IN_FLIGHT_MAX + 500);
  t.equal(new Set(looks.map(({ id }) => id)).size, IN_FLIGHT_MAX + 500);
});

t.test(
  'what is configured away is given up; what stays is left alone; another key begins anew',
  async (t) => {
    const { clock, looks, results, rounds, taskOf, configure } = start();
    configure('a', 'b', 'c');
    clock.advance(15);
    t.equal(rounds.inFlight, 3);
    rounds.configure(
      new Map([
        ['b', taskOf('b')],
        ['c', taskOf('c', 30_000)],
      ]),
    );
    t.same(looks.map(({ id, givenUp }) => [id, givenUp]).sort(), [
      ['a', true],
      ['b', false],
      ['c', true],
    ]);
    t.equal(rounds.inFlight, 1);
    clock.advance(5);
    t.same(
      looks.slice(3).map(({ id }) => id),
      ['c'],
    );
    looks.find(({ id }) => id === 'b')!.done('ok');
    t.same(results, ['b ok']);
    rounds.configure(new Map());
    clock.advance(100_000);
    t.equal(looks.length, 4, 'nothing is left');
    t.equal(rounds.inFlight, 0);
  },
);

t.test('places of looks that are given up go to those that wait', async (t) => {
  const { clock, looks, rounds, taskOf } = start();
  const tasks = (from: number, to: number) =>
    new Map(Array.from({ length: to - from }, (_, i) => [`c${from + i}`, taskOf(`c${from + i}`)]));
  rounds.configure(tasks(0, IN_FLIGHT_MAX));
  clock.advance(10_000);
  rounds.configure(tasks(0, IN_FLIGHT_MAX + 10));
  clock.advance(1_000);
  t.equal(looks.length, IN_FLIGHT_MAX);
  rounds.configure(tasks(IN_FLIGHT_MAX, IN_FLIGHT_MAX + 10));
  t.equal(rounds.inFlight, 10);
});

t.test('one that waits for its turn can be configured away', async (t) => {
  const { clock, looks, configure } = start();
  const ids = Array.from({ length: IN_FLIGHT_MAX }, (_, i) => `c${i}`);
  configure(...ids);
  clock.advance(10_000);
  configure(...ids, 'late');
  clock.advance(10);
  configure(...ids);
  looks[0]!.done('ok');
  t.notOk(looks.some(({ id }) => id === 'late'));
});
