import { foldOctet, labelCount, type Name, suffixOf } from '../wire/name.ts';

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

/**
 * What the firewall of a view says of a name: of all names that share its last two labels together, as a list may hold
 * any of the names above it. By the root all names of the view are meant.
 */
export function firewallHash(view: number, name: Name): number {
  return dependencyHash(~view, suffixOf(name, Math.min(labelCount(name), FIREWALL_LABELS)));
}

/** Labels by which names are told apart, as far as the firewall is concerned. */
export const FIREWALL_LABELS = 2;

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
