import { MessageChannel, type Worker } from 'node:worker_threads';
import type { Logger } from '../telemetry/log.ts';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import type { UdpWay } from '../util/watch.ts';
import type {
  ControlOrder,
  Descriptor,
  TicketKeys,
  WorkerNews,
  WorkerOrder,
  WorkerStart,
} from '../view/channel.ts';
import type { Duty } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { dutyOf, slotsOf } from './duty.ts';
import type { Nursery } from './nursery.ts';
import { descriptorKey, type Sockets } from './sockets.ts';
import { Brake, type Post, type Supervisor, type Thread, WORKER_SILENT_MS } from './supervise.ts';

/** What all workers of a process begin with alike. */
export type WorkerSeeds = Pick<WorkerStart, 'shared' | 'seed' | 'loopToken' | 'ticketKeys' | 'cookieSecrets'>;

export interface WorkersOptions {
  /** Makes their threads. */
  readonly nursery: Nursery;
  readonly seeds: WorkerSeeds;
  /** For logged queries, by slot. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly sockets: Sockets;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly log: Logger;
  /** Main's own counters. */
  readonly metrics: Metrics;
}

/** Deaths while the daemon starts: more, and it is the program or the host that is at fault. */
const STARTUP_DEATHS_MAX = 3;
/** Encrypted ones have a quarter of a core where the others want it: what takes them a turn takes as much longer. */
const SILENT_MS: Readonly<Record<Duty, number>> = {
  plain: WORKER_SILENT_MS,
  encrypted: 4 * WORKER_SILENT_MS,
};
/** Beyond the time that workers have to finish, for their way out. */
const EXIT_MS = 300;

interface Slot {
  readonly number: number;
  readonly duty: Duty;
  /** Undefined: nobody is needed there yet. */
  post: Post | undefined;
  state: 'absent' | 'starting' | 'ready';
  /** Keys of the sockets that its worker has been given. */
  given: Set<string>;
  /** What it was started with, until it is known to have taken them. */
  lent: readonly Descriptor[];
  /** To be called once it owes its clients nothing, when it was told to stop. */
  finished: () => void;
  /** Count of its beats at the last call of `haveBeaten`. */
  beats: number;
  /** Slots whose worker is away for longer, whose sockets this one reads as well. */
  readonly looksAfter: Set<number>;
}

/**
 * The workers and what goes between them: each that owns questions has a port to each other, made anew when one of them is
 * replaced, and so has each with control. A slot that stays empty because of the brake has its sockets read by another
 * worker meanwhile, as clients whose flow the kernel gives to that slot would get nothing. Encrypted workers begin
 * when the first socket for TLS is there, and stay.
 */
export class Workers {
  readonly #o: WorkersOptions;
  readonly #slots: Slot[];
  /** Deaths that clients by TLS bring about do not delay the others. */
  readonly #brakes: Readonly<Record<Duty, Brake>>;
  readonly #ready = Promise.withResolvers<void>();
  #snapshot: Snapshot;
  #ticketKeys: TicketKeys;
  #control: Thread | undefined;
  #startup: 'starting' | 'over' = 'starting';
  #deaths = 0;
  #udp: UdpWay = 'plain';

