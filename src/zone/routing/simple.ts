import { NONE_FITS, type RoutingPolicy } from './policy.ts';

/** One set without a choice: its health check has no effect. */
export const simple: RoutingPolicy = {
  pick(table, group, usable) {
    const member = table.first(group);
    return usable[member] === 1 ? member : NONE_FITS;
  },
  describe: () => 'the only set',
};
