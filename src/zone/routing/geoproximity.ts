import type { Whereabouts } from '../geo/whereabouts.ts';
import { findDistanceKm } from './distance.ts';
import { NONE_FITS, type RoutingPolicy } from './policy.ts';
import type { RoutingTable } from './table.ts';

/** The set whose biased distance is the least. */
export const geoproximity: RoutingPolicy = {
  pick(table, group, usable, asker, _facts, depth) {
    const { where } = asker;
    depth.use(where.bits);
    let best = NONE_FITS;
    let least = Number.POSITIVE_INFINITY;
    for (let member = table.first(group); member < table.end(group); member++) {
      if (usable[member] !== 1) continue;
      findBiasedKm(table, table.parameter(member, 0), where);
      if (found[0]! < least || best === NONE_FITS) {
        best = member;
        least = found[0]!;
      }
    }
    return best;
  },
  describe(table, member, asker) {
    findBiasedKm(table, table.parameter(member, 0), asker.where);
    return found[0] === Number.POSITIVE_INFINITY
      ? 'distance not known'
      : `biased distance ${found[0]!.toFixed(0)} km`;
  },
};

/** Leaves it in `found`. */
function findBiasedKm(table: RoutingTable, point: number, where: Whereabouts): void {
  found[0] = Number.POSITIVE_INFINITY;
  if (!where.hasPoint) return;
  findDistanceKm(table, point, where, found);
  found[0]! *= table.coordinate(point, 3);
}

/** One per thread: a choice never waits. */
const found = new Float64Array(1);

/** What the distance is multiplied with: a bias above zero makes it shorter. `bias` -99..99. */
export function biasFactor(bias: number): number {
  return bias >= 0 ? 1 - bias / 100 : 1 / (1 + bias / 100);
}
