import { availableParallelism } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { parentPort } from 'node:worker_threads';
import { AnswerCache } from '../cache/answers.ts';
import { type DumpedRecord, RecordCache } from '../cache/records.ts';
import { RateLimit } from '../policy/ratelimit.ts';
import { setOwnToken } from '../resolver/loop.ts';
import type { Path } from '../resolver/path.ts';
import { Resolver } from '../resolver/resolve.ts';
import { Transports } from '../resolver/transport/transports.ts';
import { daemonCounters, METRIC, Metrics } from '../telemetry/metrics.ts';
import { assert } from '../util/assert.ts';
import { addressToText, CidrTable, parseAddress } from '../util/cidr.ts';
import { CoarseClock, systemClock as clock } from '../util/clock.ts';
import { Dependencies } from '../util/deps.ts';
import { loadFfi } from '../util/ffi.ts';
import { HealthBits } from '../util/healthbits.ts';
import { beat, pulse } from '../util/heartbeat.ts';
import { stayBehindAnswers } from '../util/priority.ts';
import { cryptoPrng as prng } from '../util/prng.ts';
import { RingWriter } from '../util/ring.ts';
import { SLAB_BYTES_MIN, Slab } from '../util/slab.ts';
import { Tally } from '../util/tally.ts';
import type { UdpWay } from '../util/watch.ts';
import { received } from '../view/change.ts';
import {
  type Ask,
  SHARED_SLOTS,
  type WorkerAnswer,
  type WorkerCall,
  type WorkerNews,
  type WorkerOrder,
  type WorkerStart,
} from '../view/channel.ts';
import type { CacheEntry, Duty, WorkerCaches, WorkerStatus } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { topKey } from '../view/top.ts';
import type { WorkerWhatIf } from '../view/whatif.ts';
import { fold, isAtOrBelow, nameEquals, nameToText } from '../wire/name.ts';
import { rdataToText, typeToText } from '../wire/rdata/table.ts';
import { dutyOf, slotsOf } from './duty.ts';
import { explain } from './explain.ts';
import { Listeners } from './listeners.ts';
import { Ownership } from './ownership.ts';
import { Pipeline } from './pipeline.ts';
import { QueryLogger } from './querylogger.ts';
import { countResolver } from './resolvercount.ts';
import { SignatureThread } from './signatures.ts';
import { TcpClients } from './tcpclients.ts';
import { NativeStreams } from './tcpnative.ts';
import { TopQuestions } from './top.ts';
import { Tracer } from './tracer.ts';
import { NativeUdpListeners } from './udpnative.ts';
import { WaitingClients } from './waitingclients.ts';
import { whatIf } from './whatif.ts';
import { World } from './world.ts';

/** A worker: one event loop that runs the whole packet pipeline for its share of the sockets. */

/**
 * A quarter of a worker's budget holds finished answers, the rest the records that they are made of; those of an
 * encrypted worker are others'.
 */
const ANSWERS_SHARE: Record<Duty, number> = { plain: 0.25, encrypted: 0.9 };
/** Where TLS is spoken, what the workers for it have of the memory for caches: about the answers that the others have. */
const ENCRYPTED_SHARE = 0.2;
/** How often it is looked what was asked. */
const TOP_MS = 1_000;

class Worker {
  readonly #start: WorkerStart;
  readonly #startedAt = clock.now();
  readonly #records: RecordCache;
  readonly #answers: AnswerCache;
  readonly #resolver: Resolver;
  readonly #ownership: Ownership;
  readonly #pipeline: Pipeline;
  readonly #top: TopQuestions;
  readonly #dependencies: Dependencies;
  readonly #health: HealthBits;
  readonly #rateLimit: RateLimit;
  readonly #listeners: Listeners;
  #world: World;
  #paths = new Map<number, Path>();
  #control: MessagePort | undefined;

