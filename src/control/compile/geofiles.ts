import { fileFault } from '../config/files.ts';
import type { Config } from '../config/load.ts';
import { pathIn } from '../config/load.ts';
import type { ConfigProblem, Path } from '../config/problem.ts';

/** Warns of geo files that are not there. It is no error: a database may come later, and nothing waits for it. */
export function missingGeoFiles({ geo, files, folder, problemAt }: Config): ConfigProblem[] {
  const named: [file: string, path: Path][] =
    typeof geo.database === 'string'
      ? [[geo.database, ['geo', 'database']]]
      : (geo.database ?? []).map((file, i) => [file, ['geo', 'database', i]]);
  if (geo.rtt !== undefined) named.push([geo.rtt, ['geo', 'rtt']]);
  return named.flatMap(([file, path]) => {
    try {
      files.realpath(pathIn(folder, file));
      return [];
    } catch (error) {
      const { message, remedy } = fileFault(error);
      return problemAt(path, `${file}: ${message}, and until then clients are located without it`, remedy);
    }
  });
}
