import type { HttpResponse } from './connection.ts';
import { NAME, STATUS_200 } from './hpack.ts';
import { DNS_MESSAGE } from './request.ts';

/*
 * Frames of HTTP/2 (RFC 9113 section 4.1).
 *
 *     octets of the payload u24 · type u8 · flags u8 · stream u32 · payload
 */
export const FRAME_HEAD = 9;
/** Of the payload: what both sides begin with, and ours stays at (RFC 9113 section 6.5.2). */
export const FRAME_OCTETS_MAX = 16_384;

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FRAME_FLAG = {
  ack: 0x01,
  endStream: 0x01,
  endHeaders: 0x04,
  padded: 0x08,
  priority: 0x20,
} as const;

/** RFC 9113 section 7. */
export const CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;
export type Code = (typeof CODE)[keyof typeof CODE];

export const SETTING = { table: 1, pushes: 2, streams: 3, window: 4, frameSize: 5, headerOctets: 6 } as const;

/** Frames that go out together: one write, and one record of TLS where they fit. */
export class FrameWriter {
  readonly #octets = Buffer.allocUnsafeSlow(OCTETS_MAX);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** How much may still be written before `take`. */
  get room(): number {
    return OCTETS_MAX - this.#length;
  }

  /** A copy of all that was written, which is over then. */
  take(): Buffer {
    const octets = Buffer.allocUnsafe(this.#length);
    this.#octets.copy(octets, 0, 0, this.#length);
    this.#length = 0;
    return octets;
  }

  #head(octets: number, type: number, flags: number, stream: number): void {
    this.#octets[this.#length++] = octets >>> 16;
    this.#octets[this.#length++] = octets >>> 8;
    this.#octets[this.#length++] = octets;
    this.#octets[this.#length++] = type;
    this.#octets[this.#length++] = flags;
    this.#u32(stream);
  }

  #u16(value: number): void {
    this.#octets[this.#length++] = value >>> 8;
    this.#octets[this.#length++] = value;
  }

  #u32(value: number): void {
    this.#u16(value >>> 16);
    this.#u16(value);
  }

  settings(settings: readonly (readonly [number, number])[]): void {
    this.#head(6 * settings.length, FRAME.settings, 0, 0);
    for (const [setting, value] of settings) {
      this.#u16(setting);
      this.#u32(value);
    }
  }

  settingsAck(): void {
    this.#head(0, FRAME.settings, FRAME_FLAG.ack, 0);
  }

  /** @param octets the eight that came */
  pingAck(octets: Uint8Array): void {
    this.#head(octets.length, FRAME.ping, FRAME_FLAG.ack, 0);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  goaway(lastStream: number, code: Code): void {
    this.#head(8, FRAME.goaway, 0, 0);
    this.#u32(lastStream);
    this.#u32(code);
  }

  reset(stream: number, code: Code): void {
    this.#head(4, FRAME.reset, 0, stream);
    this.#u32(code);
  }

  windowUpdate(stream: number, octets: number): void {
    this.#head(4, FRAME.windowUpdate, 0, stream);
    this.#u32(octets);
  }

  /** A part of a content, of at most FRAME_OCTETS_MAX. */
  data(stream: number, octets: Uint8Array, from: number, to: number, isLast: boolean): void {
    this.#head(to - from, FRAME.data, isLast ? FRAME_FLAG.endStream : 0, stream);
    // What is short is copied sooner by hand than by a call with a view of its own.
    if (to - from > BY_HAND_MAX) this.#octets.set(octets.subarray(from, to), this.#length);
    else for (let i = from, at = this.#length; i < to; i++) this.#octets[at++] = octets[i]!;
    this.#length += to - from;
  }

  /**
   * Nothing is kept in the client's table: it may have none, and responses are short.
   *
   * @param date as HTTP writes it
   * @param saysTable that it is heeded if the client has none
   */
  headers(
    stream: number,
    { status, type, maxAge, allow, body }: HttpResponse,
    date: string,
    isLast: boolean,
    saysTable: boolean,
  ): void {
    const start = this.#length;
    this.#length += FRAME_HEAD;
    // A size of 0 (RFC 7541 section 6.3).
    if (saysTable) this.#octets[this.#length++] = 0x20;
    if (status === 200) this.#octets[this.#length++] = 0x80 | STATUS_200;
    else this.#field(NAME.status, String(status));
    if (type === DNS_MESSAGE) this.#copy(MESSAGE_FIELD);
    else this.#field(NAME['content-type'], type);
    if (maxAge !== undefined) {
      const digits = digitsOf(maxAge);
      this.#name(NAME['cache-control'], PRIVATE.length + digits);
      this.#copy(PRIVATE);
      this.#digits(maxAge, digits);
    }
    this.#field(NAME.date, date);
    if (allow !== undefined) this.#field(NAME.allow, allow);
    const digits = digitsOf(body.length);
    this.#name(NAME['content-length'], digits);
    this.#digits(body.length, digits);
    const end = this.#length;
    this.#length = start;
    const flags = FRAME_FLAG.endHeaders | (isLast ? FRAME_FLAG.endStream : 0);
    this.#head(end - start - FRAME_HEAD, FRAME.headers, flags, stream);
    this.#length = end;
  }

  /** A field without indexing (RFC 7541 section 6.2.2) of a name in the static table; its value is to come. */
  #name(name: number, octets: number): void {
    if (name < 0x0f) this.#octets[this.#length++] = name;
    else {
      this.#octets[this.#length++] = 0x0f;
      this.#octets[this.#length++] = name - 0x0f;
    }
    // Less than 127 with all that we have to say.
    this.#octets[this.#length++] = octets;
  }

  #field(name: number, value: string): void {
    this.#name(name, value.length);
    this.#length += this.#octets.write(value, this.#length, 'latin1');
  }

  #copy(octets: Uint8Array): void {
    for (let i = 0; i < octets.length; i++) this.#octets[this.#length++] = octets[i]!;
  }

  #digits(value: number, digits: number): void {
    for (let at = this.#length + digits - 1, rest = value; at >= this.#length; at--) {
      this.#octets[at] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#length += digits;
  }
}

/** A turn's frames are written when there are so many; one response and what goes with it always has room above. */
export const WRITE_OCTETS = 64 * 1024;
const OCTETS_MAX = WRITE_OCTETS + 2 * FRAME_OCTETS_MAX;
const BY_HAND_MAX = 256;

const PRIVATE = Buffer.from('private, max-age=');
const MESSAGE_FIELD = Buffer.concat([
  Buffer.from([0x0f, NAME['content-type'] - 0x0f, DNS_MESSAGE.length]),
  Buffer.from(DNS_MESSAGE),
]);

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  return digits;
}
