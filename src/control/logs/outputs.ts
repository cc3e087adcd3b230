import { type QueryLog, type QueryLogs, STDOUT } from '../../view/querylog.ts';
import { LogFile, type LogFileOptions } from './logfile.ts';
import type { Output } from './output.ts';
import { StandardOutput } from './standardoutput.ts';

/** The outputs of all logs by path, each opened when its first line is written. */
export class Outputs {
  readonly #o: Omit<LogFileOptions, 'path'>;
  readonly #standard: StandardOutput;
  readonly #files = new Map<string, LogFile>();

  constructor(options: Omit<LogFileOptions, 'path'>) {
    this.#o = options;
    this.#standard = new StandardOutput(options.metrics);
  }

  /** Rotations are those of the newest logs; files that these do not name are closed. */
  configure({ logs }: QueryLogs): void {
    const wanted = new Map(logs.map((log) => [log.to, log]));
    for (const [path, file] of this.#files) {
      const log = wanted.get(path);
      // It stays known: what was answered before this may still be written, and who compresses is one.
      if (log === undefined) file.close();
      else file.rotation = log.rotate;
    }
  }

  of({ to, rotate }: QueryLog): Output {
    if (to === STDOUT) return this.#standard;
    let file = this.#files.get(to);
    if (file === undefined) {
      file = new LogFile({ ...this.#o, path: to }, rotate);
      this.#files.set(to, file);
    }
    return file;
  }

  flush(): void {
    for (const output of this.#all()) output.flush();
  }

  reopen(): void {
    for (const output of this.#all()) output.reopen();
  }

  close(): void {
    for (const output of this.#all()) output.close();
  }

  #all(): Output[] {
    return [this.#standard, ...this.#files.values()];
  }
}
