/** Supervision with threads that are made up, in simulated time. */
import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Brake, type Post, Supervisor, type Thread, WORKER_SILENT_MS } from '../../src/server/supervise.ts';
import type { Logger } from '../../src/telemetry/log.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { beat, beatsFor } from '../../src/util/heartbeat.ts';
import { ownThread, type ThreadLoad, threadLoad } from '../../src/util/threadload.ts';

class FakeThread extends EventEmitter {
  readonly posted: unknown[] = [];
  /** `obeys`: ends as soon as it is told to. `hangs`: never. */
  nature: 'obeys' | 'hangs' = 'obeys';
  terminated = 0;
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  terminate(): Promise<number> {
    this.terminated++;
    if (this.nature === 'obeys') this.emit('exit', 1);
    return Promise.resolve(1);
  }
  die(error?: Error): void {
    if (error !== undefined) this.emit('error', error);
    this.emit('exit', 1);
  }
}

function supervise(posts = 1, options: { silentMs?: number; load?: () => ThreadLoad | undefined } = {}) {
  const clock = new ManualClock();
  const beats = beatsFor(posts);
  const lines: string[] = [];
  const abandoned: string[] = [];
  const note = (_: unknown, message: string): void => void lines.push(message);
  const log: Logger = { debug: note, info: note, warn: note, error: note, fatal: note };
  const supervisor = new Supervisor({
    clock,
    beats,
    log,
    abandon: (reason) => abandoned.push(reason),
    load: options.load ?? (() => undefined),
  });
  const brake = new Brake(clock);
  const threads: FakeThread[][] = [];
  const ended: { slot: number; delayMs: number | undefined; beat: boolean }[] = [];
  const all: Post[] = [];
  for (let slot = 0; slot < posts; slot++) {
    threads.push([]);
    all.push(
      supervisor.add({
        name: `worker ${slot}`,
        cell: slot,
        silentMs: options.silentMs ?? WORKER_SILENT_MS,
        brake,
        start: () => {
          const thread = new FakeThread();
          threads[slot]!.push(thread);
          return thread as unknown as Thread;
        },
        ended: (delayMs, hadBeat) => ended.push({ slot, delayMs, beat: hadBeat }),
      }),
    );
  }
  const cells = new Int32Array(beats);
  /** Lets time pass while the given slots beat. */
  const pass = (ms: number, ...beating: number[]): void => {
    for (let passed = 0; passed < ms; passed += 50) {
      for (const slot of beating) Atomics.add(cells, slot, 1);
      clock.advance(50);
    }
  };
  return { clock, beats, supervisor, threads, posts: all, ended, lines, abandoned, pass };
}

t.test('a thread that beats is left alone', (t) => {
  const { threads, posts, pass } = supervise();
  t.equal(posts[0]!.state, 'starting');
  pass(60_000, 0);
  t.equal(posts[0]!.state, 'running');
  t.equal(threads[0]!.length, 1);
  t.equal(threads[0]![0]!.terminated, 0);
  t.end();
});

t.test('a thread that ends is replaced at once', (t) => {
  const { threads, posts, ended, lines, pass } = supervise();
  pass(1000, 0);
  threads[0]![0]!.die(new Error('a bug'));
  t.equal(threads[0]!.length, 2);
  t.equal(posts[0]!.state, 'starting');
  t.equal(posts[0]!.replacements, 1);
  t.same(ended, [{ slot: 0, delayMs: 0, beat: true }]);
  t.match(lines, ['worker 0 ended by itself and is replaced']);
  pass(150, 0);
  t.equal(posts[0]!.state, 'running');
  t.end();
});

t.test('a thread that falls silent is ended and replaced', (t) => {
  const { threads, posts, pass, lines } = supervise();
  pass(1000, 0);
  pass(WORKER_SILENT_MS - 100);
  t.equal(threads[0]!.length, 1);
  pass(200);
  t.equal(threads[0]![0]!.terminated, 1);
  t.equal(threads[0]!.length, 2);
  t.equal(posts[0]!.replacements, 1);
  t.same(lines, ['worker 0 hangs and is ended', 'worker 0 was ended and is replaced']);
  t.end();
});

