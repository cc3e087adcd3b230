import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isoFromWall } from '../../telemetry/text.ts';
import { StoreError } from './errors.ts';
import { flush, giveToFolderOwner } from './files.ts';
import { StoreLock } from './lock.ts';
import { checkWhole, foreign, lastRevision, MIGRATIONS, versionOf } from './migrations.ts';
import { STORE_NAME } from './open.ts';
import { fileErrorFrom, isSqliteError, storeErrorFrom } from './sqliteerror.ts';
import type { Revision } from './store.ts';

export interface Restored {
  readonly file: string;
  readonly revision: Revision;
  /** Where the store is that was there before; undefined where there was none. */
  readonly setAside: string | undefined;
}

/**
 * Puts a backup in the place of the store of a folder that no daemon uses. It is checked before anything is replaced,
 * and what was there is set aside. It gets a new incarnation: its revisions are not those that were known before.
 * Throws StoreError: `locked`, `foreign`, `newer`, `corrupt`, `io`, `full`, `read-only`.
 *
 * @param wall milliseconds since 1970, for the name of what is set aside
 */
export function restore(folder: string, from: string, wall: number): Restored {
  const file = join(folder, STORE_NAME);
  const beside = `${file}.restoring`;
  let lock: StoreLock | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = new StoreLock(folder);
    rmSync(beside, { force: true });
    copyFileSync(from, beside);
    chmodSync(beside, 0o600);
    giveToFolderOwner(beside);
    const revision = adopt(beside, from);
    flush(beside);
    const setAside = existsSync(file) ? `${file}.before-${isoFromWall(wall).replaceAll(':', '')}` : undefined;
    if (setAside !== undefined) putAside(file, setAside);
    renameSync(beside, file);
    flush(folder);
    return { file, revision, setAside };
  } catch (error) {
    rmSync(beside, { force: true });
    const found = storeErrorFrom(error, from);
    throw found instanceof StoreError ? found : fileErrorFrom(found);
  } finally {
    lock?.release();
  }
}

/** Makes the copy a store that can be opened; returns its revision. Errors name the file that it is a copy of. */
function adopt(copy: string, from: string): Revision {
  const db = new DatabaseSync(copy);
  try {
    if (versionOf(db, from, MIGRATIONS) === 0) throw foreign(from);
    db.exec('PRAGMA journal_mode = DELETE');
    checkWhole(db, from, 'integrity_check');
    db.exec("DELETE FROM meta WHERE key = 'incarnation'");
    return lastRevision(db);
  } finally {
    db.close();
  }
}

/**
 * The file stays in its place until the new one takes it: whenever this is cut short, one of them is there. The log of
 * writes must be gone by then, or it would be taken for the new one's.
 */
function putAside(file: string, aside: string): void {
  emptyWal(file);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  copyFileSync(file, aside);
  chmodSync(aside, 0o600);
  giveToFolderOwner(aside);
  flush(aside);
}

/** Writes what is in the log into the file, if that is whole enough; a damaged one keeps its log beside it. */
function emptyWal(file: string): void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    db.exec('PRAGMA journal_mode = DELETE');
  } catch (error) {
    if (!isSqliteError(error)) throw error;
  } finally {
    db?.close();
  }
}
