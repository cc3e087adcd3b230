/** The thread that checks signatures for a worker: what it does, and what happens without it. */
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { canonicalRdatas, signedData } from '../../src/dnssec/canonical.ts';
import { PIECE, verdictsOf } from '../../src/dnssec/checkbatch.ts';
import { KeyStore, readDnskey } from '../../src/dnssec/key.ts';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { type SignatureCheck, type Verdict, verdictOf } from '../../src/dnssec/signaturecheck.ts';
import {
  LOOK_MS,
  PAUSE_MS,
  SignatureThread,
  type SignatureThreadOptions,
  type Thread,
} from '../../src/server/signatures.ts';
import { ManualClock, systemClock } from '../../src/util/clock.ts';
import { rrset } from '../dnssec/zones.ts';
import { makeKey, signRrset } from '../support/sign.ts';
import { until } from '../support/sockets.ts';

const key = makeKey('example.', { seed: 'thread' });
const store = new KeyStore();
const publicKey = store.of(readDnskey(key.rdata)!)!;
const algorithm = algorithmTable({ sha1: false }).get(13)!;

/** Each second one is bad. */
function checkAt(i: number): SignatureCheck {
  const set = rrset(`w${i}.example. 300 A 192.0.2.1`);
  const sig = readRrsig(signRrset(set, key))!;
  const signed = i % 2 === 0 ? set : rrset(`x${i}.example. 300 A 192.0.2.1`);
  const data = signedData(signed, canonicalRdatas(set.type, set.rdatas), sig).slice();
  return { algorithm, key: publicKey, data, signature: sig.signature };
}

const CHECKS = Array.from({ length: 100 }, (_, i) => checkAt(i));
const VERDICTS: readonly Verdict[] = CHECKS.map((_, i) => (i % 2 === 0 ? 'good' : 'bad'));

/** What becomes of a check; undefined: it is not taken. */
function asked(
  thread: SignatureThread,
  check: SignatureCheck,
): Promise<Verdict | SignatureCheck> | undefined {
  const { promise, resolve } = Promise.withResolvers<Verdict | SignatureCheck>();
  return thread.check(check, resolve) ? promise : undefined;
}

/** All at once, as replies that arrive together are. What comes back unmade is made here, as by a worker. */
function all(thread: SignatureThread): Promise<Verdict[]> {
  return Promise.all(
    CHECKS.map(async (check) => {
      const known = await (asked(thread, check) ?? Promise.reject(new Error('not taken')));
      if (typeof known === 'string') return known;
      unmade++;
      return verdictOf(known);
    }),
  );
}

let unmade = 0;

function made(options: Partial<SignatureThreadOptions> = {}): {
  thread: SignatureThread;
  failures: string[];
} {
  const failures: string[] = [];
  const failed = (why: string): void => void failures.push(why);
  return { thread: new SignatureThread({ clock: systemClock, failed, ...options }), failures };
}

/** A thread that does what the test says. */
class FakeThread extends EventEmitter {
  readonly batches: Uint8Array[] = [];
  state: 'there' | 'ended' = 'there';

  postMessage(batch: Uint8Array): void {
    this.batches.push(batch);
  }

  terminate(): Promise<number> {
    this.state = 'ended';
    // As a true one does, later.
    setImmediate(() => this.emit('exit', 1));
    return Promise.resolve(1);
  }

  unref(): void {}

  /** So many messages of verdicts of what was sent. */
  answer(pieces = Number.POSITIVE_INFINITY): void {
    for (const batch of this.batches)
      for (const verdicts of verdictsOf(batch, store)) if (pieces-- > 0) this.emit('message', verdicts);
    this.batches.length = 0;
  }
}

/** With a clock that stands still, and every thread that was made. */
function faked(): {
  thread: SignatureThread;
  threads: FakeThread[];
  failures: string[];
  clock: ManualClock;
} {
  const clock = new ManualClock();
  const threads: FakeThread[] = [];
  const start = (): Thread => {
    const thread = new FakeThread();
    threads.push(thread);
    return thread as unknown as Thread;
  };
  return { ...made({ clock, start }), threads, clock };
}

