import { addressToText } from '../util/cidr.ts';
import { CLASS, FLAG, RCODE, rcodeToText, TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import { fold, isAtOrBelow, type Name, nameEquals, nameToText } from '../wire/name.ts';
import { octetsOf, type Rr, type Rrset } from '../wire/record.ts';
import type { ZoneCut } from './cut.ts';
import { proofsIn, type Question, refusalToText, rrsetAt, scrub, type Usable } from './scrub.ts';

/**
 * What an authoritative server's reply is. `usable`: an answer, an alias or a denial. `referral`: others know.
 * `lame`: this server does not serve the zone that it is said to. `throwaway`: it failed at this question.
 */
export type Judged =
  | { readonly kind: 'usable'; readonly scrubbed: Usable }
  | { readonly kind: 'referral'; readonly referral: Referral }
  | { readonly kind: 'lame'; readonly why: string }
  | { readonly kind: 'throwaway'; readonly why: string };

/** A delegation out of the authority section, nothing of it validated. */
export interface Referral {
  readonly zone: Name;
  readonly servers: readonly ReferredServer[];
  /** Seconds. */
  readonly ttl: number;
  readonly ds: Rrset | undefined;
  readonly proofs: readonly Rrset[];
  /** What the first who followed it made of it: those who waited for the same reply need not find out the same again. */
  cut?: ZoneCut;
}

export interface ReferredServer {
  /** Folded. */
  readonly name: Name;
  /** Addresses that came with the referral, in text. */
  readonly glue: readonly string[];
}

/** Name servers of a delegation that are kept, and of them used: Unbound's figure, and BIND's and PowerDNS's. */
export const SERVERS_KEPT_MAX = 20;
export const SERVERS_USED_MAX = 13;
/** Of those used, so many places are not for those with glue. */
const GLUELESS_MIN = 3;
/** Addresses of one name server. */
export const ADDRESSES_MAX = 6;

/** Judges a reply of a server that was asked as one of the servers of `question.apex`. */
export function judge(message: Message, question: Question): Judged {
  const { rcode } = message;
  switch (rcode) {
    case RCODE.NOERROR:
    case RCODE.NXDOMAIN:
    case RCODE.YXDOMAIN:
      break;
    case RCODE.REFUSED:
    case RCODE.NOTAUTH:
      return { kind: 'lame', why: `rcode=${rcodeToText(rcode)}` };
    default:
      return { kind: 'throwaway', why: `rcode=${rcodeToText(rcode)}` };
  }
  const cut = cutIn(message, question);
  if (cut !== undefined && !answers(message, question)) return judgeReferral(message, question, cut);
  const scrubbed = scrub(message, question);
  switch (scrubbed.kind) {
    case 'rcode':
    case 'invalid':
      return { kind: 'throwaway', why: refusalToText(scrubbed) };
    default:
      return judgeAnswer(message, scrubbed);
  }
}

/** The owner of the NS records in the authority section, if they are of one name. */
function cutIn(message: Message, question: Question): Name | undefined {
  if (message.rcode !== RCODE.NOERROR) return undefined;
  let owner: Name | undefined;
  for (const rr of message.authority) {
    if (rr.class !== CLASS.IN) continue;
    // RFC 2308 section 2.2: with an SOA it is no referral.
    if (rr.type === TYPE.SOA) return undefined;
    if (rr.type !== TYPE.NS || !isAtOrBelow(question.name, rr.name)) continue;
    // Of several owners the first on the way down from the asked zone counts; the others are nobody's business.
    if (owner === undefined || isNearer(rr.name, owner, question.apex)) owner = rr.name;
  }
  return owner;
}

/** Both stand above the question's name, so their lengths tell which is above the other. */
function isNearer(a: Name, b: Name, apex: Name): boolean {
  const isBelow = (name: Name): boolean => name.length > apex.length;
  return isBelow(a) === isBelow(b) ? isBelow(a) && a.length < b.length : isBelow(a);
}

/** There is something in the answer section that the question was for. */
function answers(message: Message, { name }: Question): boolean {
  return message.answer.some(
    (rr) =>
      rr.class === CLASS.IN &&
      (nameEquals(rr.name, name) || (rr.type === TYPE.DNAME && isAtOrBelow(name, rr.name))),
  );
}

function judgeReferral(message: Message, question: Question, cut: Name): Judged {
  const zone = fold(cut);
  // Downwards only: up, sideways or to itself it would lead in circles (RFC 1034 section 4.3.2 knows no such answer).
  if (zone.length <= question.apex.length || !isAtOrBelow(zone, question.apex)) {
    const isOwn = nameEquals(zone, question.apex);
    // The zone's own NS records beside an answer that there are no such records: the SOA is missing, no more.
    if (isOwn && (message.flags & FLAG.AA) !== 0) {
      const proofs = proofsIn(message.authority, question);
      return { kind: 'usable', scrubbed: { ...NOTHING, name: question.name, proofs } };
    }
    return { kind: 'lame', why: `refers to ${nameToText(zone)}` };
  }
  const referral = readReferral(message, question, zone);
  if (question.type === TYPE.DS && nameEquals(zone, question.name)) return judgeOwnReferral(referral);
  return referral.servers.length === 0
    ? { kind: 'throwaway', why: 'a referral to nobody' }
    : { kind: 'referral', referral };
}

/**
 * The DS records of a name are its parent's, and so the parent answers for them (RFC 4035 section 3.1.4.1). One that
 * refers to the child instead has said with the referral what there is.
 */
function judgeOwnReferral({ zone, ds, proofs }: Referral): Judged {
  if (ds !== undefined)
    return { kind: 'usable', scrubbed: { kind: 'answer', chain: [], rrsets: [ds], proofs } };
  if (proofs.length > 0) return { kind: 'usable', scrubbed: { ...NOTHING, name: zone, proofs } };
  return { kind: 'throwaway', why: 'refers to the child for its DS' };
}

const NOTHING = { kind: 'nodata', chain: [], soa: undefined } as const;

function readReferral(message: Message, question: Question, zone: Name): Referral {
  const names: Name[] = [];
  let ttl = Number.MAX_SAFE_INTEGER;
  for (const rr of message.authority) {
    if (rr.type !== TYPE.NS || rr.class !== CLASS.IN || !nameEquals(rr.name, zone)) continue;
    ttl = Math.min(ttl, rr.ttl);
    if (names.length < SERVERS_KEPT_MAX && !names.some((name) => nameEquals(name, rr.rdata)))
      names.push(fold(rr.rdata));
  }
  const { apex } = question;
  const servers = names.map((name): ReferredServer => {
    // Glue is taken for the servers of this referral only, and only of names that the asked zone can speak of.
    const glue = isAtOrBelow(name, apex) ? glueOf(message.additional, name) : NO_GLUE;
    return { name, glue };
  });
  const said = rrsetAt(message.authority, zone, TYPE.DS, question);
  const ds = typeof said === 'object' && octetsOf(said) <= KEYS_OCTETS_MAX ? said : undefined;
  const proofs = proofsIn(message.authority, question);
  const proofOctets = proofs.reduce((octets, proof) => octets + octetsOf(proof), 0);
  return { zone, servers: usedOf(servers), ttl, ds, proofs: proofOctets <= KEYS_OCTETS_MAX ? proofs : [] };
}

/**
 * Those whose addresses came with them first: of many servers a reply has no room for all addresses. Some others too, as
 * those addresses may be of no use here.
 */
function usedOf(servers: readonly ReferredServer[]): readonly ReferredServer[] {
  if (servers.length <= SERVERS_USED_MAX) return servers;
  const withGlue = servers.filter(({ glue }) => glue.length > 0).slice(0, SERVERS_USED_MAX - GLUELESS_MIN);
  const others = servers.filter((server) => !withGlue.includes(server));
  return [...withGlue, ...others].slice(0, SERVERS_USED_MAX);
}

const NO_GLUE: readonly string[] = [];

/**
 * What a delegation may say of the child's keys to be kept with it; of more, which no honest one has, validation asks
 * again. Delegations are kept by number, not by size.
 */
const KEYS_OCTETS_MAX = 6144;

/** Addresses that the section has for `name`, in text, each once. */
export function glueOf(additional: readonly Rr[], name: Name): string[] {
  const addresses: string[] = [];
  for (const rr of additional) {
    if ((rr.type !== TYPE.A && rr.type !== TYPE.AAAA) || rr.class !== CLASS.IN) continue;
    if (!nameEquals(rr.name, name) || addresses.length === ADDRESSES_MAX) continue;
    const address = addressToText(rr.rdata);
    if (!addresses.includes(address)) addresses.push(address);
  }
  return addresses;
}

/** Whether the server spoke as one that has the zone. */
function judgeAnswer(message: Message, scrubbed: Usable): Judged {
  if ((message.flags & FLAG.AA) !== 0) return { kind: 'usable', scrubbed };
  // A resolver that answers from its cache: what it says is not the zone's word.
  if ((message.flags & FLAG.RA) !== 0)
    return { kind: 'lame', why: 'answers as a resolver, without authority' };
  const isDenial = scrubbed.kind === 'nodata' || scrubbed.kind === 'nxdomain';
  if (isDenial && scrubbed.soa === undefined && scrubbed.proofs.length === 0)
    return { kind: 'lame', why: 'an empty reply without authority' };
  return { kind: 'usable', scrubbed };
}
