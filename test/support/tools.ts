import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps servers in `sbin`, which is not in every user's PATH. */
const FOLDERS = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/bin',
];

/** Absolute path of an installed program, or undefined. Tests skip, with the package's name, what is not there. */
export function findTool(program: string): string | undefined {
  return FOLDERS.filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}