t.test('a thread has a minute to its first beat', (t) => {
  const { threads, pass, ended } = supervise();
  pass(59_800);
  t.equal(threads[0]!.length, 1);
  pass(400);
  t.equal(threads[0]!.length, 2);
  t.same(ended, [{ slot: 0, delayMs: 0, beat: false }], 'it is known to have had none');
  t.end();
});

t.test('a supervisor that was held up forgives what it did not see', (t) => {
  const { clock, threads, posts, pass } = supervise(2);
  pass(1000, 0, 1);
  heldUp(clock, 3000);
  t.equal(posts.map(({ state }) => state).join(), 'running,running');
  pass(WORKER_SILENT_MS - 200);
  t.equal(threads[0]!.length + threads[1]!.length, 2, 'the count of silence begins anew');
  pass(400, 1);
  t.equal(threads[0]!.length, 2, 'and ends as ever');
  t.equal(threads[1]!.length, 1);
  t.end();
});

t.test('a thread that never starts is noticed on a machine that is always late as well', (t) => {
  const { clock, threads } = supervise();
  for (let i = 0; i < 40; i++) heldUp(clock, 500);
  t.equal(threads[0]!.length, 1, '500 ms are forgiven each time');
  for (let i = 0; i < 580; i++) heldUp(clock, 500);
  t.equal(threads[0]!.length, 2, 'but not the minute that it had');
  t.end();
});

/** Time passes at once, as if the event loop had been blocked: the next check comes late. */
function heldUp(clock: ManualClock, ms: number): void {
  const original = clock.now.bind(clock);
  let extra = ms;
  clock.now = () => original() + extra;
  clock.advance(100);
  extra = 0;
  clock.now = () => original() + ms;
}

t.test('one that hangs is ended at a time', (t) => {
  const { threads, pass } = supervise(3);
  pass(1000, 0, 1, 2);
  for (const [thread] of threads) thread!.nature = 'hangs';
  pass(WORKER_SILENT_MS + 200);
  t.same(
    threads.map(([thread]) => thread!.terminated),
    [1, 0, 0],
  );
  threads[0]![0]!.emit('exit', 1);
  pass(150, 0);
  t.same(
    threads.map(([thread]) => thread!.terminated),
    [1, 1, 0],
  );
  t.equal(threads[0]!.length, 2);
  t.end();
});

t.test('a thread that has no core does not hang', (t) => {
  let load: ThreadLoad = { state: 'runnable', cpuMs: 40, turns: 7 };
  const { threads, pass, abandoned } = supervise(1, { load: () => load });
  pass(1000, 0);
  pass(20 * WORKER_SILENT_MS);
  t.equal(threads[0]![0]!.terminated, 0, 'it wants one');
  load = { state: 'asleep', cpuMs: 41, turns: 8 };
  pass(1000);
  t.equal(threads[0]![0]!.terminated, 0, 'it sleeps, as others have none either');
  pass(1000, 0);
  pass(WORKER_SILENT_MS + 100);
  t.equal(threads[0]![0]!.terminated, 1, 'it has slept all the time');

  load = { state: 'runnable', cpuMs: 0, turns: 1 };
  pass(1000, 0);
  threads[0]![1]!.nature = 'hangs';
  pass(WORKER_SILENT_MS / 2 + 50);
  load = { state: 'runnable', cpuMs: WORKER_SILENT_MS / 2, turns: 1 };
  pass(WORKER_SILENT_MS / 2 + 50);
  t.equal(threads[0]![1]!.terminated, 1, 'it had one, and did not beat');
  pass(10_000);
  t.same(abandoned, [], 'it has none to end with');
  load = { state: 'gone', cpuMs: 0, turns: 0 };
  pass(10_000);
  t.same(abandoned, [], 'it has ended, as will be told');
  threads[0]![1]!.emit('exit', 1);
  t.equal(threads[0]!.length, 3);
  t.end();
});

