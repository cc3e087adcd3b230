import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { octetsKey } from '../wire/octets.ts';

/** About 600 octets each. */
const SIGNATURES_MAX = 8_192;
/** Of signed data; few RRsets have more, and those of a size that pays are small: NSEC3, DS, addresses. */
const DATA_OCTETS_MAX = 512;

/**
 * Signatures that were found to be good. A server sends the same NSEC3 with every referral to an unsigned zone, and
 * what has expired in the cache mostly comes back as it was: that costs a comparison instead of a check. Key, data and
 * signature must be the same octet for octet, so it tells nothing but what a check would; whether the signature is
 * still valid (RFC 4035 section 5.3.1) is for the caller to see, each time.
 */
export class GoodSignatures {
  readonly #known: LRUCache<number, Known>;

  constructor(max = SIGNATURES_MAX) {
    this.#known = new LRUCache({ max });
  }

  has(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
    if (data.length > DATA_OCTETS_MAX) return false;
    const known = this.#known.get(placeOf(signature));
    if (known === undefined || known.key !== key) return false;
    return known.signature === octetsKey(signature) && known.data === octetsKey(data);
  }

  add(key: KeyObject, data: Uint8Array, signature: Uint8Array): void {
    if (data.length > DATA_OCTETS_MAX) return;
    this.#known.set(placeOf(signature), { key, signature: octetsKey(signature), data: octetsKey(data) });
  }
}

interface Known {
  readonly key: KeyObject;
  readonly signature: string;
  readonly data: string;
}

/**
 * Where a signature is kept: most that are looked for are not there, and to find that out by a string of all its octets
 * would be to make one, and to have the engine intern it. Who makes two that meet puts one in the place of the other.
 */
function placeOf(signature: Uint8Array): number {
  let place = 0;
  for (let i = Math.max(0, signature.length - 4); i < signature.length; i++)
    place = ((place << 8) | signature[i]!) & 0x3fffffff;
  return place;
}
