import type { Worker } from 'node:worker_threads';
import type { LogFields, Logger } from '../telemetry/log.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { threadOf } from '../util/heartbeat.ts';
import { type ThreadLoad, threadLoad } from '../util/threadload.ts';

/**
 * Keeps threads alive. Each holds a post: a worker slot, or control. A thread that ends or falls silent is
 * replaced by another in the same post.
 *
 *     starting ─ first beat ─▶ running ─ silent ─▶ ending ─ exit ─▶ waiting ─ brake ─▶ starting
 *        └── no beat within STARTUP_MS ──────────────▲        ▲
 *                 any ── exit by itself ──────────────────────┘          stop: → stopped
 *
 * Silence counts only while the supervisor's own event loop turns in time: on a machine that is overloaded or was
 * asleep, everybody is silent. A thread that wants a core and has none does not hang: only one that sleeps where it
 * should beat does, or that had a core and did not beat. And only one thread is ended at a time: if all seem to
 * hang, the fault is not theirs.
 */
export type Thread = Pick<Worker, 'postMessage' | 'terminate' | 'on'>;

export type PostState = 'starting' | 'running' | 'ending' | 'waiting' | 'stopped';

export interface PostOptions {
  /** For logs: `worker 0`. */
  readonly name: string;
  /** Its cell in the shared beats. */
  readonly cell: number;
  /** Milliseconds without a beat that mean that it hangs. */
  readonly silentMs: number;
  /** Posts with one brake share it. */
  readonly brake: Brake;
  readonly start: () => Thread;
  /** A thread is there, and nothing was said to it yet. */
  readonly started?: (thread: Thread) => void;
  /** It is gone, and is replaced after `delayMs` or never; `beat`: it had come to its first beat. */
  readonly ended?: (delayMs: number | undefined, beat: boolean) => void;
}

/** How often beats are looked at. */
const CHECK_MS = 125;
/** A worker beats each 125 ms: four missed ones. A client waits for its first retry about as long. */
export const WORKER_SILENT_MS = 500;
/** Control may compile a large configuration in one go; no client waits for it. */
export const CONTROL_SILENT_MS = 60_000;
/** Rounds of health checks wait for a health thread that hangs; reports of many checks take it a second. */
export const HEALTH_SILENT_MS = 10_000;
/** A disk that hangs may come back, and a thread in a system call cannot be ended: the process would have to be. */
export const LOGS_SILENT_MS = Number.POSITIVE_INFINITY;
/** The supervisor itself is late by this much: then nobody's silence means anything. */
const OWN_LAG_MS_MAX = 50;
/**
 * From a thread's start to its first beat: it reads and compiles its imports. On a machine that boots, with many who
 * want its cores, this takes long, and a thread that is ended and begins anew makes it longer.
 */
const STARTUP_MS = 60_000;
/** A thread that does not end within this is in a native call that will not return. */
const END_MS = 3_000;
/** A thread that had a core for less than this share of a time has not had its chance. */
const CORE_SHARE_MIN = 0.25;

export class Supervisor {
  readonly #clock: Clock;
  readonly #beats: Int32Array;
  readonly #log: Logger;
  readonly #abandon: (reason: string) => void;
  readonly #load: (thread: number) => ThreadLoad | undefined;
  readonly #posts: Post[] = [];
  readonly #timer: Timer;
  #checkedAt: number;

  /** `abandon`: a thread cannot be ended, and so the process must. */
  constructor(options: {
    clock: Clock;
    beats: SharedArrayBuffer;
    log: Logger;
    abandon: (reason: string) => void;
    load?: (thread: number) => ThreadLoad | undefined;
  }) {
    this.#clock = options.clock;
    this.#beats = new Int32Array(options.beats);
    this.#log = options.log;
    this.#abandon = options.abandon;
    this.#load = options.load ?? threadLoad;
    this.#checkedAt = this.#clock.now();
    this.#timer = this.#clock.every(CHECK_MS, () => this.#check());
  }

