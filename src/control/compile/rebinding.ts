import { type Cidr, CidrTable, parseCidr } from '../../util/cidr.ts';
import type { Rebinding } from '../../view/snapshot.ts';
import type { VpcConfig } from '../config/vpcs.ts';

/**
 * Addresses that no name of the Internet has for an honest reason: of this host (0.0.0.0/8 and :: reach it on
 * many systems), of this link, and of private networks. A CidrTable finds IPv4-mapped ones by the IPv4 blocks.
 */
const RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
].map(parseCidr);

/** RFC 6052: behind a NAT64 gateway these lead to the same hosts. */
const WELL_KNOWN_NAT64 = parseCidr('64:ff9b::/96');

/** What a VPC refuses; undefined: nothing. */
export function compileRebinding({
  rebinding,
  dns64,
}: Pick<VpcConfig, 'rebinding' | 'dns64'>): Rebinding | undefined {
  if (rebinding === false) return undefined;
  const { exempt, allow } = rebinding === true ? { exempt: [], allow: [] } : rebinding;
  const prefixes = dns64 === 'off' ? [WELL_KNOWN_NAT64] : [WELL_KNOWN_NAT64, dns64.prefix];
  const direct = allow.reduce(without, RANGES);
  const ipv4 = direct.filter(({ prefix }) => prefix.length === 4);
  const mapped = prefixes.flatMap((prefix) => ipv4.map((block) => embedded(prefix, block)));
  const all = [...direct, ...allow.reduce(without, mapped)];
  return { blocked: CidrTable.build(all.map((block) => ({ ...block, value: 0 }))).buffer, exempt };
}

/** The blocks without the addresses of `hole`: the halves beside the way down to it are left of one around it. */
function without(blocks: readonly Cidr[], hole: Cidr): Cidr[] {
  return blocks.flatMap((block) => {
    if (holds(hole, block)) return [];
    if (!holds(block, hole)) return [block];
    return Array.from({ length: hole.length - block.length }, (_, i) => sibling(hole, block.length + i + 1));
  });
}

function holds(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.prefix.length === inner.prefix.length &&
    outer.length <= inner.length &&
    outer.prefix.every((octet, i) => octet === (inner.prefix[i]! & maskOf(i, outer.length)))
  );
}

/** The block of `length` bits that differs from the first bits of `block` in the last one. */
function sibling({ prefix }: Cidr, length: number): Cidr {
  const out = prefix.map((octet, i) => octet & maskOf(i, length));
  out[(length - 1) >> 3]! ^= 0x80 >> ((length - 1) & 7);
  return { prefix: out, length };
}

/** The bits of octet `i` that are among the first `length`. */
function maskOf(i: number, length: number): number {
  return (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length))) & 0xff;
}

/** Octet 8 of an address with an embedded IPv4 address is zero, and is passed over (RFC 6052 section 2.2). */
const RESERVED_OCTET = 8;

/** The IPv6 block that stands for an IPv4 block under a NAT64 prefix. */
function embedded(nat64: Cidr, { prefix, length }: Cidr): Cidr {
  const out = Uint8Array.from(nat64.prefix);
  let at = nat64.length / 8;
  let bits = 0;
  for (const octet of prefix) {
    if (at === RESERVED_OCTET) at++;
    out[at++] = octet;
    bits += 8;
    // The last octet that has bits of the block: what comes behind is any.
    if (bits >= length) return { prefix: out, length: 8 * at - (bits - length) };
  }
  return { prefix: out, length: 8 * at };
}
