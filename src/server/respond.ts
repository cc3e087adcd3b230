import { type AnswerCache, type StoredAnswer, variantOf } from '../cache/answers.ts';
import type { ClientTransport } from '../telemetry/queryrecord.ts';
import type { Role } from '../view/snapshot.ts';
import {
  CLASS,
  EDE,
  FLAG,
  HEADER_OCTETS,
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
  ednsLength,
  findOption,
  keepaliveOption,
  nsidOption,
  pad,
  readClientSubnet,
} from '../wire/edns.ts';
import { WireError } from '../wire/error.ts';
import { type Message, readHead, readMessage } from '../wire/message.ts';
import { put16 } from '../wire/octets.ts';
import { type Answer, type Ede, emptyAnswer, type Rrset } from '../wire/record.ts';
import { type Frame, TTL_OFFSETS_MAX, type Writer } from '../wire/writer.ts';
import type { Query } from './query.ts';
import { edeOf } from './screen.ts';
import { type SubnetOption, subnetReply } from './subnet.ts';

/**
 * The two ends of the pipeline: what a query must look like before anything is looked up (RFC 8906: every query
 * gets an answer, and the right error), and how a decided answer is framed, encoded and stored.
 */

/** `message` of a query that is malformed holds what could be told of it. */
export type Admission =
  | { readonly verdict: 'answer'; readonly message: Message }
  | { readonly verdict: 'reject'; readonly message: Message; readonly rcode: number; readonly ede: Ede[] }
  | { readonly verdict: 'cookie'; readonly message: Message };

/** Stage 1 for a query of `length` octets, 12 or more. Never throws: whatever the bytes are, they get a verdict. */
export function admit(bytes: Uint8Array, length = bytes.length): Admission {
  const { message, isWhole } = readQuery(bytes, length);
  // An opcode that is not ours may give the rest of the message a meaning that the reader does not know.
  if (message.opcode !== OPCODE.QUERY)
    return reject(message, RCODE.NOTIMP, EDE.NOT_SUPPORTED, 'only opcode QUERY is served');
  if (!isWhole) return malformed(message, 'the message cannot be read to its end');
  const { edns, question } = message;
  if (edns !== undefined && edns.version !== 0)
    return reject(message, RCODE.BADVERS, EDE.NOT_SUPPORTED, 'only EDNS version 0 is spoken');
  // RFC 9619: more than one question is an error; none is one too, unless it asks for a cookie (RFC 7873 section 5.4).
  if (message.qdcount > 1) return malformed(message, 'more than one question');
  if (!hasGoodOptions(edns)) return malformed(message, 'a COOKIE or client subnet option is malformed');
  if (question === undefined)
    return cookieOf(edns) === undefined ? malformed(message, 'no question') : { verdict: 'cookie', message };
  if ((message.flags & FLAG.TC) !== 0) return malformed(message, 'a query with TC');
  if (message.trailing > 0) return malformed(message, 'octets after the end of the message');
  if (message.answer.length > 0) return malformed(message, 'a query with answers');
  return admitQuestion(message, question.type, question.class);
}

function readQuery(bytes: Uint8Array, length: number): { message: Message; isWhole: boolean } {
  try {
    return { message: readMessage(bytes, length), isWhole: true };
  } catch (error) {
    if (error instanceof WireError) return { message: readHead(bytes, length), isWhole: false };
    throw error;
  }
}

function admitQuestion(message: Message, type: number, klass: number): Admission {
  if (klass !== CLASS.IN) return reject(message, RCODE.REFUSED, EDE.NOT_SUPPORTED, 'only class IN is served');
  switch (type) {
    case TYPE.AXFR:
    case TYPE.IXFR:
      return reject(message, RCODE.REFUSED, EDE.NOT_SUPPORTED, 'zone transfers are not served');
    case TYPE.OPT:
    case 0:
      return malformed(message, 'this QTYPE cannot be asked for');
    case TYPE.TKEY:
    case TYPE.TSIG:
    case TYPE.MAILA:
    case TYPE.MAILB:
      return reject(message, RCODE.NOTIMP, EDE.NOT_SUPPORTED, 'this QTYPE has no data');
    default:
      return { verdict: 'answer', message };
  }
}

