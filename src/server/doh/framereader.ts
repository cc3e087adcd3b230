import { CODE, type Code, FRAME_FLAG, FRAME_HEAD, FRAME_OCTETS_MAX } from './frames.ts';

/** What a client sends is no HTTP/2, or too much of it: the connection ends with this code. */
export class Http2Error extends Error {
  readonly http2Code: Code;

  constructor(code: Code) {
    super(`code ${code}`);
    this.http2Code = code;
  }
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** Frames in what comes of a connection, in pieces of any size. It stands on one frame after the other, where they lie. */
export class FrameReader {
  type = 0;
  flags = 0;
  stream = 0;
  /** The payload, in `octets`. */
  from = 0;
  to = 0;
  /** What came; up to `#at` it is taken. */
  octets: Buffer = NOTHING;
  #at = 0;

  push(chunk: Buffer): void {
    const rest = this.octets.length - this.#at;
    this.octets = rest === 0 ? chunk : Buffer.concat([this.octets.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** To be called when no whole frame is left. A part is kept as its own octets: the chunk that it came in may be 64 kB. */
  keepRest(): void {
    if (this.#at === 0) return;
    this.octets = this.#at === this.octets.length ? NOTHING : Buffer.from(this.octets.subarray(this.#at));
    this.#at = 0;
  }

  clear(): void {
    this.octets = NOTHING;
    this.#at = 0;
  }

  /** What a client says first (RFC 9113 section 3.4); false where it is not whole. Throws Http2Error. */
  takePreface(): boolean {
    const came = Math.min(PREFACE.length, this.octets.length - this.#at);
    if (this.octets.compare(PREFACE, 0, came, this.#at, this.#at + came) !== 0)
      throw new Http2Error(CODE.protocol);
    if (came < PREFACE.length) return false;
    this.#at += came;
    return true;
  }

  /** Goes on to the next frame; false where it is not whole. Throws Http2Error. */
  next(): boolean {
    const { octets } = this;
    const at = this.#at;
    if (octets.length - at < FRAME_HEAD) return false;
    const length = (octets[at]! << 16) | (octets[at + 1]! << 8) | octets[at + 2]!;
    if (length > FRAME_OCTETS_MAX) throw new Http2Error(CODE.frameSize);
    this.from = at + FRAME_HEAD;
    this.to = this.from + length;
    if (octets.length < this.to) return false;
    this.#at = this.to;
    this.type = octets[at + 3]!;
    this.flags = octets[at + 4]!;
    this.stream = octets.readUInt32BE(at + 5) & 0x7fff_ffff;
    return true;
  }

  get length(): number {
    return this.to - this.from;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** What is wrong with a frame, if it is. Throws Http2Error. */
  refuseIf(isWrong: boolean, code: Code = CODE.protocol): void {
    if (isWrong) throw new Http2Error(code);
  }

  /** Leaves padding out (RFC 9113 section 6.1). Throws Http2Error. */
  unpad(): void {
    if (!this.has(FRAME_FLAG.padded)) return;
    const padding = this.from < this.to ? this.octets[this.from]! : Number.POSITIVE_INFINITY;
    this.from++;
    this.to -= padding;
    this.refuseIf(this.to < this.from);
  }
}
