import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import { LOOP_TOKEN_OCTETS } from '../resolver/loop.ts';
import type { Logger } from '../telemetry/log.ts';
import { daemonCounters, METRIC, Metrics } from '../telemetry/metrics.ts';
import { unreachable } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import { type Ffi, loadFfi, RECEIVE_BUFFER } from '../util/ffi.ts';
import { keepV8BehindWorkers } from '../util/priority.ts';
import type { Prng } from '../util/prng.ts';
import { ringBuffer } from '../util/ring.ts';
import { fits, type Posted, received } from '../view/change.ts';
import {
  CONTROL_SLOT,
  type ControlNews,
  type ControlOrder,
  type ControlStart,
  HEALTH_SLOT,
  type HealthOrder,
  type HealthStart,
  LOGS_SLOT,
  type LogsOrder,
  type LogsStart,
  MAIN_SLOT,
  SHARED_SLOTS,
  type SharedBuffers,
  WORKERS_MAX,
} from '../view/channel.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { slotsOf } from './duty.ts';
import { Nursery } from './nursery.ts';
import { looksWithin, openFilesMax } from './openfiles.ts';
import { sharedBuffers } from './sharedbuffers.ts';
import { passedSockets, type SocketChanges, Sockets } from './sockets.ts';
import {
  Brake,
  CONTROL_SILENT_MS,
  HEALTH_SILENT_MS,
  LOGS_SILENT_MS,
  type Post,
  Supervisor,
  type Thread,
} from './supervise.ts';
import { ServiceManager } from './systemd.ts';
import { TicketKeyring } from './ticketkeys.ts';
import { type WorkerSeeds, Workers } from './workers.ts';

export interface DaemonOptions {
  /** Absolute path. */
  readonly configFile: string;
  /** Whether it is read again whenever it changes; else only when that is asked for. */
  readonly isFollowed?: boolean;
  /** How many workers the configuration seems to ask for: their threads are made at once. Default: none is. */
  readonly workers?: number;
  readonly workerFile: URL;
  readonly controlFile: URL;
  readonly healthFile: URL;
  readonly logsFile: URL;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly log: Logger;
}

/** sysexits(3) EX_SOFTWARE: the program failed. The service manager starts it again. */
export const EXIT_SOFTWARE = 70;
const EXIT_CONFIG = 1;
/**
 * From the signal to the end, whatever hangs: whoever stops a daemon waits for it, and a roll-out for one after the
 * other. Five seconds may be counted on; on a host that is busy the kernel needs one of them and more to take back a
 * large memory. What is to be durable is so when it is acknowledged, and not at the end, which may come at any time.
 *
 *     0            FINISH_MS    + the workers' way out           STOP_MS - ENDING_MS     STOP_MS
 *     │ workers and control finish  │ logs are written and sent     │ who is left is ended │ the process is
 *
 * Each stage begins as soon as the one before is over.
 */
const STOP_MS = 3_000;
/**
 * For answers under way, of queries and of the API: longer than a client waits for stale data (1.8 s). What servers have
 * not answered by then fails as a rule, 2.5 s later; whoever asked for it asks another resolver.
 */
const FINISH_MS = 2_000;
/** Of it all, for threads to be ended that did not end by themselves. */
const ENDING_MS = 300;
/** Interfaces change when links go up and tunnels are made: this is how long a new address waits for its socket. */
const REFRESH_MS = 10_000;
/** How often the kernel is asked what it dropped, and how often the log says so at most. */
const DROPS_MS = 1_000;
const DROPS_TOLD_MS = 60_000;
/** A million records as text and as objects, before they are an image. */
const CONTROL_LIMITS = { maxOldGenerationSizeMb: 4096 };
/** As many checks as there may be, with their sockets and history. */
const HEALTH_LIMITS = { maxOldGenerationSizeMb: 512 };

/** Lines that wait to be written, and a file that is being compressed. */
const LOGS_LIMITS = { maxOldGenerationSizeMb: 256 };
/** Records of a worker that is at its fastest for a tenth of a second, half of it read meanwhile. */
const RING_OCTETS = 4 * 1024 * 1024;

