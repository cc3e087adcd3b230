import { verify } from 'node:crypto';
import { fromHex } from '../../wire/base.ts';
import type { Algorithm } from '../algorithm.ts';
import { importFixed } from './spki.ts';

interface Curve {
  readonly name: string;
  readonly hash: string;
  /** Of the point and of a signature: twice a number of the curve (RFC 6605 section 4). */
  readonly octets: number;
  /** ends in the 04 of a point that is not compressed, which DNSKEYs leave out. */
  readonly prefix: string;
}

const CURVES = {
  'P-256': {
    name: 'ECDSAP256SHA256',
    hash: 'sha256',
    octets: 64,
    prefix: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  },
  'P-384': {
    name: 'ECDSAP384SHA384',
    hash: 'sha384',
    octets: 96,
    prefix: '3076301006072a8648ce3d020106052b8104002203620004',
  },
} as const satisfies Record<string, Curve>;

/** RFC 6605. */
export function ecdsaAlgorithm(curve: keyof typeof CURVES): Algorithm {
  const { name, hash, octets, prefix } = CURVES[curve];
  const spki = fromHex(prefix)!;
  // What goes to OpenSSL is moved out of V8's heap: this once, instead of each signature.
  const held = Buffer.allocUnsafeSlow(octets);
  return {
    name,
    importKey: (publicKey) => importFixed(spki, octets, publicKey),
    verify(key, data, signature) {
      if (signature.length !== octets) return false;
      held.set(signature);
      return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, held);
    },
  };
}
