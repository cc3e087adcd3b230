import { type AnswerCache, variantOf } from '../cache/answers.ts';
import {
  CLASS,
  FLAG,
  HEADER_OCTETS,
  OPTION,
  TYPE,
  UDP_PAYLOAD,
  UDP_PAYLOAD_CLASSIC,
} from '../wire/constants.ts';

/**
 * Parses header, question and OPT of a query in place and answers it from the answer cache. Whatever is not
 * plain (several questions, records beside OPT, odd options) is left to the slow path, which reads the
 * whole message with the codec. Nothing is allocated: what was read is left in the fields.
 */
export class FastPath {
  qnameLength = 0;
  qtype = 0;
  recursionDesired = false;
  hasEdns = false;
  dnssecOk = false;
  payload = 0;
  /** Offset of the cookie option's data, or 0. */
  cookieAt = 0;
  cookieLength = 0;
  /** The client pads its queries. */
  isPadded = false;
  /** It speaks of EDNS keepalive. */
  wantsKeepalive = false;

  /** True if the query is plain, and then the fields describe it. */
  read(q: Uint8Array, length: number): boolean {
    if (length < HEADER_OCTETS + 5) return false;
    // QR=0, opcode QUERY, TC=0; AA, Z, AD and CD may be anything (RFC 1035 section 4.1.1, RFC 6840 section 5.7).
    if ((q[2]! & 0xfa) !== 0 || (q[3]! & 0x8f) !== 0) return false;
    this.recursionDesired = (q[2]! & 0x01) !== 0;
    const arcount = q[11]!;
    if (q[4] !== 0 || q[5] !== 1 || (q[6]! | q[7]! | q[8]! | q[9]! | q[10]!) !== 0 || arcount > 1)
      return false;
    const end = this.#readName(q, length);
    if (end < 0 || end + 4 > length) return false;
    this.qnameLength = end - HEADER_OCTETS;
    this.qtype = (q[end]! << 8) | q[end + 1]!;
    if (((q[end + 2]! << 8) | q[end + 3]!) !== CLASS.IN) return false;
    this.hasEdns = arcount === 1;
    if (arcount === 1) return this.#readOpt(q, end + 4, length);
    this.dnssecOk = false;
    this.payload = UDP_PAYLOAD_CLASSIC;
    this.cookieAt = 0;
    this.isPadded = false;
    this.wantsKeepalive = false;
    return end + 4 === length;
  }

  /** End of the uncompressed name at offset 12, or -1. */
  #readName(q: Uint8Array, length: number): number {
    let at = HEADER_OCTETS;
    for (;;) {
      if (at >= length) return -1;
      const label = q[at]!;
      if (label === 0) return at + 1 - HEADER_OCTETS <= 255 ? at + 1 : -1;
      if (label > 63) return -1;
      at += label + 1;
      if (at - HEADER_OCTETS > 254) return -1;
    }
  }

  /** Reads an OPT record of version 0 that ends the message. */
  #readOpt(q: Uint8Array, at: number, length: number): boolean {
    if (at + 11 > length || q[at] !== 0 || ((q[at + 1]! << 8) | q[at + 2]!) !== TYPE.OPT) return false;
    const payload = (q[at + 3]! << 8) | q[at + 4]!;
    if (q[at + 5] !== 0 || q[at + 6] !== 0) return false;
    const rdlength = (q[at + 9]! << 8) | q[at + 10]!;
    if (at + 11 + rdlength !== length) return false;
    this.dnssecOk = (q[at + 7]! & 0x80) !== 0;
    this.payload = Math.min(Math.max(payload, UDP_PAYLOAD_CLASSIC), UDP_PAYLOAD);
    this.cookieAt = 0;
    this.isPadded = false;
    this.wantsKeepalive = false;
    let next = at + 11;
    while (next < length) {
      next = this.#readOption(q, next, length);
      if (next < 0) return false;
    }
    return true;
  }

  /**
   * Where the next option begins; -1 for what is the slow path's to judge: real clients send a cookie and, where they
   * help, padding and keepalive.
   */
  #readOption(q: Uint8Array, at: number, length: number): number {
    if (at + 4 > length) return -1;
    const code = (q[at]! << 8) | q[at + 1]!;
    const octets = (q[at + 2]! << 8) | q[at + 3]!;
    const end = at + 4 + octets;
    if (end > length) return -1;
    if (code === OPTION.PADDING) {
      this.isPadded = true;
      return end;
    }
    // RFC 7828 section 3.2.1: a client has nothing to say in it.
    if (code === OPTION.KEEPALIVE && octets === 0) {
      this.wantsKeepalive = true;
      return end;
    }
    if (code !== OPTION.COOKIE || this.cookieAt > 0 || (octets !== 8 && octets !== 24)) return -1;
    this.cookieAt = at + 4;
    this.cookieLength = octets;
    return end;
  }

  /** Handle of a stored answer to the query read last, or -1. @param variants those that the view's answers have */
  find(cache: AnswerCache, view: number, variants: number, q: Uint8Array): number {
    const variant = variantOf(this.dnssecOk, (q[3]! & FLAG.CD) !== 0) & variants;
    return cache.find(view, variant, this.qtype, q, HEADER_OCTETS, this.qnameLength);
  }

  /**
   * Writes the stored answer to `out` with the ID, RD, CD and the letter case of this query (0x20), and without AD
   * where it asked for none (RFC 6840 section 5.8). An authority, which has no RA, copies no CD (RFC 4035 section
   * 3.1.6). Returns its length without OPT.
   */
  patch(cache: AnswerCache, handle: number, q: Uint8Array, out: Uint8Array): number {
    const length = cache.copy(handle, out, rotationOf(q));
    out[0] = q[0]!;
    out[1] = q[1]!;
    out[2] = (out[2]! & 0xfe) | (q[2]! & 0x01);
    const ad = this.dnssecOk ? FLAG.AD : q[3]! & FLAG.AD;
    const cd = (out[3]! & FLAG.RA) === 0 ? 0 : q[3]! & FLAG.CD;
    out[3] = (out[3]! & (0xff & ~FLAG.CD & ~FLAG.AD)) | cd | (out[3]! & ad);
    for (let i = 0; i < this.qnameLength; i++) out[HEADER_OCTETS + i] = q[HEADER_OCTETS + i]!;
    return length;
  }
}

/** Where RRsets start: by the query's ID, which clients draw at random, and by no state that clients share. */
function rotationOf(q: Uint8Array): number {
  return (q[0]! << 8) | q[1]!;
}
