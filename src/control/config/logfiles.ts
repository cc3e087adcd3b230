import { basename, dirname, join, resolve } from 'node:path';
import type { Files } from './files.ts';
import type { ConfigProblem, Path } from './problem.ts';

/** What the daemon keeps in the state folder, as docs/operations.md lists it. */
const OWN = [
  'store.db',
  'store.lock',
  'health.json',
  'anchors.json',
  'access-keys.json',
  'self-signed.pem',
  'control.sock',
  'compile-cache',
];
/** What is in a folder, or beside a file: `store.db-wal` of SQLite, `health.json.new` while it is written. */
const BESIDE = ['/', '-', '.'];

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
  const own = OWN.map((name) => real(places.files, join(stateFolder, name)));
  const isOwn = (path: string): boolean =>
    own.some((each) => path === each || BESIDE.some((mark) => path.startsWith(each + mark)));
  const taken = new Map<string, string>();
  taken.set(real(places.files, resolve(file)), 'the configuration');
  const problems: ConfigProblem[] = [];
  for (const [i, { to }] of logs.entries()) {
    if (to.kind !== 'file') continue;
    const path = real(places.files, resolve(stateFolder, String(to.path)));
    const whose =
      taken.get(path) ??
      (isOwn(path) ? "the daemon's own" : isFolder(places.files, path) ? 'a folder' : undefined);
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

/** Where a path leads by symbolic links, those of the folders above it too where there is nothing yet. */
function real(files: Files, path: string): string {
  try {
    return files.realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(files, above), basename(path));
  }
}
