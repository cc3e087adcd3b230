import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { constants, createGunzip, createInflate, createInflateRaw, type ZlibOptions } from 'node:zlib';

/** Octets of the decoded body in which the text must stand wholly. */
export const SEARCHED_OCTETS = 5_120;
/** Octets of an encoded body that are read for them: encoders make of them at most a few more. */
const ENCODED_OCTETS_MAX = 65_536;

/** The beginning of a body as it comes in, and whether the text is in it. */
export class SearchWindow {
  readonly #needle: Buffer;
  readonly #octets = Buffer.alloc(SEARCHED_OCTETS);
  #length = 0;

  constructor(needle: string) {
    this.#needle = Buffer.from(needle);
  }

  /** Takes the next octets. `more`: it may yet come. Searches what is new and the octets that may begin before it. */
  add(chunk: Uint8Array): 'found' | 'more' | 'full' {
    const from = Math.max(0, this.#length - this.#needle.length + 1);
    const taken = chunk.subarray(0, SEARCHED_OCTETS - this.#length);
    this.#octets.set(taken, this.#length);
    this.#length += taken.length;
    if (this.#octets.subarray(from, this.#length).includes(this.#needle)) return 'found';
    return this.#length === SEARCHED_OCTETS ? 'full' : 'more';
  }
}

export type SearchResult = 'found' | 'absent' | 'undecodable';

/**
 * Whether the text is in the first octets of the body, decoded where it is gzip or deflate. Reads no further than it
 * must and calls `done` once; the caller limits the time. Returns what frees the decoder.
 */
export function searchBody(
  response: IncomingMessage,
  text: string,
  done: (result: SearchResult) => void,
): () => void {
  const window = new SearchWindow(text);
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase();
  let decoder: Transform | undefined;
  let encoded = 0;
  let isOver = false;
  const free = (): void => {
    isOver = true;
    response.removeAllListeners('data');
    decoder?.destroy();
  };
  const finish = (result: SearchResult): void => {
    if (isOver) return;
    free();
    done(result);
  };
  const search = (chunk: Buffer): void => {
    if (isOver) return;
    const state = window.add(chunk);
    if (state !== 'more') finish(state === 'found' ? 'found' : 'absent');
  };
  response.on('data', (chunk: Buffer) => {
    if (isOver) return;
    decoder ??= decoderFor(encoding, chunk[0]!);
    if (decoder === undefined) {
      search(chunk);
      return;
    }
    if (encoded === 0) {
      decoder.on('data', search);
      decoder.on('error', () => finish('undecodable'));
      decoder.on('end', () => finish('absent'));
    }
    if (encoded === ENCODED_OCTETS_MAX) return;
    const taken = chunk.subarray(0, ENCODED_OCTETS_MAX - encoded);
    encoded += taken.length;
    decoder.write(taken);
    // What it makes of them comes later: nothing is known before its end.
    if (encoded === ENCODED_OCTETS_MAX) decoder.end();
  });
  response.on('end', () => {
    if (decoder === undefined) finish('absent');
    else if (encoded < ENCODED_OCTETS_MAX) decoder.end();
  });
  return free;
}

/** What comes out of a decoder at once is one such piece: a body that swells is cut off after it. */
const OPTIONS: ZlibOptions = { chunkSize: SEARCHED_OCTETS, finishFlush: constants.Z_SYNC_FLUSH };
/** The compression method of the zlib format (RFC 1950 section 2.2); some call raw deflate by that name. */
const ZLIB_DEFLATE = 8;

function decoderFor(encoding: string, firstOctet: number): Transform | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(OPTIONS);
    case 'deflate':
      return (firstOctet & 0x0f) === ZLIB_DEFLATE ? createInflate(OPTIONS) : createInflateRaw(OPTIONS);
    default:
      return undefined;
  }
}
