import { OPTION } from '../wire/constants.ts';
import { type Edns, type EdnsOption, findOption, readClientSubnet } from '../wire/edns.ts';

/** The network that a query is asked for, as its sender says (RFC 7871). It decides neither who may ask nor the view. */
export interface Subnet {
  /** 4 or 16 octets, zero behind the first `sourceBits`. */
  readonly address: Uint8Array;
  /** From 1 to 32 or 128: with 0 the sender asks for nobody in particular. */
  readonly sourceBits: number;
}

/** A client subnet option that counts, and is answered with one. */
export interface SubnetOption {
  readonly data: Uint8Array;
  readonly subnet: Subnet | undefined;
}

/** The option of a query that stage 1 found to be good; undefined where it has none. */
export function subnetOption(edns: Edns | undefined): SubnetOption | undefined {
  const data = findOption(edns, OPTION.ECS);
  if (data === undefined) return undefined;
  const { address, sourcePrefix } = readClientSubnet(data);
  return { data, subnet: sourcePrefix === 0 ? undefined : { address, sourceBits: sourcePrefix } };
}

/**
 * The option of the reply (RFC 7871 section 7.2.1): FAMILY, SOURCE PREFIX-LENGTH and ADDRESS of the query, and the
 * leading bits of the address for which the answer holds, 0 where it holds for all.
 */
export function subnetReply({ data, subnet }: SubnetOption, scopeBits: number): EdnsOption {
  const reply = data.slice();
  reply[SCOPE_AT] = subnet === undefined ? 0 : Math.min(scopeBits, 8 * subnet.address.length);
  return { code: OPTION.ECS, data: reply };
}

/** Offset of SCOPE PREFIX-LENGTH (RFC 7871 section 6). */
const SCOPE_AT = 3;
