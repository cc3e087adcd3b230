import type { ResolverHandlers } from '../handler.ts';
import { associationHandlers } from './associations.ts';
import { endpointHandlers } from './endpoints.ts';
import { firewallHandlers } from './firewall/handlers.ts';
import type { ResolverMeans } from './means.ts';
import { ruleHandlers } from './rules.ts';
import { settingHandlers } from './settings.ts';
import { tagHandlers } from './tags.ts';

/** All of Route 53 Resolver that there is. */
export function resolverHandlers(means: ResolverMeans): ResolverHandlers {
  return {
    ...ruleHandlers(means),
    ...associationHandlers(means),
    ...endpointHandlers(means),
    ...settingHandlers(means),
    ...firewallHandlers(means),
    ...tagHandlers(means),
  };
}
