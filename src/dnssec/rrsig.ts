import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets, partOf } from '../wire/octets.ts';

/** RFC 4034 section 3.1. */
export interface Rrsig {
  readonly covered: number;
  readonly algorithm: number;
  /** Of the name that was signed, without the root and without an asterisk on the left. */
  readonly labels: number;
  readonly originalTtl: number;
  /** Seconds since 1970 modulo 2^32. */
  readonly expiration: number;
  readonly inception: number;
  readonly tag: number;
  readonly signer: Name;
  readonly signature: Uint8Array;
  readonly rdata: Uint8Array;
}

/** Where the name of the signer begins. */
export const SIGNER_AT = 18;

/** Undefined for what is not well-formed. The result may share memory with `rdata`. */
export function readRrsig(rdata: Uint8Array): Rrsig | undefined {
  const signatureAt = endOfName(rdata, SIGNER_AT);
  if (signatureAt === undefined || signatureAt >= rdata.length) return undefined;
  return {
    covered: (rdata[0]! << 8) | rdata[1]!,
    algorithm: rdata[2]!,
    labels: rdata[3]!,
    originalTtl: u32(rdata, 4),
    expiration: u32(rdata, 8),
    inception: u32(rdata, 12),
    tag: (rdata[16]! << 8) | rdata[17]!,
    signer: partOf(rdata, SIGNER_AT, signatureAt),
    signature: partOf(rdata, signatureAt, rdata.length),
    rdata,
  };
}

/** The signer that an RRSIG names, a copy; undefined as for `readRrsig`. */
export function signerIn(rdata: Uint8Array): Name | undefined {
  const signatureAt = endOfName(rdata, SIGNER_AT);
  if (signatureAt === undefined || signatureAt >= rdata.length) return undefined;
  return copyOctets(rdata, SIGNER_AT, signatureAt);
}

function endOfName(rdata: Uint8Array, start: number): number | undefined {
  for (let at = start; ; ) {
    const length = rdata[at];
    if (length === undefined || length > LABEL_OCTETS_MAX) return undefined;
    at += length + 1;
    if (at - start > NAME_OCTETS_MAX) return undefined;
    if (length === 0) return at;
  }
}

function u32(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}
