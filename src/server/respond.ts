import { type AnswerCache, VARIANT } from '../cache/answers.ts';
import { DEPENDENCIES_MAX } from '../util/deps.ts';
import {
  CLASS,
  EDE,
  FLAG,
  MESSAGE_OCTETS_MAX,
  OPCODE,
  OPTION,
  RCODE,
  TYPE,
  UDP_PAYLOAD,
  UDP_PAYLOAD_CLASSIC,
} from '../wire/constants.ts';
import {
  type Edns,
  type EdnsOption,
  edeOption,
  findOption,
  keepaliveOption,
  nsidOption,
  readClientSubnet,
} from '../wire/edns.ts';
import { WireError } from '../wire/error.ts';
import { type Message, opcodeOf, readMessage } from '../wire/message.ts';
import { type Answer, type Ede, emptyAnswer } from '../wire/record.ts';
import { TTL_OFFSETS_MAX, type Writer } from '../wire/writer.ts';
import type { Query } from './query.ts';

/**
 * The two ends of the pipeline: what a query must look like before anything is looked up (RFC 8906: every query
 * gets an answer, and the right error), and how a decided answer is framed, encoded and stored.
 */

/** What is wrong with a query, as the response says it; `undefined` in `question`: it could not be read. */
export type Admission =
  | { readonly verdict: 'answer'; readonly message: Message }
  | {
      readonly verdict: 'reject';
      readonly message: Message | undefined;
      readonly rcode: number;
      readonly ede: Ede[];
    }
  | { readonly verdict: 'cookie'; readonly message: Message };

/** Stage 1. Never throws: whatever the bytes are, they get a verdict. */
export function admit(bytes: Uint8Array): Admission {
  const opcode = opcodeOf((bytes[2]! << 8) | bytes[3]!);
  // An opcode that is not ours may give the rest of the message a meaning that the reader does not know.
  if (opcode !== OPCODE.QUERY) return reject(undefined, RCODE.NOTIMP);
  let message: Message;
  try {
    message = readMessage(bytes);
    checkOptions(message.edns);
  } catch (error) {
    if (error instanceof WireError) return reject(undefined, RCODE.FORMERR);
    throw error;
  }
  if (message.edns !== undefined && message.edns.version !== 0) return reject(message, RCODE.BADVERS);
  // RFC 9619: more than one question is an error; none is one too, unless it asks for a cookie (RFC 7873 section 5.4).
  if (message.qdcount > 1) return reject(message, RCODE.FORMERR);
  const { question } = message;
  if (question === undefined) {
    const isCookieProbe = findOption(message.edns, OPTION.COOKIE) !== undefined;
    return isCookieProbe ? { verdict: 'cookie', message } : reject(message, RCODE.FORMERR);
  }
  if ((message.flags & FLAG.TC) !== 0 || message.trailing > 0 || message.answer.length > 0)
    return reject(message, RCODE.FORMERR);
  return admitQuestion(message, question.type, question.class);
}

function admitQuestion(message: Message, type: number, klass: number): Admission {
  if (klass !== CLASS.IN) return reject(message, RCODE.REFUSED, EDE.NOT_SUPPORTED, 'only class IN is served');
  switch (type) {
    case TYPE.AXFR:
    case TYPE.IXFR:
      return reject(message, RCODE.REFUSED, EDE.NOT_SUPPORTED, 'zone transfers are not served');
    case TYPE.OPT:
    case 0:
      return reject(message, RCODE.FORMERR);
    case TYPE.TKEY:
    case TYPE.TSIG:
    case TYPE.MAILA:
    case TYPE.MAILB:
      return reject(message, RCODE.NOTIMP, EDE.NOT_SUPPORTED, 'this QTYPE has no data');
    default:
      return { verdict: 'answer', message };
  }
}

function reject(message: Message | undefined, rcode: number, code?: number, text = ''): Admission {
  return { verdict: 'reject', message, rcode, ede: code === undefined ? [] : [{ code, text }] };
}

/** Options whose malformation is a FORMERR: cookies (RFC 7873 section 5.2.2) and client subnets (RFC 7871 section 7.1.2). */
function checkOptions(edns: Edns | undefined): void {
  const cookie = findOption(edns, OPTION.COOKIE);
  if (cookie !== undefined && cookie.length !== 8 && (cookie.length < 16 || cookie.length > 40))
    throw new WireError('cookie of a wrong length', 0);
  const subnet = findOption(edns, OPTION.ECS);
  if (subnet !== undefined) readClientSubnet(subnet);
}

/** Facts about the client's side that the frame needs. */
export interface Framing {
  readonly transport: 'udp' | 'tcp';
  /** The whole COOKIE option to send back, or undefined. */
  readonly cookie: Uint8Array | undefined;
  readonly nsid: Uint8Array | undefined;
  /** How long an idle TCP connection is kept, milliseconds. */
  readonly idleMs: number;
  readonly rotation: number;
}

/** Encodes `answer` as the response to `message`, or to a query of which only the header could be read. Returns its length. */
export function encode(
  writer: Writer,
  bytes: Uint8Array,
  message: Message | undefined,
  answer: Answer,
  framing: Framing,
): number {
  const query = message?.edns;
  const flags = (bytes[2]! << 8) | bytes[3]!;
  return writer.write(answer, {
    id: (bytes[0]! << 8) | bytes[1]!,
    // Opcode, RD and CD are copied (RFC 1035 section 4.1.1, RFC 4035 section 3.2.2); RA says that we recurse or forward.
    flags: (flags & (0x7800 | FLAG.RD | FLAG.CD)) | FLAG.RA,
    question: message?.question,
    edns: query === undefined ? undefined : responseEdns(query, answer.ede, framing),
    limit: responseLimit(query, framing.transport),
    rotation: framing.rotation,
    signatures: query?.dnssecOk ?? false,
    glue: answer.answer.length === 0 && answer.authority.some((set) => set.type === TYPE.NS),
  });
}

