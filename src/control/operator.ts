import type { Server } from 'node:http';
import { availableParallelism } from 'node:os';
import type { Logger } from '../telemetry/log.ts';
import type { DaemonCounters } from '../telemetry/metrics.ts';
import { isoFromWall } from '../telemetry/text.ts';
import type { Clock } from '../util/clock.ts';
import { WORKERS_MAX } from '../view/channel.ts';
import type { AnchorsReport, GeoReport, ReloadReport, StatusReport, WorkerStatus } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { anchorsReport } from './anchorreport.ts';
import type { Anchors } from './anchors.ts';
import type { ApiDesk } from './api/desk.ts';
import type { Compiled } from './compile.ts';
import type { Config } from './config/load.ts';
import { geoReport } from './geo/report.ts';
import type { GeoTables } from './geo/tables.ts';
import type { HealthDesk } from './health/desk.ts';
import type { HostedDesk } from './hosted/desk.ts';
import type { Hosted } from './hosted/named.ts';
import type { Plain } from './http.ts';
import { openMetrics, scrape } from './metrics.ts';
import {
  endpointReports,
  type PerWorker,
  sumCaches,
  targetReports,
  viewReports,
  workerReports,
} from './reports.ts';
import { controlRoutes, type Daemon, probeRoutes } from './routes.ts';
import { ControlSocket } from './socket.ts';
import type { StoreDesk } from './store/desk.ts';
import type { WhatIfMeans } from './whatif.ts';
import type { Workers } from './workers.ts';

/** A worker that is silent for longer than this is shown as such, and its figures are missing. */
const STATUS_MS_MAX = 500;

/** What is in force: for the first time from a file, later as the difference to what was. */
export interface InForce {
  readonly compiled: Compiled;
  readonly since: string;
}

/** What control knows at the moment. */
export interface ControlState {
  /** The last configuration without errors. */
  readonly config: Config | undefined;
  readonly inForce: InForce | undefined;
  /** Why the last reading of the configuration was refused. */
  readonly errors: readonly string[];
  readonly anchors: Anchors['zones'] | undefined;
}

export interface OperatorOptions {
  readonly configFile: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: DaemonCounters;
  /** Of HealthBits. */
  readonly healthBits: SharedArrayBuffer;
  readonly version: string;
  readonly workers: Workers;
  readonly health: HealthDesk;
  readonly api: ApiDesk;
  readonly store: StoreDesk;
  readonly hosted: HostedDesk;
  /** A configuration as it would be compiled, without anything being made for it. */
  readonly amended: (config: Config) => Config;
  readonly geo: GeoTables;
  readonly state: () => ControlState;
  readonly reload: () => Promise<ReloadReport>;
}

/** Where operators and scrapers ask: the control socket, the address of metrics, and what is reported there. */
export class OperatorDesk {
  readonly #o: OperatorOptions;
  readonly #daemon: Daemon;
  #socket: ControlSocket | undefined;
  #metrics: { readonly server: Server; readonly address: string } | undefined;

