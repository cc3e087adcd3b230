import type { Cidr } from '../util/cidr.ts';
import { TYPE } from '../wire/constants.ts';
import { foldOctet, isAtOrBelow, type Name, nameEquals, nameFromText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { dependencyHash } from './dependency.ts';
import { APEX } from './layout.ts';
import { lookup, type ZoneResult } from './lookup.ts';
import type { Zone } from './zone.ts';

/**
 * Names of instances: every IPv4 address of a VPC has one, `ip-10-0-0-1.eu-central-1.compute.internal.`, and the
 * reverse of the address leads back to it. There is one for each of 16 million addresses of a /8, so none is
 * stored: the name says the address, the address says the name.
 */
export interface ComputeNames {
  /** What follows the label of the address. */
  readonly suffix: Name;
  /** The IPv4 blocks of the VPC; `network` as a number of 32 bits. */
  readonly blocks: readonly { readonly network: number; readonly length: number }[];
}

/** Seconds; as long as Route 53 lets its own names live. */
const TTL = 60;
const IN_ADDR_ARPA = nameFromText('in-addr.arpa.');

/** us-east-1 came first and has names of its own. */
export function computeNames(region: string, cidrs: readonly Cidr[]): ComputeNames {
  const suffix = nameFromText(region === 'us-east-1' ? 'ec2.internal.' : `${region}.compute.internal.`);
  const blocks = cidrs
    .filter(({ prefix }) => prefix.length === 4)
    .map(({ prefix, length }) => ({ network: toNumber(prefix), length }));
  return { suffix, blocks };
}

/**
 * As `lookup`, in a zone of `vpcLocalZones`: names of addresses exist with an A or PTR record, parts of reverse
 * names above them without; everything else is as the zone's image says.
 */
export function lookupCompute(zone: Zone, compute: ComputeNames, qname: Name, qtype: number): ZoneResult {
  const made = nameEquals(zone.origin, compute.suffix)
    ? forward(compute, qname)
    : reverse(compute, qname, zone.origin);
  if (made === 'none') return lookup(zone, qname, qtype);
  const origin = { node: APEX, deps: [dependencyHash(zone.id, zone.origin)] };
  if (made === 'empty') return { kind: 'nodata', soa: zone.negativeSoa, ...origin };
  if (qtype === TYPE.ANY) return { kind: 'any', rrset: made, ...origin };
  if (qtype === made.type) return { kind: 'hit', rrset: made, ...origin };
  return { kind: 'nodata', soa: zone.negativeSoa, ...origin };
}

/** `none`: nothing but what the zone has. `empty`: the name exists and has no records. */
type Made = Rrset | 'none' | 'empty';

function forward(compute: ComputeNames, qname: Name): Made {
  const length = qname[0]!;
  if (qname.length !== length + 1 + compute.suffix.length) return 'none';
  const address = addressOfLabel(qname.subarray(1, length + 1));
  if (address === undefined || !isWithin(compute, toNumber(address), 32)) return 'none';
  return { name: qname, type: TYPE.A, ttl: TTL, rdatas: [address] };
}

function reverse(compute: ComputeNames, qname: Name, origin: Name): Made {
  if (qname.length === origin.length || !isAtOrBelow(qname, IN_ADDR_ARPA)) return 'none';
  const octets: number[] = [];
  for (let at = 0; at < qname.length - IN_ADDR_ARPA.length; at += qname[at]! + 1) {
    const octet = octetOf(qname.subarray(at + 1, at + 1 + qname[at]!));
    if (octet === undefined || octets.length === 4) return 'none';
    octets.unshift(octet);
  }
  const address = Uint8Array.from([...octets, 0, 0, 0, 0].slice(0, 4));
  if (!isWithin(compute, toNumber(address), 8 * octets.length)) return 'none';
  if (octets.length < 4) return 'empty';
  const target = nameFromText(`ip-${octets.join('-')}`, compute.suffix);
  return { name: qname, type: TYPE.PTR, ttl: TTL, rdatas: [target] };
}

/** True if a block and the block of the first `bits` bits of `address` have an address in common. */
function isWithin(compute: ComputeNames, address: number, bits: number): boolean {
  return compute.blocks.some(({ network, length }) => {
    const common = Math.min(bits, length);
    return common === 0 || (address ^ network) >>> (32 - common) === 0;
  });
}

/** `ip-10-0-0-1`, in any case; undefined for other labels. */
function addressOfLabel(label: Uint8Array): Uint8Array | undefined {
  const text = String.fromCharCode(...label.map(foldOctet));
  if (!text.startsWith('ip-')) return undefined;
  const octets = text
    .slice(3)
    .split('-')
    .map((part) => octetOf(Uint8Array.from(part, (char) => char.charCodeAt(0))));
  if (octets.length !== 4 || octets.includes(undefined)) return undefined;
  return Uint8Array.from(octets as number[]);
}

/** A decimal number from 0 to 255 without leading zeros, else undefined. */
function octetOf(digits: Uint8Array): number | undefined {
  if (digits.length < 1 || digits.length > 3 || (digits.length > 1 && digits[0] === 0x30)) return undefined;
  let value = 0;
  for (const digit of digits) {
    if (digit < 0x30 || digit > 0x39) return undefined;
    value = 10 * value + digit - 0x30;
  }
  return value > 255 ? undefined : value;
}

function toNumber(address: Uint8Array): number {
  return ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0;
}
