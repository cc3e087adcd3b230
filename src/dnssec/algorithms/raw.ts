import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * A public key of a curve from its own octets. Undefined where these are no key, as a point that is not on its curve.
 * OpenSSL's decoders of longer forms cost as much again, once other work has taken their code out of the processor's caches.
 */
export function importRaw(
  key: Uint8Array,
  asymmetricKeyType: 'ec' | 'ed25519' | 'ed448',
  namedCurve?: string,
): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'raw-public', asymmetricKeyType, namedCurve });
  } catch {
    return undefined;
  }
}