  constructor(options: OperatorOptions) {
    this.#o = options;
    const { workers, health, api, store, hosted, reload } = options;
    this.#daemon = {
      workers,
      snapshot: () => this.#snapshot,
      status: () => this.status(),
      anchors: () => this.#anchorsReport(),
      geo: (address) => this.#geoReport(address),
      scrape: () => this.#scrape(),
      reload,
      health,
      api,
      store,
      vpcs: hosted.vpcs,
      whatIf: () => this.#whatIfMeans(),
    };
  }

  get #snapshot(): Snapshot | undefined {
    return this.#o.state().inForce?.compiled.snapshot;
  }

  /** For operators, once. Resolves with what failed. */
  async openSocket(config: Config): Promise<string | undefined> {
    if (this.#socket !== undefined) return undefined;
    try {
      this.#socket = await ControlSocket.open(config.stateFolder, controlRoutes(this.#daemon), this.#o.log);
      return undefined;
    } catch (error) {
      return `control socket: ${(error as Error).message}`;
    }
  }

  /** A metrics address that cannot be had is no reason not to answer queries. */
  async openMetrics({ node }: Config): Promise<void> {
    const wanted = node.metrics === 'off' ? 'off' : `${node.metrics.address} ${node.metrics.port}`;
    if (this.#metrics?.address === wanted) return;
    this.#closeMetrics();
    if (node.metrics === 'off') return;
    try {
      const server = await openMetrics(node.metrics, probeRoutes(this.#daemon), this.#o.log);
      this.#metrics = { server, address: wanted };
      this.#o.log.info({ address: node.metrics.address, port: node.metrics.port }, 'metrics are served');
    } catch (err) {
      this.#o.log.error({ err, metrics: wanted }, 'metrics cannot be served; choose another node.metrics');
    }
  }

  #closeMetrics(): void {
    this.#metrics?.server.close();
    this.#metrics?.server.closeAllConnections();
    this.#metrics = undefined;
  }

  async status(): Promise<StatusReport> {
    const { clock, configFile, version } = this.#o;
    const { inForce, errors } = this.#o.state();
    const perWorker = await this.#o.workers.askAll({ ask: 'status' }, STATUS_MS_MAX);
    const snapshot = inForce?.compiled.snapshot;
    const workers = this.#allWorkers(perWorker);
    return {
      node: { name: snapshot?.node.name ?? '', region: snapshot?.node.region ?? '' },
      version,
      pid: process.pid,
      uptimeSeconds: Math.floor(process.uptime()),
      ready: workers.some(({ state }) => state === 'serving'),
      config: {
        file: configFile,
        revision: snapshot?.revision ?? 0,
        since: inForce?.since ?? isoFromWall(clock.wall()),
        errors,
      },
      workers,
      endpoints: snapshot === undefined ? [] : endpointReports(snapshot),
      views: snapshot === undefined ? [] : viewReports(snapshot),
      targets: snapshot === undefined ? [] : targetReports(snapshot, perWorker),
      caches: sumCaches(perWorker.flatMap(({ answer }) => answer?.caches ?? [])),
      geo: this.#o.geo.reports,
    };
  }

  #anchorsReport(): AnchorsReport | undefined {
    const snapshot = this.#snapshot;
    return snapshot === undefined
      ? undefined
      : anchorsReport(snapshot, this.#o.clock.wall(), this.#o.state().anchors);
  }

  async #geoReport(address: Uint8Array | undefined): Promise<GeoReport | undefined> {
    const { geo, clock } = this.#o;
    const snapshot = this.#snapshot;
    return snapshot === undefined ? undefined : geoReport(snapshot, geo, address, clock);
  }

  #whatIfMeans(): WhatIfMeans | undefined {
    const { clock, healthBits: health, hosted: desk, amended, workers } = this.#o;
    const inForce = this.#o.state().inForce?.compiled;
    if (inForce === undefined) return undefined;
    const hosted = (): Hosted => desk.latest;
    return { workers, inForce, hosted, amended, clock, health };
  }

  /** Those that main has not reported yet, and those that are away, are starting. */
  #allWorkers(perWorker: PerWorker<WorkerStatus>): StatusReport['workers'] {
    const { config } = this.#o.state();
    const there = workerReports(perWorker);
    const { known } = this.#o.workers;
    const expected = config === undefined ? 0 : workersOf(config);
    const first = Array.from({ length: expected }, (_, slot) => ({ slot, duty: 'plain' as const }));
    const all = new Map([...first, ...known].map(({ slot, duty }) => [slot, duty]));
    for (const { worker } of there) all.delete(worker);
    const starting = [...all].map(([worker, duty]) => ({
      worker,
      duty,
      state: 'starting' as const,
      revision: 0,
      uptimeSeconds: 0,
      inFlight: 0,
    }));
    return [...there, ...starting].sort((a, b) => a.worker - b.worker);
  }

  async #scrape(): Promise<Plain> {
    // A health thread that does not answer is no reason to have no metrics.
    const reports = await this.#o.health.reports().catch(() => []);
    const status = await this.status();
    return scrape({
      counters: this.#o.counters,
      status,
      wallMs: this.#o.clock.wall(),
      checks: this.#o.health.brief(),
      reports,
      changes: { isStoreWritable: this.#o.store.isWritable, waitingMs: this.#o.hosted.waitingMs },
    });
  }

  async close(): Promise<void> {
    this.#closeMetrics();
    await this.#socket?.close();
  }
}

/** How many workers a configuration asks for. */
export function workersOf({ node }: Config): number {
  return Math.min(WORKERS_MAX, node.workers === 'auto' ? availableParallelism() : node.workers);
}
