import type { LogSource } from './logfiles.ts';
import type { LoggedQuery } from './logline.ts';
import type { LogReader } from './logreader.ts';

/** A query that is looked for, with the line that it is in. */
export interface Found {
  readonly query: LoggedQuery;
  readonly line: string;
}

/** Reads a line of a log; undefined for one that is not looked for. */
export type Look = (format: LogSource['format'], line: string) => Found | undefined;

/** The newest `most` of all logs, the oldest of them first. Throws CliError. */
export async function newestOf(
  readers: readonly LogReader[],
  sinceMs: number,
  most: number,
  look: Look,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const reader of readers)
    for (const each of await newestOfLog(reader, sinceMs, most, look)) found.push(each);
  found.sort((a, b) => compare(a.query.time, b.query.time));
  return found.slice(-most);
}

/** In the order in which they are in the files. None is opened that is older than it takes. */
async function newestOfLog(reader: LogReader, sinceMs: number, most: number, look: Look): Promise<Found[]> {
  const newestFirst: Found[] = [];
  for (const { isFromEnd, lines } of reader.newestFirst(sinceMs)) {
    const room = most - newestFirst.length;
    let some: Found[] = [];
    for await (const block of lines) {
      for (const line of block) {
        const each = look(reader.source.format, line);
        if (each !== undefined) some.push(each);
      }
      if (isFromEnd && some.length >= room) break;
      // Its last ones are wanted, and how many come is not known.
      if (some.length >= 2 * room) some = some.slice(-room);
    }
    if (!isFromEnd) some.reverse();
    for (const each of some.slice(0, room)) newestFirst.push(each);
    if (newestFirst.length === most) break;
  }
  return newestFirst.reverse();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