/** The thread alone keeps no process alive. */
const alive = setInterval(() => undefined, 1_000);
t.teardown(() => clearInterval(alive));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('a true thread: none of what it is asked before it is ready, and then all', async (t) => {
  const { thread, failures } = made();
  t.equal(asked(thread, CHECKS[0]!), undefined, 'the thread is being made');
  await until(() => asked(thread, CHECKS[0]!) !== undefined, 'the thread');
  t.same(await all(thread), VERDICTS);
  t.same(await Promise.all([all(thread), all(thread)]), [VERDICTS, VERDICTS]);
  t.same(failures, []);
});

t.test(
  'it is made for the first check, in one turn one message goes, and verdicts come in pieces',
  async (t) => {
    const { thread, threads, failures } = faked();
    await turn();
    t.equal(threads.length, 0);
    t.equal(asked(thread, CHECKS[0]!), undefined);
    t.equal(asked(thread, CHECKS[1]!), undefined);
    t.equal(threads.length, 1);
    threads[0]!.emit('message', 'ready');
    const first = all(thread);
    const second = all(thread);
    t.equal(threads[0]!.batches.length, 0, 'not before the end of the turn');
    await turn();
    t.equal(threads[0]!.batches.length, 1);
    const third = all(thread);
    await turn();
    t.equal(threads[0]!.batches.length, 2);
    threads[0]!.answer();
    t.same(await Promise.all([first, second, third]), [VERDICTS, VERDICTS, VERDICTS]);
    t.same(failures, []);
  },
);

const ENDS: [what: string, end: (thread: FakeThread) => void, said: RegExp][] = [
  ['fails', (thread) => thread.emit('error', new Error('broken')), /^fails: Error: broken$/],
  ['ends', (thread) => thread.emit('exit', 7), /^ended with 7$/],
];
for (const [what, end, said] of ENDS)
  t.test(`one that ${what}: what it owes is checked here, and there is another after a while`, async (t) => {
    const { thread, threads, failures, clock } = faked();
    void asked(thread, CHECKS[0]!);
    threads[0]!.emit('message', 'ready');
    const some = all(thread);
    await turn();
    const unsent = all(thread);
    threads[0]!.answer(2);
    unmade = 0;
    end(threads[0]!);
    t.equal(asked(thread, CHECKS[0]!), undefined);
    t.same(await Promise.all([some, unsent]), [VERDICTS, VERDICTS]);
    t.equal(unmade, 2 * CHECKS.length - PIECE, 'of two messages one was told');
    t.equal(failures.length, 1);
    t.match(failures[0], said);
    t.equal(threads[0]!.state, 'ended');
    await turn();
    t.equal(failures.length, 1, 'its end is told once');
    t.equal(threads.length, 1);
    clock.advance(PAUSE_MS - 1);
    t.equal(asked(thread, CHECKS[0]!), undefined);
    t.equal(threads.length, 1);
    clock.advance(1);
    t.equal(asked(thread, CHECKS[0]!), undefined);
    t.equal(threads.length, 2);
    threads[1]!.emit('message', 'ready');
    const others = all(thread);
    await turn();
    // What the first one would have said late is nobody's.
    threads[0]!.emit('message', Uint8Array.of(2));
    threads[1]!.answer();
    t.same(await others, VERDICTS);
  });

t.test('one that is silent is given up; one that is slow is not', async (t) => {
  const { thread, threads, failures, clock } = faked();
  const wait = async (looks: number): Promise<void> => {
    for (let i = 0; i < looks; i++) clock.advance(LOOK_MS);
    await turn();
  };
  void asked(thread, CHECKS[0]!);
  threads[0]!.emit('message', 'ready');
  const slow = all(thread);
  await turn();
  const pieces = [...verdictsOf(threads[0]!.batches[0]!, store)];
  t.equal(pieces.length, Math.ceil(CHECKS.length / PIECE));
  for (const piece of pieces) {
    await wait(3);
    threads[0]!.emit('message', piece);
  }
  t.same(await slow, VERDICTS);
  await wait(100);
  t.same(failures, [], 'who owes nothing may be silent');
  const waiting = all(thread);
  await turn();
  await wait(3);
  t.same(failures, []);
  unmade = 0;
  await wait(1);
  t.same(await waiting, VERDICTS);
  t.equal(unmade, CHECKS.length);
  t.same(failures, ['is silent for 500 ms']);
});

