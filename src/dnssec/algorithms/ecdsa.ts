import { verify } from 'node:crypto';
import type { Algorithm } from '../algorithm.ts';
import { importRaw } from './raw.ts';

interface Curve {
  readonly name: string;
  readonly hash: string;
  /** Of the point and of a signature: twice a number of the curve (RFC 6605 section 4). */
  readonly octets: number;
}

/** What a point that is not compressed begins with (SEC 1 section 2.3.3); DNSKEYs leave it out. */
const UNCOMPRESSED = 4;

const CURVES = {
  'P-256': {
    name: 'ECDSAP256SHA256',
    hash: 'sha256',
    octets: 64,
  },
  'P-384': {
    name: 'ECDSAP384SHA384',
    hash: 'sha384',
    octets: 96,
  },
} as const satisfies Record<string, Curve>;

/** RFC 6605. */
export function ecdsaAlgorithm(curve: keyof typeof CURVES): Algorithm {
  const { name, hash, octets } = CURVES[curve];
  // What goes to OpenSSL is moved out of V8's heap: this once, instead of each signature.
  const held = Buffer.allocUnsafeSlow(octets);
  const point = Buffer.allocUnsafeSlow(1 + octets);
  point[0] = UNCOMPRESSED;
  return {
    name,
    importKey(publicKey) {
      if (publicKey.length !== octets) return undefined;
      point.set(publicKey, 1);
      return importRaw(point, 'ec', curve);
    },
    verify(key, data, signature) {
      if (signature.length !== octets) return false;
      held.set(signature);
      return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, held);
    },
  };
}
