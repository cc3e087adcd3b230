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
  let left = 0;
  for (let member = table.first(group); member < table.end(group); member++) left += usable[member]!;
  let count = 0;
  let wanted = left < MULTIVALUE_MAX ? left : MULTIVALUE_MAX;
  for (let member = table.first(group); wanted > 0; member++) {
    if (usable[member] !== 1) continue;
    // Selection sampling (Knuth, TAOCP 3.4.2, algorithm S): every subset is equally likely. Groups on the way here
    // were given the chances below `groups`.
    if (asker.chance(table.groups + member) * left < wanted) {
      picked[count++] = member;
      wanted--;
    }
    left--;
  }
  return count;
}
