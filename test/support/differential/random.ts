import type { Prng } from '../../../src/util/prng.ts';

export function pick<T>(prng: Prng, from: readonly T[]): T {
  return from[prng.below(from.length)]!;
}

/** So many of them, in their order. */
export function sample<T>(prng: Prng, from: readonly T[], count: number): T[] {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, from.length)) chosen.add(prng.below(from.length));
  return from.filter((_, i) => chosen.has(i));
}
