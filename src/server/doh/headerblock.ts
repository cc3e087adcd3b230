import { type FrameReader, Http2Error } from './framereader.ts';
import { CODE } from './frames.ts';
import { BLOCK_OCTETS_MAX } from './hpack.ts';

/** Frames that a header block may go on in: it fits into its first one (CVE-2024-27983). */
const CONTINUATIONS_MAX = 8;

/** A header block of which more is to come: its frames follow each other with nothing between (RFC 9113 section 4.3). */
export class HeaderBlock {
  readonly stream: number;
  readonly flags: number;
  readonly #parts: Buffer[];
  #octets: number;

  /** @param frame HEADERS, without padding and priority */
  constructor(frame: FrameReader) {
    this.stream = frame.stream;
    this.flags = frame.flags;
    this.#parts = [partOf(frame)];
    this.#octets = frame.length;
  }

  /** Adds a CONTINUATION. Throws Http2Error where it is another stream's, or one too many. */
  add(frame: FrameReader): void {
    frame.refuseIf(frame.stream !== this.stream);
    this.#parts.push(partOf(frame));
    this.#octets += frame.length;
    if (this.#parts.length > 1 + CONTINUATIONS_MAX || this.#octets > BLOCK_OCTETS_MAX)
      throw new Http2Error(CODE.calm);
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function partOf({ octets, from, to }: FrameReader): Buffer {
  return Buffer.from(octets.subarray(from, to));
}
