import { opendirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { ZONE_OCTETS_MAX } from '../../wire/text/zonefile.ts';
import { SettingError } from './problem.ts';

/** Reading files, as an argument: the tests have folders in memory. */
export interface Files {
  /** The whole file. Throws an Error with a `code` as node:fs does. */
  read(path: string): Uint8Array;
  /** The path without symbolic links. Throws likewise. */
  realpath(path: string): string;
  /** Its permission bits, as 0o600. Throws likewise. */
  mode(path: string): number;
  /** The names in a folder, in no order. Throws likewise. */
  list(path: string): string[];
}

/** More entries than a folder that somebody writes by hand, or a hook, has. */
const FOLDER_ENTRIES_MAX = 4096;

export const systemFiles: Files = {
  read(path) {
    const stat = statSync(path);
    // A FIFO would block and a device never end.
    if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' });
    if (stat.size > ZONE_OCTETS_MAX) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    return readFileSync(path);
  },
  realpath: (path) => realpathSync(path),
  mode: (path) => statSync(path).mode & 0o777,
  list(path) {
    const folder = opendirSync(path);
    try {
      const names: string[] = [];
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        names.push(entry.name);
        if (names.length > FOLDER_ENTRIES_MAX)
          throw Object.assign(new Error(`more than ${FOLDER_ENTRIES_MAX} entries`), { code: 'EMANY' });
      }
      return names;
    } finally {
      folder.closeSync();
    }
  },
};

/** What went wrong with a file, in words. */
export function fileFault(error: unknown): { message: string; remedy: string } {
  switch ((error as { code?: string }).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { message: 'there is no such file', remedy: 'check the path, or make the file' };
    case 'EACCES':
    case 'EPERM':
      return {
        message: 'the file may not be read',
        remedy: 'give the user that runs the daemon the right to read it',
      };
    case 'EISDIR':
    case 'ENOTFILE':
      return { message: 'this is not a regular file', remedy: 'write the path of a file' };
    case 'EFBIG':
      return { message: 'the file is too large', remedy: `at most ${ZONE_OCTETS_MAX} octets` };
    case 'ELOOP':
      return { message: 'symbolic links lead in a circle', remedy: 'write the path of the file itself' };
    default:
      return { message: error instanceof Error ? error.message : String(error), remedy: 'check the path' };
  }
}

/**
 * The path without symbolic links, which must lie inside `folder` (itself without any). Throws SettingError for
 * paths that lead out, and what `Files.realpath` throws.
 */
export function confine(files: Files, folder: string, path: string): string {
  const real = files.realpath(path);
  const inside = relative(folder, real);
  if (inside === '' || inside === '..' || inside.startsWith('../') || isAbsolute(inside))
    throw new SettingError(
      `the file lies outside of ${folder}`,
      'move it there: no path or link may lead out',
    );
  return real;
}