  constructor(options: WorkersOptions, snapshot: Snapshot) {
    const { workers } = options.sockets;
    options.nursery.expect(workers);
    this.#o = options;
    this.#snapshot = snapshot;
    this.#ticketKeys = options.seeds.ticketKeys;
    this.#brakes = { plain: new Brake(options.clock), encrypted: new Brake(options.clock) };
    this.#slots = Array.from({ length: slotsOf(workers) }, (_, number) => ({
      number,
      duty: dutyOf(number, workers),
      post: undefined,
      state: 'absent',
      given: new Set<string>(),
      lent: [],
      finished: () => undefined,
      beats: 0,
      looksAfter: new Set<number>(),
    }));
  }

  /** Starts all workers that are needed. Resolves when each reads its sockets; rejects when they cannot. */
  start(): Promise<void> {
    this.#hire('plain');
    if (this.#o.sockets.haveEncrypted) this.#hire('encrypted');
    return this.#ready.promise;
  }

  #hire(duty: Duty): void {
    const { nursery, sockets } = this.#o;
    if (duty === 'encrypted') nursery.expect(slotsOf(sockets.workers));
    for (const slot of this.#slots) {
      if (slot.duty !== duty || slot.post !== undefined) continue;
      slot.post = this.#o.supervisor.add({
        name: `worker ${slot.number}`,
        cell: slot.number,
        silentMs: SILENT_MS[duty],
        brake: this.#brakes[duty],
        start: () => this.#startWorker(slot),
        started: (thread) => this.#connect(slot, thread),
        ended: (delayMs, beat) => this.#ended(slot, delayMs, beat),
      });
    }
  }

  /** How the worker that was ready last reads its sockets. */
  get udp(): UdpWay {
    return this.#udp;
  }

  /** How many serve, of either duty. */
  get running(): number {
    return this.#slots.filter(({ state }) => state === 'ready').length;
  }

  get #hired(): number {
    return this.#slots.filter(({ post }) => post !== undefined).length;
  }

  /** Whether any plain worker that serves has beaten since the last call: without one the daemon is not alive. */
  haveBeaten(): boolean {
    const beats = new Int32Array(this.#o.seeds.shared.beats);
    let isAnyAlive = false;
    for (const slot of this.#slots) {
      const count = Atomics.load(beats, slot.number);
      if (slot.duty === 'plain' && slot.state === 'ready' && count !== slot.beats) isAnyAlive = true;
      slot.beats = count;
    }
    return isAnyAlive;
  }

  #startWorker(slot: Slot): Thread {
    const { nursery, seeds, rings, sockets } = this.#o;
    const watches = sockets.watches(slot.number);
    const descriptors = sockets.descriptors(slot.number);
    const start: WorkerStart = {
      ...seeds,
      ticketKeys: this.#ticketKeys,
      slot: slot.number,
      workers: sockets.workers,
      snapshot: this.#snapshot,
      descriptors,
      watches,
      queries: rings[slot.number]!,
    };
    let worker: Worker;
    try {
      worker = nursery.take(slot.number);
      order(worker, { order: 'start', start });
    } catch (error) {
      sockets.release(descriptors);
      throw error;
    }
    slot.state = 'starting';
    slot.lent = descriptors;
    slot.given = new Set(descriptors.map(descriptorKey));
    worker.on('message', (news: WorkerNews) => this.#hear(slot, worker, news));
    return worker;
  }

  /** Ports to those that are there, where one of the two owns questions. The slot's post may not be known yet. */
  #connect(slot: Slot, thread: Thread): void {
    for (const other of this.#slots) {
      const peer = other.post?.thread;
      if (other === slot || peer === undefined) continue;
      if (slot.duty === 'encrypted' && other.duty === 'encrypted') continue;
      const { port1, port2 } = new MessageChannel();
      order(thread, { order: 'peer', slot: other.number, port: port1 });
      order(peer, { order: 'peer', slot: slot.number, port: port2 });
    }
    this.#connectToControl(slot, thread);
  }

  #connectToControl(slot: Slot, thread: Thread): void {
    if (this.#control === undefined) return;
    const { port1, port2 } = new MessageChannel();
    const { revision } = this.#snapshot;
    const { number, duty } = slot;
    const toControl: ControlOrder = { order: 'worker', slot: number, duty, revision, port: port1 };
    this.#control.postMessage(toControl, [port1]);
    order(thread, { order: 'control', port: port2 });
  }

  /** Control is there (again), or is not. */
  setControl(control: Thread | undefined): void {
    this.#control = control;
    for (const slot of this.#slots) {
      const thread = slot.post?.thread;
      if (thread !== undefined) this.#connectToControl(slot, thread);
    }
  }

  #hear(slot: Slot, worker: Worker, news: WorkerNews): void {
    if (slot.post !== undefined && slot.post.thread !== worker) return;
    switch (news.news) {
      case 'ready':
        slot.state = 'ready';
        this.#noteWay(slot, news.udp);
        slot.lent = [];
        this.#takeBack(slot.number);
        if (this.running === this.#hired) {
          this.#startup = 'over';
          this.#ready.resolve();
        }
        return;
      case 'finished':
        slot.finished();
        return;
      case 'socket-failed':
        this.#o.log.error({ worker: slot.number }, `cannot listen: ${news.failure}`);
        this.#ready.reject(new Error(news.failure));
        return;
      case 'signatures-failed':
        this.#o.metrics.add(METRIC.signaturesRestarts);
        this.#o.log.warn(
          { worker: slot.number },
          `the thread that checks signatures ${news.why}; the worker does it meanwhile`,
        );
    }
  }

  #noteWay(slot: Slot, udp: UdpWay): void {
    this.#udp = udp;
    if (udp === 'plain' && this.#o.sockets.canShare)
      this.#o.log.warn(
        { worker: slot.number },
        'native sockets did not work: this worker is slower without them',
      );
  }

  #ended(slot: Slot, delayMs: number | undefined, beat: boolean): void {
    // A worker takes its descriptors after its first beat: from then on they are closed with it.
    if (!beat) this.#o.sockets.release(slot.lent);
    this.#o.sockets.closeRemains(slot.number);
    slot.state = 'absent';
    slot.lent = [];
    slot.given.clear();
    slot.finished();
    if (delayMs !== undefined) this.#bridge(slot, delayMs);
  }

  /** Until its successor is there. */
  #bridge(slot: Slot, delayMs: number): void {
    this.#o.metrics.add(METRIC.workerRestarts);
    const gone: ControlOrder = { order: 'worker-gone', slot: slot.number };
    this.#control?.postMessage(gone);
    const homeless = [...slot.looksAfter];
    slot.looksAfter.clear();
    if (delayMs > 0) homeless.push(slot.number);
    for (const number of homeless) this.#giveInCare(number);
    if (this.#startup === 'starting' && ++this.#deaths >= STARTUP_DEATHS_MAX)
      this.#ready.reject(new Error(`workers die while the daemon starts, ${this.#deaths} times so far`));
  }

  #giveInCare(number: number): void {
    const { duty } = this.#slots[number]!;
    const able = this.#slots.filter(({ state }) => state === 'ready');
    // Of its own duty if there is one, and then who has least to do.
    const isOther = (slot: Slot): number => (slot.duty === duty ? 0 : 1);
    able.sort((a, b) => isOther(a) - isOther(b) || a.looksAfter.size - b.looksAfter.size);
    const keeper = able[0];
    if (keeper === undefined || !this.#o.sockets.canShare) return;
    keeper.looksAfter.add(number);
    this.#giveSockets(keeper);
  }

  #takeBack(number: number): void {
    for (const slot of this.#slots) if (slot.looksAfter.delete(number)) this.#giveSockets(slot);
  }

  /** A snapshot for workers that are started from now on, whose sockets are open. */
  adopt(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** For workers that there are and those to come. */
  useTicketKeys(keys: TicketKeys): void {
    this.#ticketKeys = keys;
    for (const { post } of this.#slots)
      if (post?.thread !== undefined) order(post.thread, { order: 'ticket-keys', keys });
  }

  /** A worker could not be given its sockets, for want of descriptors. */
  get owesSockets(): boolean {
    return this.#owesSockets;
  }
  #owesSockets = false;

  /** Tells every worker which sockets it has now. */
  giveSockets(): void {
    this.#owesSockets = false;
    for (const slot of this.#slots) this.#giveSockets(slot);
    if (this.#o.sockets.haveEncrypted) this.#hire('encrypted');
  }

  #giveSockets(slot: Slot): void {
    const thread = slot.post?.thread;
    if (thread === undefined) return;
    const numbers = [slot.number, ...slot.looksAfter];
    try {
      const descriptors = numbers.flatMap((number) => this.#o.sockets.descriptors(number, slot.given));
      slot.given = new Set(descriptors.map(descriptorKey));
      order(thread, { order: 'sockets', descriptors });
    } catch (error) {
      // No descriptors are left. What it has it keeps; it is tried again.
      this.#owesSockets = true;
      this.#o.log.error({ err: error, worker: slot.number }, 'cannot give sockets to a worker');
    }
  }

  /**
   * Lets every worker finish what it has in hand, which may be another's to know: none leaves before all have. Resolves
   * when all are gone, or soon after `withinMs`.
   */
  async stop(withinMs: number): Promise<void> {
    const finished = this.#slots.map((slot) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      slot.finished = resolve;
      if (slot.post?.thread === undefined) resolve();
      else order(slot.post.thread, { order: 'stop', withinMs });
      return promise;
    });
    const gone = this.#slots.map(({ post }) => post?.retire());
    await this.#within(withinMs, finished);
    for (const { post } of this.#slots)
      if (post?.thread !== undefined) order(post.thread, { order: 'leave' });
    await this.#within(EXIT_MS, gone);
  }

  async #within(ms: number, all: readonly (Promise<void> | undefined)[]): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#o.clock.after(ms, late.resolve);
    await Promise.race([Promise.all(all), late.promise]);
    timer.cancel();
  }
}

function order(thread: Thread, message: WorkerOrder): void {
  thread.postMessage(message, 'port' in message ? [message.port] : []);
}
