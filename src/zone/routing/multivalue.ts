import type { Asker } from './asker.ts';
import type { RoutingTable } from './table.ts';

/** Sets in one answer. */
export const MULTIVALUE_MAX = 8;

/**
 * Up to eight of the usable sets at random, in the order of the group, into `picked`; returns how many. It is no
 * RoutingPolicy: its answer is made of several sets.
 */
export function pickSeveral(
  table: RoutingTable,
  group: number,
  usable: Uint8Array,
  asker: Asker,
  picked: Uint32Array,
): number {
  const first = table.first(group);
  let left = 0;
  for (let member = first; member < table.end(group); member++) left += usable[member]!;
  let count = 0;
  let wanted = left < MULTIVALUE_MAX ? left : MULTIVALUE_MAX;
  for (let member = first; wanted > 0; member++) {
    if (usable[member] !== 1) continue;
    // Selection sampling (Knuth, TAOCP 3.4.2, algorithm S): every subset is equally likely. Each set has a lot of its
    // own, and groups on the way here have others.
    if (asker.chance(table.lot(group) + 1 + member - first) * left < wanted) {
      picked[count++] = member;
      wanted--;
    }
    left--;
  }
  return count;
}
