import type { DatabaseSync } from 'node:sqlite';
import { lastRevision } from './migrations.ts';
import { storeErrorFrom } from './sqliteerror.ts';
import type { CountQuery, ListQuery, Resource, Revision, Snapshot } from './store.ts';
import { Tables } from './tables.ts';

/** A connection of its own in a transaction that reads: changes go on beside it, and it does not see them. */
export class SqliteSnapshot implements Snapshot {
  readonly revision: Revision;
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #tables: Tables;
  readonly #closed: (snapshot: SqliteSnapshot) => void;

  /** @param open of a connection that only reads. Throws StoreError. */
  constructor(
    open: () => DatabaseSync,
    file: string,
    wall: () => number,
    closed: (s: SqliteSnapshot) => void,
  ) {
    this.#file = file;
    this.#closed = closed;
    this.#db = this.#guard(open);
    try {
      this.#db.exec('BEGIN');
      // The transaction begins with what it reads first.
      this.revision = lastRevision(this.#db);
      this.#tables = new Tables(this.#db, wall);
    } catch (error) {
      this.#db.close();
      throw storeErrorFrom(error, file);
    }
  }

  get<Body>(kind: string, id: string): Resource<Body> | undefined {
    return this.#guard(() => this.#tables.get<Body>(kind, id));
  }

  list<Body>(query: ListQuery): Resource<Body>[] {
    return this.#guard(() => this.#tables.list<Body>(query));
  }

  count(query: CountQuery): number {
    return this.#guard(() => this.#tables.count(query));
  }

  responseTo(hash: string): unknown {
    return this.#guard(() => this.#tables.responseTo(hash));
  }

  *resources(kind?: string): IterableIterator<Resource> {
    try {
      yield* this.#tables.resources(kind);
    } catch (error) {
      throw storeErrorFrom(error, this.#file);
    }
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.#db.close();
    this.#closed(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeErrorFrom(error, this.#file);
    }
  }
}