/** The main thread: owns the listening sockets, starts the other threads and keeps them alive. Serves no query. */
export class Daemon {
  readonly #o: DaemonOptions;
  readonly #ffi: Ffi | undefined;
  readonly #log: Logger;
  readonly #manager: ServiceManager;
  readonly #supervisor: Supervisor;
  readonly #shared: SharedBuffers;
  readonly #metrics: Metrics;
  readonly #nursery: Nursery;
  readonly #outcome = Promise.withResolvers<number>();
  /** What the process ends with, once it is known that it cannot serve. */
  #failure: number | undefined;
  #control: Post | undefined;
  #health: Post | undefined;
  #logs: Post | undefined;
  /** By slot of the worker. */
  #rings: readonly SharedArrayBuffer[] = [];
  #inForce: Snapshot | undefined;
  #sockets: Sockets | undefined;
  #workers: Workers | undefined;
  #state: 'starting' | 'serving' | 'stopping' = 'starting';

  constructor(options: DaemonOptions, ffi: Ffi | undefined) {
    this.#o = options;
    this.#ffi = ffi;
    this.#log = options.log;
    this.#manager = new ServiceManager({ ...options, ffi }, process.env, process.pid);
    this.#shared = sharedBuffers();
    this.#metrics = new Metrics(daemonCounters(SHARED_SLOTS, this.#shared.counters).block(MAIN_SLOT));
    this.#nursery = new Nursery(options.workerFile);
    this.#supervisor = new Supervisor({
      clock: options.clock,
      beats: this.#shared.beats,
      log: options.log,
      abandon: (reason) => this.#abandon(reason),
    });
  }

  /** Runs until a signal or a failure ends it; resolves with the exit code when no thread is left. */
  async run(): Promise<number> {
    this.#listenToSignals();
    // Until it serves, the manager's bound on the start holds, and a large configuration may take its time.
    this.#manager.keepWatched(() => this.#state !== 'serving' || this.#workers!.haveBeaten());
    const { workers } = this.#o;
    if (workers !== undefined) this.#nursery.prepare(workersFor(workers));
    this.#control = this.#supervisor.add({
      name: 'control',
      cell: CONTROL_SLOT,
      silentMs: CONTROL_SILENT_MS,
      brake: new Brake(this.#o.clock),
      start: () => this.#startControl(),
      started: (thread) => {
        this.#workers?.setControl(thread);
        this.#connectHealth(thread, this.#health?.thread);
      },
      ended: (delayMs) => {
        if (delayMs !== undefined) this.#metrics.add(METRIC.controlRestarts);
        this.#workers?.setControl(undefined);
      },
    });
    // Timers do not keep a process alive; without this it would end while every thread waits to be replaced.
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => undefined);
    const code = await this.#outcome.promise;
    await Promise.all([this.#supervisor.stop(), this.#nursery.close()]);
    port2.close();
    return code;
  }

  #startControl(): Thread {
    const { configFile, isFollowed = false, controlFile } = this.#o;
    const inForce = this.#inForce;
    const workerData: ControlStart = { configFile, isFollowed, shared: this.#shared, inForce };
    const control = new Worker(controlFile, { workerData, resourceLimits: CONTROL_LIMITS, name: 'control' });
    control.on('message', (news: ControlNews) => this.#hear(control, news));
    return control;
  }

  /** From the first health check on: it outlives control, and its bits outlive it. */
  #startHealth(): void {
    if (this.#health !== undefined || this.#inForce!.health.checks.length === 0) return;
    let checks: HealthStart['checks'] = [];
    this.#health = this.#supervisor.add({
      name: 'health',
      cell: HEALTH_SLOT,
      silentMs: HEALTH_SILENT_MS,
      brake: new Brake(this.#o.clock),
      start: () => {
        const { name } = this.#inForce!.node;
        const looksMax = looksWithin(openFilesMax());
        const workerData: HealthStart = { shared: this.#shared, node: name, looksMax, checks };
        return new Worker(this.#o.healthFile, { workerData, resourceLimits: HEALTH_LIMITS, name: 'health' });
      },
      started: (thread) => this.#connectHealth(this.#control?.thread, thread),
      ended: (delayMs) => {
        checks = this.#inForce!.health.checks;
        if (delayMs !== undefined) this.#metrics.add(METRIC.healthRestarts);
      },
    });
  }

  #connectHealth(control: Thread | undefined, health: Thread | undefined): void {
    if (control === undefined || health === undefined) return;
    const { port1, port2 } = new MessageChannel();
    const toControl: ControlOrder = { order: 'health', port: port1 };
    const toHealth: HealthOrder = { port: port2 };
    control.postMessage(toControl, [port1]);
    health.postMessage(toHealth, [port2]);
  }

  /** From the first log on: it outlives control. One that hangs, as its disk does, holds up nobody and is left alone. */
  #startLogs(): void {
    const { logs, traces } = this.#inForce!.logs;
    if (this.#logs !== undefined || (logs.length === 0 && traces === undefined)) return;
    this.#logs = this.#supervisor.add({
      name: 'logs',
      cell: LOGS_SLOT,
      silentMs: LOGS_SILENT_MS,
      brake: new Brake(this.#o.clock),
      start: () => {
        const { logs } = this.#inForce!;
        const workerData: LogsStart = { shared: this.#shared, rings: this.#rings, logs };
        return new Worker(this.#o.logsFile, { workerData, resourceLimits: LOGS_LIMITS, name: 'logs' });
      },
      ended: (delayMs) => {
        if (delayMs !== undefined) this.#metrics.add(METRIC.logsRestarts);
      },
    });
  }

  #tellLogs(order: LogsOrder): void {
    this.#logs?.thread?.postMessage(order);
  }

  #tellControl(order: ControlOrder): void {
    this.#control?.thread?.postMessage(order);
  }

  #hear(control: Thread, news: ControlNews): void {
    const isCurrent = this.#control === undefined || this.#control.thread === control;
    if (!isCurrent || this.#state === 'stopping') return;
    switch (news.news) {
      case 'snapshot':
        this.#hearSnapshot(news.snapshot, news.workers);
        return;
      case 'reloading':
        if (this.#state === 'serving') this.#manager.tell('RELOADING=1', 'reading the configuration');
        return;
      case 'settled':
        if (this.#state === 'serving') this.#manager.tell('READY=1', `revision ${news.revision} is in force`);
        return;
      case 'failed':
        for (const error of news.errors) this.#log.error({}, error);
        if (this.#inForce === undefined)
          this.#fail(EXIT_CONFIG, news.reason ?? 'the configuration has errors');
        return;
      default:
        unreachable(news);
    }
  }

  /** Control posts a snapshot whole after one that was refused. */
  #hearSnapshot(posted: Posted, workers: number): void {
    const { revision } = posted;
    if (fits(posted, this.#inForce)) this.#propose(received(posted, this.#inForce), workers);
    else {
      const failure = `it is a change of another snapshot than revision ${this.#inForce?.revision}`;
      this.#log.error({ revision }, failure);
      this.#tellControl({ order: 'sockets', revision, failure });
    }
  }

  /** Opens the sockets of a snapshot; if that fails, all stays as it was. */
  #propose(snapshot: Snapshot, workers: number): void {
    const { revision } = snapshot;
    this.#sockets ??= this.#makeSockets(workers);
    const before = this.#inForce;
    let sockets: SocketChanges;
    try {
      sockets = this.#sockets.apply(snapshot.endpoints);
      this.#report(sockets);
    } catch (error) {
      const failure = (error as Error).message;
      this.#tellControl({ order: 'sockets', revision, failure });
      if (before === undefined) this.#fail(EXIT_CONFIG, failure);
      else this.#log.error({ revision }, `the configuration is refused: ${failure}`);
      return;
    }
    const isLoggedAnew = before?.logs.revision !== snapshot.logs.revision;
    this.#inForce = snapshot;
    this.#startHealth();
    this.#startLogs();
    if (isLoggedAnew) this.#tellLogs({ order: 'logs', logs: snapshot.logs });
    this.#tellControl({ order: 'missing', sockets: this.#sockets.missing });
    // Control hears of workers that begin with this snapshot before it counts who serves it.
    this.#workers?.adopt(snapshot);
    const isAsBefore = sockets.opened.length === 0 && sockets.closed.length === 0;
    if (!isAsBefore || snapshot.endpoints !== before?.endpoints) this.#workers?.giveSockets();
    this.#tellControl({ order: 'sockets', revision });
    if (this.#workers === undefined) this.#startWorkers(this.#sockets, snapshot);
  }

  #makeSockets(workers: number): Sockets {
    const passed = passedSockets(this.#ffi, process.env, process.pid);
    const count = workersFor(workers);
    this.#rings = Array.from({ length: slotsOf(count) }, () => ringBuffer(RING_OCTETS));
    return new Sockets({ ffi: this.#ffi, workers: count, clock: this.#o.clock, passed });
  }

  #startWorkers(sockets: Sockets, snapshot: Snapshot): void {
    for (const socket of sockets.unused())
      this.#log.warn({ ...socket }, 'a socket was passed on which no endpoint listens');
    this.#workers = new Workers(
      {
        nursery: this.#nursery,
        seeds: this.#seeds(snapshot),
        rings: this.#rings,
        sockets,
        supervisor: this.#supervisor,
        clock: this.#o.clock,
        log: this.#log,
        metrics: this.#metrics,
      },
      snapshot,
    );
    this.#workers.setControl(this.#control?.thread);
    this.#workers.start().then(
      () => this.#serving(sockets),
      (error: Error) => this.#fail(EXIT_SOFTWARE, error.message),
    );
  }

  #seeds({ node }: Snapshot): WorkerSeeds {
    const { clock, prng } = this.#o;
    const { current, previous } = node.cookies ?? {
      current: prng.fill(new Uint8Array(COOKIE_SECRET_OCTETS)),
      previous: undefined,
    };
    return {
      shared: this.#shared,
      seed: prng.u32(),
      loopToken: prng.fill(new Uint8Array(LOOP_TOKEN_OCTETS)),
      ticketKeys: new TicketKeyring(clock, prng, (keys) => this.#workers?.useTicketKeys(keys)).keys,
      cookieSecrets: previous === undefined ? { current } : { current, previous },
    };
  }

  #serving(sockets: Sockets): void {
    if (this.#state !== 'starting') return;
    this.#state = 'serving';
    keepV8BehindWorkers();
    const { workers } = sockets;
    const status = `serving with ${workers} workers`;
    const { udp } = this.#workers!;
    const { receiveBuffer } = sockets;
    this.#log.info({ workers, listen: sockets.listening(), udp, receiveBuffer }, status);
    if (receiveBuffer !== undefined && receiveBuffer < RECEIVE_BUFFER)
      this.#log.info(
        { receiveBuffer, wanted: RECEIVE_BUFFER },
        'bursts of queries may be dropped: raise net.core.rmem_max, or grant CAP_NET_ADMIN',
      );
    this.#manager.tell('READY=1', status);
    this.#o.clock.every(REFRESH_MS, () => {
      if (this.#state !== 'serving') return;
      const before = sockets.missing;
      const changes = sockets.refresh();
      this.#report(changes);
      if (before.length > 0 || sockets.missing.length > 0)
        this.#tellControl({ order: 'missing', sockets: sockets.missing });
      const areOthers = changes.opened.length > 0 || changes.closed.length > 0;
      if (areOthers || this.#workers?.owesSockets === true) this.#workers?.giveSockets();
    });
    this.#countDrops(sockets);
  }

  #countDrops(sockets: Sockets): void {
    const { clock } = this.#o;
    let untold = 0;
    let toldAt = Number.NEGATIVE_INFINITY;
    clock.every(DROPS_MS, () => {
      const drops = sockets.newDrops();
      if (drops === 0 && untold === 0) return;
      this.#metrics.add(METRIC.droppedKernel, drops);
      untold += drops;
      if (clock.now() - toldAt < DROPS_TOLD_MS) return;
      this.#log.warn({ drops: untold }, 'the kernel dropped queries: the workers were too slow to read them');
      toldAt = clock.now();
      untold = 0;
    });
  }

  #report({ opened, closed, failed }: SocketChanges): void {
    if (opened.length > 0) this.#log.info({ sockets: opened }, 'listening');
    if (closed.length > 0) this.#log.info({ sockets: closed }, 'no longer listening');
    for (const failure of failed) this.#log.warn({}, failure);
  }

  /** Handlers are set even for signals whose default would do: process 1 has no defaults. */
  #listenToSignals(): void {
    process.on('SIGHUP', () => {
      this.#log.info({}, 'SIGHUP: reading the configuration again');
      this.#tellControl({ order: 'reload' });
      this.#tellLogs({ order: 'reopen' });
    });
    for (const [signal, number] of [['SIGTERM', 15] as const, ['SIGINT', 2] as const]) {
      process.on(signal, () => {
        if (this.#state === 'stopping') this.#exitNow(128 + number);
        else void this.#stop(signal);
      });
    }
    process.on('uncaughtException', (error) => {
      this.#log.fatal({ err: error }, 'the main thread failed');
      this.#exitNow(EXIT_SOFTWARE);
    });
    // Whoever read our log is gone: that is no reason to serve no more.
    process.stderr.on('error', () => undefined);
  }

  async #stop(signal: string): Promise<void> {
    const { clock } = this.#o;
    this.#state = 'stopping';
    const end = clock.now() + STOP_MS;
    clock.after(STOP_MS, () => this.#cutShort());
    this.#log.info({ signal }, 'stopping: what is in flight is finished');
    this.#manager.tell('STOPPING=1', 'finishing what is in flight');
    const workers = this.#workers?.stop(FINISH_MS);
    this.#sockets?.closeAll();
    this.#tellControl({ order: 'stop' });
    const control = this.#finishControl();
    // What it has found stays in the bits that workers read.
    void this.#health?.stop();
    await workers;
    this.#sockets?.closeWatches();
    this.#tellLogs({ order: 'stop' });
    await Promise.race([this.#logs?.retire(), this.#pause(end - ENDING_MS - clock.now())]);
    await control;
    this.#log.info({}, 'stopped');
    this.#outcome.resolve(0);
  }

  /** One that compiles a large configuration hears nothing. It is ended early: its memory takes the kernel long to free. */
  async #finishControl(): Promise<void> {
    await Promise.race([this.#control?.retire(), this.#pause(FINISH_MS)]);
    void this.#control?.stop();
  }

  /** Threads are left that do not even end when told: in a native call, as of a disk that hangs, or without a core. */
  #cutShort(): void {
    const threads = this.#supervisor.running;
    this.#log.warn({ threads }, `the process ends: threads did not end within ${STOP_MS} ms`);
    this.#exitNow(0);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#o.clock.after(ms, resolve));
  }

  #fail(code: number, reason: string): void {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    this.#failure = code;
    this.#log.fatal({}, `cannot serve: ${reason}`);
    this.#sockets?.closeAll();
    this.#outcome.resolve(code);
  }

  #abandon(reason: string): void {
    this.#log.fatal({}, `the process ends: ${reason}`);
    // A thread that does not end is not why it cannot serve.
    this.#exitNow(this.#failure ?? EXIT_SOFTWARE);
  }

  /** Waits for no thread where that is possible: one that hangs is a reason to come here. */
  #exitNow(code: number): never {
    this.#ffi?.exitNow(code);
    process.exit(code);
  }
}

/** Loads what is native and runs a daemon; see `Daemon.run`. */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  return new Daemon(options, await loadFfi()).run();
}

/** Elsewhere than on Linux the kernel does not spread clients over sockets of one address. */
function workersFor(workers: number): number {
  if (process.platform !== 'linux') return 1;
  return Math.min(
    Math.max(1, workers),
    WORKERS_MAX,
    Math.max(WORKERS_PER_CORE_MAX * availableParallelism(), 1),
  );
}

/** More only take caches from each other. */
const WORKERS_PER_CORE_MAX = 8;
const COOKIE_SECRET_OCTETS = 16;
