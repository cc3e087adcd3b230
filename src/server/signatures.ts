import { Worker } from 'node:worker_threads';
import { BatchWriter, checksOf, readVerdict } from '../dnssec/checkbatch.ts';
import { KeyStore } from '../dnssec/key.ts';
import type { SignatureCheck, Verdict } from '../dnssec/signaturecheck.ts';
import type { SignatureChecks } from '../resolver/env.ts';
import { assert } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** V8's heap only: keys are OpenSSL's, and outside of it. With a young heap of 8 MB the thread takes 17 MB, with this 9. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };
/** How often it is looked whether the thread has said something, while it owes something. */
export const LOOK_MS = 125;
/**
 * Looks in vain until it is given up. Those of this thread are counted, and not the time: a host that was asleep, or a
 * process that was stopped, is seen once. Owing verdicts it says something after 16 checks, of a millisecond each at most.
 */
const LOOKS = 4;
/** The same until it is ready: on a machine that boots it may take as long as the threads of main's have. */
const STARTUP_LOOKS = 480;
/** A thread that failed, or could not be made, is made again after this. */
export const PAUSE_MS = 10_000;

/** What the thread says: that it reads batches now, then verdicts, in the order of the checks. */
export type SignatureNews = 'ready' | Uint8Array;

/** What of a thread is needed. */
export type Thread = Pick<Worker, 'postMessage' | 'terminate' | 'on' | 'unref'>;

export interface SignatureThreadOptions {
  readonly clock: Clock;
  /** What is said of a thread that failed; there will be another. */
  readonly failed: (why: string) => void;
  /** Makes a thread; the default is that of signaturethread.ts. Throws where none can be made. */
  readonly start?: () => Thread;
}

type Told = (known: Verdict | SignatureCheck) => void;

/** What was sent at the end of one turn. */
interface Sent {
  readonly batch: Uint8Array;
  readonly waiting: readonly Told[];
  /** How many of these know their verdicts. */
  done: number;
}

/**
 * A thread beside a worker that checks signatures for it, so that neither the checks nor the import of keys hold up
 * who asks for what is in the cache. It is made for the first signature there is, and what is to be checked until it
 * is ready the worker checks itself, at its own pace, as it does with what the thread was sent and did not give back, and
 * with what is large:
 *
 *     absent ─ first check ─▶ starting ─ it says so ─▶ ready ─ ends, or is silent ─▶ absent, for PAUSE_MS at least
 *
 * The checks of one turn of the event loop travel in one message. They are nobody's secret: keys, data and signatures
 * tell nothing of who asks, and nothing is kept of them but imported keys.
 */
export class SignatureThread implements SignatureChecks {
  readonly #clock: Clock;
  readonly #failed: (why: string) => void;
  readonly #start: () => Thread;
  #state: 'absent' | 'starting' | 'ready' = 'absent';
  #thread: Thread | undefined;
  #notBefore = 0;
  readonly #writer = new BatchWriter();
  /** For checks of the batch that is being written. */
  #waiting: Told[] = [];
  /** The first first. */
  #sent: Sent[] = [];
  /** Verdicts that came: those that were told in this turn, and those that wait for the next ones. */
  #heard: Uint8Array[] = [];
  /** Of LOOKS or STARTUP_LOOKS, since the thread was heard last. */
  #looks = 0;
  #watch: Timer | undefined;

  constructor({ clock, failed, start = startThread }: SignatureThreadOptions) {
    this.#clock = clock;
    this.#failed = failed;
    this.#start = start;
  }

