import { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import { copyTo } from './backup.ts';
import { GroupCommit } from './commit.ts';
import { StoreError } from './errors.ts';
import type { StoreLock } from './lock.ts';
import { ChangeLog, type Keep } from './log.ts';
import { ChangeQueue } from './queue.ts';
import { SqliteSnapshot } from './snapshot.ts';
import { storeErrorFrom } from './sqliteerror.ts';
import type {
  AppliedChange,
  AuditEntry,
  AuditQuery,
  BackedUp,
  Backup,
  Change,
  CountQuery,
  Decision,
  ListQuery,
  Resource,
  Revision,
  Store,
  Watch,
} from './store.ts';
import { Tables } from './tables.ts';
import { Watchers } from './watchers.ts';

/** Changes of the log that are in memory at once while a watcher catches up. */
const PAGE = 100;
/** Each holds a connection, and keeps the log of writes from being emptied. */
const SNAPSHOTS_MAX = 16;

/** What `open.ts` has found and made. */
export interface Opened {
  readonly db: DatabaseSync;
  readonly file: string;
  /** What to open to read the same file by another connection. */
  readonly address: string | URL;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
  readonly keep: Keep;
  /** Undefined where nothing can be written; `refusal` says why. */
  readonly lock: StoreLock | undefined;
  readonly refusal: StoreError | undefined;
}

/** The engine on SQLite: one connection that writes and reads, and one for each snapshot. `open.ts` makes it. */
export class SqliteStore implements Store, BackedUp {
  readonly incarnation: string;
  readonly #o: Opened;
  readonly #tables: Tables;
  readonly #log: ChangeLog;
  readonly #watchers: Watchers;
  readonly #commit: GroupCommit;
  readonly #queue: ChangeQueue;
  readonly #snapshots = new Set<SqliteSnapshot>();
  #isClosed = false;

  /** Throws what SQLite throws. */
  constructor(opened: Opened) {
    const { db, file, clock, keep } = opened;
    this.#o = opened;
    const tables = new Tables(db, () => clock.wall());
    const log = new ChangeLog(db, keep);
    const watchers = new Watchers(opened.log);
    this.#tables = tables;
    this.#log = log;
    this.#watchers = watchers;
    this.#commit = new GroupCommit({ db, file, clock, tables, log, watchers });
    this.#queue = new ChangeQueue(() => this.#commit.run(() => this.#queue.take()));
    this.incarnation = (
      db.prepare("SELECT value FROM meta WHERE key = 'incarnation'").get() as { value: string }
    ).value;
  }

  get revision(): Revision {
    return this.#log.place.revision;
  }

  get fault(): StoreError | undefined {
    return this.#o.refusal ?? this.#commit.fault;
  }

  async apply(change: Change | Decision): Promise<Revision> {
    if (this.#isClosed) throw closed();
    if (this.#o.refusal !== undefined) throw this.#o.refusal;
    return this.#queue.add(change);
  }

  get<Body>(kind: string, id: string): Resource<Body> | undefined {
    return this.#read(() => this.#tables.get<Body>(kind, id));
  }

  list<Body>(query: ListQuery): Resource<Body>[] {
    return this.#read(() => this.#tables.list<Body>(query));
  }

  count(query: CountQuery): number {
    return this.#read(() => this.#tables.count(query));
  }

  responseTo(hash: string): unknown {
    return this.#read(() => this.#tables.responseTo(hash));
  }

  changes(after: Revision, limit: number): AppliedChange[] {
    return this.#read(() => this.#log.changes(after, limit));
  }

  audit(query: AuditQuery): AuditEntry[] {
    return this.#read(() => this.#log.audit(query));
  }

  watch(after: Revision, listener: (change: AppliedChange) => void): Watch {
    let told = after;
    while (told < this.revision) {
      const page = this.changes(told, PAGE);
      for (const change of page) listener(change);
      told = page.at(-1)!.revision;
    }
    return this.#watchers.add(listener);
  }

  snapshot(): SqliteSnapshot {
    if (this.#isClosed) throw closed();
    if (this.#snapshots.size >= SNAPSHOTS_MAX)
      throw new StoreError('busy', `${SNAPSHOTS_MAX} snapshots are open`, 'try again in a moment');
    const { address, file, clock } = this.#o;
    const snapshot = new SqliteSnapshot(
      () => new DatabaseSync(address, { readOnly: true }),
      file,
      () => clock.wall(),
      (each) => void this.#snapshots.delete(each),
    );
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  async backup(file: string): Promise<Backup> {
    if (this.#isClosed) throw closed();
    return copyTo(this.#o.address, file);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.drain();
    this.#watchers.clear();
    for (const snapshot of [...this.#snapshots]) snapshot.close();
    this.#o.db.close();
    this.#o.lock?.release();
  }

  #read<T>(read: () => T): T {
    if (this.#isClosed) throw closed();
    try {
      return read();
    } catch (error) {
      throw storeErrorFrom(error, this.#o.file);
    }
  }
}

function closed(): StoreError {
  return new StoreError('closed', 'the store is closed', 'start the daemon again');
}
