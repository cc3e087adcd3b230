import type { Facts } from './facts.ts';
import { isLoopback } from './finding.ts';
import { LOOPBACK_PORT } from './world.ts';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** `127.0.0.55:53`, `[::1]:53`; undefined for what is no plain place to ask. */
export function placeOf(text: string): Place | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text);
  return match === null ? undefined : { address: (match[1] ?? match[2])!, port: Number(match[3]) };
}

/** Where Causeway listens: as the daemon says, else as its configuration does. */
export function listensOf({ daemon, config }: Pick<Facts, 'daemon' | 'config'>): readonly Place[] {
  if (daemon.kind === 'runs')
    return daemon.status.endpoints.flatMap(({ listen }) => listen.flatMap((each) => placeOf(each) ?? []));
  return config.kind === 'read' ? config.configured.listens : [];
}

/** Whether what is sent to `target` comes to one of the places; a wildcard is each address of the host. */
export function reaches(places: readonly Place[], target: Place, addresses: readonly string[]): boolean {
  return places.some(({ address, port }) => {
    if (port !== target.port) return false;
    if (address === target.address) return true;
    const wildcard = target.address.includes(':') ? '::' : '0.0.0.0';
    return address === wildcard && isOwn(target.address, addresses);
  });
}

export function isOwn(address: string, addresses: readonly string[]): boolean {
  return isLoopback(address) || addresses.includes(address);
}

/** Addresses in resolv.conf by which libc asks Causeway, itself or by systemd-resolved. */
export function causewayAddresses(facts: Facts): string[] {
  const places = listensOf(facts);
  const direct = facts.host.resolvConf.nameservers.filter((address) =>
    reaches(places, { address, port: LOOPBACK_PORT }, facts.addresses),
  );
  return asksByResolved(facts) ? [...direct, '127.0.0.53', '127.0.0.54'] : direct;
}

/** systemd-resolved asks Causeway. */
export function asksByResolved({ resolvedUplinks = [], addresses, ...facts }: Facts): boolean {
  const places = listensOf(facts);
  return resolvedUplinks.some((address) => reaches(places, { address, port: LOOPBACK_PORT }, addresses));
}
