import type { QuotaName } from '../../config/quotas.ts';
import { KIND } from '../../hosted/bodies.ts';
import type { Route53Handlers } from '../handler.ts';
import type { AccountLimitType } from '../models/route53.ts';
import { type Means, quotaOf } from './means.ts';

/** What an account may have so many of, and what the store calls it. */
const ACCOUNT_LIMITS: Readonly<
  Record<AccountLimitType, { readonly kind: string; readonly quota: QuotaName }>
> = {
  MAX_HEALTH_CHECKS_BY_OWNER: { kind: KIND.healthCheck, quota: 'healthChecks' },
  MAX_HOSTED_ZONES_BY_OWNER: { kind: KIND.zone, quota: 'hostedZones' },
  MAX_REUSABLE_DELEGATION_SETS_BY_OWNER: { kind: KIND.delegationSet, quota: 'delegationSets' },
  MAX_TRAFFIC_POLICIES_BY_OWNER: { kind: KIND.trafficPolicy, quota: 'trafficPolicies' },
  MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER: {
    kind: KIND.trafficPolicyInstance,
    quota: 'trafficPolicyInstances',
  },
};

/** What an account may have, and what of it there is. */
export function limitHandlers(means: Means): Route53Handlers {
  return {
    GetAccountLimit({ input, caller }) {
      const { kind, quota } = ACCOUNT_LIMITS[input.Type];
      return {
        Limit: { Type: input.Type, Value: quotaOf(means, caller, quota) },
        Count: means.store.count({ kind, account: caller.account }),
      };
    },
  };
}
