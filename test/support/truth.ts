/** What is true of a name in the simulated Internet, from its zones alone: no packet, no cache, no resolver. */
import { rcodeToText, TYPE } from '../../src/wire/constants.ts';
import { encodeQuery, readMessage } from '../../src/wire/message.ts';
import {
  isAtOrBelow,
  type Name,
  nameEquals,
  nameFromText,
  nameKey,
  nameToText,
} from '../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { respond } from './authority.ts';
import type { Internet } from './internet.ts';
import { type Fault, type Security, type Verdict, verdictOf, type Zone } from './internet-zone.ts';
import { type Packet, rcodeOf } from './packet.ts';
import { labelsOf } from './sign.ts';
import { typeCode } from './simnet.ts';

export interface Truth {
  /** As the zones say. With `bogus` a validating resolver says SERVFAIL instead, unless the client said CD. */
  readonly rcode: string;
  /** `www.corp.test. A 192.0.2.1`, aliases first and in order, the rest sorted. */
  readonly answer: readonly string[];
  readonly security: Security;
}

/** Longer chains of aliases are nobody's truth here. */
const LINKS_MAX = 32;

export function truthOf(internet: Internet, name: string, type: string): Truth {
  const answer: Rr[] = [];
  const visited = new Set<string>();
  let security: Security = 'secure';
  let rcode = 0;
  for (let at: Name | undefined = nameFromText(name); at !== undefined; ) {
    if (visited.has(nameKey(at)) || visited.size > LINKS_MAX) break;
    visited.add(nameKey(at));
    const zone = internet.owner(at, typeCode(type) === TYPE.DS && at.length > 1);
    const packet = said(zone, at, typeCode(type));
    const walk = along(zone, at, typeCode(type), packet.answer);
    security = least(security, securityOf(internet, zone, walk.last, packet));
    answer.push(...walk.records);
    rcode = walk.next === undefined ? rcodeOf(packet) : 0;
    at = walk.next;
  }
  const aliases = answer.filter(isAlias).map(text);
  const rest = answer.filter((rr) => !isAlias(rr)).map(text);
  return { rcode: rcodeToText(rcode), answer: [...aliases, ...rest.sort()], security };

  function isAlias(rr: Rr): boolean {
    return (rr.type === TYPE.CNAME || rr.type === TYPE.DNAME) && rr.type !== typeCode(type);
  }
}

/** `name TYPE rdata` in lower case: how answers are compared. */
export function text(rr: Rr): string {
  return `${nameToText(rr.name)} ${typeToText(rr.type)} ${rdataToText(rr.type, rr.rdata)}`.toLowerCase();
}

function said(zone: Zone, name: Name, type: number): Packet {
  const edns = { payload: 65_535, version: 0, dnssecOk: true, options: [] };
  return respond(readMessage(encodeQuery({ id: 0, name, type, flags: 0, edns })), [zone.data]);
}

/** One name's part of an answer, up to where its aliases leave the zone or end. */
function along(
  zone: Zone,
  from: Name,
  type: number,
  answer: readonly Rr[],
): { records: Rr[]; last: Name; next: Name | undefined } {
  const records: Rr[] = [];
  let name = from;
  for (;;) {
    // A CNAME that a DNAME made comes after it, also where the CNAME is what was asked for.
    const dname = answer.find((rr) => rr.type === TYPE.DNAME && below(name, rr.name));
    if (dname !== undefined && !records.includes(dname)) records.push(dname);
    const own = answer.filter((rr) => nameEquals(rr.name, name) && (rr.type === type || type === TYPE.ANY));
    if (own.length > 0) return { records: [...records, ...own], last: name, next: undefined };
    const cname = answer.find((rr) => rr.type === TYPE.CNAME && nameEquals(rr.name, name));
    if (cname === undefined || records.includes(cname)) return { records, last: name, next: undefined };
    records.push(cname);
    name = cname.rdata;
    const leaves = !isAtOrBelow(name, zone.origin) || zone.data.cut(name, type) !== undefined;
    if (leaves) return { records, last: name, next: name };
  }
}

function below(name: Name, ancestor: Name): boolean {
  return name.length > ancestor.length && isAtOrBelow(name, ancestor);
}

const ORDER: readonly Security[] = ['bogus', 'insecure', 'secure'];

export function least(a: Security, b: Security): Security {
  return ORDER[Math.min(ORDER.indexOf(a), ORDER.indexOf(b))]!;
}

/** From the root down: each delegation is as good as what the parent signs and denies. */
export function verdictOn(zone: Zone): Verdict {
  const { parent } = zone;
  if (parent === undefined) return ofRoot(zone);
  const above = verdictOn(parent);
  const none = (security: Security): Verdict => ({ data: security, denial: security });
  if (above.data !== 'secure') return above.data === 'bogus' ? none('bogus') : none('insecure');
  if (zone.ds.length > 0) return verdictOf(zone.fault);
  if (above.denial === 'bogus' || zone.fault === 'missing-ds-proof') return none('bogus');
  return none('insecure');
}

function ofRoot(root: Zone): Verdict {
  return root.ds.length > 0 ? verdictOf(root.fault) : { data: 'insecure', denial: 'insecure' };
}

/** @param last where the aliases within the zone lead */
function securityOf(internet: Internet, zone: Zone, last: Name, packet: Packet): Security {
  const { data, denial } = verdictOn(zone);
  if (packet.question?.type === TYPE.DNSKEY && keysAreGood(zone)) return 'secure';
  const isNegative = packet.authority.some((rr) => rr.type === TYPE.SOA);
  if (!isNegative && !isMade(packet)) return data;
  const isDs = packet.question?.type === TYPE.DS && isNegative;
  if (data === 'secure' && isDs && lacksProof(internet, last)) return 'bogus';
  const rests = data === 'secure' && optsOut(zone) && restsOnGap(zone, last, packet);
  return least(data, rests ? least(denial, 'insecure') : denial);
}

/** Of a zone whose data is bogus the keys need not be: the DS stands for them. */
function keysAreGood(zone: Zone): boolean {
  const spared: readonly (Fault | undefined)[] = ['wrong-key', 'missing-rrsig', 'wrong-signature'];
  if (!spared.includes(zone.fault) || zone.signing === undefined) return false;
  return zone.parent === undefined || verdictOn(zone.parent).data === 'secure';
}

function lacksProof(internet: Internet, name: Name): boolean {
  const zone = internet.owner(name);
  return zone.fault === 'missing-ds-proof' && nameEquals(zone.origin, name);
}

/** By a wildcard: the signature counts fewer labels than the name has (RFC 4035 section 5.3.4). */
function isMade(packet: Packet): boolean {
  return packet.answer.some((rr) => rr.type === TYPE.RRSIG && rr.rdata[3]! < labelsOf(rr.name));
}

function optsOut(zone: Zone): boolean {
  const denial = zone.signing?.denial;
  return typeof denial === 'object' && denial.optOut === true;
}

/**
 * RFC 5155 section 9.2: what lies in an opt-out gap may exist unsigned, so its absence is not secure. Only a record
 * that matches the name itself rests on no gap.
 */
function restsOnGap(zone: Zone, last: Name, packet: Packet): boolean {
  return rcodeOf(packet) !== 0 || isMade(packet) || !zone.data.denial.matches(last);
}
