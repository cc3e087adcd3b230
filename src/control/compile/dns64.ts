import { CidrTable } from '../../util/cidr.ts';
import type { Dns64 } from '../../view/snapshot.ts';
import type { VpcConfig } from '../config/vpcs.ts';

/** ::ffff:0:0/96, which a CidrTable has as all IPv4 addresses (RFC 6147 section 5.1.4). */
const MAPPED = { prefix: new Uint8Array(4), length: 0 };

export function compileDns64(dns64: VpcConfig['dns64']): Dns64 | undefined {
  if (dns64 === 'off') return undefined;
  const { prefix, length } = dns64.prefix;
  const exclude = CidrTable.build([MAPPED, ...dns64.exclude].map((block) => ({ ...block, value: 0 })));
  return { prefix, prefixBits: length, exclude: exclude.buffer };
}
