import { foldOctet, type Name } from '../wire/name.ts';

/**
 * What a stored answer depends on is a pair of zone and owner name, hashed: a reload bumps the generations of
 * exactly the names that `diffZones` lists. Names that share a hash cost a needless miss, never a wrong answer,
 * so the hash (FNV-1a) has no secret.
 */
export function dependencyHash(zone: number, name: Name): number {
  let state = Math.imul(FNV_BASIS ^ zone, FNV_PRIME);
  state ^= state >>> 15;
  for (let i = 0; i < name.length; i++) state = Math.imul(state ^ foldOctet(name[i]!), FNV_PRIME);
  return (state ^ (state >>> 16)) >>> 0;
}

/** The NS of a zone and their addresses, which an authoritative endpoint adds to each positive answer. */
export function nameServersHash(zone: number, origin: Name): number {
  return dependencyHash(~zone, origin);
}

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
