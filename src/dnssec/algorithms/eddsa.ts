import { verify } from 'node:crypto';
import { fromHex } from '../../wire/base.ts';
import type { Algorithm } from '../algorithm.ts';
import { importFixed } from './spki.ts';

const CURVES = {
  Ed25519: { name: 'ED25519', keyOctets: 32, signatureOctets: 64, prefix: '302a300506032b6570032100' },
  Ed448: { name: 'ED448', keyOctets: 57, signatureOctets: 114, prefix: '3043300506032b6571033a00' },
} as const;

/** RFC 8080. */
export function eddsaAlgorithm(curve: keyof typeof CURVES): Algorithm {
  const { name, keyOctets, signatureOctets, prefix } = CURVES[curve];
  const spki = fromHex(prefix)!;
  // As in ECDSA: moved out of V8's heap once, instead of each signature.
  const held = Buffer.allocUnsafeSlow(signatureOctets);
  return {
    name,
    importKey: (publicKey) => importFixed(spki, keyOctets, publicKey),
    verify(key, data, signature) {
      if (signature.length !== signatureOctets) return false;
      held.set(signature);
      return verify(null, data, key, held);
    },
  };
}
