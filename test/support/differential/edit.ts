/** Changes to signed zones, RRset by RRset. */

import type { Prng } from '../../../src/util/prng.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { isAtOrBelow, nameEquals, nameKey } from '../../../src/wire/name.ts';
import type { Rrset } from '../../../src/wire/record.ts';
import { kskOf, type SigningKey, type SignOptions, signRrset, zskOf } from '../sign.ts';
import type { Leaf } from './leaf.ts';
import { pick } from './random.ts';

export type Which = (rrset: Rrset) => boolean;

export const isDenial: Which = ({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3;
export const isKeys: Which = ({ type }) => type === TYPE.DNSKEY;
/** What clients ask for. */
export const isData: Which = (rrset) =>
  !isDenial(rrset) && !isKeys(rrset) && rrset.type !== TYPE.DS && rrset.type !== TYPE.NSEC3PARAM;

/** One of the signed RRsets, if there is such a one. */
export function choose(leaf: Leaf, prng: Prng, which: Which = () => true): Rrset | undefined {
  const candidates = leaf.sets.filter((rrset) => (rrset.sigs?.length ?? 0) > 0 && which(rrset));
  return candidates.length === 0 ? undefined : pick(prng, candidates);
}

export function replace(leaf: Leaf, old: Rrset | undefined, ...by: readonly Rrset[]): void {
  leaf.sets = leaf.sets.flatMap((rrset) => (rrset === old ? by : [rrset]));
}

/** Changes all RRsets that are meant. */
export function each(leaf: Leaf, which: Which, change: (rrset: Rrset) => Rrset | undefined): void {
  leaf.sets = leaf.sets.flatMap((rrset) => (which(rrset) ? (change(rrset) ?? []) : [rrset]));
}

export function eachSig(rrset: Rrset, change: (sig: Uint8Array) => Uint8Array | undefined): Rrset {
  return {
    ...rrset,
    sigs: (rrset.sigs ?? []).map((sig) => change(sig.slice())).filter((sig) => sig !== undefined),
  };
}

/** Signed anew by the zone's own keys, and so what a signer that errs would make. */
export function resign(
  leaf: Leaf,
  rrset: Rrset,
  options: SignOptions = {},
  keys?: readonly SigningKey[],
): Rrset {
  const by = keys ?? (isKeys(rrset) ? kskOf(leaf.keys) : zskOf(leaf.keys));
  return { ...rrset, sigs: by.map((key) => signRrset(rrset, key, options)) };
}

export function setOf(leaf: Leaf, name: Uint8Array, type: number): Rrset | undefined {
  return leaf.sets.find((rrset) => rrset.type === type && nameEquals(rrset.name, name));
}

/** The names that own records, apart from NSEC3's. */
export function names(leaf: Leaf): Uint8Array[] {
  const out = new Map(
    leaf.sets.filter((rrset) => rrset.type !== TYPE.NSEC3).map(({ name }) => [nameKey(name), name]),
  );
  return [...out.values()].filter((name) => isAtOrBelow(name, leaf.origin));
}

/** Where in RRSIG rdata what stands (RFC 4034 section 3.1). */
export const SIG = {
  ALGORITHM: 2,
  LABELS: 3,
  TTL: 4,
  EXPIRATION: 8,
  INCEPTION: 12,
  TAG: 16,
  SIGNER: 18,
} as const;
