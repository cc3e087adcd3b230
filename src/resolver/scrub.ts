import { CLASS, RCODE, rcodeToText, TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import {
  fold,
  isAtOrBelow,
  labelCount,
  type Name,
  nameEquals,
  nameKey,
  nameToText,
  replaceSuffix,
  suffixOf,
} from '../wire/name.ts';
import { octetsEqual, octetsKey } from '../wire/octets.ts';
import type { Rr, Rrset } from '../wire/record.ts';
import { restoreCase } from './case.ts';

/**
 * What a reply is worth as an answer. Kept are the aliases that lead from the question's name, in order, and the
 * RRset of the asked type where they end; of a negative reply the SOA that covers that name; their signatures, and
 * NSEC and NSEC3 records, which only validation makes anything of. Nothing else is even looked at: no NS, no glue,
 * no neighbours, no additional section, so there is nothing with which a server (or who forges its replies) could
 * reach names that were not asked for (MaginotDNS 2023; CVE-2025-11411, CVE-2025-40778, CVE-2025-59023 were the
 * same by other doors).
 */
export type Scrubbed =
  | {
      readonly kind: 'answer';
      /** CNAMEs in order; a DNAME stands before the CNAME that it makes. */
      readonly chain: readonly Rrset[];
      readonly rrsets: readonly Rrset[];
      readonly proofs: readonly Rrset[];
    }
  /** The aliases lead to a name about which the reply says nothing: it is a question of its own. */
  | {
      readonly kind: 'alias';
      readonly chain: readonly Rrset[];
      readonly target: Name;
      readonly proofs: readonly Rrset[];
    }
  | {
      readonly kind: 'nodata' | 'nxdomain';
      readonly chain: readonly Rrset[];
      readonly name: Name;
      readonly soa: Rrset | undefined;
      readonly proofs: readonly Rrset[];
    }
  /** The name that the last DNAME of the chain would make is over 255 octets (RFC 6672 section 2.2): YXDOMAIN. */
  | { readonly kind: 'too-long'; readonly chain: readonly Rrset[]; readonly proofs: readonly Rrset[] }
  /** NS records of a name at or above the question's, with addresses of the servers that they name. */
  | {
      readonly kind: 'referral';
      readonly chain: readonly Rrset[];
      readonly proofs: readonly Rrset[];
      readonly ns: Rrset;
      readonly glue: readonly Rrset[];
    }
  /** Not an answer: another target is asked. */
  | { readonly kind: 'rcode'; readonly rcode: number }
  | { readonly kind: 'invalid'; readonly why: string };

/** A reply that says something about the question. */
export type Usable = Exclude<Scrubbed, { kind: 'rcode' | 'invalid' }>;

/** Aliases followed in one chain; Unbound's and BIND's limit. */
export const CHAIN_LINKS_MAX = 11;
/** Records of one RRset: more are an attack on whoever must answer them (CVE-2024-1737). */
export const RRSET_RECORDS_MAX = 256;
/** RRsets of one name, which only an ANY reply has. */
export const RRSET_TYPES_MAX = 100;
/** RRSIGs of one RRset that are kept: more than validation tries, and than keys roll over at once. */
export const RRSIGS_MAX = 16;
/** NSEC and NSEC3 RRsets of one reply: a wildcard NODATA proof by NSEC3 takes four, and so does a careless server's. */
export const PROOFS_MAX = 10;
/** Servers of a forwarder's referral whose addresses are taken. */
const REFERRED_SERVERS_MAX = 13;

export interface Question {
  /** As cached and answered: folded. */
  readonly name: Name;
  readonly type: number;
  /** As sent; differs from `name` in case only. */
  readonly sent: Name;
  /** The rule's domain, or the zone asked: a DNAME or an NSEC above it is none of the server's business. */
  readonly apex: Name;
  /** `apex` bounds the chain too: targets that are not at or below it are somebody else's. Absent: false. */
  readonly staysWithin?: boolean;
  /** A referral is of use. Absent: false. */
  readonly refersOn?: boolean;
}

export function scrub(message: Message, question: Question): Scrubbed {
  const { rcode } = message;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN && rcode !== RCODE.YXDOMAIN)
    return { kind: 'rcode', rcode };
  const walk = followAliases(message.answer, question);
  const proofs = proofsIn(message.authority, question);
  if (walk.kind === 'too-long') return { ...walk, proofs };
  if (walk.kind !== 'end') return walk;
  const { chain, name } = walk;
  if (walk.leaves) return { kind: 'alias', chain, target: name, proofs };
  if (rcode === RCODE.YXDOMAIN) return { kind: 'invalid', why: 'YXDOMAIN without a DNAME that explains it' };
  // Where the CNAME itself is the answer, or part of it, it goes with the DNAME that makes it and that is signed.
  const made = isAliasWanted(question) ? fromDname(message.answer, name, question) : undefined;
  if (typeof made === 'object' && made.length > 1)
    return { kind: 'answer', chain: made.slice(0, 1), rrsets: made.slice(1), proofs };
  const rrsets = rrsetsAt(message.answer, name, question);
  if (typeof rrsets === 'string') return { kind: 'invalid', why: rrsets };
  if (rrsets.length > 0) {
    if (rcode === RCODE.NXDOMAIN) return { kind: 'invalid', why: 'NXDOMAIN with an answer' };
    return { kind: 'answer', chain, rrsets, proofs };
  }
  return negative(message, question, chain, name, proofs);
}

