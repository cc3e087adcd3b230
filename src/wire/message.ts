import { piece } from '../util/pieces.ts';
import { CLASS, FLAG, HEADER_OCTETS, TTL_MAX, TYPE } from './constants.ts';
import { Cursor } from './cursor.ts';
import { type Edns, ednsLength, pad, readEdns, writeEdns } from './edns.ts';
import { WireError } from './error.ts';
import { type Name, nameKey } from './name.ts';
import { octetsKey, put16, putOctets } from './octets.ts';
import { readRdata } from './rdata/table.ts';
import type { Question, Rr, Rrset } from './record.ts';

/** A message as read from the wire. Sections hold records in their order; the OPT record is `edns`. */
export interface Message {
  readonly id: number;
  /** The 16 bits after the ID; see FLAG. */
  readonly flags: number;
  readonly opcode: number;
  /** With the upper bits of the OPT record. */
  readonly rcode: number;
  readonly qdcount: number;
  /** The first question, when there is one. */
  readonly question: Question | undefined;
  readonly answer: readonly Rr[];
  readonly authority: readonly Rr[];
  readonly additional: readonly Rr[];
  readonly edns: Edns | undefined;
  /** Octets after the last record: none in a well-formed message. */
  readonly trailing: number;
}

/** `flags >> 11 & 15` */
export function opcodeOf(flags: number): number {
  return (flags >>> 11) & 0x0f;
}

/**
 * Reads the message in the first `length` octets of `buf`. Throws WireError and nothing else; allocates nothing by the
 * counts it is told.
 * @param asked the name of its question, where that is known to be this one, octet for octet
 */
export function readMessage(buf: Uint8Array, length = buf.length, asked?: Name): Message {
  const c = cursor.begin(buf, 0, length);
  const id = c.u16();
  const flags = c.u16();
  const qdcount = c.u16();
  const ancount = c.u16();
  const nscount = c.u16();
  const arcount = c.u16();
  let question: Question | undefined;
  for (let i = 0; i < qdcount; i++) {
    const q = readQuestion(c, i > 0, i === 0 ? asked : undefined);
    question ??= q;
  }
  const answer = readSection(c, ancount);
  const authority = readSection(c, nscount);
  let additional: Rr[] | undefined;
  let edns: Edns | undefined;
  let extended = 0;
  for (let i = 0; i < arcount; i++) {
    const opt = readOpt(c);
    if (opt === undefined) {
      const record = readRecord(c);
      if (additional === undefined) additional = [record];
      else additional.push(record);
    } else if (edns !== undefined) throw new WireError('more than one OPT record', c.off);
    else {
      edns = opt.edns;
      extended = opt.extendedRcode;
    }
  }
  return {
    id,
    flags,
    opcode: opcodeOf(flags),
    rcode: (extended << 4) | (flags & 0x0f),
    qdcount,
    question,
    answer,
    authority,
    additional: additional ?? NO_RECORDS,
    edns,
    trailing: c.left,
  };
}

/** No message is read while another one is. */
const cursor = new Cursor(new Uint8Array(0));

/** Before the first question there is no name that a pointer could lead to, only the header. */
function readQuestion(c: Cursor, pointers: boolean, asked?: Name): Question {
  return { name: asked === undefined ? c.owner(pointers) : c.known(asked), type: c.u16(), class: c.u16() };
}

function readSection(c: Cursor, count: number): readonly Rr[] {
  if (count === 0) return NO_RECORDS;
  const records = [readRecord(c)];
  while (records.length < count) records.push(readRecord(c));
  return records;
}

const NO_RECORDS: readonly Rr[] = [];

function readRecord(c: Cursor): Rr {
  const name = c.owner();
  const type = c.u16();
  const klass = c.u16();
  const ttl = c.u32();
  const length = c.u16();
  if (type === TYPE.OPT) throw new WireError('OPT record outside the additional section', c.off);
  // Only class IN has rdata whose shape is known; the rest is carried as it is (RFC 3597 section 5).
  const rdata = klass === CLASS.IN ? readRdata(type, c, length) : c.bytes(length);
  // RFC 2181 section 8: a TTL with the top bit set counts as zero.
  return { name, type, class: klass, ttl: ttl > TTL_MAX ? 0 : ttl, rdata };
}

/** Reads an OPT record if `c` stands at one (root name, type 41); otherwise leaves `c` alone. */
function readOpt(c: Cursor): { edns: Edns; extendedRcode: number } | undefined {
  const b = c.buf;
  if (c.left < 11) return undefined;
  if (((b[c.off + 1]! << 8) | b[c.off + 2]!) !== TYPE.OPT || b[c.off] !== 0) return undefined;
  c.skip(3);
  const klass = c.u16();
  const ttl = c.u32();
  const length = c.u16();
  return { edns: readEdns(klass, ttl, c, length), extendedRcode: ttl >>> 24 };
}

