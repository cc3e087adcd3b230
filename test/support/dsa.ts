/**
 * DSA (RFC 2536), which the product does not know, for scenarios of the field whose signatures are of it. In these
 * files most signatures are DER, as OpenSSL makes them, and not in the form of the RFC.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Algorithm, type AlgorithmTable, algorithmTable } from '../../src/dnssec/algorithm.ts';
import { rsaAlgorithm } from '../../src/dnssec/algorithms/rsa.ts';

export const DSA = 3;

const Q_OCTETS = 20;
/** T again, R and S, each as long as Q (RFC 2536 section 3). */
const SIGNATURE_OCTETS = 1 + 2 * Q_OCTETS;
const DSA_OID = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];

export const dsa: Algorithm = {
  name: 'DSA',
  importKey(publicKey) {
    // The first octet says how much longer than 512 bits the prime is, in steps of 64.
    const octets = 64 + publicKey[0]! * 8;
    if (publicKey.length !== 1 + Q_OCTETS + 3 * octets) return undefined;
    const part = (start: number, length: number): Uint8Array => publicKey.subarray(start, start + length);
    const q = part(1, Q_OCTETS);
    const [p, g, y] = [0, 1, 2].map((i) => part(1 + Q_OCTETS + i * octets, octets)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    return fromParts(p, q, g, y);
  },
  verify(key, data, signature) {
    try {
      if (signature.length !== SIGNATURE_OCTETS)
        return verify('sha1', data, { key, dsaEncoding: 'der' }, signature);
      return verify('sha1', data, { key, dsaEncoding: 'ieee-p1363' }, signature.subarray(1));
    } catch {
      return false;
    }
  },
};

/** SubjectPublicKeyInfo (RFC 3279 section 2.3.2). */
function fromParts(p: Uint8Array, q: Uint8Array, g: Uint8Array, y: Uint8Array): KeyObject | undefined {
  const parameters = der(0x30, integer(p), integer(q), integer(g));
  const algorithm = der(0x30, Uint8Array.from(DSA_OID), parameters);
  const key = der(0x30, algorithm, der(0x03, Uint8Array.of(0), integer(y)));
  try {
    return createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** A leading zero keeps it positive; there are no others. */
function integer(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  const trimmed = octets.subarray(first);
  return der(0x02, trimmed[0]! >= 0x80 ? Uint8Array.of(0, ...trimmed) : trimmed);
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const n = content.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return Uint8Array.from([tag, ...length, ...content]);
}

/** Everything that signs the scenarios of the field: also SHA-1, and RSA of 512 bits. */
export function fieldAlgorithms(): AlgorithmTable {
  return new Map([
    ...algorithmTable({ sha1: true }),
    [DSA, dsa],
    [5, rsaAlgorithm('RSASHA1', 'sha1', 512)],
    [7, rsaAlgorithm('RSASHA1-NSEC3-SHA1', 'sha1', 512)],
  ]);
}
