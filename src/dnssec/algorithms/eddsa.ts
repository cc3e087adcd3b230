import { verify } from 'node:crypto';
import type { Algorithm } from '../algorithm.ts';
import { importRaw } from './raw.ts';

const CURVES = {
  Ed25519: { name: 'ED25519', kind: 'ed25519', keyOctets: 32, signatureOctets: 64 },
  Ed448: { name: 'ED448', kind: 'ed448', keyOctets: 57, signatureOctets: 114 },
} as const;

/** RFC 8080. */
export function eddsaAlgorithm(curve: keyof typeof CURVES): Algorithm {
  const { name, kind, keyOctets, signatureOctets } = CURVES[curve];
  // As in ECDSA: moved out of V8's heap once, instead of each signature.
  const held = Buffer.allocUnsafeSlow(signatureOctets);
  return {
    name,
    importKey: (publicKey) => (publicKey.length === keyOctets ? importRaw(publicKey, kind) : undefined),
    verify(key, data, signature) {
      if (signature.length !== signatureOctets) return false;
      held.set(signature);
      return verify(null, data, key, held);
    },
  };
}
