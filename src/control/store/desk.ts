import { isAbsolute } from 'node:path';
import type { Logger } from '../../telemetry/log.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Clock } from '../../util/clock.ts';
import type { AuditReport, BackupReport } from '../../view/report.ts';
import { durationMs, instantMs } from '../config/setting.ts';
import { HttpFault } from '../http.ts';
import { StoreError } from './errors.ts';
import { openStore } from './open.ts';
import type { SqliteStore } from './sqlite.ts';
import type { AuditEntry } from './store.ts';

/** What an operator asks of the audit trail, as text. */
export interface AuditWish {
  /** A time, or how long ago: `2026-01-31T18:00Z`, `2h`. */
  readonly since?: string | undefined;
  readonly account?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly operation?: string | undefined;
  readonly limit?: string | undefined;
}

export interface StoreDeskOptions {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 9_999;

/** The daemon's store, and what operators ask of it. One that cannot be opened is no reason not to answer queries. */
export class StoreDesk {
  readonly #o: StoreDeskOptions;
  #store: SqliteStore | undefined;
  #failure = new StoreError('closed', 'the store is not open yet', 'try again in a moment');

  constructor(options: StoreDeskOptions) {
    this.#o = options;
  }

  /** Opens the store of a state folder, unless it is open. What keeps it from that is logged and told to operators. */
  open(folder: string): void {
    if (this.#store !== undefined) return;
    const { clock, log } = this.#o;
    try {
      this.#store = openStore({ folder, clock, log });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#failure = error;
      log.error({ problem: error.message, remedy: error.remedy }, 'the store cannot be opened');
      return;
    }
    const { revision, fault } = this.#store;
    if (fault === undefined) log.info({ revision }, 'the store is open');
    else log.error({ revision, problem: fault.message, remedy: fault.remedy }, 'the store can only be read');
  }

  /** Throws StoreError where it could not be opened. */
  get store(): SqliteStore {
    if (this.#store === undefined) throw this.#failure;
    return this.#store;
  }

  /** False where it could not be opened, can only be read, or the last attempt to write failed. */
  get isWritable(): boolean {
    return this.#store !== undefined && this.#store.fault === undefined;
  }

  /** The newest changes that fit the wish, the oldest of them first. Throws HttpFault. */
  audit({ since, limit, ...filter }: AuditWish): AuditReport {
    const most = readLimit(limit);
    const from = since === undefined ? undefined : this.#readSince(since);
    const found = answered(() => this.store.audit({ ...filter, since: from, limit: most + 1 }));
    return { changes: found.slice(0, most).reverse().map(auditLine), truncated: found.length > most };
  }

  #readSince(text: string): number {
    const ago = durationMs(text);
    const at = ago === undefined ? instantMs(text) : this.#o.clock.wall() - ago;
    if (at !== undefined) return at;
    throw new HttpFault(
      400,
      `since is ${JSON.stringify(text)}`,
      'write a time in UTC such as 2026-12-31T18:00Z, or how long ago: 30m, 2h, 7d',
    );
  }

  /** Copies the store into a new file. Rejects with HttpFault. */
  async backup(file: string): Promise<BackupReport> {
    if (!isAbsolute(file))
      throw new HttpFault(400, `${JSON.stringify(file)} is no absolute path`, 'write it from / on');
    try {
      return await this.store.backup(file);
    } catch (error) {
      throw faultFrom(error);
    }
  }

  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    this.#failure = new StoreError('closed', 'the store is closed', 'start the daemon again');
    await store?.close();
  }
}

function readLimit(text = String(LIMIT_DEFAULT)): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1) return limit;
  throw new HttpFault(400, `limit is ${JSON.stringify(text)}`, `write a number from 1 to ${LIMIT_MAX}`);
}

function auditLine({ revision, at, origin, items }: AuditEntry): AuditReport['changes'][number] {
  return { revision, at: isoFromWall(at), ...origin, items };
}

function answered<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw faultFrom(error);
  }
}

/** What the store refuses is an answer; everything else is an error of the program. */
function faultFrom(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const status = error.fault === 'invalid' ? 400 : error.fault === 'full' ? 507 : 503;
  return new HttpFault(status, error.message, error.remedy);
}
