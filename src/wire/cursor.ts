import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from './constants.ts';
import { WireError } from './error.ts';
import type { Name } from './name.ts';

const POINTER = 0xc0;

/**
 * A bounds-checked reading position in a message. `buf` is always the whole message, because compression
 * pointers are relative to its start; `end` is the first octet that may not be read, and is moved in while
 * rdata is read, so that no rdata can be read past its own length.
 */
export class Cursor {
  readonly buf: Uint8Array;
  off: number;
  end: number;

  constructor(buf: Uint8Array, off = 0, end = buf.length) {
    this.buf = buf;
    this.off = off;
    this.end = end;
  }

  get left(): number {
    return this.end - this.off;
  }

  /** Throws WireError unless `n` octets are left. */
  need(n: number): void {
    if (n > this.end - this.off) throw new WireError(`${n} octets expected, ${this.left} left`, this.off);
  }

  u8(): number {
    this.need(1);
    return this.buf[this.off++]!;
  }

  u16(): number {
    this.need(2);
    const value = (this.buf[this.off]! << 8) | this.buf[this.off + 1]!;
    this.off += 2;
    return value;
  }

  u32(): number {
    this.need(4);
    const b = this.buf;
    const o = this.off;
    this.off += 4;
    return ((b[o]! << 24) | (b[o + 1]! << 16) | (b[o + 2]! << 8) | b[o + 3]!) >>> 0;
  }

  /** A copy of the next `n` octets. */
  bytes(n: number): Uint8Array {
    this.need(n);
    this.off += n;
    return this.buf.slice(this.off - n, this.off);
  }

  skip(n: number): void {
    this.need(n);
    this.off += n;
  }

  /**
   * Reads a name, following pointers if `pointers`. Every pointer must lead strictly before the start of the
   * run of labels it ends, so a chain of pointers always terminates; the sum of labels is held to 255 octets on every path.
   */
  name(pointers = true): Name {
    const out = scratch;
    let length = 0;
    let at = this.off;
    let end = this.end;
    let runStart = at;
    let jumped = false;
    for (;;) {
      if (at >= end) throw new WireError('name runs past the end', at);
      const octet = this.buf[at]!;
      if (octet >= POINTER) {
        if (!pointers) throw new WireError('compressed name where none is allowed', at);
        if (at + 2 > end) throw new WireError('pointer runs past the end', at);
        const target = ((octet & 0x3f) << 8) | this.buf[at + 1]!;
        if (target >= runStart) throw new WireError('compression pointer does not lead backward', at);
        if (!jumped) this.off = at + 2;
        jumped = true;
        end = runStart;
        at = runStart = target;
        continue;
      }
      if (octet > LABEL_OCTETS_MAX) throw new WireError('label type is not 00 or 11', at);
      const next = at + 1 + octet;
      if (next > end) throw new WireError('label runs past the end', at);
      if (length + 1 + octet > NAME_OCTETS_MAX - (octet === 0 ? 0 : 1))
        throw new WireError(`name over ${NAME_OCTETS_MAX} octets`, at);
      for (let i = at; i < next; i++) out[length++] = this.buf[i]!;
      at = next;
      if (octet === 0) break;
    }
    if (!jumped) this.off = at;
    return out.slice(0, length);
  }

  /** Moves past a name without building it: the same checks as `name`, but pointers are not followed. */
  skipName(): void {
    for (;;) {
      const octet = this.u8();
      if (octet === 0) return;
      if (octet >= POINTER) {
        this.skip(1);
        return;
      }
      if (octet > LABEL_OCTETS_MAX) throw new WireError('label type is not 00 or 11', this.off - 1);
      this.skip(octet);
    }
  }
}

const scratch = new Uint8Array(NAME_OCTETS_MAX + 1);
