import { createReadStream, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

export const READ_OCTETS = 1 << 16;
/** What is decompressed at once: for each a thread is asked. */
const INFLATED_OCTETS = 1 << 18;
/** More is no line of a log. */
const LINE_OCTETS_MAX = 1 << 20;
const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

/** Cuts octets into lines as they come. */
export class LineCutter {
  /** Of a line whose end is not there yet. */
  #rest: Buffer = NOTHING;

  /** The lines whose ends come with these octets, which may be overwritten then. */
  add(octets: Buffer): string[] {
    const all = Buffer.concat([this.#rest, octets]);
    const end = all.lastIndexOf(LINE_FEED) + 1;
    this.#rest = all.subarray(end, end + LINE_OCTETS_MAX);
    return end === 0 ? [] : all.toString('utf8', 0, end - 1).split('\n');
  }

  /** The last line, where it has no end. */
  rest(): string[] {
    return this.#rest.length === 0 ? [] : [this.#rest.toString()];
  }
}

/** How many of the first `size` octets of a file are whole lines. Throws as `readSync` does. */
export function octetsOfLines(fd: number, size: number): number {
  for (let end = size; end > 0; end -= READ_OCTETS) {
    const from = Math.max(0, end - READ_OCTETS);
    const feed = readBetween(fd, from, end).lastIndexOf(LINE_FEED);
    if (feed >= 0) return from + feed + 1;
  }
  return 0;
}

/** The lines in the first `size` octets of a file by the block, the last first. Throws as `readSync` does. */
export function* linesFromEnd(fd: number, size: number): Generator<string[], void> {
  /** Of a line whose beginning is further ahead. */
  let rest: Buffer = NOTHING;
  for (let end = size; end > 0; end -= READ_OCTETS) {
    const from = Math.max(0, end - READ_OCTETS);
    const all = Buffer.concat([readBetween(fd, from, end), rest]);
    const feed = from === 0 ? -1 : all.indexOf(LINE_FEED);
    if (from > 0) rest = all.subarray(0, feed < 0 ? LINE_OCTETS_MAX : feed);
    if (from > 0 && feed < 0) continue;
    const lines = all.toString('utf8', feed + 1).split('\n');
    yield lines.reverse();
  }
}

function readBetween(fd: number, from: number, end: number): Buffer {
  const octets = Buffer.allocUnsafe(end - from);
  let length = 0;
  while (length < octets.length) {
    const count = readSync(fd, octets, length, octets.length - length, from + length);
    if (count === 0) break;
    length += count;
  }
  return octets.subarray(0, length);
}

/** The lines in octets by the block, in order. */
export async function* linesIn(octets: AsyncIterable<Buffer>): AsyncGenerator<string[], void> {
  const cutter = new LineCutter();
  for await (const each of octets) yield cutter.add(each);
  yield cutter.rest();
}

/**
 * What is in a compressed file. Where it is damaged, what zlib gave before comes first, which iterating over its stream
 * would throw away; then the error is thrown.
 */
export async function* inflated(file: string): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip({ chunkSize: INFLATED_OCTETS });
  let made: Buffer[] = [];
  let fault: Error | undefined;
  gunzip.on('data', (octets: Buffer) => made.push(octets));
  gunzip.on('error', (error) => (fault = error));
  const over = new Promise<void>((resolve) => gunzip.once('close', resolve));
  const taken = (): Buffer[] => {
    const octets = made;
    made = [];
    return octets;
  };
  let written = Promise.resolve();
  for await (const octets of createReadStream(file)) {
    await written;
    // It is damaged, or what follows is no part of it.
    if (gunzip.destroyed) break;
    const before = taken();
    written = Promise.race([new Promise<void>((resolve) => gunzip.write(octets, () => resolve())), over]);
    // Looked at while another thread goes on with the next.
    yield* before;
  }
  gunzip.end();
  await over;
  yield* taken();
  if (fault !== undefined) throw fault;
}
