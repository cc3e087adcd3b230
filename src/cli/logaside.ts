import { closeSync, createReadStream, fstatSync, openSync } from 'node:fs';
import { codeOf, unreadable } from './logfiles.ts';
import { inflated, linesFromEnd, linesIn } from './loglines.ts';

/** A file of a log, or as much of it as there is. */
export interface LogPart {
  /** The last line comes first. What is compressed can only be read from its beginning. */
  readonly isFromEnd: boolean;
  /** By the block: there are many. */
  readonly lines: Iterable<string[]> | AsyncIterable<string[]>;
}

/** Told of a file that is damaged: what can be read of it is. */
export type Warn = (message: string) => void;

/** A file that was put aside, from its end where that can be. It may be compressed, or gone as too old, at any time. Throws CliError. */
export function partAside(file: string, warn: Warn): LogPart {
  const fd = openIfThere(file);
  return fd === undefined
    ? { isFromEnd: false, lines: linesCompressed(`${file}.gz`, warn) }
    : { isFromEnd: true, lines: linesOpened(file, fd) };
}

/** The lines of such a file in their order. Throws CliError. */
export async function* linesAside(file: string, warn: Warn): AsyncGenerator<string, void> {
  const fd = openIfThere(file);
  const fromStart = fd === undefined ? linesCompressed(`${file}.gz`, warn) : linesStreamed(file, fd);
  for await (const block of fromStart) yield* block;
}

/** Undefined where there is no such file. Throws CliError. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

function* linesOpened(file: string, fd: number): Generator<string[], void> {
  try {
    yield* linesFromEnd(fd, fstatSync(fd).size);
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    closeSync(fd);
  }
}

async function* linesStreamed(file: string, fd: number): AsyncGenerator<string[], void> {
  try {
    yield* linesIn(createReadStream(file, { fd }));
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* linesCompressed(file: string, warn: Warn): AsyncGenerator<string[], void> {
  try {
    yield* linesIn(inflated(file));
  } catch (error) {
    if (isDamage(error))
      warn(`${file} is damaged: ${error.message}; what can be read of it before that is shown`);
    else if (codeOf(error) !== 'ENOENT') throw unreadable(file, error);
  }
}

/** Of a compressed file: the disk was full, or the machine went down, while it was written. */
function isDamage(error: unknown): error is Error {
  return codeOf(error)?.startsWith('Z_') === true;
}