t.test('what the kernel tells of threads', { skip: process.platform !== 'linux' }, async (t) => {
  const own = threadLoad(ownThread())!;
  t.equal(own.state, 'runnable');
  for (let i = 0; threadLoad(ownThread())!.cpuMs === own.cpuMs; i++) if (i > 1e6) break;
  t.ok(threadLoad(ownThread())!.cpuMs > own.cpuMs);
  const code = `require('node:worker_threads').parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`;
  const worker = new Worker(code, { eval: true });
  const thread = Number(await new Promise((resolve) => worker.once('message', resolve)));
  while (threadLoad(thread)?.state !== 'asleep') await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.terminate();
  t.equal(threadLoad(thread)?.state, 'gone');
  t.equal(threadLoad(0), undefined);
});

t.test('a thread that cannot be ended ends the process', (t) => {
  const { threads, pass, abandoned } = supervise();
  pass(1000, 0);
  threads[0]![0]!.nature = 'hangs';
  pass(WORKER_SILENT_MS + 100);
  t.same(abandoned, []);
  pass(3100);
  t.match(abandoned, [/worker 0 did not end within 3000 ms/]);
  t.end();
});

t.test('a thread that cannot be started is tried again', (t) => {
  const clock = new ManualClock();
  const log = silentLog();
  const supervisor = new Supervisor({
    clock,
    beats: beatsFor(1),
    log,
    abandon: () => undefined,
  });
  let tries = 0;
  const post = supervisor.add({
    name: 'worker 0',
    cell: 0,
    silentMs: 500,
    brake: new Brake(clock),
    start: () => {
      if (++tries < 9) throw new Error('no memory');
      return new FakeThread() as unknown as Thread;
    },
  });
  t.equal(tries, 6, 'at once, then slower');
  t.equal(post.state, 'waiting');
  clock.advance(100 + 200 + 400);
  t.equal(tries, 9);
  t.equal(post.state, 'starting');
  t.end();
});

t.test('a storm is braked: each replacement waits twice as long, up to ten seconds', (t) => {
  const { threads, ended, pass, posts } = supervise(2);
  pass(1000, 0, 1);
  const delays: number[] = [];
  for (let i = 0; i < 16; i++) {
    threads[0]!.at(-1)!.die();
    delays.push(ended.at(-1)!.delayMs!);
    pass(delays.at(-1)!, 1);
    t.equal(threads[0]!.length, i + 2);
  }
  t.same(delays.slice(0, 13), [0, 0, 0, 0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
  t.ok(Math.max(...delays) <= 10_000);
  t.equal(threads[1]!.length, 1, 'the others are not concerned');
  pass(60_000, 0, 1);
  threads[0]!.at(-1)!.die();
  t.equal(ended.at(-1)!.delayMs, 0, 'a minute of peace, and all is forgotten');
  t.equal(posts[0]!.replacements, 17);
  t.end();
});

t.test('stopping ends what is there and starts nothing', async (t) => {
  const { supervisor, threads, pass, posts, clock } = supervise(3);
  pass(1000, 0, 1, 2);
  for (let i = 0; i < 6; i++) threads[1]!.at(-1)!.die();
  t.equal(posts[1]!.state, 'waiting');
  const retired = posts[2]!.retire();
  threads[2]![0]!.emit('exit', 0);
  await retired;
  await supervisor.stop();
  t.same(
    posts.map(({ state }) => state),
    ['stopped', 'stopped', 'stopped'],
  );
  t.equal(threads[0]![0]!.terminated, 1);
  t.equal(threads[2]![0]!.terminated, 0);
  pass(20_000);
  t.same(
    threads.map((list) => list.length),
    [1, 6, 1],
  );
  t.equal(clock.next(), undefined, 'no timer is left');
});

t.test('a beat is written at once and then eight times a second', (t) => {
  const clock = new ManualClock();
  const beats = beatsFor(3);
  const timer = beat(beats, 1, clock);
  t.same([...new Int32Array(beats, 0, 3)], [0, 1, 0]);
  clock.advance(1000);
  t.same([...new Int32Array(beats, 0, 3)], [0, 9, 0]);
  timer.cancel();
  clock.advance(1000);
  t.same([...new Int32Array(beats, 0, 3)], [0, 9, 0]);
  t.end();
});

function silentLog(): Logger {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing };
}
