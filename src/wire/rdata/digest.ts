/** Lengths of the digests that IANA's registries name, so that a zone author hears of one cut short in pasting. */

/** Algorithm number → octets. */
export type DigestOctets = Readonly<Record<number, number>>;

/** DS: SHA-1, SHA-256, GOST R 34.11-94, SHA-384. */
export const DS_DIGEST: DigestOctets = { 1: 20, 2: 32, 3: 32, 4: 48 };
/** SSHFP: SHA-1, SHA-256 (RFC 6594). */
export const SSHFP_DIGEST: DigestOctets = { 1: 20, 2: 32 };
/** TLSA and SMIMEA: SHA-256, SHA-512 (RFC 6698 section 2.1.3). */
export const TLSA_DIGEST: DigestOctets = { 1: 32, 2: 64 };
/** ZONEMD: SHA-384, SHA-512 (RFC 8976 section 5.3). */
export const ZONEMD_DIGEST: DigestOctets = { 1: 48, 2: 64 };

/** For `RdataType.refuses`: the octet at `at` names the algorithm, the digest is all that follows. */
export function digestRule(at: number, octets: DigestOctets): (rdata: Uint8Array) => string | undefined {
  return (rdata) => {
    const expected = octets[rdata[at]!];
    const actual = rdata.length - at - 1;
    if (expected === undefined || expected === actual) return undefined;
    return `digest of ${actual} octets; ${expected} for algorithm ${rdata[at]}`;
  };
}
