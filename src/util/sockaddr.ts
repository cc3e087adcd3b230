import os from 'node:os';
import { addressToText, parseAddress } from './cidr.ts';

/** Addresses as the kernel takes them, and what it says when it refuses one. */

export interface SocketSpec {
  readonly kind: SocketKind;
  /** IPv4 or IPv6; link-local ones with `%` and the interface. */
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  /**
   * `alone`: fails if anyone else has the address. `shared`: joins the sockets of this user that were opened as
   * `shared`, among which the kernel spreads clients.
   */
  readonly sharing: 'alone' | 'shared';
}

export type SocketKind = 'udp' | 'tcp';

export interface BoundSocket {
  readonly kind: SocketKind;
  /** As `net` prints it, without a zone index. */
  readonly address: string;
  readonly port: number;
}

/** The kernel said no; the message says to what, and what would help. `code` is `EADDRINUSE` and the like. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCKADDR_IN = 16;
export const SOCKADDR_IN6 = 28;

/** `udp 127.0.0.1:5353`, `tcp [::1]:53` */
export function socketText(spec: Pick<SocketSpec, 'kind' | 'address' | 'port'>): string {
  const host = spec.address.includes(':') ? `[${spec.address}]` : spec.address;
  return `${spec.kind} ${host}:${spec.port}`;
}

/** What would help, to be put behind the code of an error. */
export function remedyOf(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return '; another program has it (`ss -lnptu` names it)';
    case 'EADDRNOTAVAIL':
      return '; no interface of this host has that address';
    case 'EACCES':
    case 'EPERM':
      return '; ports below 1024 need CAP_NET_BIND_SERVICE or a socket passed by systemd';
    case 'EAFNOSUPPORT':
      return '; this host has no such address family';
    case 'EMFILE':
    case 'ENFILE':
      return '; raise the limit of open files (LimitNOFILE=)';
    default:
      return '';
  }
}

/** Writes a sockaddr_in or sockaddr_in6 to `sockaddr` and returns its size. Throws SocketError. */
export function writeAddress(sockaddr: Buffer, spec: Omit<SocketSpec, 'sharing'>): number {
  const [host = '', zone] = spec.address.split('%');
  let octets: Uint8Array;
  try {
    octets = parseAddress(host);
  } catch {
    throw new SocketError('EINVAL', `cannot open ${socketText(spec)}: it is no IP address`);
  }
  sockaddr.fill(0);
  sockaddr.writeUInt16BE(spec.port, 2);
  if (octets.length === 4) {
    sockaddr.writeUInt16LE(AF_INET, 0);
    sockaddr.set(octets, 4);
    return SOCKADDR_IN;
  }
  sockaddr.writeUInt16LE(AF_INET6, 0);
  sockaddr.set(octets, 8);
  if (zone !== undefined) sockaddr.writeUInt32LE(scopeOf(zone, spec), 24);
  return SOCKADDR_IN6;
}

/** Number of an interface, by which a link-local address is told from the same one elsewhere. */
function scopeOf(zone: string, spec: Omit<SocketSpec, 'sharing'>): number {
  if (/^[1-9][0-9]{0,8}$/.test(zone)) return Number(zone);
  for (const entry of os.networkInterfaces()[zone] ?? [])
    if (entry.family === 'IPv6' && entry.scopeid) return entry.scopeid;
  throw new SocketError('ENODEV', `cannot open ${socketText(spec)}: no interface ${zone} with IPv6`);
}

/** Text of the address in `sockaddr`, or undefined where it is neither IPv4 nor IPv6. */
export function readAddress(sockaddr: Buffer): string | undefined {
  const family = sockaddr.readUInt16LE(0);
  if (family === AF_INET) return addressToText(sockaddr.subarray(4, 8));
  if (family === AF_INET6) return addressToText(sockaddr.subarray(8, 24));
  return undefined;
}
