import { StoreError } from './errors.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  notADatabase: 26,
} as const;

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  /** Extended: the primary code is in the low octet. */
  readonly errcode: number;
  readonly errstr: string;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

export const RESTORE_REMEDY = 'stop the daemon and restore a backup with `causeway restore FILE`';

/** What an error of SQLite means to whoever uses the store; any other error is returned as it is. */
export function storeErrorFrom(error: unknown, file: string): unknown {
  if (!isSqliteError(error)) return error;
  const [fault, what, remedy] = meaningOf(error.errcode & 0xff);
  return new StoreError(fault, `${file}: ${what} (${error.errstr})`, remedy, { cause: error });
}

function meaningOf(code: number): [StoreError['fault'], what: string, remedy: string] {
  switch (code) {
    case SQLITE.full:
      return ['full', 'no space is left on the disk', 'free some space; nothing needs to be restarted'];
    case SQLITE.readOnly:
      return ['read-only', 'the file cannot be written to', 'make node.state writable for this user'];
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return ['corrupt', 'the file is damaged', RESTORE_REMEDY];
    case SQLITE.busy:
    case SQLITE.locked:
      return ['locked', 'another process uses the file', 'leave the file to the daemon'];
    case SQLITE.cannotOpen:
      return ['io', 'the file cannot be opened', 'look at the modes of node.state and of what is in it'];
    case SQLITE.tooBig:
      return ['invalid', 'a value is too large', 'this is an error of the program; report it'];
    case SQLITE.noMemory:
      return ['io', 'no memory is left', 'give the daemon more'];
    default:
      return ['io', 'the disk fails', "look at the disk's space and quota, and at the kernel's log"];
  }
}

/** What an error of the file system means to whoever uses the store. */
export function fileErrorFrom(error: unknown): StoreError {
  const { code, message } = error as NodeJS.ErrnoException;
  const [fault, remedy] = fileFault(code);
  return new StoreError(fault, message, remedy, { cause: error });
}

function fileFault(code: string | undefined): [StoreError['fault'], remedy: string] {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return ['full', 'free some space'];
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return ['read-only', 'make the folder writable for this user'];
    default:
      return ['io', 'look at the path, at the modes of its folders and at the disk'];
  }
}

/** A value as it was kept. Throws StoreError: what is not JSON was not written by this program. */
export function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError('corrupt', `a body is damaged: ${(cause as Error).message}`, RESTORE_REMEDY, {
      cause,
    });
  }
}