  check(check: SignatureCheck, told: Told): boolean {
    if (this.#state === 'absent') this.#begin();
    if (this.#state !== 'ready') return false;
    let added = this.#writer.add(check);
    if (added === 'full') {
      this.#send();
      added = this.#writer.add(check);
    }
    if (added === 'large') return false;
    if (this.#waiting.length === 0) setImmediate(() => this.#send());
    this.#waiting.push(told);
    return true;
  }

  #begin(): void {
    if (this.#clock.now() < this.#notBefore) return;
    let thread: Thread;
    try {
      thread = this.#start();
    } catch (error) {
      this.#lose(`cannot be made: ${String(error)}`);
      return;
    }
    this.#thread = thread;
    this.#state = 'starting';
    this.#watchFrom(STARTUP_LOOKS);
    const ifCurrent =
      <T>(hear: (what: T) => void) =>
      (what: T): void => {
        if (this.#thread === thread) hear(what);
      };
    thread.on(
      'message',
      ifCurrent((news: SignatureNews) => this.#hear(news)),
    );
    thread.on(
      'error',
      ifCurrent((error: unknown) => this.#lose(`fails: ${String(error)}`)),
    );
    thread.on(
      'exit',
      ifCurrent((code: number) => this.#lose(`ended with ${code}`)),
    );
    // It is there for this worker alone.
    thread.unref();
  }

  /** At the end of a turn, or where a batch is full; there may be nothing left then. */
  #send(): void {
    if (this.#waiting.length === 0) return;
    const sent: Sent = { batch: this.#writer.finish(), waiting: this.#waiting, done: 0 };
    this.#waiting = [];
    if (this.#thread === undefined) {
      giveBack(sent);
      return;
    }
    this.#sent.push(sent);
    this.#thread.postMessage(sent.batch);
    if (this.#sent.length === 1) this.#watchFrom(LOOKS);
  }

  #hear(news: SignatureNews): void {
    this.#looks = LOOKS;
    if (news === 'ready') {
      this.#state = 'ready';
      return;
    }
    this.#heard.push(news);
    // Else one was told in this turn.
    if (this.#heard.length === 1) this.#tell(this.#heard);
  }

  /** One message in a turn of the event loop: all that may be there would be a long turn, and others ask meanwhile. */
  #tell(heard: Uint8Array[]): void {
    const verdicts = heard[0];
    if (verdicts === undefined || heard !== this.#heard) return;
    const sent = this.#sent[0];
    assert(sent !== undefined, 'verdicts are of what was sent');
    for (const octet of verdicts) sent.waiting[sent.done++]!(readVerdict(octet));
    if (sent.done === sent.waiting.length) this.#sent.shift();
    setImmediate(() => {
      heard.shift();
      this.#tell(heard);
    });
  }

  #watchFrom(looks: number): void {
    this.#looks = looks;
    this.#watch ??= this.#clock.every(LOOK_MS, () => this.#look());
  }

  #look(): void {
    if (this.#state === 'ready' && this.#sent.length === 0) this.#unwatch();
    // Verdicts may be the next thing that this thread reads, where it was late itself.
    else if (--this.#looks === 0) setImmediate(() => this.#judge());
  }

  #judge(): void {
    if (this.#looks <= 0 && this.#thread !== undefined)
      this.#lose(this.#state === 'starting' ? 'does not begin' : `is silent for ${LOOKS * LOOK_MS} ms`);
  }

  #unwatch(): void {
    this.#watch?.cancel();
    this.#watch = undefined;
  }

  #lose(why: string): void {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#state = 'absent';
    this.#notBefore = this.#clock.now() + PAUSE_MS;
    this.#unwatch();
    void thread?.terminate();
    this.#failed(why);
    this.#heard = [];
    for (const sent of this.#sent.splice(0)) giveBack(sent);
  }
}

/** Whoever waits for verdicts makes the checks that were not made. */
function giveBack({ batch, waiting, done }: Sent): void {
  const keys = new KeyStore(waiting.length);
  let at = 0;
  for (const check of checksOf(batch, keys)) {
    if (at >= done) waiting[at]!(check);
    at++;
  }
}

function startThread(): Thread {
  const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
  const file = new URL(`./signaturethread${suffix}`, import.meta.url);
  return new Worker(file, { resourceLimits: LIMITS, name: 'signatures' });
}
