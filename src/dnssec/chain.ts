import { TYPE } from '../wire/constants.ts';
import { labelCount, type Name, nameEquals, prepend, ROOT } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { readRrsig } from './rrsig.ts';
import { hasType, type TypeBitmap, typesOf } from './typebitmap.ts';

/**
 * What the NSEC or the NSEC3 records of a zone say of its names. `denial` makes the proofs of both kinds from these
 * three answers, so that each rule stands in one place. Undefined: none of the records says so.
 */
export interface Chain {
  /** `name` exists. */
  node(name: Name): ChainNode | undefined;
  /** Neither `name` nor anything below it exists. */
  gap(name: Name): Gap | undefined;
  /** `name` does not exist; its deepest ancestor that does. */
  encloser(name: Name): Encloser | undefined;
  /** There was no work left to hash a name: what the answers leave out means nothing. */
  readonly exhausted: boolean;
}

export interface ChainNode {
  /** None at an empty non-terminal. */
  readonly types: TypeBitmap;
  readonly rrset: Rrset;
}

export interface Gap {
  readonly rrset: Rrset;
  /** Delegations without DS may be in the gap, and names above these (RFC 5155 section 6). */
  readonly optOut: boolean;
}

export interface Encloser extends Pick<Gap, 'optOut'> {
  readonly name: Name;
  readonly used: readonly Rrset[];
}

/** In the bitmap of a name that does not exist, where a server signs each answer as it goes (RFC 9824 section 3). */
const NXNAME = 128;

/** The parent's record at a delegation: it knows of nothing there but the DS (RFC 6840 section 4.1). */
export function isCut(types: TypeBitmap): boolean {
  return hasType(types, TYPE.NS) && !hasType(types, TYPE.SOA);
}

/** What is below an owner of these types is not this zone's to deny (RFC 6840 section 4.1, RFC 6672 section 5.3.4). */
export function endsChain(types: TypeBitmap): boolean {
  return isCut(types) || hasType(types, TYPE.DNAME);
}

/** What is at a name because the zone is signed, and is no data of its owner. */
const OF_SIGNING: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, NXNAME];

function isBare(types: TypeBitmap): boolean {
  return typesOf(types).every((type) => OF_SIGNING.includes(type));
}

/** True where these types at `name` mean that a question for `type` has no data. */
export function lacks(types: TypeBitmap, name: Name, type: number): boolean {
  if (type === TYPE.ANY) return isBare(types);
  // A CNAME would have been the answer (RFC 6840 section 4.3).
  if (hasType(types, type) || hasType(types, TYPE.CNAME)) return false;
  if (type !== TYPE.DS) return !isCut(types);
  // The child's own record: the DS stands on the other side of the cut (RFC 6840 section 4.4).
  return !hasType(types, TYPE.SOA) || nameEquals(name, ROOT);
}

/** True where the types are those of a name that does not exist (RFC 9824 section 3.1). */
export function isNxname(types: TypeBitmap): boolean {
  return hasType(types, NXNAME) && isBare(types);
}

/** `encloser` is above another name, so that there is room for two octets more. */
export function wildcardBelow(encloser: Name): Name {
  return prepend(ASTERISK, encloser)!;
}

const ASTERISK = Uint8Array.of(0x2a);

/**
 * True where each signature is of `zone` and of this very owner. The child's records are in the zone by their name
 * only; and those of a wildcard would be at any name below it, and deny names that exist.
 */
export function isOwn(rrset: Rrset, zone: Name): boolean {
  const isWildcard = rrset.name[0] === 1 && rrset.name[1] === 0x2a;
  const labels = labelCount(rrset.name) - (isWildcard ? 1 : 0);
  for (const rdata of rrset.sigs ?? []) {
    const sig = readRrsig(rdata);
    if (sig === undefined || sig.labels !== labels || !sig.isBy(zone)) return false;
  }
  return true;
}

/** Whether `key` is strictly between `from` and `to` on a circle; all but `from` is where both are one. */
export function isBetween<T>(compare: (a: T, b: T) => number, from: T, key: T, to: T): boolean {
  const after = compare(from, key) < 0;
  const before = compare(key, to) < 0;
  return compare(from, to) < 0 ? after && before : after || before;
}
