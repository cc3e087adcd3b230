import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup as copyPages, DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { flush, makeFile } from './files.ts';
import { checkWhole, lastRevision } from './migrations.ts';
import { fileErrorFrom, storeErrorFrom } from './sqliteerror.ts';
import type { Backup } from './store.ts';

/** Pages that are copied at a time; changes are written between. */
const PAGES_AT_ONCE = 512;

/**
 * Copies a store that is in use, as it is now, into a file that must not exist yet; that is there when it is complete,
 * checked and on the disk. Rejects with StoreError.
 *
 * @param address of the store, as a connection that only reads takes it
 */
export async function copyTo(address: string | URL, file: string): Promise<Backup> {
  if (existsSync(file))
    throw new StoreError('invalid', `${file} exists`, 'name a file that does not exist yet');
  const beside = `${file}.part`;
  try {
    rmSync(beside, { force: true });
    makeFile(beside);
    await copyPagesTo(address, beside);
    const revision = finish(beside);
    flush(beside);
    renameSync(beside, file);
    flush(dirname(file));
    return { file, revision, octets: statSync(file).size };
  } catch (error) {
    rmSync(beside, { force: true });
    const found = storeErrorFrom(error, file);
    throw found instanceof StoreError ? found : fileErrorFrom(found);
  }
}

/** The reader's transaction holds what is copied still. */
async function copyPagesTo(address: string | URL, copy: string): Promise<void> {
  const reader = new DatabaseSync(address, { readOnly: true });
  try {
    reader.exec('BEGIN');
    lastRevision(reader);
    await copyPages(reader, copy, { rate: PAGES_AT_ONCE });
  } finally {
    reader.close();
  }
}

/** One file without a log of writes beside it; returns its revision. */
function finish(copy: string): number {
  const db = new DatabaseSync(copy);
  try {
    db.exec('PRAGMA journal_mode = DELETE');
    checkWhole(db, copy);
    return lastRevision(db);
  } finally {
    db.close();
  }
}
