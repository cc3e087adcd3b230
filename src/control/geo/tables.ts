import type { Logger } from '../../telemetry/log.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { GeoFileReport } from '../../view/report.ts';
import type { GeoData } from '../../view/snapshot.ts';
import { stampOf } from '../follow.ts';
import { dataOf, type GeoFile, type Loaded, reportOf } from './files.ts';
import { runTask } from './run.ts';
import type { GeoOutcome } from './task.ts';

/** Files that take longer than this to read come later: a start or a reload goes on without them. */
export const WAIT_MS_MAX = 15_000;

/** Which files, by absolute paths, and how often to look at them. */
export interface GeoSettings {
  readonly databases: readonly string[];
  readonly rtt: string | undefined;
  readonly refreshMs: number;
}

export interface GeoTablesOptions {
  readonly clock: Pick<Clock, 'wall' | 'after' | 'every'>;
  readonly log: Logger;
  /** What is in force until these files are read: that of a control before this one. */
  readonly before: GeoData | undefined;
  /** `data` may be something else now. */
  readonly changed: () => void;
  /** Tests bring their own. */
  readonly load?: (file: Pick<GeoFile, 'kind' | 'path'>) => Promise<GeoOutcome<Loaded>>;
}

/**
 * The tables of where clients are, made of files that are looked at again and again. A file that cannot be read or is
 * broken changes nothing: what was read of it before stays.
 *
 *     configure, each refresh ─▶ look: stamp ─ same ─▶ nothing
 *                                        └ other ─▶ load ─┬ good ─▶ data, changed
 *                                                         └ bad ──▶ a line in the log; data as it was
 */
export class GeoTables {
  readonly #o: GeoTablesOptions;
  #files: readonly GeoFile[] = [];
  #data: GeoData;
  #timer: Timer | undefined;
  #refreshMs = 0;
  #looking: Promise<void> | undefined;

  constructor(options: GeoTablesOptions) {
    this.#o = options;
    this.#data = options.before ?? { locations: [], rtt: undefined };
  }

  /** What workers are to have: the same object until something changes. */
  get data(): GeoData {
    return this.#data;
  }

  get reports(): GeoFileReport[] {
    return this.#files.map((file) => reportOf(file, this.#o.clock.wall()));
  }

  /** Databases that are in force, in their order. */
  get databases(): readonly string[] {
    return this.#files.flatMap(({ kind, path, loaded }) => (kind === 'database' && loaded ? path : []));
  }

  /** From now on it is these files. Resolves when they are read, or after WAIT_MS_MAX. */
  async configure({ databases, rtt, refreshMs }: GeoSettings): Promise<void> {
    const known = new Map(this.#files.map((file) => [`${file.kind} ${file.path}`, file]));
    const fileOf = (kind: Loaded['kind'], path: string): GeoFile =>
      known.get(`${kind} ${path}`) ?? { kind, path, stamp: '', loaded: undefined, loadedAt: 0, faults: [] };
    this.#files = [
      ...databases.map((path) => fileOf('database', path)),
      ...(rtt === undefined ? [] : [fileOf('rtt', rtt)]),
    ];
    this.#follow(refreshMs);
    const patience = Promise.withResolvers<void>();
    const timer = this.#o.clock.after(WAIT_MS_MAX, patience.resolve);
    await Promise.race([this.look(), patience.promise]);
    timer.cancel();
  }

  #follow(refreshMs: number): void {
    if (this.#files.length > 0 && this.#timer !== undefined && this.#refreshMs === refreshMs) return;
    this.#timer?.cancel();
    this.#refreshMs = refreshMs;
    this.#timer =
      this.#files.length === 0 ? undefined : this.#o.clock.every(refreshMs, () => void this.look());
  }

  /** Reads what has changed. While one look lasts, all that are asked for are one more. */
  look(): Promise<void> {
    const own = (this.#looking ?? Promise.resolve()).then(() => this.#look());
    const settled = own.finally(() => {
      if (this.#looking === settled) this.#looking = undefined;
    });
    this.#looking = settled;
    return settled;
  }

  async #look(): Promise<void> {
    const files = this.#files;
    for (const file of files) await this.#lookAt(file);
    // Others were configured meanwhile: the next look is about those.
    if (files !== this.#files) return;
    const next = dataOf(files);
    if (sameData(next, this.#data)) return;
    this.#data = next;
    this.#o.changed();
  }

  async #lookAt(file: GeoFile): Promise<void> {
    const { clock, log, load = (each) => loadFile(each, clock) } = this.#o;
    // Taken before it is read: what is written meanwhile makes another.
    const stamp = stampOf(file.path);
    if (stamp === file.stamp) return;
    const outcome = await load(file);
    file.stamp = stamp;
    file.faults = outcome.faults ?? [];
    if (outcome.result === undefined) {
      const text = file.loaded === undefined ? 'it is done without' : 'what was read before stays';
      for (const problem of file.faults)
        log.error({ file: file.path, problem }, `a geo file is refused; ${text}`);
      return;
    }
    file.loaded = outcome.result;
    file.loadedAt = clock.wall();
    const { entries, bytes } = reportOf(file, file.loadedAt);
    log.info({ file: file.path, entries, bytes }, 'a geo file is read');
  }

  close(): void {
    this.#timer?.cancel();
    this.#files = [];
  }
}

async function loadFile(
  { kind, path }: Pick<GeoFile, 'kind' | 'path'>,
  clock: Pick<Clock, 'after'>,
): Promise<GeoOutcome<Loaded>> {
  if (kind === 'rtt') {
    const { result, faults } = await runTask({ task: 'rtt', path }, clock);
    return result === undefined ? { faults } : { result: { kind, rtt: result } };
  }
  const { result, faults } = await runTask({ task: 'database', path }, clock);
  return result === undefined ? { faults } : { result: { kind, ...result } };
}

/** By buffers: each reading makes new ones. */
export function sameData(a: GeoData, b: GeoData): boolean {
  const isSame = a.locations.every((buffer, i) => buffer === b.locations[i]);
  return isSame && a.locations.length === b.locations.length && a.rtt?.figures === b.rtt?.figures;
}
