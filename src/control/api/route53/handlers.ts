import type { Route53Handlers } from '../handler.ts';
import { cidrHandlers } from './cidr.ts';
import { healthCheckHandlers } from './healthchecks.ts';
import type { Means } from './means.ts';
import { recordHandlers } from './records.ts';
import { tagHandlers } from './tags.ts';
import { zoneHandlers } from './zones.ts';

/** All of Route 53 that there is. */
export function route53Handlers(means: Means): Route53Handlers {
  return {
    ...zoneHandlers(means),
    ...recordHandlers(means),
    ...tagHandlers(means),
    ...healthCheckHandlers(means),
    ...cidrHandlers(means),
  };
}