/**
 * What can be told of a query that `readMessage` throws at, so that its FORMERR fits it: the header, the question
 * if there is one, and that an OPT record stands right behind it, whatever is wrong with its options: who sent one
 * must get one (RFC 6891 section 6.1.1). Throws WireError only where not even the header is there.
 */
export function readHead(buf: Uint8Array, length = buf.length): Message {
  const c = new Cursor(buf, 0, length);
  const id = c.u16();
  const flags = c.u16();
  const qdcount = c.u16();
  const records = c.u16() + c.u16();
  const arcount = c.u16();
  let question: Question | undefined;
  let edns: Edns | undefined;
  try {
    if (qdcount === 1) question = readQuestion(c, false);
    if (qdcount <= 1 && records === 0 && arcount > 0) edns = readOptHead(c);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  const none = { answer: [], authority: [], additional: [] };
  const rcode = flags & 0x0f;
  return { id, flags, opcode: opcodeOf(flags), rcode, qdcount, question, ...none, edns, trailing: c.left };
}

function readOptHead(c: Cursor): Edns | undefined {
  if (c.u8() !== 0 || c.u16() !== TYPE.OPT) return undefined;
  return readEdns(c.u16(), c.u32(), c, 0);
}

/**
 * Collects records of class IN into RRsets, in order of first appearance. The lowest TTL counts (RFC 2181
 * section 5.2); equal rdata appears once (section 5). RRSIGs join the set that they cover.
 */
export function groupRrsets(records: readonly Rr[]): Rrset[] {
  const sets = new Map<
    string,
    { name: Name; type: number; ttl: number; rdatas: Uint8Array[]; sigs?: Uint8Array[] }
  >();
  const seen = new Set<string>();
  for (const rr of records) {
    if (rr.class !== CLASS.IN) continue;
    const isSig = rr.type === TYPE.RRSIG && rr.rdata.length >= 2;
    const type = isSig ? (rr.rdata[0]! << 8) | rr.rdata[1]! : rr.type;
    const key = `${type}/${nameKey(rr.name)}`;
    const unique = `${isSig ? 's' : 'r'}${key}/${octetsKey(rr.rdata)}`;
    if (seen.has(unique)) continue;
    seen.add(unique);
    let set = sets.get(key);
    if (set === undefined) sets.set(key, (set = { name: rr.name, type, ttl: rr.ttl, rdatas: [] }));
    set.ttl = Math.min(set.ttl, rr.ttl);
    if (isSig) (set.sigs ??= []).push(rr.rdata);
    else set.rdatas.push(rr.rdata);
  }
  return [...sets.values()];
}

/** A query to be sent: one question, RD as told, an OPT record when `edns` is given. Case of the name is kept. */
export function encodeQuery(query: {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly flags?: number;
  readonly edns?: Edns | undefined;
  /** The message is as long as a multiple of this, where there is EDNS. Default 0: it is as long as it is. */
  readonly paddedTo?: number;
  /** It is sent at once and not kept: it may be a piece of a block. */
  readonly isBrief?: boolean;
}): Uint8Array {
  const { paddedTo = 0, isBrief = false } = query;
  const length = HEADER_OCTETS + query.name.length + 4 + (query.edns ? ednsLength(query.edns.options) : 0);
  const octets = length + 2 * paddedTo;
  const out = isBrief ? piece(octets) : new Uint8Array(octets);
  put16(out, 0, query.id);
  put16(out, 2, query.flags ?? FLAG.RD);
  put16(out, 4, 1);
  put16(out, 10, query.edns ? 1 : 0);
  let at = putOctets(out, HEADER_OCTETS, query.name, 0, query.name.length);
  at = put16(out, at, query.type);
  at = put16(out, at, CLASS.IN);
  if (query.edns === undefined) return out.subarray(0, at);
  writeEdns(out, at, query.edns, 0);
  return paddedTo === 0 ? out : out.slice(0, pad(out, length, at, paddedTo));
}

/** The message as it is when it has been kept for some seconds: its TTLs are that much less. */
export function aged(message: Message, seconds: number): Message {
  if (seconds === 0) return message;
  const older = (records: readonly Rr[]): Rr[] =>
    records.map((record) => ({ ...record, ttl: Math.max(0, record.ttl - seconds) }));
  const { answer, authority, additional } = message;
  return { ...message, answer: older(answer), authority: older(authority), additional: older(additional) };
}
