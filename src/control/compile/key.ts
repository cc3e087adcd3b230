import { keyedHash } from '../../util/hash.ts';

/**
 * A number that says which zone or view something is, the same after each reload and restart. Two that share one
 * cost a few needless cache misses.
 */
export function stableKey(kind: 'zone' | 'view', id: string): number {
  const octets = new TextEncoder().encode(id);
  return keyedHash([kind === 'zone' ? 1 : 2, 0], octets, 0, octets.length) >>> 0;
}
