import { TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals, nameKey, nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { dependencyHash } from './dependency.ts';
import { APEX, FLAG, NONE, OCCLUDED } from './layout.ts';
import type { Problems } from './problem.ts';
import type { Zone } from './zone.ts';

/** Names whose addresses go into one additional section: as many as BIND adds. */
export const ADDITIONAL_NAMES_MAX = 13;

export interface Glue {
  /** Addresses of name servers at or below the cut first: without them the delegation cannot be followed. */
  readonly rrsets: readonly Rrset[];
  /** How many of `rrsets` those are: where they do not fit, TC must be set (RFC 9471 section 3.1). */
  readonly required: number;
}

/**
 * Glue for the NS records of a cut: of name servers inside the delegated zone all, of others that this zone
 * knows the addresses of (siblings, RFC 9471 section 3.2) as long as the names do not exceed ADDITIONAL_NAMES_MAX.
 * What the glue of the others depends on is added to `deps`; for the rest the cut stands.
 */
export function glueOf(zone: Zone, ns: Rrset, cut: Name, deps: number[]): Glue {
  const inside: Rrset[] = [];
  const beside: Rrset[] = [];
  let names = 0;
  for (const target of ns.rdatas) {
    const isInside = isAtOrBelow(target, cut);
    if (!isInside && names >= ADDITIONAL_NAMES_MAX) continue;
    const host = hostOf(zone, target);
    const addresses = host < 0 ? [] : addressesOf(zone, host, target);
    if (addresses.length === 0) continue;
    names++;
    (isInside ? inside : beside).push(...addresses);
    if (!isInside) depend(zone, host, target, deps);
  }
  return { rrsets: [...inside, ...beside], required: inside.length };
}

/**
 * The A and AAAA RRsets, where this zone has them with authority, of the names that the records of `rrsets` lead
 * to: MX, SRV, NS, SVCB, HTTPS, NAPTR. At most ADDITIONAL_NAMES_MAX names. What they depend on is added to `deps`.
 */
export function additionalFor(zone: Zone, rrsets: readonly Rrset[], deps: number[] = []): Rrset[] {
  const additional: Rrset[] = [];
  const seen = new Set<string>();
  for (const rrset of rrsets) {
    for (const rdata of rrset.rdatas) {
      const target = targetOf(rrset, rdata);
      const host = target === undefined ? -1 : hostOf(zone, target);
      if (target === undefined || host < 0 || (zone.flags(host) & HIDDEN) !== 0) continue;
      if (seen.size === seen.add(nameKey(target)).size) continue;
      if (seen.size > ADDITIONAL_NAMES_MAX) return additional;
      const addresses = addressesOf(zone, host, target);
      additional.push(...addresses);
      if (addresses.length > 0) depend(zone, host, target, deps);
    }
  }
  return additional;
}

const HIDDEN = OCCLUDED | FLAG.CUT;

/** The node with the data of a name: its own, or the wildcard that stands for it, as in NSD and Knot; else -1. */
function hostOf(zone: Zone, target: Name): number {
  const closest = zone.closest(target);
  if (closest < 0 || zone.nameLength(closest) === target.length) return closest;
  const wildcard = zone.wildcard(closest);
  return wildcard === NONE ? -1 : wildcard;
}

function addressesOf(zone: Zone, host: number, owner: Name): Rrset[] {
  const a = zone.rrset(host, TYPE.A, owner);
  const aaaa = zone.rrset(host, TYPE.AAAA, owner);
  if (a === undefined) return aaaa === undefined ? [] : [aaaa];
  return aaaa === undefined ? [a] : [a, aaaa];
}

/** An address depends on the node that it came from, and on a wildcard's parent, below which a name may come. */
function depend(zone: Zone, host: number, target: Name, deps: number[]): void {
  const isOwn = nameEquals(zone.nameOf(host), target);
  for (const node of isOwn ? [host] : [host, zone.parent(host)]) {
    const hash = dependencyHash(zone.id, zone.nameOf(node));
    if (!deps.includes(hash)) deps.push(hash);
  }
}

/** The host that a record sends its reader to next, or undefined where it names none. */
function targetOf(rrset: Rrset, rdata: Uint8Array): Name | undefined {
  const at = targetAt(rrset.type, rdata);
  if (at < 0) return undefined;
  if (rdata[at] !== 0) return nameIn(rdata, at);
  // "." is the owner itself in a ServiceMode record (RFC 9460 section 2.5.2), and nothing elsewhere.
  const isService = rrset.type === TYPE.SVCB || rrset.type === TYPE.HTTPS;
  return isService && (rdata[0] !== 0 || rdata[1] !== 0) ? rrset.name : undefined;
}

/** Offset of the target in checked rdata, or -1 for types without one. */
function targetAt(type: number, rdata: Uint8Array): number {
  switch (type) {
    case TYPE.NS:
      return 0;
    case TYPE.MX:
    case TYPE.SVCB:
    case TYPE.HTTPS:
      return 2;
    case TYPE.SRV:
      return 6;
    case TYPE.NAPTR: {
      // Order, preference, and three character strings (RFC 3403 section 4.1).
      let at = 4;
      for (let strings = 3; strings > 0; strings--) at += 1 + rdata[at]!;
      return at;
    }
    default:
      return -1;
  }
}

function nameIn(rdata: Uint8Array, at: number): Name {
  let end = at;
  while (rdata[end] !== 0) end += 1 + rdata[end]!;
  return rdata.subarray(at, end + 1);
}

/**
 * Warns of name servers that the zone must give the address of and does not: those inside the delegated zone,
 * and those in this zone's own part.
 */
export function checkNameServers(zone: Zone, warnings: Problems): void {
  for (let node = 0; node < zone.nodeCount; node++) {
    if (node !== APEX && (zone.flags(node) & FLAG.CUT) === 0) continue;
    const ns = zone.rrset(node, TYPE.NS)!;
    for (const target of ns.rdatas) {
      const lack = lackOf(zone, node, target);
      if (lack !== undefined)
        warnings.add(ns.name, `NS: ${nameToText(target)} is in this zone and has no ${lack}`);
    }
  }
}

/** What the zone does not have for a name server of the apex or cut `owner`. */
function lackOf(zone: Zone, owner: number, target: Name): string | undefined {
  const closest = zone.closest(target);
  if (closest < 0) return undefined;
  const host = hostOf(zone, target);
  const isHidden = (zone.flags(closest) & HIDDEN) !== 0;
  // In another delegated zone, which answers for the name itself.
  if (isHidden && zone.top(closest) !== owner) return undefined;
  if (host < 0 || [TYPE.A, TYPE.AAAA].every((type) => zone.indexOf(host, type) < 0)) return 'address';
  return isHidden && addressesOf(zone, host, target).length === 0
    ? 'address that is the same for all: glue is not chosen'
    : undefined;
}