const NO_RRSETS: readonly Rrset[] = [];

type Walk =
  | {
      readonly kind: 'end';
      readonly chain: readonly Rrset[];
      readonly name: Name;
      /** The last target is outside of what the server can speak for. */
      readonly leaves: boolean;
    }
  | {
      readonly kind: 'too-long';
      readonly chain: readonly Rrset[];
      readonly proofs: readonly Rrset[];
    }
  | { readonly kind: 'invalid'; readonly why: string };

/** From the question's name along CNAMEs and DNAMEs, wherever in the section they stand, to the name that has none. */
function followAliases(answer: readonly Rr[], question: Question): Walk {
  let chain: Rrset[] | undefined;
  let visited: Set<string> | undefined;
  let name = question.name;
  const stops = isAliasWanted(question);
  let links = 0;
  while (!stops && !hasType(answer, name, question.type)) {
    const link = linkAt(answer, name, question);
    if (link === undefined) break;
    if (typeof link === 'string') return { kind: 'invalid', why: link };
    if (links++ === CHAIN_LINKS_MAX)
      return { kind: 'invalid', why: `more than ${CHAIN_LINKS_MAX} aliases in a chain` };
    chain ??= [];
    chain.push(...link);
    if (link.at(-1)!.type === TYPE.DNAME) return { kind: 'too-long', chain, proofs: [] };
    name = link.at(-1)!.rdatas[0]!;
    const key = nameKey(name);
    visited ??= new Set([nameKey(question.name)]);
    if (visited.has(key)) return { kind: 'invalid', why: `alias loop at ${nameToText(name)}` };
    visited.add(key);
    if (question.staysWithin && !isAtOrBelow(name, question.apex))
      return { kind: 'end', chain, name, leaves: true };
  }
  return { kind: 'end', chain: chain ?? NO_RRSETS, name, leaves: false };
}

/**
 * The CNAME of `name`, or a DNAME and the CNAME that it makes, or a DNAME alone where that would be too long; a text
 * that says what is wrong; undefined where there is none of them.
 */
function linkAt(
  answer: readonly Rr[],
  name: Name,
  question: Question,
): readonly Rrset[] | string | undefined {
  const cname = rrsetAt(answer, name, TYPE.CNAME, question);
  if (typeof cname === 'string') return cname;
  // RFC 2181 section 10.1: an alias has one target.
  if (cname !== undefined && cname.rdatas.length > 1) return `${cname.rdatas.length} CNAMEs at one name`;
  const made = fromDname(answer, name, question);
  if (typeof made === 'string') return made;
  if (made === undefined) return cname && [cname];
  if (cname !== undefined && made[1] !== undefined && !nameEquals(cname.rdatas[0]!, made[1].rdatas[0]!))
    return `CNAME of ${nameToText(name)} is not what the DNAME above it makes`;
  return made;
}

/** RFC 6672 section 3: a DNAME above `name` and within the apex, and the CNAME that it makes, with its TTL. */
function fromDname(
  answer: readonly Rr[],
  name: Name,
  question: Question,
): readonly Rrset[] | string | undefined {
  const above = answer.find(
    (rr) =>
      rr.type === TYPE.DNAME &&
      rr.class === CLASS.IN &&
      rr.name.length < name.length &&
      isAtOrBelow(name, rr.name) &&
      isAtOrBelow(rr.name, question.apex),
  );
  if (above === undefined) return undefined;
  const dname = rrsetAt(answer, fold(above.name), TYPE.DNAME, question);
  if (typeof dname === 'string' || dname === undefined) return dname;
  if (dname.rdatas.length > 1) return `${dname.rdatas.length} DNAMEs at one name`;
  const target = replaceSuffix(name, dname.name, dname.rdatas[0]!);
  if (target === undefined) return [dname];
  return [dname, { name, type: TYPE.CNAME, ttl: dname.ttl, rdatas: [target] }];
}

