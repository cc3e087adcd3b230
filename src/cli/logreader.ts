import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { type LogPart, linesAside, openIfThere, partAside, type Warn } from './logaside.ts';
import { asideOf, type LogSource, putAsideAt } from './logfiles.ts';
import { LineCutter, linesFromEnd, octetsOfLines, READ_OCTETS } from './loglines.ts';

/**
 * Each line of a log once, while the daemon writes it, puts its file aside and compresses that. The file is opened first,
 * and what was put aside before is listed while it is still there; from then on it is read where it was left, by its
 * descriptor, and what took its place follows.
 */
export class LogReader {
  readonly source: LogSource;
  readonly #warn: Warn;
  #fd: number | undefined;
  /** Where the next octet of it is read. */
  #at = 0;
  #cutter = new LineCutter();
  /** Files that were put aside before it, the oldest first. */
  #aside: readonly string[] = [];

  /** Throws CliError. */
  constructor(source: LogSource, warn: Warn) {
    this.source = source;
    this.#warn = warn;
    this.#open();
  }

  /**
   * What there is, the newest first; a file that was put aside is opened when its turn comes. Called first: what `lines`
   * gives comes behind it, however much of it was read. Throws CliError.
   */
  *newestFirst(sinceMs: number): Generator<LogPart, void> {
    if (this.#fd !== undefined) {
      this.#at = octetsOfLines(this.#fd, fstatSync(this.#fd).size);
      yield { isFromEnd: true, lines: linesFromEnd(this.#fd, this.#at) };
    }
    for (const file of this.#aside.toReversed()) {
      if (putAsideAt(this.source.path, file) < sinceMs) return;
      yield partAside(file, this.#warn);
    }
  }

  /** What has come since the last call. Throws CliError. */
  async *lines(): AsyncGenerator<string, void> {
    yield* this.#read();
    while (this.#isReplaced()) {
      // What came before it was put aside: nothing is written to it any more.
      yield* this.#read();
      for (const file of this.#next()) yield* linesAside(file, this.#warn);
      yield* this.#read();
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Opens what has taken the place of the file, and returns what was put aside in between. */
  #next(): readonly string[] {
    const known = new Set(this.#aside);
    const before = this.#fd;
    this.#open();
    const others = this.#aside.filter((file) => !known.has(file));
    if (before === undefined) return others;
    const first = others[0];
    const isRead = first !== undefined && isSame(first, before);
    closeSync(before);
    return isRead ? others.slice(1) : others;
  }

  #open(): void {
    this.#at = 0;
    this.#cutter = new LineCutter();
    for (;;) {
      this.#fd = openIfThere(this.source.path);
      this.#aside = asideOf(this.source);
      // Else it was put aside before the others were listed, and is one of them.
      if (inodeAt(this.source.path) === this.#inode) return;
      this.close();
    }
  }

  #isReplaced(): boolean {
    const there = inodeAt(this.source.path);
    return there !== undefined && there !== this.#inode;
  }

  get #inode(): number | undefined {
    return this.#fd === undefined ? undefined : fstatSync(this.#fd).ino;
  }

  *#read(): Generator<string, void> {
    if (this.#fd === undefined) return;
    const octets = Buffer.alloc(READ_OCTETS);
    for (;;) {
      const count = readSync(this.#fd, octets, 0, READ_OCTETS, this.#at);
      if (count === 0) return;
      this.#at += count;
      yield* this.#cutter.add(octets.subarray(0, count));
    }
  }
}

/** Whether a file that was put aside is the one that is open. It has no name any more when it is compressed. */
function isSame(file: string, fd: number): boolean {
  const { ino, nlink } = fstatSync(fd);
  const there = inodeAt(file);
  return there === undefined ? nlink === 0 : there === ino;
}

function inodeAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