t.test('verdicts that are there at once are told a message a turn', async (t) => {
  const { thread, threads } = faked();
  void asked(thread, CHECKS[0]!);
  threads[0]!.emit('message', 'ready');
  let told = 0;
  const waiting = Promise.all(
    CHECKS.map(async (check) => {
      await asked(thread, check);
      told++;
    }),
  );
  await turn();
  threads[0]!.answer();
  // What follows at once, in this turn.
  for (let i = 0; i < 10; i++) await null;
  const turns = [told];
  while (told < CHECKS.length) {
    const before = told;
    await turn();
    turns.push(told - before);
  }
  await waiting;
  t.same(turns, [PIECE, PIECE, PIECE, PIECE, PIECE, PIECE, CHECKS.length - 6 * PIECE]);
});

t.test('one that never says that it is ready', async (t) => {
  const { thread, threads, failures, clock } = faked();
  void asked(thread, CHECKS[0]!);
  for (let i = 0; i < 479; i++) clock.advance(LOOK_MS);
  await turn();
  t.same(failures, []);
  clock.advance(LOOK_MS);
  await turn();
  t.same(failures, ['does not begin']);
  t.equal(threads[0]!.state, 'ended');
});

t.test('verdicts that are there, and not yet read, are not silence', async (t) => {
  const { thread, threads, failures, clock } = faked();
  void asked(thread, CHECKS[0]!);
  threads[0]!.emit('message', 'ready');
  const waiting = all(thread);
  await turn();
  // This thread was late itself: its timer is called before the message is.
  for (let i = 0; i < 4; i++) clock.advance(LOOK_MS);
  threads[0]!.answer();
  t.same(await waiting, VERDICTS);
  await turn();
  t.same(failures, []);
});

t.test('a process that was stopped has no silent thread', async (t) => {
  const { thread, failures } = made();
  void asked(thread, CHECKS[0]!);
  await until(() => asked(thread, CHECKS[0]!) !== undefined, 'the thread');
  for (let i = 0; i < 3; i++) {
    const waiting = all(thread);
    await turn();
    // Continued by another process: this one stands still as a whole.
    const resume = spawn('sh', ['-c', `sleep 0.9; kill -CONT ${process.pid}`], { stdio: 'ignore' });
    const resumed = once(resume, 'exit');
    process.kill(process.pid, 'SIGSTOP');
    t.same(await waiting, VERDICTS);
    await resumed;
  }
  t.same(failures, []);
});

t.test('more than a message holds, and what is too large for any', async (t) => {
  const { thread, threads } = faked();
  void asked(thread, CHECKS[0]!);
  threads[0]!.emit('message', 'ready');
  const large = { ...CHECKS[0]!, data: new Uint8Array(100_000) };
  t.equal(asked(thread, large), undefined);
  const some = Array.from({ length: 5 }, () => all(thread));
  await turn();
  t.ok(threads[0]!.batches.length > 1);
  t.ok(Math.max(...threads[0]!.batches.map(({ length }) => length)) <= 65_536);
  threads[0]!.answer();
  t.same(await Promise.all(some), Array(5).fill(VERDICTS));
});

t.test('none can be made: it is not tried all the time', async (t) => {
  const clock = new ManualClock();
  let tries = 0;
  const start = (): Thread => {
    tries++;
    throw new Error('EAGAIN');
  };
  const { thread, failures } = made({ clock, start });
  for (let second = 0; second < 25; second++) {
    for (let i = 0; i < 10; i++) t.equal(asked(thread, CHECKS[0]!), undefined);
    clock.advance(1_000);
  }
  t.equal(tries, 3);
  t.same(failures, Array(3).fill('cannot be made: Error: EAGAIN'));
});

t.test('a true thread that breaks as it begins', async (t) => {
  const file = new URL('../support/broken-worker.ts', import.meta.url);
  const { thread, failures } = made({ start: () => new Worker(file, { stderr: true }) });
  t.equal(asked(thread, CHECKS[0]!), undefined);
  await until(() => failures.length > 0, 'its end');
  t.match(failures, [/^fails: Error: broken from the start$/]);
  t.equal(asked(thread, CHECKS[0]!), undefined);
});
