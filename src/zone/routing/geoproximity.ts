import type { Whereabouts } from '../geo/whereabouts.ts';
import { distanceKm } from './distance.ts';
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
      const km = biasedKm(table, table.parameter(member, 0), where);
      if (km < least || best === NONE_FITS) {
        best = member;
        least = km;
      }
    }
    return best;
  },
  describe: (table, member, asker) =>
    `biased distance ${biasedKm(table, table.parameter(member, 0), asker.where).toFixed(0)} km`,
};

function biasedKm(table: RoutingTable, point: number, where: Whereabouts): number {
  return where.hasPoint
    ? distanceKm(table, point, where) * table.coordinate(point, 3)
    : Number.POSITIVE_INFINITY;
}

/** What the distance is multiplied with: a bias above zero makes it shorter. `bias` -99..99. */
export function biasFactor(bias: number): number {
  return bias >= 0 ? 1 - bias / 100 : 1 / (1 + bias / 100);
}
