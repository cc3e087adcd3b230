import type { Logger } from '../telemetry/log.ts';
import { type DaemonCounters, METRIC, type Metrics } from '../telemetry/metrics.ts';
import { isoFromWall } from '../telemetry/text.ts';
import type { Clock } from '../util/clock.ts';
import type { Dependencies } from '../util/deps.ts';
import { DEPENDENCY_SLOTS } from '../util/deps.ts';
import { cryptoPrng } from '../util/prng.ts';
import type { Port } from '../util/rpc.ts';
import type { ControlNews, ControlStart, MissingSocket } from '../view/channel.ts';
import type { Duty, ReloadReport, StatusReport } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { fetchKeys } from './anchorkeys.ts';
import { Anchors } from './anchors.ts';
import { AnchorStateFile } from './anchorstate.ts';
import { ApiDesk } from './api/desk.ts';
import { FollowedCertificates } from './certificates/followed.ts';
import { OwnCertificate } from './certificates/own.ts';
import { configuredAnchors, sameAnchors, withAnchors } from './compile/anchors.ts';
import { type Compiled, compile, readConfig, recompile, resume } from './compile.ts';
import { systemFiles } from './config/files.ts';
import { type Config, type Loaded, loadConfig } from './config/load.ts';
import { type ConfigProblem, problemToText } from './config/problem.ts';
import { ListTables } from './firewall/tables.ts';
import { geoSettings } from './geo/report.ts';
import { GeoTables, sameData } from './geo/tables.ts';
import { HealthDesk } from './health/desk.ts';
import { HostedDesk } from './hosted/desk.ts';
import type { Hosted } from './hosted/named.ts';
import { Pace } from './hosted/pace.ts';
import { type InForce, OperatorDesk, workersOf } from './operator.ts';
import { Proposals } from './proposals.ts';
import { StoreDesk } from './store/desk.ts';
import { orStoreFault, problemOf, StoreError } from './store/errors.ts';
import { Workers } from './workers.ts';

/** Longer than the budget of any question. */
const ANSWER_MS_MAX = 15_000;

/** What the control thread is made of; tests bring their own. */
export interface ControlOptions {
  readonly start: Pick<ControlStart, 'configFile' | 'inForce'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: DaemonCounters;
  readonly metrics: Metrics;
  readonly dependencies: Dependencies;
  /** Of HealthBits. */
  readonly healthBits: SharedArrayBuffer;
  readonly tell: (news: ControlNews) => void;
  readonly version: string;
}

/**
 * The control side of the daemon: it reads and compiles the configuration, hands snapshots to main and the
 * workers, and answers operators and scrapers. Nothing here is needed to answer a query.
 *
 *     start ─▶ propose ─ sockets ─▶ in force        failure: `failed`, main gives up
 *     reload ─▶ load, compile ─▶ propose ─ sockets ─▶ publish ─▶ bump ─▶ in force
 *                    └ errors ────────────┴ failure ─▶ refused: all stays as it was
 */
export class Control {
  readonly #o: ControlOptions;
  readonly #workers: Workers;
  readonly #proposals: Proposals;
  readonly #lists: ListTables;
  readonly #health: HealthDesk;
  readonly #api: ApiDesk;
  readonly #store: StoreDesk;
  readonly #hosted: HostedDesk;
  readonly #pace: Pace;
  readonly #operator: OperatorDesk;
  readonly #certificates: FollowedCertificates;
  readonly #own: OwnCertificate;
  #config: Config | undefined;
  #inForce: InForce | undefined;
  /** Why the last reading of the configuration was refused. */
  #errors: readonly string[] = [];
  #anchors: Anchors | undefined;
  readonly #geo: GeoTables;
  #reloading: Promise<ReloadReport> | undefined;
  #reloadAgain: Promise<ReloadReport> | undefined;

