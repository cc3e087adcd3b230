import { CLASS, FLAG, HEADER_OCTETS, OPCODE, OPTION, RCODE, UDP_PAYLOAD } from '../wire/constants.ts';
import { findOption } from '../wire/edns.ts';
import { WireError } from '../wire/error.ts';
import { type Message, opcodeOf, readMessage } from '../wire/message.ts';
import { foldOctet, type Name } from '../wire/name.ts';
import { octetsEqual } from '../wire/octets.ts';
import { type CookieEcho, readCookieEcho } from './clientcookie.ts';
import { PROTOCOL_TEXT, type Protocol } from './transport.ts';

/** What a reply must be a reply to (RFC 5452 section 9.1). Address and ports are the transport's part. */
export interface Asked {
  readonly id: number;
  /** As sent, octet for octet. */
  readonly name: Name;
  readonly type: number;
  readonly protocol: Protocol;
  /** An OPT record was sent. */
  readonly edns: boolean;
  /** The name was sent in random case, and must come back in it. */
  readonly case0x20: boolean;
  /** Octets that the OPT record said we take by UDP; undefined: UDP_PAYLOAD. */
  readonly payload?: number | undefined;
  /** The cookie that was sent; with `expected`, a reply by UDP without one is not believed. */
  readonly cookie?: AskedCookie | undefined;
}

export interface AskedCookie {
  readonly client: Uint8Array;
  readonly expected: boolean;
}

/**
 * What to make of a message that came back:
 * `ignore`: not provably an answer to this query; waiting goes on, for the true one may still come (TuDoor 2024
 * made resolvers give up on such packets). `switch`: someone is guessing, or the reply cannot be used by UDP: the
 * question is asked again by TCP. `without-edns`: the server refuses the OPT record. `bad-cookie`: it wants to be
 * asked with the cookie that it sends. `invalid`: over a connection, where nobody can forge it: the server is broken. `reply`:
 * the one.
 */
export type Match =
  | { readonly kind: 'ignore'; readonly why: IgnoreReason }
  | { readonly kind: 'switch'; readonly why: SwitchReason }
  | { readonly kind: 'without-edns' }
  | { readonly kind: 'bad-cookie'; readonly server: Uint8Array }
  | { readonly kind: 'invalid'; readonly why: string }
  | {
      readonly kind: 'reply';
      readonly message: Message;
      readonly caseKept: boolean;
      readonly cookie: CookieEcho;
    };

export type IgnoreReason = 'short' | 'not-a-reply' | 'opcode' | 'question-count' | 'question' | 'id';
export type SwitchReason = 'wrong-id' | 'case' | 'cookie' | 'oversize' | 'truncated' | 'malformed';

export function match(reply: Uint8Array, asked: Asked): Match {
  if (reply.length < HEADER_OCTETS) return { kind: 'ignore', why: 'short' };
  const flags = (reply[2]! << 8) | reply[3]!;
  if ((flags & FLAG.QR) === 0) return { kind: 'ignore', why: 'not-a-reply' };
  if (opcodeOf(flags) !== OPCODE.QUERY) return { kind: 'ignore', why: 'opcode' };
  // RFC 9619: exactly one question. Also where a server too old for EDNS sends a bare header: that is 16 bits to guess.
  if (((reply[4]! << 8) | reply[5]!) !== 1) return { kind: 'ignore', why: 'question-count' };
  if (!sameQuestion(reply, asked)) return { kind: 'ignore', why: 'question' };

  const sameId = ((reply[0]! << 8) | reply[1]!) === asked.id;
  const caseKept = octetsEqual(asked.name, reply, HEADER_OCTETS);
  if (asked.protocol !== 'udp')
    return sameId ? readReply(reply, asked, flags, caseKept) : { kind: 'ignore', why: 'id' };
  // From here a reply to this very question came to this very port: either it is the answer or someone is near.
  if (asked.case0x20 && !caseKept)
    return sameId ? { kind: 'switch', why: 'case' } : { kind: 'ignore', why: 'id' };
  if (!sameId) return { kind: 'switch', why: 'wrong-id' };
  // RFC 9715: larger ones were fragmented on the way, and the second fragment is easy to forge.
  if (reply.length > Math.max(UDP_PAYLOAD, asked.payload ?? 0)) return { kind: 'switch', why: 'oversize' };
  return readReply(reply, asked, flags, caseKept);
}

/** Name (but for case), type and class as asked. The name stands uncompressed: there is nothing before it to point to. */
function sameQuestion(reply: Uint8Array, asked: Asked): boolean {
  const end = HEADER_OCTETS + asked.name.length;
  if (reply.length < end + 4) return false;
  for (let i = 0; i < asked.name.length; i++)
    if (foldOctet(reply[HEADER_OCTETS + i]!) !== foldOctet(asked.name[i]!)) return false;
  return (
    ((reply[end]! << 8) | reply[end + 1]!) === asked.type &&
    ((reply[end + 2]! << 8) | reply[end + 3]!) === CLASS.IN
  );
}

/** The header and the question are right; now the rest. */
function readReply(reply: Uint8Array, asked: Asked, flags: number, caseKept: boolean): Match {
  // What follows a TC bit may be cut anywhere and is not looked at (RFC 2181 section 9).
  if ((flags & FLAG.TC) !== 0)
    return unusable(asked, 'truncated', `truncated reply by ${PROTOCOL_TEXT[asked.protocol]}`);
  const rcode = flags & 0x0f;
  // RFC 6891 section 7: what a server says that does not know EDNS. One that sends cookies knows it.
  const refusesEdns = asked.edns && (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP);
  if (refusesEdns && asked.cookie?.expected !== true) return { kind: 'without-edns' };
  try {
    const message = readMessage(reply, reply.length, caseKept ? asked.name : undefined);
    if (message.trailing > 0)
      return unusable(asked, 'malformed', `${message.trailing} octets after the last record`);
    const cookie = cookieOf(message, asked);
    const refused = asked.protocol === 'udp' ? judgeCookie(message, cookie, asked) : undefined;
    if (refused !== undefined) return refused;
    if (refusesEdns || (asked.edns && message.rcode === RCODE.BADVERS)) return { kind: 'without-edns' };
    return { kind: 'reply', message, caseKept, cookie };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return unusable(asked, 'malformed', `malformed reply: ${error.message}`);
  }
}

function unusable({ protocol }: Asked, why: 'truncated' | 'malformed', text: string): Match {
  return protocol === 'udp' ? { kind: 'switch', why } : { kind: 'invalid', why: text };
}

function cookieOf(message: Message, asked: Asked): CookieEcho {
  if (asked.cookie === undefined) return { kind: 'absent' };
  return readCookieEcho(findOption(message.edns, OPTION.COOKIE), asked.cookie.client);
}

/**
 * What is not believed by UDP for its cookie. RFC 7873 section 5.3 would have us wait on; a question by TCP, where
 * no forger can answer, tells at once whether it was the server.
 */
function judgeCookie(message: Message, cookie: CookieEcho, asked: Asked): Match | undefined {
  if (asked.cookie === undefined) return undefined;
  const wanted = asked.cookie.expected || message.rcode === RCODE.BADCOOKIE;
  switch (cookie.kind) {
    case 'foreign':
      return { kind: 'switch', why: 'cookie' };
    case 'absent':
      return wanted ? { kind: 'switch', why: 'cookie' } : undefined;
    case 'ours':
      return message.rcode === RCODE.BADCOOKIE ? { kind: 'bad-cookie', server: cookie.server } : undefined;
  }
}
