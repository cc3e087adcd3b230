import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isoFromWall } from '../telemetry/text.ts';

/** A file of the state folder that is read once and written as a whole. */
export class StateFile {
  readonly path: string;
  readonly #folder: string;
  readonly #octetsMax: number;

  /** @param octetsMax of a longer file nothing is read: it is not ours */
  constructor(folder: string, name: string, octetsMax: number) {
    this.#folder = folder;
    this.path = join(folder, name);
    this.#octetsMax = octetsMax;
  }

  /** Undefined where there is no file. Throws Error where it cannot be read. */
  read(): string | undefined {
    try {
      if (statSync(this.path).size > this.#octetsMax) throw new Error('the file is too large');
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** All of it or nothing, whenever the power fails. Throws Error. */
  write(text: string): void {
    const beside = `${this.path}.new`;
    // With the mode of its own, whatever was left there.
    rmSync(beside, { force: true });
    const file = openSync(beside, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, this.path);
    const folder = openSync(this.#folder, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** Moves the file where the next `write` leaves it alone; returns that path. Throws Error. */
  setAside(wall: number): string {
    const aside = `${this.path}.bad-${isoFromWall(wall).replaceAll(':', '')}`;
    renameSync(this.path, aside);
    return aside;
  }
}
