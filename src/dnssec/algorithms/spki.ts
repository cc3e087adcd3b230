import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * A public key of a kind that has one fixed length: its SubjectPublicKeyInfo (RFC 5280 section 4.1) is the octets of
 * `prefix` and then the key's own. Undefined where these are no key, as a point that is not on its curve.
 */
export function importFixed(
  prefix: Uint8Array,
  octets: number,
  publicKey: Uint8Array,
): KeyObject | undefined {
  if (publicKey.length !== octets) return undefined;
  const der = Buffer.allocUnsafe(prefix.length + octets);
  der.set(prefix, 0);
  der.set(publicKey, prefix.length);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
