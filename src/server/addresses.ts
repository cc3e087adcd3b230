import { networkInterfaces } from 'node:os';
import { addressToText, parseAddress } from '../util/cidr.ts';

/**
 * Addresses of sockets as text and octets. Socket addresses may have a zone index (`fe80::1%eth0`), which says on
 * which link a link-local address is meant; the octets do not have it.
 */

/** Every address of the host's interfaces, each once; link-local ones with their zone. */
export function hostAddresses(interfaces = networkInterfaces()): string[] {
  const found = new Set<string>();
  for (const [name, entries] of Object.entries(interfaces)) {
    for (const { address } of entries ?? []) {
      const text = canonicalAddress(address);
      found.add(isLinkLocal(text) ? `${text}%${name}` : text);
    }
  }
  return [...found];
}

/** One text for each socket address, so that texts can be compared. Throws AddressError. */
export function canonicalAddress(text: string): string {
  const [host = '', zone] = text.split('%', 2);
  const canonical = addressToText(parseAddress(host));
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

/** `0.0.0.0` or `::`: every address of the host. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** fe80::/10 (RFC 4291 section 2.5.6). */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/** Octets (4 or 16) of an address as a socket prints it; a mapped IPv4 address is the IPv4 address. */
export function peerOctets(text: string): Uint8Array {
  if (!text.includes(':')) return ipv4Octets(text);
  const zone = text.indexOf('%');
  return parseAddress(zone < 0 ? text : text.slice(0, zone));
}

/** For each packet: the kernel's text needs no strict reader. */
function ipv4Octets(text: string): Uint8Array {
  const octets = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === DOT) at++;
    else octets[at] = octets[at]! * 10 + c - DIGIT_ZERO;
  }
  return octets;
}

const DOT = 0x2e;
const DIGIT_ZERO = 0x30;
