import { assert } from '../util/assert.ts';
import { TYPE } from '../wire/constants.ts';
import { type Name, replaceSuffix } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { glueOf } from './address.ts';
import { dependencyHash } from './dependency.ts';
import { FLAG, NONE } from './layout.ts';
import type { Zone } from './zone.ts';

/**
 * What one zone says to one question (RFC 1034 section 4.3.2 step 3, with RFC 4592 and 6672):
 *
 *   Find the longest suffix of qname that exists: qname itself, or its closest encloser. Empty non-terminals
 *   exist (RFC 4592 section 2.2.2).
 *
 *   If a zone cut or a DNAME lies above it, the topmost one decides:
 *     - at or below a cut: DELEGATION with the NS and glue. Only DS at the cut itself is the parent's to answer
 *       (RFC 4035 section 3.1.4.1).
 *     - below a DNAME, and never at it: DNAME, with the CNAME made from it, to be followed unless it was asked
 *       for; or DNAME-TOO-LONG.
 *
 *   If qname exists: its RRset is a HIT; ANY gets one of its RRsets (RFC 8482 section 4.1); a CNAME is to be
 *   followed unless it was asked for; otherwise NODATA. Where record sets stand for the RRset, one of them is to be
 *   chosen: ROUTED.
 *
 *   If it does not: where the closest encloser has the child `*`, the same as above with the data of that child
 *   and qname as the owner (RFC 4592 section 3.3.1). A wildcard further up never applies. Otherwise NXDOMAIN.
 *
 * The result lists what it depends on: the owner asked; for a wildcard its name and the closest encloser, for
 * NXDOMAIN the closest encloser; for a delegation the cut and the owners of glue outside of it.
 */
export function lookup(zone: Zone, qname: Name, qtype: number): ZoneResult {
  const closest = zone.closest(qname);
  assert(closest >= 0, 'a zone is asked only for names in it');
  const exists = zone.nameLength(closest) === qname.length;
  const top = zone.top(closest);
  const isTop = exists && top === closest;
  const flags = zone.flags(top);
  if ((flags & FLAG.CUT) !== 0 && !(isTop && qtype === TYPE.DS)) return delegation(zone, top);
  if ((flags & FLAG.DNAME) !== 0 && !isTop) return dname(zone, top, qname, qtype);
  if (exists) return answer(zone, closest, qname, qtype, [dependencyHash(zone.id, qname)]);
  const wildcard = zone.wildcard(closest);
  const encloser = dependencyHash(zone.id, zone.nameOf(closest));
  if (wildcard === NONE) return { kind: 'nxdomain', soa: zone.negativeSoa, node: closest, deps: [encloser] };
  const source = dependencyHash(zone.id, zone.nameOf(wildcard));
  return answer(zone, wildcard, qname, qtype, [source, encloser]);
}

/** `node` is the node that decided, for those who explain: the owner, wildcard, encloser, cut or DNAME. */
export type ZoneResult = (
  | { readonly kind: 'hit'; readonly rrset: Rrset }
  | { readonly kind: 'any'; readonly rrset: Rrset }
  /** Which of the group's record sets answers depends on the client: routing/choose. A CNAME is to be followed as above. */
  | { readonly kind: 'routed'; readonly group: number; readonly owner: Name }
  /** What such a choice may lead to: records of `type` that another name has, to be told under the name of the owner. */
  | { readonly kind: 'alias'; readonly owner: Name; readonly type: number; readonly target: Name }
  | { readonly kind: 'nodata'; readonly soa: Rrset }
  | { readonly kind: 'nxdomain'; readonly soa: Rrset }
  | Delegation
  | { readonly kind: 'cname'; readonly rrset: Rrset; readonly target: Name }
  /** `target` is undefined where the CNAME made from the DNAME is what was asked for (CNAME, ANY). */
  | {
      readonly kind: 'dname';
      readonly rrset: Rrset;
      readonly cname: Rrset;
      readonly target: Name | undefined;
    }
  /** The new name would be over 255 octets: YXDOMAIN, with the DNAME (RFC 6672 section 2.2). */
  | { readonly kind: 'dname-too-long'; readonly rrset: Rrset }
) & {
  readonly node: number;
  /** `dependencyHash`es. An answer with more of them than an entry holds is not stored. */
  readonly deps: readonly number[];
};

/** A result in which no choice is open. */
export type Settled = Exclude<ZoneResult, { kind: 'routed' }>;

export interface Delegation {
  readonly kind: 'delegation';
  readonly cut: Name;
  readonly ns: Rrset;
  readonly glue: readonly Rrset[];
  /** How many of `glue`, from its start, must not be left out without TC (RFC 9471). */
  readonly requiredGlue: number;
}

function answer(zone: Zone, node: number, qname: Name, qtype: number, deps: number[]): ZoneResult {
  const isAny = qtype === TYPE.ANY && zone.rrsetsOf(node) > 0;
  let index = isAny ? smallestOf(zone, node) : zone.indexOf(node, qtype);
  const isCname = index < 0 && (zone.flags(node) & FLAG.CNAME) !== 0;
  if (isCname) index = zone.indexOf(node, TYPE.CNAME);
  if (index < 0) return { kind: 'nodata', soa: zone.negativeSoa, node, deps };
  const records = zone.recordsOf(index);
  if (records < 0) return { kind: 'routed', group: zone.groupAt(index), owner: qname, node, deps };
  const rrset = zone.rrsetAt(records, qname);
  if (isCname) return { kind: 'cname', rrset, target: rrset.rdatas[0]!, node, deps };
  return { kind: isAny ? 'any' : 'hit', rrset, node, deps };
}

/** The RRset with the fewest octets, signatures and NSEC last, groups after all: what ANY is worth to one who amplifies. */
function smallestOf(zone: Zone, node: number): number {
  const first = zone.firstOf(node);
  let best = first;
  let least = Number.POSITIVE_INFINITY;
  for (let i = first; i < first + zone.rrsetsOf(node); i++) {
    const type = zone.typeAt(i);
    const records = zone.recordsOf(i);
    if (records < 0) continue;
    const octets = zone.storedAt(records).length + (type === TYPE.RRSIG || type === TYPE.NSEC ? 1 << 16 : 0);
    if (octets < least) {
      least = octets;
      best = i;
    }
  }
  return best;
}

function delegation(zone: Zone, node: number): ZoneResult {
  const cut = zone.nameOf(node);
  const ns = zone.rrset(node, TYPE.NS, cut)!;
  const deps = [dependencyHash(zone.id, cut)];
  const glue = glueOf(zone, ns, cut, deps);
  return { kind: 'delegation', cut, ns, glue: glue.rrsets, requiredGlue: glue.required, node, deps };
}

function dname(zone: Zone, node: number, qname: Name, qtype: number): ZoneResult {
  const owner = zone.nameOf(node);
  const rrset = zone.rrset(node, TYPE.DNAME, owner)!;
  const deps = [dependencyHash(zone.id, owner)];
  const name = replaceSuffix(qname, owner, rrset.rdatas[0]!);
  if (name === undefined) return { kind: 'dname-too-long', rrset, node, deps };
  // RFC 6672 section 3.1: the CNAME has the TTL of the DNAME.
  const cname = { name: qname, type: TYPE.CNAME, ttl: rrset.ttl, rdatas: [name] };
  const target = qtype === TYPE.CNAME || qtype === TYPE.ANY ? undefined : name;
  return { kind: 'dname', rrset, cname, target, node, deps };
}
