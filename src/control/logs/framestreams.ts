/**
 * Frame Streams, which dnstap is carried over: frames with their length before them, u32 in network order. A length of 0
 * announces a control frame: its own length, its type, and fields with types and lengths.
 *
 *     writer  READY ─▶         START, frames … STOP ─▶
 *     reader          ◀─ ACCEPT                      ◀─ FINISH
 */

export const CONTROL = { ACCEPT: 1, START: 2, STOP: 3, READY: 4, FINISH: 5 } as const;
export type ControlType = (typeof CONTROL)[keyof typeof CONTROL];

const CONTENT_TYPE_FIELD = 1;
const HEAD_OCTETS = 8;
/** FSTRM_CONTROL_FRAME_LENGTH_MAX of the reference implementation. */
const CONTROL_OCTETS_MAX = 512;

/** A data frame. */
export function frame(data: Uint8Array): Buffer {
  const octets = Buffer.allocUnsafe(4 + data.length);
  octets.writeUInt32BE(data.length, 0);
  octets.set(data, 4);
  return octets;
}

/** A control frame, with the content type where the type has one. */
export function controlFrame(type: ControlType, contentType?: string): Buffer {
  const content = contentType === undefined ? undefined : Buffer.from(contentType, 'latin1');
  const length = 4 + (content === undefined ? 0 : 8 + content.length);
  const octets = Buffer.alloc(HEAD_OCTETS + length);
  octets.writeUInt32BE(length, 4);
  octets.writeUInt32BE(type, 8);
  if (content !== undefined) {
    octets.writeUInt32BE(CONTENT_TYPE_FIELD, 12);
    octets.writeUInt32BE(content.length, 16);
    octets.set(content, 20);
  }
  return octets;
}

export interface ControlFrame {
  readonly type: number;
  readonly contentTypes: readonly string[];
}

/** What a reader says: it has nothing but control frames to say. */
export class ControlReader {
  #octets: Buffer = Buffer.alloc(0);

  /** The next frame, once it is there; undefined while more has to come. Throws Error for what is none. */
  read(octets: Uint8Array): ControlFrame | undefined {
    this.#octets = Buffer.concat([this.#octets, octets]);
    if (this.#octets.length < HEAD_OCTETS) return undefined;
    const length = this.#octets.readUInt32BE(4);
    if (this.#octets.readUInt32BE(0) !== 0 || length < 4 || length > CONTROL_OCTETS_MAX)
      throw new Error('what came is not a control frame of Frame Streams');
    const end = HEAD_OCTETS + length;
    if (this.#octets.length < end) return undefined;
    const body = this.#octets.subarray(HEAD_OCTETS, end);
    this.#octets = this.#octets.subarray(end);
    return { type: body.readUInt32BE(0), contentTypes: contentTypesOf(body) };
  }
}

function contentTypesOf(body: Buffer): string[] {
  const found: string[] = [];
  for (let at = 4; at < body.length; ) {
    if (at + 8 > body.length) throw new Error('a control frame of Frame Streams is cut short');
    const field = body.readUInt32BE(at);
    const end = at + 8 + body.readUInt32BE(at + 4);
    if (end > body.length) throw new Error('a control frame of Frame Streams is cut short');
    if (field === CONTENT_TYPE_FIELD) found.push(body.toString('latin1', at + 8, end));
    at = end;
  }
  return found;
}
