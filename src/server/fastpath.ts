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
import { CLIENT_COOKIE_OCTETS, SERVER_COOKIE_OCTETS } from '../wire/cookie.ts';
import { EDNS_OPTIONS_MAX, keepaliveUnits } from '../wire/edns.ts';
import { put16 } from '../wire/octets.ts';

export const COOKIE_OCTETS = CLIENT_COOKIE_OCTETS + SERVER_COOKIE_OCTETS;
/** The option with its code and no text (RFC 8914 section 2). */
export const EDE_OCTETS = 6;
export const KEEPALIVE_OCTETS = 6;

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
  /** Offset of the client subnet option's data (RFC 7871), or 0; the next three say what stands there. */
  subnetAt = 0;
  subnetLength = 0;
  /** SOURCE PREFIX-LENGTH: with 0 the sender asks for nobody in particular. */
  subnetBits = 0;
  /** 4 or 16 octets, zero behind the first `subnetBits`. */
  subnet: Uint8Array;
  readonly #ipv4 = new Uint8Array(4);
  readonly #ipv6 = new Uint8Array(16);
  #options = 0;

  constructor() {
    this.subnet = this.#ipv4;
  }

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
    this.#forgetOptions();
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
    this.#forgetOptions();
    let next = at + 11;
    while (next < length) {
      next = this.#readOption(q, next, length);
      if (next < 0) return false;
    }
    return true;
  }

  #forgetOptions(): void {
    this.cookieAt = 0;
    this.isPadded = false;
    this.wantsKeepalive = false;
    this.subnetAt = 0;
    this.#options = 0;
  }

  /**
   * Where the next option begins; -1 for what is the slow path's to judge: real clients send a cookie and, where they
   * help, padding and keepalive, and resolvers the subnet that they ask for.
   */
  #readOption(q: Uint8Array, at: number, length: number): number {
    if (at + 4 > length) return -1;
    const code = (q[at]! << 8) | q[at + 1]!;
    const octets = (q[at + 2]! << 8) | q[at + 3]!;
    const end = at + 4 + octets;
    // Behind those the slow path reads none.
    if (end > length || ++this.#options > EDNS_OPTIONS_MAX) return -1;
    if (code === OPTION.PADDING) {
      this.isPadded = true;
      return end;
    }
    // RFC 7828 section 3.2.1: a client has nothing to say in it.
    if (code === OPTION.KEEPALIVE && octets === 0) {
      this.wantsKeepalive = true;
      return end;
    }
    if (code === OPTION.ECS) return this.#readSubnet(q, at + 4, octets) ? end : -1;
    if (code !== OPTION.COOKIE || this.cookieAt > 0 || (octets !== 8 && octets !== 24)) return -1;
    this.cookieAt = at + 4;
    this.cookieLength = octets;
    return end;
  }

  /** Reads a client subnet as RFC 7871 section 6 defines it; false for what is malformed, or stands there twice. */
  #readSubnet(q: Uint8Array, at: number, octets: number): boolean {
    if (this.subnetAt > 0 || octets < SUBNET_HEADER) return false;
    const family = (q[at]! << 8) | q[at + 1]!;
    const bits = q[at + 2]!;
    const scope = q[at + 3]!;
    const given = octets - SUBNET_HEADER;
    const most = family === 1 ? 32 : family === 2 ? 128 : 0;
    if (family > 2 || bits > most || scope !== 0 || given !== (bits + 7) >> 3) return false;
    const spare = bits & 7;
    if (spare !== 0 && (q[at + octets - 1]! & (0xff >>> spare)) !== 0) return false;
    const subnet = family === 2 ? this.#ipv6 : this.#ipv4;
    for (let i = 0; i < subnet.length; i++) subnet[i] = i < given ? q[at + SUBNET_HEADER + i]! : 0;
    this.subnet = subnet;
    this.subnetAt = at;
    this.subnetLength = octets;
    this.subnetBits = bits;
    return true;
  }

  /**
   * Writes the client subnet option that answers the query's (RFC 7871 section 7.2.1), and returns where it ends.
   * @param scopeBits see Query
   */
  answerSubnet(q: Uint8Array, out: Uint8Array, at: number, scopeBits: number): number {
    out[at] = OPTION.ECS >>> 8;
    out[at + 1] = OPTION.ECS;
    out[at + 2] = 0;
    out[at + 3] = this.subnetLength;
    const data = at + 4;
    for (let i = 0; i < this.subnetLength; i++) out[data + i] = q[this.subnetAt + i]!;
    out[data + SUBNET_SCOPE_AT] = this.subnetBits === 0 ? 0 : Math.min(scopeBits, 8 * this.subnet.length);
    return data + this.subnetLength;
  }

  /**
   * OPT for a hit: payload 1232, DO echoed, the cookie if the client has one, the subnet if it is heeded, the idle
   * time if it is to know it, an EDE without text where there is one to tell. ARCOUNT counts it.
   * @param scopeBits see Query; -1: the subnet is not heeded
   * @param idleMs -1: it is not to be told
   */
  appendOpt(
    query: Uint8Array,
    out: Uint8Array,
    at: number,
    cookie: Uint8Array | undefined,
    scopeBits: number,
    idleMs: number,
    ede: number | undefined,
  ): number {
    const arcount = ((out[10]! << 8) | out[11]!) + 1;
    out[10] = arcount >>> 8;
    out[11] = arcount;
    out[at] = 0;
    out[at + 1] = 0;
    out[at + 2] = 41;
    out[at + 3] = 0x04;
    out[at + 4] = 0xd0;
    out[at + 5] = 0;
    out[at + 6] = 0;
    out[at + 7] = this.dnssecOk ? 0x80 : 0;
    out[at + 8] = 0;
    out[at + 9] = 0;
    let end = at + 11;
    if (cookie !== undefined) {
      out[end] = 0;
      out[end + 1] = OPTION.COOKIE;
      out[end + 2] = 0;
      out[end + 3] = COOKIE_OCTETS;
      for (let i = 0; i < COOKIE_OCTETS; i++) out[end + 4 + i] = cookie[i]!;
      end += 4 + COOKIE_OCTETS;
    }
    if (scopeBits >= 0) end = this.answerSubnet(query, out, end, scopeBits);
    if (idleMs >= 0) {
      put16(out, end, OPTION.KEEPALIVE);
      put16(out, end + 2, 2);
      put16(out, end + 4, keepaliveUnits(idleMs));
      end += KEEPALIVE_OCTETS;
    }
    if (ede !== undefined) {
      out[end] = 0;
      out[end + 1] = OPTION.EDE;
      out[end + 2] = 0;
      out[end + 3] = 2;
      out[end + 4] = ede >>> 8;
      out[end + 5] = ede;
      end += EDE_OCTETS;
    }
    out[at + 10] = end - at - 11;
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

/** FAMILY, SOURCE PREFIX-LENGTH and SCOPE PREFIX-LENGTH (RFC 7871 section 6), and where the last one is. */
const SUBNET_HEADER = 4;
const SUBNET_SCOPE_AT = 3;

/** Where RRsets start: by the query's ID, which clients draw at random, and by no state that clients share. */
function rotationOf(q: Uint8Array): number {
  return (q[0]! << 8) | q[1]!;
}
