import { KIND } from '../../hosted/bodies.ts';
import type { Route53Handlers } from '../handler.ts';
import type { AccountLimitType } from '../models/route53.ts';
import type { Means } from './means.ts';

/** How many of each an account may have (route53-semantics 4.8), and what the store calls them. */
export const ACCOUNT_LIMITS: Readonly<
  Record<AccountLimitType, { readonly kind: string; readonly most: number }>
> = {
  MAX_HEALTH_CHECKS_BY_OWNER: { kind: 'health-check', most: 200 },
  MAX_HOSTED_ZONES_BY_OWNER: { kind: KIND.zone, most: 500 },
  MAX_REUSABLE_DELEGATION_SETS_BY_OWNER: { kind: KIND.delegationSet, most: 100 },
  MAX_TRAFFIC_POLICIES_BY_OWNER: { kind: 'traffic-policy', most: 50 },
  MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER: { kind: 'traffic-policy-instance', most: 5 },
};

/** What an account may have, and what of it there is. */
export function limitHandlers(means: Means): Route53Handlers {
  return {
    GetAccountLimit({ input, caller }) {
      const { kind, most } = ACCOUNT_LIMITS[input.Type];
      return {
        Limit: { Type: input.Type, Value: most },
        Count: means.store.count({ kind, account: caller.account }),
      };
    },
  };
}
