import { CidrMatch } from '../../util/cidr.ts';
import { NONE_FITS, type RoutingPolicy } from './policy.ts';

/** The location of a set for clients of no location. `locationKey`s are less than 2^30. */
export const ANYWHERE = 0xffffffff;

/**
 * The set of the location with the longest block that holds what is known of the client's address, else the one of
 * `*`. A block that is longer than an ECS prefix does not hold it.
 */
export const cidr: RoutingPolicy = {
  pick(table, group, usable, asker, facts, depth) {
    // All sets of a group are of one collection.
    const collection = facts.collections[table.parameter(table.first(group), 0)];
    match.value = NOWHERE;
    collection?.match(asker.address, asker.bits, match);
    const location = match.value;
    if (collection !== undefined) depth.use(match.bits);
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

/** One per thread: a look-up never waits. */
const match = new CidrMatch();
const NOWHERE = -1;
