import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../telemetry/log.ts';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../util/clock.ts';
import type { Rotation } from '../../view/querylog.ts';
import { Archive, FILE_MODE, putAside } from './archive.ts';
import type { Output } from './output.ts';

export interface LogFileOptions {
  /** Absolute. Its folder is made where there is none. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** How long what cannot be written is not tried again, and how often it is looked whether the file was moved. */
const PAUSE_MS = 1_000;
const FOLDER_MODE = 0o750;

interface Opened {
  readonly fd: number;
  readonly stat: Stats;
}

/**
 * A file of lines that is put aside when it is large enough. Writing is synchronous, as the thread has nothing else to do; a
 * disk that hangs holds nobody else up. There are only whole lines in it: what is written in part is taken back.
 */
export class LogFile implements Output {
  rotation: Rotation;
  /** False: no log goes here any more. What comes late is written where the file is open, and none is made for it. */
  isNamed = true;
  readonly #o: LogFileOptions;
  readonly #archive: Archive;
  #opened: Opened | undefined;
  #size = 0;
  /** Octets that it had when it could not be put aside. */
  #excess = 0;
  #lines: string[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Since when it cannot be written, and what was lost. */
  #fault: { readonly retryAt: number; lost: number } | undefined;

  constructor(options: LogFileOptions, rotation: Rotation) {
    this.#o = options;
    this.rotation = rotation;
    this.#archive = new Archive(options.path, (err) =>
      options.log.warn(
        { err, file: options.path },
        'files of a query log cannot be put aside as they should',
      ),
    );
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    const now = this.#o.clock.now();
    if (this.#fault !== undefined && now < this.#fault.retryAt) this.#lose(lines.length);
    else if (this.isNamed) this.#try(lines, now);
    else this.#tryLate(lines, now);
  }

  reopen(): void {
    if (this.isNamed) this.#shut();
  }

  close(): void {
    this.flush();
    this.#shut();
  }

  #shut(): void {
    if (this.#opened !== undefined) closeSync(this.#opened.fd);
    this.#opened = undefined;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  #try(lines: readonly string[], now: number): void {
    let at = 0;
    try {
      if (now - this.#lookedAt >= PAUSE_MS) this.#look(now);
      while (at < lines.length) {
        const end = this.#endOfRoom(lines, at);
        if (end === at) this.#rotate();
        else this.#write(lines.slice(at, end));
        at = end;
      }
      this.#recovered();
    } catch (err) {
      this.#failed(err, now, lines.length - at);
    }
  }

  #tryLate(lines: readonly string[], now: number): void {
    if (this.#opened === undefined) {
      this.#o.metrics.add(METRIC.logDroppedRevision, lines.length);
      return;
    }
    try {
      this.#write(lines);
    } catch (err) {
      this.#failed(err, now, lines.length);
    }
  }

  /** Index behind the last line that the file has room for: one at least where there is nothing in it. */
  #endOfRoom(lines: readonly string[], at: number): number {
    if (this.#opened === undefined) this.#open();
    const limit = this.#excess + this.rotation.bytes;
    let size = this.#size;
    for (let end = at; end < lines.length; end++) {
      const grown = size + Buffer.byteLength(lines[end]!);
      if (grown > limit && size > this.#excess) return end;
      size = grown;
    }
    return lines.length;
  }

  /** Opens the file, anew where another one or none is at its path. */
  #look(now: number): void {
    const { path } = this.#o;
    const there = statSync(path, { throwIfNoEntry: false });
    const stat = this.#opened?.stat;
    if (stat !== undefined && (there?.ino !== stat.ino || there.dev !== stat.dev)) this.#shut();
    if (this.#opened === undefined) this.#open();
    this.#lookedAt = now;
  }

  #open(): void {
    const { path } = this.#o;
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const fd = openSync(path, 'a+', FILE_MODE);
    const stat = fstatSync(fd);
    this.#opened = { fd, stat };
    this.#size = stat.size;
    this.#excess = 0;
    if (endsInsideLine(fd, stat.size)) this.#append(Buffer.from('\n'));
    void this.#archive.tidy(this.rotation);
  }

  #write(lines: readonly string[]): void {
    const { metrics } = this.#o;
    const octets = Buffer.from(lines.join(''));
    this.#append(octets);
    metrics.add(METRIC.logRecords, lines.length);
    metrics.add(METRIC.logBytes, octets.length);
  }

  #append(octets: Uint8Array): void {
    const { fd } = this.#opened!;
    let written = 0;
    try {
      while (written < octets.length) written += writeSync(fd, octets, written);
    } catch (error) {
      if (written > 0) ftruncateSync(fd, this.#size);
      throw error;
    }
    this.#size += octets.length;
  }

  #rotate(): void {
    const { path, clock, log } = this.#o;
    try {
      putAside(path, clock.wall());
    } catch (err) {
      log.warn({ err, file: path }, 'a query log cannot be put aside and grows on');
      this.#excess = this.#size;
      return;
    }
    this.#shut();
  }

  #lose(lines: number): void {
    this.#fault!.lost += lines;
    this.#o.metrics.add(METRIC.logDroppedFile, lines);
  }

  #failed(err: unknown, now: number, lines: number): void {
    const { log, path } = this.#o;
    if (this.#fault === undefined) log.error({ err, file: path }, 'a query log cannot be written');
    this.#fault = { retryAt: now + PAUSE_MS, lost: this.#fault?.lost ?? 0 };
    this.#lose(lines);
  }

  #recovered(): void {
    if (this.#fault === undefined) return;
    const { log, path } = this.#o;
    log.info({ file: path, lost: this.#fault.lost }, 'a query log can be written again');
    this.#fault = undefined;
  }
}

/** True where the last line has no end: whoever wrote it was killed. */
function endsInsideLine(fd: number, size: number): boolean {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}
