import type { Handlers } from '../api/handler.ts';
import { profilesHandlers } from '../api/profiles/handlers.ts';
import { resolverHandlers } from '../api/resolver/handlers.ts';
import type { ResolverMeans } from '../api/resolver/means.ts';
import { route53Handlers } from '../api/route53/handlers.ts';
import type { Means } from '../api/route53/means.ts';
import { registering } from '../api/unknownvpcs.ts';

/** What answers requests of the APIs. Imported where an API is served only: most of control's modules are behind it. */
export function handlersOf(route53: Means, resolver: ResolverMeans): Handlers {
  const handlers = {
    route53: route53Handlers(route53),
    route53resolver: resolverHandlers(resolver),
    route53profiles: profilesHandlers(resolver),
  };
  return registering(handlers, resolver);
}