  /** Starts a thread and keeps its post filled from now on. */
  add(options: PostOptions): Post {
    const post = new Post(options, {
      clock: this.#clock,
      beats: this.#beats,
      log: this.#log,
      abandon: this.#abandon,
      load: this.#load,
    });
    this.#posts.push(post);
    post.start();
    return post;
  }

  /** The names of threads that are there. */
  get running(): string[] {
    return this.#posts.filter(({ thread }) => thread !== undefined).map(({ name }) => name);
  }

  #check(): void {
    const now = this.#clock.now();
    const lag = now - this.#checkedAt - CHECK_MS;
    const isLate = lag >= OWN_LAG_MS_MAX;
    this.#checkedAt = now;
    for (const post of this.#posts) post.look(isLate ? lag : 0);
    if (this.#posts.some((post) => post.state === 'ending')) return;
    this.#posts.find((post) => post.isOverdue(now))?.end();
  }

  /** Ends every thread that is still there, and starts none. Resolves when all are gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#posts.map((post) => post.stop()));
    this.#timer.cancel();
  }
}

interface Surroundings {
  readonly clock: Clock;
  readonly beats: Int32Array;
  readonly log: Logger;
  readonly abandon: (reason: string) => void;
  readonly load: (thread: number) => ThreadLoad | undefined;
}

export class Post {
  readonly #o: PostOptions;
  readonly #around: Surroundings;
  #state: PostState = 'waiting';
  #thread: Thread | undefined;
  #firstCount = 0;
  #lastCount = 0;
  #seenAt = 0;
  /** How it was in the middle of its silence. */
  #before: ThreadLoad | undefined;
  #timer: Timer | undefined;
  #gone: (() => void)[] = [];
  /** Threads that took the place of another. */
  replacements = 0;

  constructor(options: PostOptions, around: Surroundings) {
    this.#o = options;
    this.#around = around;
  }

  get name(): string {
    return this.#o.name;
  }

  get state(): PostState {
    return this.#state;
  }

  /** The thread in this post, if it can be spoken to. */
  get thread(): Thread | undefined {
    return this.#thread;
  }

  start(): void {
    const { clock, beats } = this.#around;
    this.#firstCount = this.#lastCount = Atomics.load(beats, this.#o.cell);
    this.#seenAt = clock.now();
    this.#state = 'starting';
    let thread: Thread;
    try {
      thread = this.#o.start();
    } catch (error) {
      this.#lost({ err: error }, 'cannot be started');
      return;
    }
    this.#thread = thread;
    let failure: unknown;
    thread.on('error', (error) => {
      failure = error;
    });
    thread.on('exit', (code) => {
      if (this.#thread === thread) this.#exited(code, failure);
    });
    this.#o.started?.(thread);
  }

  /**
   * Notes a beat. `lag`: milliseconds for which the supervisor was not looking: what it did not see is forgiven. Who is
   * starting is forgiven these alone, else a machine that is always late would wait for ever.
   */
  look(lag: number): void {
    const count = Atomics.load(this.#around.beats, this.#o.cell);
    if (count === this.#lastCount && this.#state === 'starting') {
      this.#seenAt += lag;
      return;
    }
    if (count === this.#lastCount && lag === 0) {
      if (this.#silence() >= this.#o.silentMs / 2) this.#before ??= this.#load();
      return;
    }
    if (this.#state === 'starting') this.#state = 'running';
    this.#before = undefined;
    this.#lastCount = count;
    this.#seenAt = this.#around.clock.now();
  }

  isOverdue(now: number): boolean {
    switch (this.#state) {
      case 'starting':
        return now - this.#seenAt >= STARTUP_MS;
      case 'running':
        return now - this.#seenAt >= this.#o.silentMs && !this.#isStarved(this.#o.silentMs / 2);
      case 'ending':
      case 'waiting':
      case 'stopped':
        return false;
      default:
        return unreachable(this.#state);
    }
  }

  /** Whether it could do nothing in a time that was at least `ms` long, for want of a core. */
  #isStarved(ms: number): boolean {
    const load = this.#load();
    const before = this.#before;
    if (load === undefined || before === undefined) return false;
    // One that sleeps may wait for another that has no core, as long as it wakes now and then.
    const isAwake = load.state === 'runnable' || load.turns !== before.turns;
    return isAwake && load.cpuMs - before.cpuMs < CORE_SHARE_MIN * ms;
  }

  #load(): ThreadLoad | undefined {
    return this.#around.load(threadOf(this.#around.beats, this.#o.cell));
  }

  #silence(): number {
    return this.#around.clock.now() - this.#seenAt;
  }

  /** Ends a thread that hangs. */
  end(): void {
    const silentMs = Math.round(this.#silence());
    this.#around.log.error({ thread: this.#o.name, silentMs }, `${this.#o.name} hangs and is ended`);
    this.#state = 'ending';
    this.#terminate();
  }

  #terminate(): void {
    this.#awaitEnd();
    this.#thread?.terminate().catch(() => undefined);
  }

  #awaitEnd(): void {
    const { clock, abandon } = this.#around;
    this.#timer?.cancel();
    this.#before = this.#load();
    this.#timer = clock.after(END_MS, () => {
      // Where this thread is late itself, the other's end may be the next thing that it hears of.
      this.#timer = clock.after(0, () => {
        if (this.#load()?.state === 'gone' || this.#isStarved(END_MS)) this.#awaitEnd();
        else abandon(`${this.#o.name} did not end within ${END_MS} ms: it is in a native call`);
      });
    });
  }

  #exited(code: number, failure: unknown): void {
    this.#timer?.cancel();
    this.#thread = undefined;
    if (this.#state === 'stopped') {
      this.#o.ended?.(undefined, this.#hadBeat());
      for (const resolve of this.#gone.splice(0)) resolve();
      return;
    }
    const fields: LogFields = failure === undefined ? { exitCode: code } : { exitCode: code, err: failure };
    this.#lost(fields, this.#state === 'ending' ? 'was ended' : 'ended by itself');
  }

  #lost(fields: LogFields, what: string): void {
    const { clock, log } = this.#around;
    const delayMs = this.#o.brake.delayMs();
    this.#state = 'waiting';
    this.replacements++;
    log.error({ ...fields, delayMs }, `${this.#o.name} ${what} and is replaced`);
    this.#o.ended?.(delayMs, this.#hadBeat());
    // `ended` may have decided to stop.
    if (this.#isStopped()) return;
    if (delayMs === 0) this.start();
    else this.#timer = clock.after(delayMs, () => this.start());
  }

  #hadBeat(): boolean {
    return Atomics.load(this.#around.beats, this.#o.cell) !== this.#firstCount;
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** The thread is about to end by itself, as it was told to: it is not replaced. Resolves when it is gone. */
  retire(): Promise<void> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    if (this.#thread === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#gone.push(resolve));
  }

  /** Ends the thread, if it is there. Resolves when it is gone. */
  stop(): Promise<void> {
    const gone = this.retire();
    if (this.#thread !== undefined) this.#terminate();
    return gone;
  }
}

/** This many replacements within the window are met at once: a crash must cost as little as it can. */
const FREE_REPLACEMENTS = 5;
const WINDOW_MS = 60_000;
const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 10_000;

/**
 * Keeps replacements from becoming a storm, where threads die as fast as they are started: beyond a few in a
 * minute each waits twice as long as the one before, up to ten seconds.
 */
export class Brake {
  readonly #clock: Clock;
  #recent: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a replacement and says how long it has to wait. */
  delayMs(): number {
    const now = this.#clock.now();
    this.#recent = this.#recent.filter((at) => now - at < WINDOW_MS);
    this.#recent.push(now);
    const excess = this.#recent.length - FREE_REPLACEMENTS;
    if (excess <= 0) return 0;
    return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(excess - 1, 16));
  }
}
