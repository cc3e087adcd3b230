import type { Route53Handlers } from '../handler.ts';
import { associationHandlers, authorizationHandlers } from './authorizations.ts';
import { cidrHandlers } from './cidr.ts';
import { delegationSetHandlers } from './delegationsets.ts';
import { dnssecHandlers } from './dnssec.ts';
import { geoHandlers } from './geo.ts';
import { healthCheckHandlers } from './healthchecks.ts';
import { limitHandlers } from './limits.ts';
import type { Means } from './means.ts';
import { queryLogHandlers } from './querylogs.ts';
import { recordHandlers } from './records.ts';
import { tagHandlers } from './tags.ts';
import { testAnswerHandlers } from './testanswer.ts';
import { trafficInstanceHandlers } from './trafficinstances.ts';
import { trafficPolicyHandlers } from './trafficpolicies.ts';
import { zoneHandlers } from './zones.ts';

/** All of Route 53 that there is. */
export function route53Handlers(means: Means): Route53Handlers {
  return {
    ...zoneHandlers(means),
    ...associationHandlers(means),
    ...authorizationHandlers(means),
    ...recordHandlers(means),
    ...tagHandlers(means),
    ...healthCheckHandlers(means),
    ...cidrHandlers(means),
    ...geoHandlers,
    ...limitHandlers(means),
    ...delegationSetHandlers(means),
    ...dnssecHandlers(means),
    ...testAnswerHandlers(means),
    ...queryLogHandlers(means),
    ...trafficPolicyHandlers(means),
    ...trafficInstanceHandlers(means),
  };
}
