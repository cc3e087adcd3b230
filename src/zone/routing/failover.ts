import { NONE_FITS, type RoutingPolicy } from './policy.ts';

export const ROLE = { PRIMARY: 0, SECONDARY: 1 } as const;

/** The primary; the secondary while that is unhealthy; the primary where both are. */
export const failover: RoutingPolicy = {
  pick(table, group, usable) {
    let secondary = NONE_FITS;
    for (let member = table.first(group); member < table.end(group); member++) {
      if (usable[member] !== 1) continue;
      if (table.parameter(member, 0) === ROLE.PRIMARY) return member;
      secondary = member;
    }
    return secondary;
  },
  describe: (table, member) => (table.parameter(member, 0) === ROLE.PRIMARY ? 'primary' : 'secondary'),
};
