import type { Whereabouts } from '../geo/whereabouts.ts';
import { NONE_FITS, type RoutingPolicy } from './policy.ts';
import type { RoutingTable } from './table.ts';

/** How large a place is. The parameters of a member are this and the `placeCode`. */
export const LEVEL = { SUBDIVISION: 0, COUNTRY: 1, CONTINENT: 2, DEFAULT: 3 } as const;

/**
 * The smallest place that the client is in and for which there is a usable set. Where a client is not known to be
 * anywhere, the default.
 */
export const geolocation: RoutingPolicy = {
  pick(table, group, usable, asker, _facts, depth) {
    const { where } = asker;
    depth.use(where.bits);
    let best = NONE_FITS;
    let smallest: number = LEVEL.DEFAULT + 1;
    for (let member = table.first(group); member < table.end(group); member++) {
      if (usable[member] !== 1 || !isIn(table, member, where)) continue;
      const level = table.parameter(member, 0);
      if (level >= smallest) continue;
      smallest = level;
      best = member;
    }
    return best;
  },
  describe(table, member) {
    const code = table.parameter(member, 1);
    const letters = String.fromCharCode(code >>> 8, code & 0xff);
    switch (table.parameter(member, 0)) {
      case LEVEL.SUBDIVISION:
        return `state US-${letters}`;
      case LEVEL.COUNTRY:
        return `country ${letters}`;
      case LEVEL.CONTINENT:
        return `continent ${letters}`;
      default:
        return 'default place';
    }
  },
};

function isIn(table: RoutingTable, member: number, where: Whereabouts): boolean {
  const code = table.parameter(member, 1);
  switch (table.parameter(member, 0)) {
    case LEVEL.SUBDIVISION:
      return code === where.subdivision;
    case LEVEL.COUNTRY:
      return code === where.country;
    case LEVEL.CONTINENT:
      return code === where.continent;
    default:
      return true;
  }
}
