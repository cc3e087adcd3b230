import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../util/clock.ts';
import type { Resolve } from './probe/probe.ts';

/** Within the time that a name may take to be resolved, two servers are asked. */
const TRIES = { timeout: 1_500, tries: 2 };
/** A resolver asks the servers that it found in /etc/resolv.conf when it was made; networks come and go. */
const SERVERS_MS = 60_000;
/** Always this host (RFC 6761 section 6.3), and in no DNS. */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/i;

/**
 * Addresses of names by DNS alone: getaddrinfo would keep one of the few threads of libuv's pool for as long as a server
 * is silent, and goes on when the look that wanted it is over.
 */
export function systemResolve(
  clock: Pick<Clock, 'now'>,
  make: () => Pick<Resolver, 'resolve4'> = () => new Resolver(TRIES),
): Resolve {
  let resolver = make();
  let madeAt = clock.now();
  return (name) => {
    if (LOCALHOST.test(name)) return Promise.resolve(['127.0.0.1']);
    if (clock.now() - madeAt >= SERVERS_MS) {
      resolver = make();
      madeAt = clock.now();
    }
    return resolver.resolve4(name);
  };
}
