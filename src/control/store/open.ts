import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import { cryptoPrng, type Prng } from '../../util/prng.ts';
import type { StoreError } from './errors.ts';
import { giveToFolderOwner, makeFile } from './files.ts';
import { StoreLock } from './lock.ts';
import { KEEP, type Keep } from './log.ts';
import { checkWhole, MIGRATIONS, migrate, versionOf } from './migrations.ts';
import { SqliteStore } from './sqlite.ts';
import { fileErrorFrom, storeErrorFrom } from './sqliteerror.ts';

/** Its name in the state folder. */
export const STORE_NAME = 'store.db';

export interface StoreOptions {
  /** The state folder; made if it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
  readonly keep?: Keep;
  readonly migrations?: readonly string[];
  readonly prng?: Prng;
}

/** Waiting for a process that copies the file; no other process writes to it. */
const BUSY_MS = 2_000;
/** Pages that the connection keeps in memory, in kibibytes. */
const CACHE_KIB = 32 * 1024;
/** A snapshot that was open for long lets the log of writes grow; it is cut to this afterwards. */
const WAL_OCTETS_KEPT = 64 * 1024 * 1024;

/**
 * Opens the store of a state folder, or makes one. Where nothing can be written there, it is opened for reading, and
 * changes are refused. Throws StoreError: `locked`, `foreign`, `newer`, `corrupt`, `io`, `full`, `read-only`.
 */
export function openStore(options: StoreOptions): SqliteStore {
  const file = join(options.folder, STORE_NAME);
  try {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileErrorFrom(error);
  }
  const refusal = refusalOf(options.folder, file);
  return refusal === undefined ? openWritable(options, file) : openReadOnly(options, file, refusal);
}

function refusalOf(folder: string, file: string): StoreError | undefined {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return fileErrorFrom(error);
  }
}

function openWritable(options: StoreOptions, file: string): SqliteStore {
  const lock = new StoreLock(options.folder);
  let db: DatabaseSync | undefined;
  try {
    makeFile(file);
    db = new DatabaseSync(file, { timeout: BUSY_MS, defensive: true });
    const { migrations = MIGRATIONS, prng = cryptoPrng } = options;
    versionOf(db, file, migrations);
    chmodSync(file, 0o600);
    giveToFolderOwner(file);
    prepareToWrite(db);
    checkWhole(db, file);
    migrate(db, file, migrations);
    nameIncarnation(db, prng);
    return make(options, { db, file, address: file, lock });
  } catch (error) {
    db?.close();
    lock.release();
    throw storeErrorFrom(error, file);
  }
}

function prepareToWrite(db: DatabaseSync): void {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = FAST;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA journal_size_limit = ${WAL_OCTETS_KEPT};
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF`);
}

/** A restored store has lost its own (`restore.ts`), a new one never had any. */
function nameIncarnation(db: DatabaseSync, prng: Prng): void {
  const name = Buffer.from(prng.fill(new Uint8Array(16))).toString('hex');
  db.prepare("INSERT OR IGNORE INTO meta VALUES ('incarnation', ?)").run(name);
}

function openReadOnly(options: StoreOptions, file: string, refusal: StoreError): SqliteStore {
  if (!existsSync(file)) throw refusal;
  const address = addressToRead(file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(address, { readOnly: true, timeout: BUSY_MS });
    const { migrations = MIGRATIONS } = options;
    if (versionOf(db, file, migrations) < migrations.length) throw refusal;
    checkWhole(db, file);
    return make(options, { db, file, address, lock: undefined, refusal });
  } catch (error) {
    db?.close();
    throw storeErrorFrom(error, file);
  }
}

/**
 * Readers of a file with a log of writes share an index beside it, which cannot be made here. Without such a log none
 * is needed, if SQLite may take it that nobody writes.
 */
function addressToRead(file: string): string | URL {
  const wal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  if (wal !== undefined && wal.size > 0) return file;
  const address = pathToFileURL(file);
  address.searchParams.set('immutable', '1');
  return address;
}

function make(
  { clock, log, keep = KEEP }: StoreOptions,
  rest: {
    db: DatabaseSync;
    file: string;
    address: string | URL;
    lock: StoreLock | undefined;
    refusal?: StoreError;
  },
): SqliteStore {
  return new SqliteStore({ ...rest, clock, log, keep, refusal: rest.refusal });
}
