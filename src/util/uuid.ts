import type { Prng } from './prng.ts';

/** A random UUID, version 4 (RFC 9562 section 5.4). */
export function uuid(prng: Prng): string {
  const octets = prng.fill(new Uint8Array(16));
  octets[6] = (octets[6]! & 0x0f) | 0x40;
  octets[8] = (octets[8]! & 0x3f) | 0x80;
  return octets.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