/** An alias is itself what these types ask for (RFC 1034 section 3.6.2). */
function isAliasWanted({ type }: Question): boolean {
  return type === TYPE.CNAME || type === TYPE.ANY;
}

function hasType(records: readonly Rr[], name: Name, type: number): boolean {
  for (const rr of records)
    if (rr.type === type && rr.class === CLASS.IN && nameEquals(rr.name, name)) return true;
  return false;
}

/** The RRsets that answer the question at the end of its aliases: one, or all of the name for ANY. */
function rrsetsAt(answer: readonly Rr[], name: Name, question: Question): readonly Rrset[] | string {
  if (question.type !== TYPE.ANY) {
    const rrset = rrsetAt(answer, name, question.type, question);
    if (rrset === undefined) return NO_RRSETS;
    return typeof rrset === 'string' ? rrset : [rrset];
  }
  const types = typesAt(answer, name);
  if (types.length > RRSET_TYPES_MAX) return `more than ${RRSET_TYPES_MAX} types at one name`;
  const rrsets: Rrset[] = [];
  for (const type of types) {
    const rrset = rrsetAt(answer, name, type, question);
    if (typeof rrset === 'string') return rrset;
    if (rrset !== undefined) rrsets.push(rrset);
  }
  return rrsets;
}

/** Without RRSIG: the signatures go with what they sign. */
function typesAt(answer: readonly Rr[], name: Name): number[] {
  const here = answer.filter(
    (rr) => rr.class === CLASS.IN && rr.type !== TYPE.RRSIG && nameEquals(rr.name, name),
  );
  return [...new Set(here.map(({ type }) => type))];
}

/**
 * The records of one owner and type as an RRset under the owner name that was asked for: lowest TTL (RFC 2181
 * section 5.2), each rdata once (section 5). A text where there are too many.
 */
export function rrsetAt(
  records: readonly Rr[],
  name: Name,
  type: number,
  question: Question,
): Rrset | string | undefined {
  let rdatas: Rdatas | undefined;
  let sigs: Uint8Array[] | undefined;
  let ttl = 0xffffffff;
  for (const rr of records) {
    if (isSignatureOf(rr, name, type)) {
      sigs ??= [];
      if (sigs.length < RRSIGS_MAX) sigs.push(rr.rdata);
      continue;
    }
    if (rr.type !== type || rr.class !== CLASS.IN || !nameEquals(rr.name, name)) continue;
    if (question.sent !== question.name) restoreCase(type, rr.rdata, question.sent, question.name);
    ttl = Math.min(ttl, rr.ttl);
    if (rdatas === undefined) rdatas = new Rdatas(rr.rdata);
    else rdatas.add(rr.rdata);
    if (rdatas.list.length > RRSET_RECORDS_MAX) return `more than ${RRSET_RECORDS_MAX} records in an RRset`;
  }
  if (rdatas === undefined) return undefined;
  const { list } = rdatas;
  return sigs === undefined ? { name, type, ttl, rdatas: list } : { name, type, ttl, rdatas: list, sigs };
}

/** Rdata of one RRset, each once (RFC 2181 section 5). */
class Rdatas {
  readonly list: Uint8Array[];
  /** Where it is many, for comparing each with each would be what an attacker wants. */
  #seen: Set<string> | undefined = undefined;

  constructor(first: Uint8Array) {
    this.list = [first];
  }

  add(rdata: Uint8Array): void {
    if (this.#has(rdata)) return;
    this.list.push(rdata);
    this.#seen?.add(octetsKey(rdata));
  }

  #has(rdata: Uint8Array): boolean {
    if (this.list.length < COMPARED_MAX) {
      for (const known of this.list)
        if (known.length === rdata.length && octetsEqual(known, rdata)) return true;
      return false;
    }
    this.#seen ??= new Set(this.list.map((known) => octetsKey(known)));
    return this.#seen.has(octetsKey(rdata));
  }
}

/** Rdata compared one by one. Most RRsets have less. */
const COMPARED_MAX = 8;

