import type { KeyObject } from 'node:crypto';
import { ecdsaAlgorithm } from './algorithms/ecdsa.ts';
import { eddsaAlgorithm } from './algorithms/eddsa.ts';
import { rsaAlgorithm } from './algorithms/rsa.ts';

/** One way of signing, by its number in a table. */
export interface Algorithm {
  /** As IANA calls it: ECDSAP256SHA256. */
  readonly name: string;
  /** The key in the public key field of a DNSKEY; undefined where it is malformed or outside of the limits. */
  importKey(publicKey: Uint8Array): KeyObject | undefined;
  /** False also where the signature is malformed. Never throws. */
  verify(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean;
}

/** What is not in it is unknown: what only such algorithms sign is insecure (RFC 4035 section 5.2). */
export type AlgorithmTable = ReadonlyMap<number, Algorithm>;

/** What validators are to support (RFC 9904). DSA, GOST and what is older are signed with by nobody. */
const SUPPORTED: AlgorithmTable = new Map([
  [8, rsaAlgorithm('RSASHA256', 'sha256')],
  [10, rsaAlgorithm('RSASHA512', 'sha512')],
  [13, ecdsaAlgorithm('P-256')],
  [14, ecdsaAlgorithm('P-384')],
  [15, eddsaAlgorithm('Ed25519')],
  [16, eddsaAlgorithm('Ed448')],
]);

const WITH_SHA1: AlgorithmTable = new Map([
  ...SUPPORTED,
  [5, rsaAlgorithm('RSASHA1', 'sha1')],
  [7, rsaAlgorithm('RSASHA1-NSEC3-SHA1', 'sha1')],
]);

/** @param options.sha1 with algorithms 5 and 7, which RFC 9905 retires */
export function algorithmTable(options: { sha1: boolean }): AlgorithmTable {
  return options.sha1 ? WITH_SHA1 : SUPPORTED;
}

/** Of the IANA registry, also of those that nobody supports. */
const NAMES: Readonly<Record<number, string>> = {
  0: 'DELETE',
  1: 'RSAMD5',
  2: 'DH',
  3: 'DSA',
  5: 'RSASHA1',
  6: 'DSA-NSEC3-SHA1',
  7: 'RSASHA1-NSEC3-SHA1',
  8: 'RSASHA256',
  10: 'RSASHA512',
  12: 'ECC-GOST',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
  17: 'SM2SM3',
  23: 'ECC-GOST12',
  252: 'INDIRECT',
  253: 'PRIVATEDNS',
  254: 'PRIVATEOID',
};

/** `ECDSAP256SHA256` for 13, `ALGORITHM99` for what has no name. */
export function algorithmToText(algorithm: number): string {
  return NAMES[algorithm] ?? `ALGORITHM${algorithm}`;
}
