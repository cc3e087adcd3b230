import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { giveToFolderOwner, makeFile } from './files.ts';
import { isSqliteError, storeErrorFrom } from './sqliteerror.ts';

/** A thread that was ended a moment ago may still be closing its files. */
const WAIT_MS = 1_000;

/**
 * One process has the store of a folder at a time. The lock is that of an empty database in a transaction that is
 * never committed: the kernel takes it back whenever the process ends, however that happens. The store's own file
 * cannot serve: the lock that SQLite has for one process alone keeps out this process's second connection too.
 */
export class StoreLock {
  readonly #db: DatabaseSync;

  /** Throws StoreError: `locked`, `io`. */
  constructor(folder: string) {
    const path = join(folder, 'store.lock');
    makeFile(path);
    giveToFolderOwner(path);
    this.#db = new DatabaseSync(path, { timeout: WAIT_MS });
    try {
      this.#db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      this.#db.close();
      if (isSqliteError(error) && (error.errcode & 0xff) === 5)
        throw new StoreError(
          'locked',
          `another process has the store in ${folder} open`,
          'stop that daemon, or ask it instead',
        );
      throw storeErrorFrom(error, path);
    }
  }

  release(): void {
    this.#db.close();
  }
}
