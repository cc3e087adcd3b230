import { createReadStream, createWriteStream, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Rotation } from '../../view/querylog.ts';

/**
 * Files of a log that were put aside: `queries.jsonl.20260309T081402.113Z`, when that was, and `.gz` where it is compressed.
 * Their names sort as they were written.
 */
const PUT_ASIDE = /^\.[0-9]{8}T[0-9]{6}\.[0-9]{3}Z(\.gz)?$/;
const COMPRESSED = '.gz';
/** Of all files of a log. Who may read who asked what: the user of the daemon and its group. */
export const FILE_MODE = 0o640;
/** While it is being compressed. */
const PART = '.gz.part';

/** The files of the log at `path` that were put aside, the oldest first. Throws as `readdirSync` does. */
export function archivesOf(path: string): string[] {
  return namesBeside(path)
    .filter((rest) => PUT_ASIDE.test(rest))
    .sort()
    .map((rest) => path + rest);
}

/** What the names of files in its folder have behind that of `path`. */
function namesBeside(path: string): string[] {
  const name = basename(path);
  return readdirSync(dirname(path)).flatMap((each) => (each.startsWith(name) ? each.slice(name.length) : []));
}

/** Gives the file at `path` its name among those that were put aside. Throws as `renameSync` does. */
export function putAside(path: string, wall: number): void {
  let at = wall;
  while (existsSync(asideAt(path, at)) || existsSync(asideAt(path, at) + COMPRESSED)) at++;
  renameSync(path, asideAt(path, at));
}

function asideAt(path: string, wall: number): string {
  return `${path}.${isoFromWall(wall).replace(/[:-]/g, '')}`;
}

/** Compresses what was put aside, one file after the other, and takes away what is too old. */
export class Archive {
  readonly #path: string;
  readonly #failed: (err: unknown) => void;
  #running = Promise.resolve();

  constructor(path: string, failed: (err: unknown) => void) {
    this.#path = path;
    this.#failed = failed;
  }

  /** Resolves when it is in order, or could not be put there, which is told. What an earlier process left is seen to as well. */
  tidy(rotation: Rotation): Promise<void> {
    this.#running = this.#running
      .then(async () => {
        this.#prune(rotation);
        if (rotation.compress) await this.#compress();
      })
      .catch(this.#failed);
    return this.#running;
  }

  #prune({ keep }: Rotation): void {
    for (const path of archivesOf(this.#path).slice(0, -keep)) rmSync(path, { force: true });
    for (const rest of namesBeside(this.#path))
      if (rest.endsWith(PART)) rmSync(this.#path + rest, { force: true });
  }

  async #compress(): Promise<void> {
    for (const path of archivesOf(this.#path)) {
      if (path.endsWith(COMPRESSED)) continue;
      const part = path + PART;
      await pipeline(createReadStream(path), createGzip(), createWriteStream(part, { mode: FILE_MODE }));
      renameSync(part, path + COMPRESSED);
      rmSync(path);
    }
  }
}
