import type { Asker } from './asker.ts';
import { type Facts, NONE_FITS, type RoutingPolicy } from './policy.ts';
import type { RoutingTable } from './table.ts';

/** The location of a set for clients of no location. `locationKey`s are less than 2^30. */
export const ANYWHERE = 0xffffffff;

/** The set of the location that the client's address is in, else the one of `*`. */
export const cidr: RoutingPolicy = {
  pick(table, group, usable, asker, facts, depth) {
    const location = locationOf(table, group, asker, facts);
    depth.use(facts.collections[table.parameter(table.first(group), 0)]?.depth ?? 0);
    let anywhere = NONE_FITS;
    for (let member = table.first(group); member < table.end(group); member++) {
      if (usable[member] !== 1) continue;
      const here = table.parameter(member, 1);
      if (here === location) return member;
      if (here === ANYWHERE) anywhere = member;
    }
    return anywhere;
  },
  describe: (table, member) =>
    table.parameter(member, 1) === ANYWHERE ? 'addresses of no location' : 'a location of the collection',
};

/** All sets of a group are of one collection. */
function locationOf(table: RoutingTable, group: number, asker: Asker, facts: Facts): number {
  const collection = facts.collections[table.parameter(table.first(group), 0)];
  return collection?.locationOf(asker.address, asker.bits) ?? -1;
}
