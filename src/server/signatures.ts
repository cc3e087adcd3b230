import { Worker } from 'node:worker_threads';
import { BatchWriter, checksOf, readVerdict } from '../dnssec/checkbatch.ts';
import { KeyStore } from '../dnssec/key.ts';
import { type SignatureCheck, type Verdict, verdictOf } from '../dnssec/signaturecheck.ts';
import { ELSEWHERE_MAX } from '../resolver/checking.ts';
import type { SignatureChecks } from '../resolver/env.ts';
import { assert } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** V8's heap only: keys and signatures are OpenSSL's, and outside of it. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };
/** Without a word, though checks are out: a message has the verdicts of 16 of them, of a millisecond each at most. */
export const SILENT_MS = 500;
/** A thread that failed, or could not be made, is made again after this. */
export const PAUSE_MS = 10_000;
/** Checks that were out are made here so many a turn of the event loop, as all are where there is no thread for them. */
const TAKEN_BACK_A_TURN = 8;

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

type Settle = (verdict: Verdict) => void;

/** What was sent at the end of one turn. */
interface Sent {
  readonly batch: Uint8Array;
  readonly waiting: readonly Settle[];
  /** How many of these know their verdicts. */
  done: number;
}

/**
 * A thread beside a worker that checks signatures for it, so that neither the checks nor the import of keys hold up
 * who asks for what is in the cache. It is made for the first signature there is, and what is to be checked until it
 * is ready the worker checks itself, as it does with what the thread was sent and did not give back:
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
  #waiting: Settle[] = [];
  /** The first first. */
  #sent: Sent[] = [];
  #heardAt = 0;
  #silence: Timer | undefined;

  constructor({ clock, failed, start = startThread }: SignatureThreadOptions) {
    this.#clock = clock;
    this.#failed = failed;
    this.#start = start;
  }

  check(check: SignatureCheck): Promise<Verdict> | undefined {
    if (this.#state === 'absent') this.#begin();
    if (this.#state !== 'ready') return undefined;
    this.#writer.add(check);
    if (this.#waiting.length === 0) setImmediate(() => this.#send());
    return new Promise((settle) => this.#waiting.push(settle));
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

  #send(): void {
    const sent: Sent = { batch: this.#writer.finish(), waiting: this.#waiting, done: 0 };
    this.#waiting = [];
    if (this.#thread === undefined) {
      takeBack([sent]);
      return;
    }
    if (this.#sent.length === 0) this.#heardAt = this.#clock.now();
    this.#sent.push(sent);
    this.#thread.postMessage(sent.batch);
    this.#silence ??= this.#clock.after(SILENT_MS, () => this.#listen());
  }

  #hear(news: SignatureNews): void {
    if (news === 'ready') {
      this.#state = 'ready';
      return;
    }
    this.#heardAt = this.#clock.now();
    const sent = this.#sent[0];
    assert(sent !== undefined, 'verdicts are of what was sent');
    for (const octet of news) sent.waiting[sent.done++]!(readVerdict(octet));
    if (sent.done === sent.waiting.length) this.#sent.shift();
  }

  #listen(): void {
    this.#silence = undefined;
    if (this.#sent.length === 0) return;
    const left = this.#heardAt + SILENT_MS - this.#clock.now();
    this.#silence = this.#clock.after(Math.max(0, left), () => {
      // Where this thread was late itself, verdicts may be the next thing that it reads.
      if (left <= 0) setImmediate(() => this.#judge());
      else this.#listen();
    });
  }

  #judge(): void {
    const isSilent = this.#sent.length > 0 && this.#clock.now() - this.#heardAt >= SILENT_MS;
    if (isSilent) this.#lose(`is silent for ${SILENT_MS} ms`);
    else this.#listen();
  }

  #lose(why: string): void {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#state = 'absent';
    this.#notBefore = this.#clock.now() + PAUSE_MS;
    this.#silence?.cancel();
    this.#silence = undefined;
    void thread?.terminate();
    this.#failed(why);
    takeBack(this.#sent.splice(0));
  }
}

/** Makes in this thread the checks that are still without verdicts. */
function takeBack(all: readonly Sent[]): void {
  const checks = checksWaiting(all);
  const go = (): void => {
    for (let made = 0; made < TAKEN_BACK_A_TURN; made++) {
      const { done, value } = checks.next();
      if (done === true) return;
      value.settle(verdictOf(value.check));
    }
    setImmediate(go);
  };
  go();
}

function* checksWaiting(all: readonly Sent[]): Generator<{ check: SignatureCheck; settle: Settle }, void> {
  const keys = new KeyStore(ELSEWHERE_MAX);
  for (const { batch, waiting, done } of all) {
    let at = 0;
    for (const check of checksOf(batch, keys)) {
      if (at >= done) yield { check, settle: waiting[at]! };
      at++;
    }
  }
}

function startThread(): Thread {
  const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
  const file = new URL(`./signaturethread${suffix}`, import.meta.url);
  return new Worker(file, { resourceLimits: LIMITS, name: 'signatures' });
}