/** An RRSIG that covers `type` at `name`; RRSIGs themselves are covered by none (RFC 4035 section 2.2). */
function isSignatureOf(rr: Rr, name: Name, type: number): boolean {
  if (rr.type !== TYPE.RRSIG || type === TYPE.RRSIG || rr.class !== CLASS.IN) return false;
  return ((rr.rdata[0]! << 8) | rr.rdata[1]!) === type && nameEquals(rr.name, name);
}

/** NSEC and NSEC3 RRsets within the apex, under folded names: the letters are those of the question as sent. */
export function proofsIn(authority: readonly Rr[], question: Question): readonly Rrset[] {
  let proofs: Rrset[] | undefined;
  for (const rr of authority) {
    if ((rr.type !== TYPE.NSEC && rr.type !== TYPE.NSEC3) || rr.class !== CLASS.IN) continue;
    if (proofs?.length === PROOFS_MAX) break;
    if (!isAtOrBelow(rr.name, question.apex)) continue;
    if (proofs?.some((proof) => proof.type === rr.type && nameEquals(proof.name, rr.name))) continue;
    const proof = rrsetAt(authority, fold(rr.name), rr.type, question);
    if (typeof proof !== 'object') continue;
    if (proofs === undefined) proofs = [proof];
    else proofs.push(proof);
  }
  return proofs ?? NO_RRSETS;
}

/** No data of the asked type at `name`, where the aliases end. */
function negative(
  message: Message,
  question: Question,
  chain: readonly Rrset[],
  name: Name,
  proofs: readonly Rrset[],
): Scrubbed {
  const soa = coveringSoa(message.authority, name, question);
  if (message.rcode === RCODE.NXDOMAIN) return { kind: 'nxdomain', chain, name, soa, proofs };
  if (soa !== undefined) return { kind: 'nodata', chain, name, soa, proofs };
  // An authoritative server that has the alias but not its target says no more than that.
  if (chain.length > 0) return { kind: 'alias', chain, target: name, proofs };
  // NS without SOA is a referral (RFC 2308 section 2.2): this target does not resolve for others.
  const refers = message.authority.find((rr) => rr.type === TYPE.NS && rr.class === CLASS.IN);
  if (refers !== undefined)
    return (
      (question.refersOn ? referral(message, question, fold(refers.name)) : undefined) ?? {
        kind: 'invalid',
        why: 'a referral instead of an answer',
      }
    );
  return { kind: 'nodata', chain, name, soa: undefined, proofs };
}

/** Downwards from the rule's domain to the question's name; glue of no other names than the servers'. */
function referral(message: Message, question: Question, zone: Name): Scrubbed | undefined {
  if (!isAtOrBelow(question.name, zone) || !isAtOrBelow(zone, question.apex)) return undefined;
  const ns = rrsetAt(message.authority, zone, TYPE.NS, question);
  if (typeof ns !== 'object') return undefined;
  const glue: Rrset[] = [];
  for (const name of ns.rdatas.slice(0, REFERRED_SERVERS_MAX))
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const set = rrsetAt(message.additional, fold(name), type, question);
      if (typeof set === 'object') glue.push(set);
    }
  return { kind: 'referral', chain: [], proofs: [], ns, glue };
}

/** The one SOA, at or above the name that it denies (RFC 2308 section 3); anything else is not kept. */
function coveringSoa(authority: readonly Rr[], name: Name, question: Question): Rrset | undefined {
  const soas = authority.filter(
    (rr) => rr.type === TYPE.SOA && rr.class === CLASS.IN && coversName(rr.name, name, question),
  );
  const first = soas[0];
  if (first === undefined || soas.some((rr) => !nameEquals(rr.name, first.name))) return undefined;
  // The owner in our own letters: in the reply it is mostly a pointer into the question.
  const owner = suffixOf(name, labelCount(first.name));
  const rrset = rrsetAt(authority, owner, TYPE.SOA, question);
  return typeof rrset === 'object' && rrset.rdatas.length === 1 ? rrset : undefined;
}

function coversName(owner: Name, name: Name, { apex, staysWithin }: Question): boolean {
  return isAtOrBelow(name, owner) && (!staysWithin || isAtOrBelow(owner, apex));
}

/** For EDE texts: what a reply that was no answer said. */
export function refusalToText(scrubbed: Extract<Scrubbed, { kind: 'rcode' | 'invalid' }>): string {
  return scrubbed.kind === 'rcode' ? `rcode=${rcodeToText(scrubbed.rcode)}` : scrubbed.why;
}
