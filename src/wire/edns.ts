import { OPTION, TYPE } from './constants.ts';
import { Cursor } from './cursor.ts';
import { WireError } from './error.ts';
import { put16, putOctets } from './octets.ts';

/** EDNS(0), RFC 6891: what an OPT record says, apart from its place in the message. */
export interface Edns {
  /** The sender's UDP payload size; below 512 counts as 512 (section 6.2.3). */
  readonly payload: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  /** In order of arrival; at most EDNS_OPTIONS_MAX are read. */
  readonly options: readonly EdnsOption[];
}

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** More options than any client sends; reading stops there (CVE-2026-41292 was an unbounded list). */
export const EDNS_OPTIONS_MAX = 32;

const DO_BIT = 0x8000;

/**
 * Reads the fixed part and the options of an OPT record whose name and type are already read: `klass` and
 * `ttl` are its class and TTL fields, `c` stands at its rdata. Throws WireError.
 */
export function readEdns(klass: number, ttl: number, c: Cursor, rdlength: number): Edns {
  c.need(rdlength);
  const end = c.off + rdlength;
  let options: EdnsOption[] | undefined;
  while (c.off < end) {
    if (end - c.off < 4) throw new WireError('EDNS option header cut short', c.off);
    const code = c.u16();
    const length = c.u16();
    if (length > end - c.off) throw new WireError('EDNS option runs past the OPT record', c.off);
    if (options === undefined) options = [{ code, data: c.bytes(length) }];
    else if (options.length < EDNS_OPTIONS_MAX) options.push({ code, data: c.bytes(length) });
    else c.skip(length);
  }
  return {
    payload: Math.max(512, klass),
    version: (ttl >>> 16) & 0xff,
    dnssecOk: (ttl & DO_BIT) !== 0,
    options: options ?? NO_OPTIONS,
  };
}

const NO_OPTIONS: readonly EdnsOption[] = [];

/** The first option of that code; repeats are ignored. */
export function findOption(edns: Edns | undefined, code: number): Uint8Array | undefined {
  if (edns === undefined) return undefined;
  for (const option of edns.options) if (option.code === code) return option.data;
  return undefined;
}

/** Octets that an OPT record with these options takes on the wire. */
export function ednsLength(options: readonly EdnsOption[]): number {
  let length = 11;
  for (const option of options) length += 4 + option.data.length;
  return length;
}

/** Writes an OPT record; there must be room for `ednsLength(options)`. Returns the offset after it. */
export function writeEdns(out: Uint8Array, at: number, edns: Edns, rcode: number): number {
  const length = ednsLength(edns.options) - 11;
  out[at++] = 0;
  at = put16(out, at, TYPE.OPT);
  at = put16(out, at, edns.payload);
  out[at++] = rcode >>> 4;
  out[at++] = edns.version;
  at = put16(out, at, edns.dnssecOk ? DO_BIT : 0);
  at = put16(out, at, length);
  for (const option of edns.options) {
    at = put16(out, at, option.code);
    at = put16(out, at, option.data.length);
    at = putOctets(out, at, option.data, 0, option.data.length);
  }
  return at;
}

/** Longest EXTRA-TEXT sent: names the rule or zone, never grows the reply past reason. */
const EDE_TEXT_OCTETS_MAX = 160;

/** RFC 8914: info code and UTF-8 text, cut between characters to a bound that keeps small replies small. */
export function edeOption(code: number, text: string): EdnsOption {
  const data = new Uint8Array(2 + EDE_TEXT_OCTETS_MAX);
  put16(data, 0, code);
  const { written } = new TextEncoder().encodeInto(text, data.subarray(2));
  return { code: OPTION.EDE, data: data.slice(0, 2 + written) };
}

export function readEde(data: Uint8Array): { code: number; text: string } {
  const c = new Cursor(data);
  return { code: c.u16(), text: new TextDecoder().decode(c.bytes(c.left)) };
}

/** RFC 5001: our identifier, sent only to those who asked. */
export function nsidOption(identifier: Uint8Array): EdnsOption {
  return { code: OPTION.NSID, data: identifier };
}

/** A time as RFC 7828 section 3.1 tells it: in units of 100 ms. */
export function keepaliveUnits(idleMs: number): number {
  return Math.min(0xffff, Math.floor(idleMs / 100));
}

/** RFC 7828: how long an idle connection is kept. */
export function keepaliveOption(idleMs: number): EdnsOption {
  const data = new Uint8Array(2);
  put16(data, 0, keepaliveUnits(idleMs));
  return { code: OPTION.KEEPALIVE, data };
}

/** Responses are as long as a multiple of this, so that their length tells little (RFC 8467 section 4.1). */
export const PADDING_BLOCK = 468;
/** And queries as a multiple of this. */
export const QUERY_PADDING_BLOCK = 128;

/**
 * Pads the message in `out` to a multiple of `block` octets (RFC 7830): its last record is an OPT, which stands at `optAt`. A message
 * that has no room left for the option, or is of the greatest length, is padded as far as that.
 * @returns the new length
 */
export function pad(out: Uint8Array, length: number, optAt: number, block = PADDING_BLOCK): number {
  const start = length + PADDING_HEADER;
  const end = Math.min(Math.ceil(start / block) * block, out.length);
  if (end < start) return length;
  put16(out, length, OPTION.PADDING);
  put16(out, length + 2, end - start);
  out.fill(0, start, end);
  put16(out, optAt + OPT_RDLENGTH, end - optAt - OPT_OCTETS);
  return end;
}

/** Code and length of an option. */
const PADDING_HEADER = 4;
/** Of an OPT record without options, whose name is the root; and where its RDLENGTH is. */
const OPT_OCTETS = 11;
const OPT_RDLENGTH = 9;

/** An EDNS Client Subnet option (RFC 7871). */
export interface ClientSubnet {
  /** 0: no address is given; `dig +subnet=0` says so, to opt out. */
  readonly family: 0 | 1 | 2;
  readonly sourcePrefix: number;
  readonly scopePrefix: number;
  /** 0, 4 or 16 octets by family, zero past the source prefix. */
  readonly address: Uint8Array;
}

/** Reads a client subnet as RFC 7871 section 6 defines it. Throws WireError where section 7.1.2 asks for FORMERR. */
export function readClientSubnet(data: Uint8Array): ClientSubnet {
  const c = new Cursor(data);
  const family = c.u16();
  const sourcePrefix = c.u8();
  const scopePrefix = c.u8();
  if (family > 2) throw new WireError('ECS family is not 1 or 2', 0);
  const octets = [0, 4, 16][family]!;
  if (sourcePrefix > octets * 8 || scopePrefix > octets * 8) throw new WireError('ECS prefix too long', 2);
  const given = c.bytes(c.left);
  if (given.length !== Math.ceil(sourcePrefix / 8)) throw new WireError('ECS address length', 4);
  const spare = sourcePrefix % 8;
  if (spare !== 0 && (given.at(-1)! & (0xff >>> spare)) !== 0)
    throw new WireError('ECS address has bits set past its prefix', 4);
  const address = new Uint8Array(octets);
  address.set(given);
  return { family: family as ClientSubnet['family'], sourcePrefix, scopePrefix, address };
}
