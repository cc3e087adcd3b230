import { join, resolve } from 'node:path';
import type { Files } from './files.ts';
import type { ConfigProblem, Path } from './problem.ts';

/** What the daemon keeps in the state folder; the store with the files that SQLite has beside it. */
const STORE = ['store.db', 'store.db-wal', 'store.db-shm', 'store.lock'];
const OWN = [...STORE, 'health.json', 'anchors.json', 'control.sock', 'compile-cache'];

interface Places {
  readonly files: Files;
  /** The configuration. */
  readonly file: string;
  readonly stateFolder: string;
  readonly problemAt: (path: Path, message: string, remedy: string) => ConfigProblem;
}

interface LogEntry {
  readonly to: { readonly kind: string; readonly path?: unknown };
}

/** Logs that would write into a folder, into what is the daemon's own, or one into another's: told by where their paths lead. */
export function logFileProblems(logs: readonly LogEntry[], places: Places): ConfigProblem[] {
  const { file, stateFolder, problemAt } = places;
  const own = OWN.map((name) => join(stateFolder, name));
  const taken = new Map(own.map((path) => [path, "the daemon's own"]));
  taken.set(real(places.files, resolve(file)), 'the configuration');
  const problems: ConfigProblem[] = [];
  for (const [i, { to }] of logs.entries()) {
    if (to.kind !== 'file') continue;
    const path = real(places.files, resolve(stateFolder, String(to.path)));
    const [above] = own.filter((each) => path.startsWith(`${each}/`));
    const whose = taken.get(above ?? path) ?? (isFolder(places.files, path) ? 'a folder' : undefined);
    if (whose !== undefined)
      problems.push(
        problemAt(['logs', i, 'to'], `${path} is ${whose}`, 'write a path such as logs/queries.jsonl'),
      );
    else taken.set(path, `written by the log at logs[${i}].to`);
  }
  return problems;
}

function isFolder(files: Files, path: string): boolean {
  try {
    files.list(path);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EMANY';
  }
}

/** Where a path leads by symbolic links; itself where there is nothing yet. */
function real(files: Files, path: string): string {
  try {
    return files.realpath(path);
  } catch {
    return path;
  }
}
