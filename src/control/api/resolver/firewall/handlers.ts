import type { ResolverHandlers } from '../../handler.ts';
import { pageOf } from '../lists.ts';
import type { ResolverMeans } from '../means.ts';
import { associationHandlers } from './associations.ts';
import { configHandlers } from './configs.ts';
import { domainHandlers } from './domains.ts';
import { groupHandlers } from './groups.ts';
import { Imports } from './imports.ts';
import { listHandlers } from './lists.ts';
import { ruleHandlers } from './rules.ts';

/** DNS Firewall. */
export function firewallHandlers(means: ResolverMeans): ResolverHandlers {
  const imports = new Imports(means);
  return {
    ...listHandlers(means, imports),
    ...domainHandlers(means, imports),
    ...groupHandlers(means),
    ...ruleHandlers(means),
    ...associationHandlers(means),
    ...configHandlers(means),
    // Nothing here judges names by other means than lists.
    ListFirewallRuleTypes: ({ input }) => ({ FirewallRuleTypes: pageOf<never>([], input).shown }),
  };
}
