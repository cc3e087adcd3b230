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

/** A file that was put aside, from its end where that can be. It may be compressed, or gone as too old, at any time. Throws CliError. */
export function partAside(file: string): LogPart {
  const fd = openIfThere(file);
  return fd === undefined
    ? { isFromEnd: false, lines: linesCompressed(`${file}.gz`) }
    : { isFromEnd: true, lines: linesOpened(file, fd) };
}

/** The lines of such a file in their order. Throws CliError. */
export async function* linesAside(file: string): AsyncGenerator<string, void> {
  const fd = openIfThere(file);
  const lines =
    fd === undefined ? linesCompressed(`${file}.gz`) : readableLines(file, createReadStream(file, { fd }));
  for await (const block of lines) yield* block;
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

function linesCompressed(file: string): AsyncGenerator<string[], void> {
  return readableLines(file, inflated(file));
}

async function* readableLines(file: string, octets: AsyncIterable<Buffer>): AsyncGenerator<string[], void> {
  try {
    yield* linesIn(octets);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unreadable(file, error);
  }
}
