import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name } from '../wire/name.ts';
import { copyOctets, partOf } from '../wire/octets.ts';

/** Where the name of the signer begins. */
export const SIGNER_AT = 18;

/** An RRSIG (RFC 4034 section 3.1), read where it lies: of most no more than half is looked at. */
export class Rrsig {
  readonly rdata: Uint8Array;
  /** Where the name of the signer ends. */
  readonly signatureAt: number;

  constructor(rdata: Uint8Array, signatureAt: number) {
    this.rdata = rdata;
    this.signatureAt = signatureAt;
  }

  get covered(): number {
    return (this.rdata[0]! << 8) | this.rdata[1]!;
  }
  get algorithm(): number {
    return this.rdata[2]!;
  }
  /** Of the name that was signed, without the root and without an asterisk on the left. */
  get labels(): number {
    return this.rdata[3]!;
  }
  get originalTtl(): number {
    return u32(this.rdata, 4);
  }
  /** Seconds since 1970 modulo 2^32. */
  get expiration(): number {
    return u32(this.rdata, 8);
  }
  get inception(): number {
    return u32(this.rdata, 12);
  }
  get tag(): number {
    return (this.rdata[16]! << 8) | this.rdata[17]!;
  }
  /** A copy. */
  get signer(): Name {
    return copyOctets(this.rdata, SIGNER_AT, this.signatureAt);
  }
  /** May share memory with `rdata`. */
  get signature(): Uint8Array {
    return partOf(this.rdata, this.signatureAt, this.rdata.length);
  }

  /** True if `zone` is the signer. */
  isBy(zone: Name): boolean {
    if (this.signatureAt - SIGNER_AT !== zone.length) return false;
    for (let i = 0; i < zone.length; i++)
      if (foldOctet(this.rdata[SIGNER_AT + i]!) !== foldOctet(zone[i]!)) return false;
    return true;
  }
}

/** Undefined for what is not well-formed. */
export function readRrsig(rdata: Uint8Array): Rrsig | undefined {
  const signatureAt = endOfName(rdata, SIGNER_AT);
  if (signatureAt === undefined || signatureAt >= rdata.length) return undefined;
  return new Rrsig(rdata, signatureAt);
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
