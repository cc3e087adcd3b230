import { chownSync, closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileErrorFrom } from './sqliteerror.ts';

/**
 * Makes an empty file with mode 0600 unless there is one. One that exists is not opened: closing it again would take
 * away all locks that this process has on it (fcntl(2), POSIX). Throws StoreError.
 */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileErrorFrom(error);
  }
}

/** Waits until a file, or what a folder lists, is on the disk. Not for a file that SQLite has open: see `makeFile`. */
export function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What root makes in the daemon's folder belongs to whom the folder does: the daemon is to open it. */
export function giveToFolderOwner(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}