  constructor(options: ControlOptions) {
    this.#o = options;
    const { clock, log, metrics, start, tell } = options;
    this.#proposals = new Proposals({ clock, tell, taken: start.inForce });
    this.#workers = new Workers(options.clock);
    this.#lists = new ListTables(options.log);
    this.#health = new HealthDesk({ clock: options.clock, log: options.log, bits: options.healthBits });
    this.#store = new StoreDesk({ clock: options.clock, log: options.log });
    this.#hosted = new HostedDesk({
      clock: options.clock,
      log: options.log,
      prng: cryptoPrng,
      metrics: options.metrics,
      open: (folder) => {
        this.#store.open(folder);
        return this.#store.store;
      },
      changed: () => this.#hostedChanged(),
      health: this.#health,
      explain: (ask) => this.#workers.askOne<'explain'>(ask, ANSWER_MS_MAX),
    });
    this.#pace = new Pace(options.clock);
    this.#api = new ApiDesk({ clock, log, metrics, handlers: () => this.#hosted.handlers() });
    this.#geo = new GeoTables({
      clock: options.clock,
      log: options.log,
      before: options.start.inForce?.geo,
      changed: () => this.#geoChanged(),
    });
    this.#own = new OwnCertificate({ clock, log, prng: cryptoPrng, changed: () => this.#hostedChanged() });
    this.#certificates = new FollowedCertificates({ clock, log, changed: () => this.#certificatesChanged() });
    this.#operator = new OperatorDesk({
      ...options,
      configFile: options.start.configFile,
      workers: this.#workers,
      health: this.#health,
      api: this.#api,
      store: this.#store,
      hosted: this.#hosted,
      amended: (config) => this.#own.tried(this.#hosted.amended(config)),
      geo: this.#geo,
      state: () => ({
        config: this.#config,
        inForce: this.#inForce,
        errors: this.#errors,
        anchors: this.#anchors?.zones,
      }),
      reload: () => this.reload(),
    });
  }

  /** Proposes the first snapshot, or takes over from a control that died. */
  async start(): Promise<void> {
    const { start } = this.#o;
    if (start.inForce !== undefined) await this.#takeOver(start.inForce);
    else await this.#startFirst();
  }

  async #startFirst(): Promise<void> {
    const { tell } = this.#o;
    const read = this.#read(undefined);
    if ('errors' in read) return tell({ news: 'failed', errors: read.errors });
    const { config } = read;
    const compiled = await this.#withGeo(config, read.compiled);
    const reason =
      (await this.#operator.openSocket(config)) ??
      (await this.#proposals.propose(compiled.snapshot, workersOf(config)));
    if (reason !== undefined) return tell({ news: 'failed', errors: [], reason });
    this.#settle(config, compiled);
    await this.#operator.openMetrics(config);
    await this.#api.configure(config);
  }

  /** The workers go on with what they serve, and so does this thread: caches stay, whatever the file says now. */
  async #takeOver(snapshot: Snapshot): Promise<void> {
    const compiled = resume(snapshot);
    this.#inForce = { compiled, since: isoFromWall(this.#o.clock.wall()) };
    const { config } = loadConfig(this.#o.start.configFile);
    if (config === undefined) {
      this.#o.log.warn({}, 'the configuration has errors: no control socket until it is reloaded without');
      return;
    }
    this.#config = config;
    this.#anchors = this.#openAnchors(config);
    this.#followAnchors(config, snapshot);
    this.#health.configure(snapshot.health, config.stateFolder);
    this.#store.open(config.stateFolder);
    this.#certificates.configure(config);
    // What is in force has it; from now on it is renewed in time here.
    this.#own.completed(config);
    await this.#api.configure(config);
    void this.#geo.configure(geoSettings(config));
    const failure = await this.#operator.openSocket(config);
    if (failure !== undefined) this.#o.log.error({ failure }, 'no control socket');
    await this.#operator.openMetrics(config);
    // What was acknowledged when the last one died may not have been put in force.
    const hosted = orStoreFault(() => this.#hosted.hostedFor(config, snapshot));
    if (hosted instanceof StoreError) this.#cannotPublish(snapshot, [problemOf(hosted)]);
    else if (this.#hosted.isUsed) this.#hostedChanged();
  }

  /** A worker is there. One that serves an older snapshot than is in force gets that. */
  async attach(slot: number, duty: Duty, revision: number, port: Port): Promise<void> {
    this.#workers.attach(slot, duty, revision, port);
    const snapshot = this.#inForce?.compiled.snapshot;
    if (snapshot === undefined || revision >= snapshot.revision) return;
    await this.#workers.publish(snapshot, undefined, [slot]);
    // It came to this snapshot by another way than a reload: what changed for it is not known.
    for (let dependency = 0; dependency < DEPENDENCY_SLOTS; dependency++)
      this.#o.dependencies.bump(dependency);
  }

  attachHealth(port: Port): void {
    this.#health.attach(port);
  }

  detach(slot: number): void {
    this.#workers.detach(slot);
  }

  /** Main has opened the sockets of the proposed snapshot, or could not. */
  socketsOpened(revision: number, failure: string | undefined): void {
    this.#proposals.answered(revision, failure);
  }

  /** Sockets of endpoints that the API made, which main cannot open at the moment. */
  socketsMissing(sockets: readonly MissingSocket[]): void {
    this.#hosted.missing = sockets;
  }

  /** Reads the configuration again. While one reload runs, all that are asked for meanwhile are one more. */
  reload(): Promise<ReloadReport> {
    if (this.#reloading === undefined) return this.#run(() => this.#reload());
    this.#reloadAgain ??= this.#reloading.then(() => {
      this.#reloadAgain = undefined;
      return this.reload();
    });
    return this.#reloadAgain;
  }

  /** One change of what is in force at a time. */
  #run(change: () => Promise<ReloadReport>): Promise<ReloadReport> {
    this.#reloading = change().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** The same configuration with the anchors that RFC 5011 has made of its own. Caches and contexts stay. */
  #publishAnchors(): Promise<ReloadReport> {
    return this.#publishWith('trust anchors', (snapshot) => this.#withAnchors(this.#config!, snapshot));
  }

  /** The same configuration with something else beside it: `what`. */
  async #publishWith(what: string, change: (snapshot: Snapshot) => Snapshot): Promise<ReloadReport> {
    const { compiled, since } = this.#inForce!;
    const before = compiled.snapshot;
    const snapshot = {
      ...change(before),
      revision: Math.max(before.revision, this.#proposals.given.revision) + 1,
    };
    const refusal = await this.#proposals.propose(snapshot, workersOf(this.#config!));
    if (refusal !== undefined) {
      this.#o.log.error({ refusal }, `other ${what} cannot be put in force yet`);
      return { applied: false, revision: before.revision, changes: [], errors: [refusal] };
    }
    await this.#workers.publish(snapshot, before);
    this.#inForce = { compiled: { ...compiled, snapshot }, since };
    this.#o.log.info({ revision: snapshot.revision }, `other ${what} are in force`);
    return { applied: true, revision: snapshot.revision, changes: [], errors: [] };
  }

  async #reload(): Promise<ReloadReport> {
    const { clock, log, metrics, tell } = this.#o;
    tell({ news: 'reloading' });
    const begun = clock.now();
    const { why, ...outcome } = await this.#tryReload();
    const revision = this.#inForce?.compiled.snapshot.revision ?? 0;
    this.#errors = outcome.errors;
    const ms = Math.round(clock.now() - begun);
    if (outcome.errors.length === 0) {
      metrics.add(METRIC.reloadsApplied);
      log.info({ revision, changes: outcome.changes.length, ms }, 'the configuration is reloaded');
    } else {
      metrics.add(METRIC.reloadsRefused);
      for (const error of outcome.errors) log.error({ problem: error }, why);
      log.error({ revision }, 'the configuration is refused; what was in force stays in force');
    }
    tell({ news: 'settled', revision });
    return { applied: outcome.errors.length === 0, revision, ...outcome };
  }

  /** With what to call the errors. */
  async #tryReload(): Promise<{ changes: readonly string[]; errors: readonly string[]; why: string }> {
    const before = this.#inForce?.compiled;
    const loaded = loadConfig(this.#o.start.configFile, systemFiles);
    if (before !== undefined && loaded.config !== undefined) await this.#prepareLists(loaded.config, before);
    const read = this.#read(before, loaded);
    if ('errors' in read) return { changes: [], errors: read.errors, why: 'error in the configuration' };
    const { config } = read;
    const compiled = await this.#withGeo(config, read.compiled);
    const refusal = await this.#proposals.propose(compiled.snapshot, workersOf(config));
    if (refusal !== undefined) {
      if (this.#config !== undefined) void this.#geo.configure(geoSettings(this.#config));
      this.#hostedChanged();
      return { changes: [], errors: [refusal], why: 'its sockets cannot be opened' };
    }
    const late = await this.#workers.publish(compiled.snapshot, before?.snapshot);
    if (late.length > 0)
      this.#o.log.warn({ workers: late }, 'workers are late to serve the new configuration');
    this.#bump(compiled.touched);
    this.#settle(config, compiled);
    await this.#operator.openMetrics(config);
    await this.#api.configure(config);
    await this.#operator.openSocket(config);
    return { changes: compiled.changes, errors: [], why: '' };
  }

  /** Large lists of domains, of a configuration that is to be compiled. */
  async #prepareLists(config: Config, { snapshot }: Compiled): Promise<void> {
    const amended = orStoreFault(() => this.#hosted.amended(config));
    // What cannot be read is told when it is compiled.
    if (!(amended instanceof StoreError)) await this.#lists.prepare(amended.firewall, snapshot.domainLists);
  }

  /** The store has something else than workers serve. While something is put in force, it waits for that. */
  #hostedChanged(): void {
    if (this.#isHostedWaiting) return;
    this.#isHostedWaiting = true;
    const before = this.#reloading ?? Promise.resolve();
    void before.then(async () => {
      // The first of many at once.
      const { wait } = this.#pace;
      if (wait > 0) await new Promise<void>((done) => this.#o.clock.after(wait, done));
      this.#isHostedWaiting = false;
      if (this.#isStopped || this.#config === undefined || this.#inForce === undefined) return;
      // What was asked for first may have come in between.
      if (this.#reloading !== undefined) this.#hostedChanged();
      else
        void this.#run(() =>
          this.#publishHosted(this.#config!, this.#inForce!).finally(() => this.#pace.over()),
        );
    });
  }
  #isHostedWaiting = false;
  #isStopped = false;

  /** The same configuration with what the store has now. */
  async #publishHosted(config: Config, { compiled, since }: InForce): Promise<ReloadReport> {
    const { snapshot: before } = compiled;
    const read = this.#pace.measure(() =>
      orStoreFault(() => {
        const hosted = this.#hosted.hostedFor(config, before);
        return { hosted, amended: this.#amended(config) };
      }),
    );
    if (read instanceof StoreError) return this.#cannotPublish(before, [problemOf(read)]);
    const { hosted, amended } = read;
    await this.#lists.prepare(amended.firewall, before.domainLists);
    const tables = this.#lists;
    const { given } = this.#proposals;
    // A control that took over has not read the files of the configuration yet.
    const next = this.#pace.measure(() =>
      orStoreFault(() =>
        compiled.root === undefined
          ? compile(config, compiled, { hosted: () => hosted, amended: () => amended, tables, given })
          : recompile(amended, compiled, hosted, { tables, given }),
      ),
    );
    if (next instanceof StoreError) return this.#cannotPublish(before, [problemOf(next)]);
    if (next.snapshot === undefined) return this.#cannotPublish(before, next.errors.map(problemToText));
    const snapshot = this.#withAnchors(config, next.snapshot);
    const refusal = await this.#proposals.propose(snapshot, workersOf(config));
    if (refusal !== undefined) return this.#cannotPublish(before, [refusal]);
    const late = await this.#workers.publish(snapshot, before);
    this.#bump(next.touched);
    this.#inForce = { compiled: { ...next, snapshot }, since };
    if (snapshot.health !== before.health) this.#health.configure(snapshot.health, config.stateFolder);
    // Until all serve it, changes are pending: a worker that is replaced gets it from main.
    if (late.length === 0) this.#hosted.settled();
    else this.#hostedChanged();
    return { applied: true, revision: snapshot.revision, changes: next.changes, errors: [] };
  }

  #cannotPublish({ revision }: Snapshot, errors: readonly string[]): ReloadReport {
    this.#o.log.error({ errors }, 'what has changed beside the configuration cannot be put in force yet');
    return { applied: false, revision, changes: [], errors };
  }

  /** What is compiled: the configuration with what the API has added, and with a certificate where one has to be made. */
  #amended(config: Config): Config {
    return this.#own.completed(this.#hosted.amended(config));
  }

  #bump(touched: readonly number[]): void {
    const { dependencies } = this.#o;
    for (const hash of touched) dependencies.bump(dependencies.slotOf(hash));
  }

  #read(
    previous: Compiled | undefined,
    loaded?: Loaded,
  ): { config: Config; compiled: Compiled } | { errors: readonly string[] } {
    const { configFile } = this.#o.start;
    const hosted = (config: Config): Hosted => this.#hosted.hostedFor(config, previous?.snapshot);
    const amended = (config: Config): Config => this.#amended(config);
    const options = { hosted, amended, tables: this.#lists, given: this.#proposals.given, loaded };
    const read = orStoreFault(() =>
      readConfig(configFile, previous, systemFiles, this.#o.clock.wall(), options),
    );
    if (read instanceof StoreError) return { errors: [problemOf(read)] };
    this.#warn(read.warnings);
    if (read.config === undefined) return { errors: read.errors.map(problemToText) };
    const { config, compiled } = read;
    return { config, compiled: { ...compiled, snapshot: this.#withAnchors(config, compiled.snapshot) } };
  }

  /** With what RFC 5011 has made of the anchors of the configuration. */
  #withAnchors(config: Config, snapshot: Snapshot): Snapshot {
    this.#anchors ??= this.#openAnchors(config);
    if (!config.recursion.rfc5011) return snapshot;
    return withAnchors(snapshot, this.#anchors.inForce(configuredAnchors(snapshot)));
  }

  #openAnchors({ stateFolder }: Config): Anchors {
    const { clock, log } = this.#o;
    return new Anchors({
      clock,
      log,
      file: new AnchorStateFile(stateFolder),
      fetch: (zone) => fetchKeys(this.#workers, this.#inForce?.compiled.snapshot, zone),
      looked: () => this.#anchorsLooked(),
    });
  }

  /** While the configuration is read again nothing is done: the next look is soon enough. */
  #anchorsLooked(): void {
    const snapshot = this.#inForce?.compiled.snapshot;
    if (snapshot === undefined || this.#config === undefined || this.#reloading !== undefined) return;
    const next = this.#withAnchors(this.#config, snapshot);
    if (sameAnchors(next.recursion.anchors, snapshot.recursion.anchors)) return;
    void this.#run(() => this.#publishAnchors());
  }

  /** With the tables of where clients are, as far as they are there soon. */
  async #withGeo(config: Config, compiled: Compiled): Promise<Compiled> {
    await this.#geo.configure(geoSettings(config));
    return { ...compiled, snapshot: { ...compiled.snapshot, geo: this.#geo.data } };
  }

  /** What is being put in force may be without what was just read: it is seen to afterwards. */
  #geoChanged(): void {
    const snapshot = this.#inForce?.compiled.snapshot;
    if (snapshot === undefined || this.#config === undefined || sameData(snapshot.geo, this.#geo.data))
      return;
    if (this.#reloading !== undefined) void this.#reloading.then(() => this.#geoChanged());
    else
      void this.#run(() =>
        this.#publishWith('locations of clients', (each) => ({ ...each, geo: this.#geo.data })),
      );
  }

  /** A configuration that is being put in force is read again by itself, and then followed. */
  #certificatesChanged(): void {
    if (this.#config === undefined) return;
    this.#config = this.#certificates.applied(this.#config);
    void this.#api.configure(this.#config);
    this.#hostedChanged();
  }

  #warn(problems: readonly ConfigProblem[]): void {
    for (const problem of problems)
      this.#o.log.warn({ problem: problemToText(problem) }, 'the configuration may not be meant so');
  }

  #settle(config: Config, compiled: Compiled): void {
    if (this.#config !== undefined && this.#config.stateFolder !== config.stateFolder)
      this.#o.log.warn({ state: config.stateFolder }, 'another node.state counts from the next start on');
    if (this.#config !== undefined && workersOf(this.#config) !== workersOf(config))
      this.#o.log.warn(
        { workers: config.node.workers },
        'another node.workers counts from the next start on',
      );
    this.#config = config;
    this.#inForce = { compiled, since: isoFromWall(this.#o.clock.wall()) };
    this.#followAnchors(config, compiled.snapshot);
    this.#health.configure(compiled.snapshot.health, config.stateFolder);
    this.#store.open(config.stateFolder);
    this.#certificates.configure(config);
    this.#hosted.settled();
    this.#geoChanged();
  }

  #followAnchors({ recursion }: Config, snapshot: Snapshot): void {
    this.#anchors?.configure(recursion.rfc5011 ? configuredAnchors(snapshot) : undefined, recursion);
  }

  status(): Promise<StatusReport> {
    return this.#operator.status();
  }

  /** Closes what is open to the outside, the API first: what it is being asked needs all else. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#api.finish();
    this.#anchors?.close();
    this.#certificates.close();
    this.#own.close();
    this.#health.close();
    this.#hosted.close();
    this.#geo.close();
    await this.#operator.close();
    await this.#store.close();
    this.#workers.close();
  }
}