function responseLimit(query: Edns | undefined, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return MESSAGE_OCTETS_MAX;
  return query === undefined ? UDP_PAYLOAD_CLASSIC : Math.min(query.payload, UDP_PAYLOAD);
}

/** EDEs in one response; more would say nothing new and grow it. */
const EDES_MAX = 3;

function responseEdns(query: Edns, ede: readonly Ede[], framing: Framing): Edns {
  const options: EdnsOption[] = [];
  if (framing.cookie !== undefined) options.push({ code: OPTION.COOKIE, data: framing.cookie });
  if (framing.nsid !== undefined && findOption(query, OPTION.NSID) !== undefined)
    options.push(nsidOption(framing.nsid));
  // RFC 7828 section 3.2.1: only over TCP, and only to a client that speaks of it.
  if (framing.transport === 'tcp' && findOption(query, OPTION.KEEPALIVE) !== undefined)
    options.push(keepaliveOption(framing.idleMs));
  for (const { code, text } of ede.slice(0, EDES_MAX)) options.push(edeOption(code, text));
  return { payload: UDP_PAYLOAD, version: 0, dnssecOk: query.dnssecOk, options };
}

/** The response to a client over its rate: its own question with TC, never larger than what it sent. */
export function encodeSlip(writer: Writer, bytes: Uint8Array, message: Message | undefined): number {
  const flags = (bytes[2]! << 8) | bytes[3]!;
  return writer.write(emptyAnswer(RCODE.NOERROR), {
    id: (bytes[0]! << 8) | bytes[1]!,
    flags: (flags & (0x7800 | FLAG.RD | FLAG.CD)) | FLAG.RA | FLAG.TC,
    question: message?.question,
    edns: undefined,
    limit: UDP_PAYLOAD_CLASSIC,
    rotation: 0,
    signatures: false,
    glue: false,
  });
}

/**
 * Stage 8: stores the message just written by `encode`, if key and dependencies say all that it depends on.
 * OPT is left out: each hit gets one of its own.
 */
export function storeAnswer(cache: AnswerCache, q: Query, message: Message, writer: Writer): void {
  const answer = q.answer;
  if (!q.storable || answer.ede.length > 0 || answer.rcode > 15 || writer.truncated) return;
  if (writer.records === 0 || writer.records > TTL_OFFSETS_MAX || q.dependencies.length > DEPENDENCIES_MAX)
    return;
  const sets = [...answer.answer, ...answer.authority, ...answer.additional];
  const lifetime = q.authoritative ? AUTHORITATIVE_SECONDS : lowestTtl(sets);
  const variant =
    (message.edns?.dnssecOk ? VARIANT.DO : 0) | ((message.flags & FLAG.CD) !== 0 ? VARIANT.CD : 0);
  const turn = turnOf(answer, writer);
  withoutOpt(writer.out, message.edns !== undefined, () => {
    cache.store(q.view.index, variant, q.qtype, q.qname, {
      message: writer.out,
      length: writer.bodyLength,
      ttlOffsets: writer.ttlOffsets,
      ttlCount: writer.records,
      lifetime,
      ttlsStandStill: q.authoritative,
      ...turn,
      turned: message.id,
      dependencies: q.dependencies,
    });
  });
}

/** Authoritative answers end by their dependencies; the limit only keeps the time fields small. */
const AUTHORITATIVE_SECONDS = 86_400;
/** From here on hits go to the record cache, which prefetches in the last tenth of a record's life. */
const PREFETCH_SHARE = 0.9;
const PREFETCH_TTL_MIN = 10;

function lowestTtl(sets: Answer['answer']): number {
  const lowest = sets.reduce((least, set) => Math.min(least, set.ttl), Number.MAX_SAFE_INTEGER);
  return lowest >= PREFETCH_TTL_MIN ? Math.floor(lowest * PREFETCH_SHARE) : lowest;
}

/** Stores the header as it is without OPT, then puts it back for the response that is about to be sent. */
function withoutOpt(out: Uint8Array, hasOpt: boolean, store: () => void): void {
  const arcount = (out[10]! << 8) | out[11]!;
  if (hasOpt) {
    out[10] = (arcount - 1) >>> 8;
    out[11] = arcount - 1;
  }
  store();
  out[10] = arcount >>> 8;
  out[11] = arcount;
}

const NO_TURN = { turn: 0, turnAt: 0, turnSize: 0 };

/** An address RRset that ends the answer section and whose records are of one size can be turned on each hit. */
function turnOf(answer: Answer, writer: Writer): { turn: number; turnAt: number; turnSize: number } {
  const set = answer.answer.at(-1);
  if (set === undefined || set.rdatas.length < 2 || set.rdatas.length > 255 || set.sigs !== undefined)
    return NO_TURN;
  if (set.type !== TYPE.A && set.type !== TYPE.AAAA) return NO_TURN;
  const before = answer.answer.length - 1;
  let index = 0;
  for (let i = 0; i < before; i++)
    index += answer.answer[i]!.rdatas.length + (answer.answer[i]!.sigs?.length ?? 0);
  const size = 12 + set.rdatas[0]!.length;
  // The owner must be a two-octet pointer in each record: its TTL then stands six octets after the record's start.
  const at = writer.ttlOffsets[index]! - 6;
  const last = writer.ttlOffsets[index + set.rdatas.length - 1]! - 6;
  const isEven = last - at === size * (set.rdatas.length - 1) && (writer.out[at]! & 0xc0) === 0xc0;
  return isEven ? { turn: set.rdatas.length, turnAt: at, turnSize: size } : NO_TURN;
}
