import { AddressError, parseAddress, unmapped } from '../util/cidr.ts';

/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a proxy puts in front of a connection or
 * datagram to say whose it is. Only peers that are listed are read this way.
 */
export type ProxyHeader =
  /** More octets are to come. */
  | { readonly kind: 'part' }
  | { readonly kind: 'invalid' }
  /** The connection is the proxy's own, as when it looks whether we are there, or it cannot say whose it is. */
  | { readonly kind: 'own'; readonly octets: number }
  /** `octets`: where what the client sent begins. */
  | {
      readonly kind: 'client';
      readonly octets: number;
      /** 4 or 16 octets. */
      readonly address: Uint8Array;
      readonly port: number;
    };

/** With what proxies add of their own; more is refused. Version 1 has 107 at most. */
export const PROXY_HEADER_OCTETS_MAX = 1024;
const V1_OCTETS_MAX = 107;

const PART: ProxyHeader = { kind: 'part' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** Reads the header at the start of `octets`. Never throws, and reads no further than the header. */
export function readProxyHeader(octets: Uint8Array): ProxyHeader {
  if (startsAs(octets, V2_SIGNATURE)) return readV2(octets);
  if (startsAs(octets, V1_SIGNATURE)) return readV1(octets);
  return INVALID;
}

const V1_SIGNATURE = Buffer.from('PROXY ', 'latin1');
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** As far as there are octets. */
function startsAs(octets: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(octets.length, signature.length);
  for (let i = 0; i < length; i++) if (octets[i] !== signature[i]) return false;
  return true;
}

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 53\r\n`; `PROXY UNKNOWN` with anything behind it. */
function readV1(octets: Uint8Array): ProxyHeader {
  const most = Math.min(octets.length, V1_OCTETS_MAX);
  let end = 0;
  while (end < most && octets[end] !== LF) end++;
  if (end === most) return octets.length < V1_OCTETS_MAX ? PART : INVALID;
  if (octets[end - 1] !== CR) return INVALID;
  const text = Buffer.from(octets.buffer, octets.byteOffset, end - 1).toString('latin1');
  const length = end + 1;
  const words = text.split(' ');
  if (words[1] === 'UNKNOWN') return { kind: 'own', octets: length };
  const [, family, from = '', to = '', fromPort = '', toPort = ''] = words;
  const size = family === 'TCP4' ? 4 : family === 'TCP6' ? 16 : 0;
  const [address, target] = [addressOf(from, size), addressOf(to, size)];
  const port = portOf(fromPort);
  if (words.length !== 6 || address === undefined || target === undefined) return INVALID;
  if (port === undefined || portOf(toPort) === undefined) return INVALID;
  return { kind: 'client', octets: length, address: unmapped(address), port };
}

const CR = 0x0d;
const LF = 0x0a;

function addressOf(text: string, size: number): Uint8Array | undefined {
  if (size === 0 || text.includes(':') !== (size === 16)) return undefined;
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

function portOf(text: string): number | undefined {
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Number.NaN;
  return port <= 0xffff ? port : undefined;
}

/** Octets in front of the addresses: signature, version and command, family and transport, length of the rest. */
const V2_HEAD_OCTETS = 16;
const V2_COMMAND = { own: 0x20, proxy: 0x21 };
/** By the upper half of the octet: the octets of one address. The lower half says UDP or TCP, as the client asked the proxy. */
const V2_ADDRESS_OCTETS: Readonly<Record<number, number>> = { 1: 4, 2: 16 };
/** No family, and that of local sockets (AF_UNIX), which says nothing to us: section 2.2 lets both be taken for none. */
const V2_NAMELESS: readonly number[] = [0, 3];

function readV2(octets: Uint8Array): ProxyHeader {
  if (octets.length < V2_HEAD_OCTETS) return PART;
  const command = octets[12]!;
  const family = octets[13]! >> 4;
  const rest = (octets[14]! << 8) | octets[15]!;
  const length = V2_HEAD_OCTETS + rest;
  if ((command !== V2_COMMAND.own && command !== V2_COMMAND.proxy) || length > PROXY_HEADER_OCTETS_MAX)
    return INVALID;
  const size = V2_ADDRESS_OCTETS[family];
  const isOwn = command === V2_COMMAND.own || V2_NAMELESS.includes(family);
  if (!isOwn && (size === undefined || rest < 2 * size + 4)) return INVALID;
  if (octets.length < length) return PART;
  if (isOwn) return { kind: 'own', octets: length };
  const at = V2_HEAD_OCTETS;
  const portAt = at + 2 * size!;
  // A copy: what it is a part of may be used again.
  const address = unmapped(octets.slice(at, at + size!));
  return { kind: 'client', octets: length, address, port: (octets[portAt]! << 8) | octets[portAt + 1]! };
}
