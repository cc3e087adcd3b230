import { closeSync, fstatSync, openSync, readSync, statSync, unwatchFile, watchFile } from 'node:fs';
import type { LogSource } from './logfiles.ts';

/** How often files are looked at. */
const LOOK_MS = 250;
const READ_OCTETS = 1 << 16;
/** More is no line of a log. */
const LINE_OCTETS_MAX = 1 << 20;

/** Hands on each line that the logs get from now on. Resolves when the process is interrupted. */
export function follow(
  sources: readonly LogSource[],
  told: (source: LogSource, line: string) => void,
): Promise<number> {
  return new Promise((resolve) => {
    for (const source of sources) {
      const file = new FollowedFile(source.path, (line) => told(source, line));
      watchFile(source.path, { interval: LOOK_MS }, () => file.look());
    }
    process.once('SIGINT', () => {
      for (const { path } of sources) unwatchFile(path);
      resolve(0);
    });
  });
}

/** A file that grows, and that is put aside for another one: what came into the old one last is read first. */
class FollowedFile {
  readonly #path: string;
  readonly #told: (line: string) => void;
  #fd: number | undefined;
  #at = 0;
  #rest = '';

  constructor(path: string, told: (line: string) => void) {
    this.#path = path;
    this.#told = told;
    this.#open();
    if (this.#fd !== undefined) this.#at = fstatSync(this.#fd).size;
  }

  look(): void {
    this.#read();
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (there === undefined || (this.#fd !== undefined && fstatSync(this.#fd).ino === there.ino)) return;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#open();
    this.#read();
  }

  #open(): void {
    this.#at = 0;
    this.#rest = '';
    try {
      this.#fd = openSync(this.#path, 'r');
    } catch {
      // It is not there yet, or not for us: the next look tries again.
      this.#fd = undefined;
    }
  }

  #read(): void {
    if (this.#fd === undefined) return;
    const octets = Buffer.alloc(READ_OCTETS);
    for (;;) {
      const count = readSync(this.#fd, octets, 0, READ_OCTETS, this.#at);
      if (count === 0) return;
      this.#at += count;
      const lines = (this.#rest + octets.toString('latin1', 0, count)).split('\n');
      this.#rest = lines.pop()!.slice(0, LINE_OCTETS_MAX);
      for (const line of lines) this.#told(line);
    }
  }
}
