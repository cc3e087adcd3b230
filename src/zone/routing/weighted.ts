import { NONE_FITS, type RoutingPolicy } from './policy.ts';

/**
 * Each set by its share of the sum of weights. A weight of zero counts only where no other is left; then those share
 * equally.
 */
export const weighted: RoutingPolicy = {
  pick(table, group, usable, asker) {
    const [first, end] = [table.first(group), table.end(group)];
    let sum = 0;
    let zeros = 0;
    for (let member = first; member < end; member++) {
      if (usable[member] !== 1) continue;
      const weight = table.parameter(member, 0);
      sum += weight;
      if (weight === 0) zeros++;
    }
    const isShared = sum === 0;
    let left = Math.floor(asker.chance(table.lot(group)) * (isShared ? zeros : sum));
    for (let member = first; member < end; member++) {
      if (usable[member] !== 1) continue;
      left -= isShared ? 1 : table.parameter(member, 0);
      if (left < 0) return member;
    }
    return NONE_FITS;
  },
  describe: (table, member) => `weight ${table.parameter(member, 0)}`,
};
