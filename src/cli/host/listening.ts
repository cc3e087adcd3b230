import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { addressToText } from '../../util/cidr.ts';

/** Who has a port of this network namespace, as the kernel says in /proc/net. */
export interface Listener {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly inode: string;
  /** Name and number of the process; undefined where it may not be seen. */
  readonly process?: string | undefined;
}

/** States of sockets (include/net/tcp_states.h): TCP ones that listen; UDP ones that are connected to nobody. */
const LISTENING = { tcp: '0A', udp: '07' } as const;

/** A table of /proc/net: `udp`, `udp6`, `tcp` or `tcp6`. Lines that are none of a socket are passed over. */
export function parseTable(protocol: 'udp' | 'tcp', text: string): Listener[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const [, local = '', , state] = columns;
      const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local);
      if (match === null || state !== LISTENING[protocol]) return [];
      const inode = columns[9] ?? '';
      return [{ protocol, address: addressOf(match[1]!), port: Number.parseInt(match[2]!, 16), inode }];
    });
}

/** Words of 32 bits in the order of the host: Linux on x64 and arm64 is little-endian. */
function addressOf(hex: string): string {
  const octets = Buffer.from(hex, 'hex');
  octets.swap32();
  return addressToText(new Uint8Array(octets));
}

/** All that listens on a port. Names of processes are looked for among `PROCESSES_MAX`, and need root. */
export function listenersOn(port: number): Listener[] {
  const found = (['udp', 'tcp'] as const).flatMap((protocol) =>
    ['', '6'].flatMap((family) =>
      parseTable(protocol, readOr(`/proc/net/${protocol}${family}`)).filter((each) => each.port === port),
    ),
  );
  if (found.length === 0) return [];
  const owners = ownersOf(new Set(found.map(({ inode }) => inode)));
  return found.map((each) => ({ ...each, process: owners.get(each.inode) }));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // A kernel without IPv6 has no tables of it.
    return '';
  }
}

const PROCESSES_MAX = 32_768;

function ownersOf(inodes: ReadonlySet<string>): Map<string, string> {
  const owners = new Map<string, string>();
  const processes = readdirOr('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of processes.slice(0, PROCESSES_MAX)) {
    for (const fd of readdirOr(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOr(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined && inodes.has(inode) && !owners.has(inode))
        owners.set(inode, `${readOr(`/proc/${pid}/comm`).trim()} (pid ${pid})`);
    }
    if (owners.size === inodes.size) break;
  }
  return owners;
}

function readdirOr(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const WILDCARDS = ['0.0.0.0', '::'];

/** Who would get, or keep others from, a datagram or connection for `address`. */
export function holdersOf(listeners: readonly Listener[], address: string): Listener[] {
  return listeners.filter((each) => each.address === address || WILDCARDS.includes(each.address));
}

/**
 * Addresses that are tried in this order. Not 127.0.0.53: Docker takes it for systemd-resolved's, and reads that one's
 * files; nor 127.0.0.54, where systemd-resolved has its second stub. 127.0.0.1 is what others are configured to first.
 */
export const SPARE_ADDRESSES: readonly string[] = [
  ...Array.from({ length: 10 }, (_, i) => `127.0.0.${55 + i}`),
  '127.0.0.1',
];

export function spareAddress(listeners: readonly Listener[]): string | undefined {
  return SPARE_ADDRESSES.find((address) => holdersOf(listeners, address).length === 0);
}
