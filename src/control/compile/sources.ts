import { hostAddresses } from '../../server/addresses.ts';
import type { Config } from '../config/load.ts';
import type { ConfigProblem } from '../config/problem.ts';

/**
 * Warns of addresses to send from that the host does not have: every question from there would fail. It is no
 * error, as an address may come later, with its link or tunnel.
 */
export function missingSources(config: Config, host: readonly string[] = hostAddresses()): ConfigProblem[] {
  const hostHas = hostHasOf(host);
  return config.endpoints.outbound.flatMap(({ source }, i) =>
    source.flatMap((address, j) => {
      if (hostHas(address)) return [];
      return config.problemAt(
        ['endpoints', 'outbound', i, 'source', j],
        `this host does not have the address ${address}: nothing can be sent from there`,
        'give it to an interface, or write an address that the host has',
      );
    }),
  );
}

/** Whether packets can be sent from an address (canonical text), as the host is now. */
export function hostHasOf(host: readonly string[] = hostAddresses()): (address: string) => boolean {
  const own = new Set(host.map((address) => address.split('%', 1)[0]!));
  // Linux has all of 127.0.0.0/8.
  return (address) => own.has(address) || (process.platform === 'linux' && address.startsWith('127.'));
}
