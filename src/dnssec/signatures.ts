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
  readonly #known: LRUCache<string, { readonly key: KeyObject; readonly data: string }>;

  constructor(max = SIGNATURES_MAX) {
    this.#known = new LRUCache({ max });
  }

  has(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
    if (data.length > DATA_OCTETS_MAX) return false;
    const known = this.#known.get(octetsKey(signature));
    return known !== undefined && known.key === key && known.data === octetsKey(data);
  }

  add(key: KeyObject, data: Uint8Array, signature: Uint8Array): void {
    if (data.length <= DATA_OCTETS_MAX) this.#known.set(octetsKey(signature), { key, data: octetsKey(data) });
  }
}