  constructor(start: WorkerStart, { transports, listeners, streams }: Network) {
    this.#start = start;
    const { shared, snapshot, slot, workers } = start;
    const { node } = snapshot;
    setOwnToken(start.loopToken);
    this.#dependencies = new Dependencies(shared.dependencies);
    this.#health = new HealthBits(shared.health);
    this.#world = new World(snapshot, this.#dependencies, this.#health);
    this.#indexPaths(snapshot);
    // One moment for all of a batch, in whatever the pipeline asks for the time.
    const moment = new CoarseClock(clock);
    const metrics = metricsOf(start);
    ({ answers: this.#answers, records: this.#records } = makeCaches(start, this.#dependencies, moment));
    const alive = pulse(shared.beats, slot);
    const count = countResolver(metrics);
    this.#resolver = new Resolver({
      clock,
      prng,
      transport: transports,
      cache: this.#records,
      token: start.loopToken,
      outstanding: new Tally(shared.outstanding, slot, start.seed),
      prefetch: node.prefetch,
      signatures: makeSignatureChecks(),
      // Whatever happens to a packet is counted, so each count is a sign of life.
      count: (counter, by) => {
        alive();
        count(counter, by);
      },
    });
    this.#ownership = new Ownership({
      self: slot,
      workers,
      seed: start.seed,
      resolver: this.#resolver,
      clock,
      pathOf: (context) => this.#paths.get(context),
      onHandOver: () => metrics.add(METRIC.handedOver),
    });
    this.#rateLimit = new RateLimit({
      clock: moment,
      seed: [start.seed, start.seed],
      settings: UNLIMITED,
      buffer: shared.rateLimit,
    });
    const ring = new RingWriter(start.queries);
    this.#pipeline = new Pipeline({
      world: this.#world,
      answers: this.#answers,
      rateLimit: this.#rateLimit,
      cookies: start.cookieSecrets,
      resolve: (request) => this.#ownership.resolve(request),
      peek: (request) => this.#ownership.peek(request),
      waiting: new WaitingClients(new Tally(shared.waiting, slot, start.seed)),
      metrics,
      clock: moment,
      prng,
      idleMs: () => this.#listeners.idleMs,
      queryLogger: new QueryLogger(ring, moment, prng, metrics),
      tracer: new Tracer(ring, clock, prng, metrics),
    });
    this.#top = new TopQuestions(this.#pipeline.recent, () => this.#topKeys(), prng, clock.now());
    this.#listeners = new Listeners({
      handler: this.#pipeline,
      metrics,
      clock,
      prng,
      clients: new TcpClients(shared.tcpClients, slot, start.seed, slotsOf(workers)),
      // Whom the endpoint refuses must get the chance to ask.
      admits: (endpoint, address) =>
        this.#world.admits(endpoint, address) ||
        this.#world.snapshot.endpoints[endpoint]?.outside === 'refuse',
      isProxy: (endpoint, address) => this.#world.isProxy(endpoint, address),
      endpointOf: (id) => this.#world.snapshot.endpoints.findIndex((endpoint) => endpoint.id === id),
      encryptedOf: (id) => this.#world.snapshot.endpoints.find((endpoint) => endpoint.id === id)?.encrypted,
      ticketKeys: start.ticketKeys,
      failed: (failure) => tell({ news: 'socket-failed', failure }),
      native: listeners,
      streams,
    });
    this.#applySettings(snapshot);
  }

  async run(): Promise<void> {
    beat(this.#start.shared.beats, this.#start.slot, clock);
    clock.every(TOP_MS, () => void this.#top.look(clock.now()));
    await this.#listeners.apply(this.#start.descriptors);
  }

  async obey(order: Exclude<WorkerOrder, { readonly order: 'start' }>): Promise<void> {
    switch (order.order) {
      case 'control':
        this.#control?.close();
        this.#control = order.port;
        order.port.on('message', (call: WorkerCall) => void this.#called(order.port, call));
        return;
      case 'peer':
        this.#ownership.connect(order.slot, order.port);
        return;
      case 'sockets':
        await this.#listeners.apply(order.descriptors);
        return;
      case 'ticket-keys':
        this.#listeners.useTicketKeys(order.keys);
        return;
      case 'stop':
        await this.#listeners.stop(order.withinMs);
        tell({ news: 'finished' });
        return;
      case 'leave':
        process.exit(0);
    }
  }

  async #called(port: MessagePort, call: WorkerCall): Promise<void> {
    const reply = (answer: WorkerAnswer): void => port.postMessage(answer);
    try {
      if ('snapshot' in call) {
        await this.#serve(received(call.snapshot, this.#world.snapshot));
        reply({ id: call.id, serving: call.snapshot.revision });
      } else reply({ id: call.id, answer: await this.#answer(call.ask) });
    } catch (error) {
      reply({ id: call.id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Queries that begin from now on begin in this snapshot; those under way end in theirs. */
  async #serve(snapshot: Snapshot): Promise<void> {
    const before = this.#world;
    this.#world = new World(snapshot, this.#dependencies, this.#health, before);
    this.#pipeline.serve(this.#world);
    const { node, recursion, paths, endpoints } = before.snapshot;
    if (snapshot.paths !== paths) this.#indexPaths(snapshot);
    if (snapshot.node !== node || snapshot.recursion !== recursion) this.#applySettings(snapshot);
    if (snapshot.endpoints !== endpoints) await this.#listeners.remap();
  }

  #applySettings({ node, recursion }: Snapshot): void {
    const limits = {
      floor: node.ttl.floorSeconds,
      ceiling: node.ttl.ceilingSeconds,
      negativeCeiling: node.ttl.negativeSeconds,
      staleWindow: node.stale.enabled ? node.stale.maxSeconds : 0,
    };
    this.#records.configure(limits);
    this.#resolver.configure({
      limits,
      prefetch: node.prefetch,
      staleMs: node.stale.clientTimeoutMs,
      recursion,
    });
    this.#pipeline.cookies = node.cookies ?? this.#start.cookieSecrets;
    this.#rateLimit.configure(node.rateLimit ?? UNLIMITED);
    this.#pipeline.exempt = node.rateLimit === undefined ? undefined : CidrTable.from(node.rateLimit.exempt);
  }

  #indexPaths(snapshot: Snapshot): void {
    this.#paths = new Map(snapshot.paths.map((path) => [path.context, path]));
  }

  async #answer(ask: Ask): Promise<unknown> {
    switch (ask.ask) {
      case 'status':
        return this.#status();
      case 'cache-stats':
        return this.#caches();
      case 'cache-dump':
        return await this.#dump(ask.limit);
      case 'cache-flush':
        return { removed: await this.#flush(ask.name, ask.subtree, ask.vpc) };
      case 'keys': {
        const path = this.#paths.get(ask.context);
        assert(path !== undefined, `no path with context ${ask.context}`);
        return this.#resolver.fetchKeys(path, ask.zone);
      }
      case 'what-if':
        return this.#whatIf(ask);
      case 'top':
        return this.#top.tell(ask.kind, clock.now());
      case 'explain': {
        const view = this.#world.viewNamed(ask.vpc);
        assert(view !== undefined, `no view ${ask.vpc}`);
        const { name, type, live, bits } = ask;
        const client = ask.client === undefined ? undefined : parseAddress(ask.client);
        return explain(
          this.#world,
          view,
          { name, type, client, bits },
          (request) => (live ? this.#ownership.resolve(request) : this.#ownership.peek(request)),
          clock,
        );
      }
    }
  }

  #topKeys(): ReturnType<ConstructorParameters<typeof TopQuestions>[1]> {
    const { views } = this.#world.snapshot;
    const of = (view: number): string => views[view]?.vpc ?? '';
    return {
      names: ({ view, name, type }) => topKey(of(view), `${nameToText(fold(name))} ${typeToText(type)}`),
      clients: ({ view, client }) => topKey(of(view), addressToText(client)),
    };
  }

  /** Dependencies of its own: nothing that this daemon serves is touched. */
  #whatIf(ask: Extract<Ask, { ask: 'what-if' }>): Promise<WorkerWhatIf> {
    const then = new World(ask.snapshot, new Dependencies(), new HealthBits(ask.health));
    const { views } = this.#world.snapshot;
    const questions =
      ask.questions ??
      this.#pipeline.recent.list().map((recent) => ({ ...recent, vpc: views[recent.view]?.vpc ?? '' }));
    return whatIf(this.#world, then, questions, (request) => this.#ownership.peek(request), clock);
  }

  #status(): WorkerStatus {
    return {
      worker: this.#start.slot,
      revision: this.#world.snapshot.revision,
      uptimeSeconds: Math.floor((clock.now() - this.#startedAt) / 1000),
      inFlight: this.#resolver.inFlight,
      targets: this.#resolver.targets(),
      caches: this.#caches(),
    };
  }

  #caches(): WorkerCaches {
    return { answers: this.#answers.stats, records: this.#records.stats };
  }

  /** Answers after the records that they may be made of, and queries in between: a large cache takes seconds. */
  async #flush(name: Uint8Array, subtree: boolean, vpc: string | undefined): Promise<number> {
    const wanted = fold(name);
    const matches = (owner: Uint8Array): boolean =>
      subtree ? isAtOrBelow(owner, wanted) : nameEquals(owner, wanted);
    const { views } = this.#world.snapshot;
    const inView = (view: number): boolean => vpc === undefined || views[view]?.vpc === vpc;
    const inContext = (context: number): boolean => {
      const path = this.#paths.get(context);
      return vpc === undefined || (path !== undefined && inView(path.view));
    };
    const extent = subtree ? 'subtree' : 'name';
    let removed = this.#resolver.flush(wanted, extent, inContext);
    for (const steps of [
      this.#records.flushSteps(wanted, extent, inContext),
      this.#answers.flushSteps(inView, matches),
    ])
      for (const step of steps) {
        removed += step;
        await new Promise(setImmediate);
      }
    return removed;
  }

  async #dump(limit: number): Promise<CacheEntry[]> {
    const entries: CacheEntry[] = [];
    for (const step of this.#records.dumpSteps(limit)) {
      for (const record of step) entries.push(this.#entryOf(record));
      await new Promise(setImmediate);
    }
    return entries;
  }

  #entryOf({ context, name, type, cached }: DumpedRecord): CacheEntry {
    const { views } = this.#world.snapshot;
    const path = this.#paths.get(context as number);
    return {
      name: nameToText(name),
      type: cached.kind === 'nxdomain' ? 'ANY' : typeToText(type),
      rule: path?.rule ?? 'none',
      vpc: path === undefined ? 'none' : (views[path.view]?.vpc ?? 'none'),
      kind: cached.kind,
      state: cached.state,
      ttl: cached.left,
      ageSeconds: cached.age,
      records: (cached.rrset?.rdatas ?? []).map((rdata) => rdataToText(type, rdata)),
    };
  }
}

interface Network {
  readonly udp: UdpWay;
  readonly transports: Transports;
  /** Undefined: queries are read by Node's own sockets. */
  readonly listeners: NativeUdpListeners | undefined;
  /** The same of TCP. */
  readonly streams: NativeStreams | undefined;
}

function metricsOf({ shared, slot }: WorkerStart): Metrics {
  return new Metrics(daemonCounters(SHARED_SLOTS, shared.counters).block(slot));
}

/** Native sockets where these are seen to work. */
async function openNetwork(start: WorkerStart): Promise<Network> {
  const { watches } = start;
  const ffi = await loadFfi();
  if (dutyOf(start.slot, start.workers) === 'encrypted') stayBehindAnswers();
  // Where control, or anything else of this host, wants the same core, answers do not wait for the end of its turn.
  else ffi?.wakeSoon();
  const transports = new Transports({
    clock,
    prng,
    ffi,
    watch: watches?.upstream,
    count: countResolver(metricsOf(start)),
  });
  const udp = await transports.udp.way;
  const isNative = ffi !== undefined && udp === 'native';
  const listeners = isNative ? new NativeUdpListeners({ ffi, clock, watch: watches?.listening }) : undefined;
  const streams = isNative ? new NativeStreams({ ffi, clock, watch: watches?.streams }) : undefined;
  return { udp, transports, listeners, streams };
}

/** None where there is one core: two threads would only take it from each other. */
function makeSignatureChecks(): SignatureThread | undefined {
  if (availableParallelism() === 1) return undefined;
  return new SignatureThread({ clock, failed: (why) => tell({ news: 'signatures-failed', why }) });
}

/** Both caches of a worker, each with a hash seed of its own. */
function makeCaches(
  start: WorkerStart,
  dependencies: Dependencies,
  moment: CoarseClock,
): { answers: AnswerCache; records: RecordCache } {
  const budget = budgetOf(start);
  const forAnswers = budget * ANSWERS_SHARE[dutyOf(start.slot, start.workers)];
  const slab = (octets: number): Slab => {
    const bytes = Math.max(SLAB_BYTES_MIN, Math.floor(octets));
    return new Slab({ bytes, seed: [prng.u32() | 0, prng.u32() | 0] });
  };
  return {
    answers: new AnswerCache({ slab: slab(forAnswers), dependencies, clock: moment }),
    records: new RecordCache({ slab: slab(budget - forAnswers), clock, deps: dependencies }),
  };
}

/** Octets for both caches of a worker. Where TLS is spoken from some reload on, its workers' come on top. */
function budgetOf({ slot, workers, snapshot }: WorkerStart): number {
  const { node, endpoints } = snapshot;
  const share = node.cacheBytes / workers;
  if (dutyOf(slot, workers) === 'encrypted') return share * ENCRYPTED_SHARE;
  return endpoints.some(({ encrypted }) => encrypted !== undefined) ? share * (1 - ENCRYPTED_SHARE) : share;
}

const UNLIMITED = { ratePerSecond: 0, burst: 1, slip: 0 };

assert(parentPort !== null, 'a worker thread');
const main = parentPort;
const tell = (news: WorkerNews): void => main.postMessage(news);
let worker: Promise<Worker> | undefined;
main.on('message', async (order: WorkerOrder) => {
  if (order.order === 'start') worker = begin(order.start);
  else await (await worker!).obey(order);
});

/** Orders that follow are obeyed while its sockets are opened. */
async function begin(start: WorkerStart): Promise<Worker> {
  const network = await openNetwork(start);
  const worker = new Worker(start, network);
  void worker.run().then(() => tell({ news: 'ready', udp: network.udp }));
  return worker;
}
