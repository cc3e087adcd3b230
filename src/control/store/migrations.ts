import { rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { makeFile } from './files.ts';
import { RESTORE_REMEDY, storeErrorFrom } from './sqliteerror.ts';
import type { Revision } from './store.ts';

/** In the head of every file of a store, so that none is taken for one: `CWst`. */
const APPLICATION_ID = 0x43577374;

/**
 * How a file comes from each version to the next: the first makes version 1 of an empty one. What was released is
 * never edited; a change is a new step at the end. Each runs in one transaction.
 *
 *     resource  what there is, in the order of lists
 *     tally     how many resources there are, so that nobody counts
 *     change    the audit trail: one row for each revision
 *     item      what each change did, with both bodies; kept for the newest changes only
 *     request   what signed requests were answered
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE resource (
     kind TEXT NOT NULL, parent TEXT NOT NULL, sort TEXT NOT NULL, id TEXT NOT NULL,
     account TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (kind, parent, sort, id)
   ) STRICT, WITHOUT ROWID;
   CREATE UNIQUE INDEX resource_id ON resource (kind, id);
   CREATE INDEX resource_account ON resource (kind, account, sort, id) WHERE parent = '';
   CREATE TABLE tally (
     kind TEXT NOT NULL, parent TEXT NOT NULL, account TEXT NOT NULL, count INTEGER NOT NULL,
     PRIMARY KEY (kind, parent, account)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE change (
     revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, account TEXT NOT NULL, access_key TEXT NOT NULL,
     source TEXT NOT NULL, operation TEXT NOT NULL, summary TEXT NOT NULL, items INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE item (
     revision INTEGER NOT NULL, position INTEGER NOT NULL, action TEXT NOT NULL,
     kind TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, parent TEXT NOT NULL, sort TEXT NOT NULL,
     before TEXT, after TEXT,
     PRIMARY KEY (revision, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE request (hash TEXT PRIMARY KEY, expires INTEGER NOT NULL, response TEXT NOT NULL) STRICT;
   CREATE INDEX request_expires ON request (expires);`,
];

/** What a file is, before anything is done with it. */
export type FileState =
  | { readonly state: 'empty' }
  | { readonly state: 'foreign' }
  | { readonly state: 'ours'; readonly version: number };

/** Throws what SQLite throws. */
export function fileState(db: DatabaseSync): FileState {
  const id = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (id === APPLICATION_ID) return { state: 'ours', version };
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  return { state: id === 0 && version === 0 && tables === 0 ? 'empty' : 'foreign' };
}

function pragma(db: DatabaseSync, name: string): number {
  return (db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name]!;
}

/** The version of the file; 0 for an empty one. Throws StoreError: `foreign`, `newer`. */
export function versionOf(db: DatabaseSync, file: string, migrations = MIGRATIONS): number {
  const found = fileState(db);
  switch (found.state) {
    case 'empty':
      return 0;
    case 'foreign':
      throw foreign(file);
    case 'ours':
      if (found.version > migrations.length) throw newer(file, found.version, migrations.length);
      return found.version;
  }
}

/** Every page is read once. Throws StoreError: `corrupt`. @param check `integrity_check` compares indexes with their tables too */
export function checkWhole(
  db: DatabaseSync,
  file: string,
  check: 'quick_check' | 'integrity_check' = 'quick_check',
): void {
  const found = (db.prepare(`PRAGMA ${check}(1)`).get() as Record<string, string>)[check];
  if (found !== 'ok') throw new StoreError('corrupt', `${file} is damaged: ${found}`, RESTORE_REMEDY);
}

/** Of the last change. */
export function lastRevision(db: DatabaseSync): Revision {
  const last = db.prepare('SELECT ifnull(max(revision), 0) AS revision FROM change').get();
  return (last as { revision: number }).revision;
}

export function foreign(file: string): StoreError {
  return new StoreError('foreign', `${file} is not a store of this program`, 'move it away, or name another');
}

function newer(file: string, version: number, known: number): StoreError {
  return new StoreError(
    'newer',
    `${file} has version ${version}; this program knows versions up to ${known}`,
    'run the program that wrote it, or a newer one, or restore a backup of an older one',
  );
}

/**
 * Brings the file to the newest version, after a copy of it beside it (`FILE.version-N`). A step that fails leaves
 * the file at the version before. Throws StoreError.
 */
export function migrate(db: DatabaseSync, file: string, migrations = MIGRATIONS): void {
  const from = versionOf(db, file, migrations);
  if (from === migrations.length) return;
  try {
    if (from > 0) copyBeside(db, `${file}.version-${from}`);
    for (let version = from; version < migrations.length; version++)
      step(db, version + 1, migrations[version]!);
  } catch (error) {
    throw storeErrorFrom(error, file);
  }
}

function copyBeside(db: DatabaseSync, copy: string): void {
  // What an earlier attempt has left may be half a copy.
  rmSync(copy, { force: true });
  makeFile(copy);
  db.prepare('VACUUM INTO ?').run(copy);
}

function step(db: DatabaseSync, version: number, sql: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(`${sql}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
