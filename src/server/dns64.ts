import type { CidrTable } from '../util/cidr.ts';
import { RCODE, TYPE } from '../wire/constants.ts';
import { nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Query } from './query.ts';

/**
 * DNS64 (RFC 6147): clients that speak IPv6 only get an address under the prefix of a NAT64 for each IPv4 address
 * of a name that has no other. Any A record counts, wherever it comes from: as in AWS, where the NAT64 is part of
 * the VPC, the well-known prefix may also stand for its private addresses (which RFC 6052 section 3.1 forbids on
 * the Internet).
 */
export interface Dns64Rules {
  /** 16 octets, zero after the prefix. */
  readonly prefix: Uint8Array;
  /** 32, 40, 48, 56, 64 or 96. */
  readonly prefixBits: number;
  /** AAAA addresses that count as none (section 5.1.4). */
  readonly exclude: CidrTable;
}

/** Seconds: the most that synthesized records live where no SOA says so (section 5.1.7). */
export const SYNTHESIZED_TTL_MAX = 600;

/** RFC 6052 section 2.2: bits 64 to 71 are zero in every IPv4-embedded address, and the IPv4 address goes round them. */
const ZERO_OCTET = 8;

export function embed({ prefix, prefixBits }: Dns64Rules, ipv4: Uint8Array): Uint8Array {
  const out = prefix.slice();
  let at = prefixBits / 8;
  for (const octet of ipv4) {
    if (at === ZERO_OCTET) at++;
    out[at++] = octet;
  }
  return out;
}

/** The IPv4 address in `ipv6`, or undefined where it is not under the prefix. */
export function extract({ prefix, prefixBits }: Dns64Rules, ipv6: Uint8Array): Uint8Array | undefined {
  let at = prefixBits / 8;
  for (let i = 0; i < at; i++) if (ipv6[i] !== prefix[i]) return undefined;
  if (ipv6[ZERO_OCTET] !== 0) return undefined;
  const ipv4 = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    if (at === ZERO_OCTET) at++;
    ipv4[i] = ipv6[at++]!;
  }
  return ipv4;
}

/**
 * Where the whole chain is known to end without an AAAA that may be used, asks for A and makes AAAA records of it.
 * @param walk asks a question through the same stages
 */
export function synthesizeAaaa(
  q: Query,
  walk: (q: Query) => undefined | Promise<undefined>,
): undefined | Promise<undefined> {
  const rules = q.settings.dns64;
  if (rules === undefined || q.qtype !== TYPE.AAAA || isForValidator(q) || !mayLack(q)) return undefined;
  const { answer } = q.answer;
  const found = answer.at(-1)?.type === TYPE.AAAA ? answer.at(-1)! : undefined;
  const usable = found?.rdatas.filter((address) => rules.exclude.lookup(address) < 0) ?? [];
  if (found !== undefined && usable.length > 0) {
    if (usable.length < found.rdatas.length) replaceLast(q, { ...unsigned(found), rdatas: usable });
    return undefined;
  }
  // A firewall judges the question for A as the client's own, from its first name on.
  const isAnew = q.unanswered || q.settings.firewall !== undefined;
  const sub = q.sub(isAnew ? q.qname : q.current, TYPE.A, true);
  q.trace?.step('dns64', `${nameToText(sub.qname)} has no AAAA record that may be used; A is asked for`);
  const waiting = walk(sub);
  const chain = isAnew ? [] : found === undefined ? answer : answer.slice(0, -1);
  const take = (): undefined => merge(q, sub, chain, rules, found === undefined && !q.unanswered);
  return waiting === undefined ? take() : waiting.then(take);
}

/** RFC 6147 section 5.5 item 3: who says DO and CD checks, and synthesizes, by itself. */
export function isForValidator(q: Query): boolean {
  return q.dnssecOk && q.checkingDisabled;
}

/**
 * True if the answer leaves room for there being no AAAA record. An NXDOMAIN stands (section 5.1.2). Any other error
 * counts as an empty answer (section 5.1.3), but not where the denial was to be validated: what could not be
 * validated may hide an AAAA record (section 5.5 item 2). A referral says nothing.
 */
function mayLack(q: Query): boolean {
  if (q.trace?.known === false) return false;
  const { blockedBy } = q;
  // As in AWS: a rule for AAAA records is not for those that are made.
  if (blockedBy !== undefined && blockedBy.qtype !== TYPE.AAAA) return false;
  if (blockedBy !== undefined) return q.answer.answer.length === 0;
  if (q.answer.rcode !== RCODE.NOERROR) return q.unanswered && q.answer.rcode !== RCODE.NXDOMAIN;
  return !q.answer.authority.some(({ type }) => type === TYPE.NS);
}

/** Records that are not as they were signed: nobody could validate them. */
function unsigned({ name, type, ttl, rdatas }: Rrset): Rrset {
  return { name, type, ttl, rdatas };
}

/** AD then says that all it was made of was validated, and only to who asks for signatures (section 5.5 item 1, 2). */
function replaceLast(q: Query, set: Rrset): void {
  q.answer.answer = [...q.answer.answer.slice(0, -1), set];
  q.secure = q.secure && q.dnssecOk;
}

/** Section 5.1.6: what was learned of A is the answer, be it an error, except that two denials are told as one. */
function merge(
  q: Query,
  sub: Query,
  chain: readonly Rrset[],
  rules: Dns64Rules,
  isDenied: boolean,
): undefined {
  const { verdict, blockedBy } = q;
  q.restOn(sub);
  const { answer } = sub.answer;
  const isMade = answer.at(-1)?.type === TYPE.A;
  const isTold = q.unanswered || (isMade && blockedBy !== undefined);
  if (isDenied && !isMade && sub.answer.rcode === RCODE.NOERROR) {
    q.verdict = verdict;
    return;
  }
  const soa = q.answer.authority.find(({ type }) => type === TYPE.SOA);
  q.source = sub.source;
  if (q.links === 0) q.answer.aa = sub.answer.aa;
  q.answer.rcode = sub.answer.rcode;
  // Why nobody told of AAAA records is of no interest any more.
  q.answer.ede = isTold ? sub.answer.ede : [...q.answer.ede, ...sub.answer.ede];
  if (isMade && blockedBy !== undefined) q.verdict = sub.verdict;
  q.answer.authority = isMade ? [] : sub.answer.authority;
  q.answer.additional = [];
  const isError =
    answer.length === 0 && sub.answer.rcode !== RCODE.NOERROR && sub.answer.rcode !== RCODE.NXDOMAIN;
  q.answer.answer = isError ? [] : [...chain, ...answer];
  q.secure = q.secure && sub.secure;
  if (isMade) replaceLast(q, synthesized(answer.at(-1)!, soa, rules));
}

function synthesized({ name, ttl, rdatas }: Rrset, soa: Rrset | undefined, rules: Dns64Rules): Rrset {
  return {
    name,
    type: TYPE.AAAA,
    ttl: Math.min(ttl, soa?.ttl ?? SYNTHESIZED_TTL_MAX),
    rdatas: rdatas.map((ipv4) => embed(rules, ipv4)),
  };
}