function reject(message: Message, rcode: number, code: number, text: string): Admission {
  return { verdict: 'reject', message, rcode, ede: [{ code, text }] };
}

function malformed(message: Message, text: string): Admission {
  return reject(message, RCODE.FORMERR, EDE.OTHER, text);
}

/** Options whose malformation is a FORMERR: cookies (RFC 7873 section 5.2.2) and client subnets (RFC 7871 section 7.1.2). */
function hasGoodOptions(edns: Edns | undefined): boolean {
  if (findOption(edns, OPTION.COOKIE) !== undefined && cookieOf(edns) === undefined) return false;
  const subnet = findOption(edns, OPTION.ECS);
  if (subnet === undefined) return true;
  try {
    // SCOPE PREFIX-LENGTH is the server's to say (section 6).
    return readClientSubnet(subnet).scopePrefix === 0;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** The COOKIE option, if it is of a length that one may have: the client's half, or both (RFC 7873 section 4). */
export function cookieOf(edns: Edns | undefined): Uint8Array | undefined {
  const cookie = findOption(edns, OPTION.COOKIE);
  if (cookie === undefined) return undefined;
  return cookie.length === 8 || (cookie.length >= 16 && cookie.length <= 40) ? cookie : undefined;
}

/** Facts about the client's side that the frame needs. */
export interface Framing {
  readonly transport: ClientTransport;
  readonly serves: Role;
  /** The whole COOKIE option to send back, or undefined. */
  readonly cookie: Uint8Array | undefined;
  readonly nsid: Uint8Array | undefined;
  /** The client's, where it may send one; undefined: none goes back, as from a server that does not know it. */
  readonly subnet: SubnetOption | undefined;
  /** See Query. */
  readonly scopeBits: number;
  /** How long an idle TCP connection is kept, milliseconds: a sum over all workers, made where it is told. */
  readonly idleMs: () => number;
  readonly rotation: number;
  /** With signatures, as the client wants them and its view shows them. */
  readonly signatures: boolean;
}

/** Encodes `answer` as the response to `message`. Returns its length. */
export function encode(writer: Writer, message: Message, answer: Answer, framing: Framing): number {
  const { edns: query } = message;
  let length = writer.write(answer, frameOf(message, answer, answer.ede, framing, 0));
  // EDEs go before data goes, and TC tells of it (RFC 8914 section 3).
  if (writer.truncated && query !== undefined && answer.ede.length > 0)
    length = writer.write(answer, frameOf(message, answer, NO_EDE, framing, FLAG.TC));
  return isToBePadded(query, framing.transport) ? pad(writer.out, length, writer.bodyLength) : length;
}

const NO_EDE: readonly Ede[] = [];

/** @param flags more than those of the query */
function frameOf(
  message: Message,
  answer: Answer,
  ede: readonly Ede[],
  framing: Framing,
  flags: number,
): Frame {
  const { question, edns: query } = message;
  const limit = responseLimit(query, framing.transport);
  const room = limit - HEADER_OCTETS - (question === undefined ? 0 : question.name.length + 4);
  return {
    id: message.id,
    flags: echoedFlags(message, framing.serves) | flags,
    question,
    edns: query === undefined ? undefined : responseEdns(query, ede, framing, room),
    limit,
    rotation: framing.rotation,
    signatures: framing.signatures,
    glue: isReferral(answer),
    hidesAd: !isAdWanted(message),
  };
}

/** Nothing else has NS there. */
function isReferral({ authority }: Answer): boolean {
  for (const { type } of authority) if (type === TYPE.NS) return true;
  return false;
}

/** Who sees nothing but lengths shall learn nothing by them; only where the client pads as well (RFC 7830 section 4). */
function isToBePadded(query: Edns | undefined, transport: ClientTransport): boolean {
  return isEncrypted(transport) && findOption(query, OPTION.PADDING) !== undefined;
}

/** Others on the way see lengths only. */
export function isEncrypted(transport: ClientTransport): boolean {
  return transport === 'dot' || transport === 'doh';
}

/** RFC 7828 section 3.2.1: not by UDP, and to clients that speak of it. HTTP keeps its connections itself. */
export function tellsKeepalive(transport: ClientTransport): boolean {
  return transport === 'tcp' || transport === 'dot';
}

/** AD is for those who know what it means: they said DO or AD themselves (RFC 6840 sections 5.7 and 5.8). */
function isAdWanted({ flags, edns }: Message): boolean {
  return (flags & FLAG.AD) !== 0 || edns?.dnssecOk === true;
}

/**
 * Opcode, RD and CD are copied (RFC 1035 section 4.1.1, RFC 4035 section 3.2.2); RA says that we recurse or forward.
 * An authority copies no CD (section 3.1.6).
 */
function echoedFlags({ flags }: Message, serves: Role): number {
  const copied = flags & (0x7800 | FLAG.RD);
  return serves === 'authority' ? copied : copied | (flags & FLAG.CD) | FLAG.RA;
}

function responseLimit(query: Edns | undefined, transport: ClientTransport): number {
  if (transport !== 'udp') return MESSAGE_OCTETS_MAX;
  return query === undefined ? UDP_PAYLOAD_CLASSIC : Math.min(query.payload, UDP_PAYLOAD);
}

/** EDEs in one response; more would say nothing new and grow it. */
const EDES_MAX = 3;

/** `room`: octets that OPT may take. What does not fit is left out; of an EDE its text first. */
function responseEdns(query: Edns, ede: readonly Ede[], framing: Framing, room: number): Edns {
  const options: EdnsOption[] = [];
  if (framing.cookie !== undefined) add(options, { code: OPTION.COOKIE, data: framing.cookie }, room);
  if (framing.subnet !== undefined) add(options, subnetReply(framing.subnet, framing.scopeBits), room);
  if (framing.nsid !== undefined && findOption(query, OPTION.NSID) !== undefined)
    add(options, nsidOption(framing.nsid), room);
  if (tellsKeepalive(framing.transport) && findOption(query, OPTION.KEEPALIVE) !== undefined)
    add(options, keepaliveOption(framing.idleMs()), room);
  for (let i = 0; i < ede.length && i < EDES_MAX; i++) {
    const { code, text } = ede[i]!;
    if (!add(options, edeOption(code, text), room)) add(options, edeOption(code, ''), room);
  }
  return { payload: UDP_PAYLOAD, version: 0, dnssecOk: query.dnssecOk, options };
}

/** False where it does not fit. */
function add(options: EdnsOption[], option: EdnsOption, room: number): boolean {
  if (ednsLength(options) + 4 + option.data.length > room) return false;
  options.push(option);
  return true;
}

/** The response to a client over its rate: its own question with TC, never larger than what it sent. */
export function encodeSlip(writer: Writer, message: Message, serves: Role): number {
  const { question, edns: query } = message;
  return writer.write(emptyAnswer(RCODE.NOERROR), {
    id: message.id,
    flags: echoedFlags(message, serves) | FLAG.TC,
    question,
    edns: query && { payload: UDP_PAYLOAD, version: 0, dnssecOk: query.dnssecOk, options: [] },
    limit: UDP_PAYLOAD_CLASSIC,
    rotation: 0,
    signatures: false,
    glue: false,
  });
}

/**
 * Stage 10: stores the message just written by `encode`, if key and dependencies say all that it depends on.
 * OPT is left out: each hit gets one of its own.
 */
export function storeAnswer(cache: AnswerCache, q: Query, message: Message, writer: Writer): void {
  const answer = q.answer;
  // A firewall's answer holds until the firewall changes, and hits tell of it as the rule says.
  const told = edeOf(q.blockedBy?.action);
  if (!q.storable || answer.rcode > 15 || !writer.complete) return;
  for (const { code } of answer.ede) if (code !== told) return;
  // TC may say that only the reason was left out.
  if ((writer.out[2]! & (FLAG.TC >>> 8)) !== 0) return;
  // No record: nothing says for how long it holds (RFC 2308 section 5), or it was not this answer that was sent.
  const isKnown = writer.records > 0 || (told !== undefined && q.authoritative);
  if (!isKnown || writer.records > TTL_OFFSETS_MAX) return;
  const lifetime = q.authoritative ? AUTHORITATIVE_SECONDS : learnedLifetime(answer, q.ageSeconds);
  const variant = variantOf(q.dnssecOk, q.checkingDisabled);
  const turn = turnOf(answer, writer, q.dnssecOk);
  const { choice } = q;
  if (choice !== undefined)
    cache.storeFork(
      q.view.index,
      variant,
      q.qtype,
      q.qname,
      choice,
      choice.dependencies,
      AUTHORITATIVE_SECONDS,
    );
  const stored = {
    message: writer.out,
    length: writer.bodyLength,
    ttlOffsets: writer.ttlOffsets,
    ttlCount: writer.records,
    lifetime,
    ttlsStandStill: q.authoritative,
    turn: turn.turn,
    turnAt: turn.turnAt,
    turnSize: turn.turnSize,
    turned: message.id,
    dependencies: q.dependencies,
    verdict: q.verdict,
  };
  const sent = asStored(writer.out, message.edns !== undefined, answer.ad);
  cache.store(q.view.index, variant, q.qtype, q.qname, stored, choice);
  asSent(writer.out, message.edns !== undefined, sent);
}

/** Authoritative answers end by their dependencies; the limit only keeps the time fields small. */
const AUTHORITATIVE_SECONDS = 86_400;
/** In the last tenth of a record's life hits go to the record cache, which asks for it again (cache/ttl). */
const PREFETCH_PART = 10;
const PREFETCH_TTL_MIN = 10;

/** Seconds that an answer may be given for its records of this age, 0 where it is not to be stored. */
function learnedLifetime({ answer, authority, additional }: Answer, ageSeconds: number): number {
  const lowest = Math.min(leastTtl(answer), leastTtl(authority), leastTtl(additional));
  const whole = lowest + ageSeconds;
  return whole < PREFETCH_TTL_MIN ? lowest : Math.max(0, lowest - Math.ceil(whole / PREFETCH_PART));
}

function leastTtl(sets: readonly Rrset[]): number {
  let least = Number.MAX_SAFE_INTEGER;
  for (const { ttl } of sets) least = Math.min(least, ttl);
  return least;
}

/**
 * Makes the header as it is without OPT, and with AD for those who will want it. Returns the octet that `asSent` puts
 * back for the response that is about to be sent.
 */
function asStored(out: Uint8Array, hasOpt: boolean, ad: boolean): number {
  const flags = out[3]!;
  if (ad) out[3] = flags | FLAG.AD;
  if (hasOpt) put16(out, ARCOUNT_AT, ((out[ARCOUNT_AT]! << 8) | out[ARCOUNT_AT + 1]!) - 1);
  return flags;
}

function asSent(out: Uint8Array, hasOpt: boolean, flags: number): void {
  out[3] = flags;
  if (hasOpt) put16(out, ARCOUNT_AT, ((out[ARCOUNT_AT]! << 8) | out[ARCOUNT_AT + 1]!) + 1);
}

const ARCOUNT_AT = 10;

type Turn = Pick<StoredAnswer, 'turn' | 'turnAt' | 'turnSize'>;
const NO_TURN: Turn = { turn: 0, turnAt: 0, turnSize: 0 };

/** An address RRset that ends the answer section and whose records are of one size can be turned on each hit. */
function turnOf(answer: Answer, writer: Writer, signatures: boolean): Turn {
  const set = answer.answer.at(-1);
  if (set === undefined || (set.type !== TYPE.A && set.type !== TYPE.AAAA)) return NO_TURN;
  const { out, ttlOffsets } = writer;
  const turn = set.rdatas.length;
  const ancount = (out[6]! << 8) | out[7]!;
  const first = ancount - turn - (signatures ? (set.sigs?.length ?? 0) : 0);
  const turnSize = 12 + set.rdatas[0]!.length;
  // The owner must be a two-octet pointer in each record: its TTL then stands six octets after the record's start.
  const turnAt = ttlOffsets[first]! - 6;
  const last = ttlOffsets[first + turn - 1]! - 6;
  const isEven = last - turnAt === turnSize * (turn - 1) && (out[turnAt]! & 0xc0) === 0xc0;
  return turn > 1 && isEven ? { turn, turnAt, turnSize } : NO_TURN;
}
