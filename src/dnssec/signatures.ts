import { type HashSeed, keyedHash } from '../util/hash.ts';
import { cryptoPrng } from '../util/prng.ts';
import { octetsEqual, putOctets } from '../wire/octets.ts';
import type { PublicKey } from './key.ts';

/** Of 768 octets each. */
const SIGNATURES_MAX = 8_192;
/** Of signed data; few RRsets have more, and those of a size that pays are small: NSEC3, DS, addresses. */
const DATA_OCTETS_MAX = 512;
/** RSA with 2048 bits. */
const SIGNATURE_OCTETS_MAX = 256;
const SLOT_OCTETS = DATA_OCTETS_MAX + SIGNATURE_OCTETS_MAX;

/**
 * Signatures that were found to be good. A server sends the same NSEC3 with every referral to an unsigned zone, and
 * what has expired in the cache mostly comes back as it was: that costs a comparison instead of a check. Key, data and
 * signature must be the same octet for octet, so it tells nothing but what a check would; whether the signature is
 * still valid (RFC 4035 section 5.3.1) is for the caller to see, each time.
 *
 * One after the other in one piece of memory, each in the slot that a keyed hash of its signature says, in the place of
 * whatever was there: most are never looked for again, and the collector of garbage has nothing to do with them. Nobody
 * can make up signatures that take the place of a certain one.
 */
export class GoodSignatures {
  readonly #max: number;
  readonly #seed: HashSeed = [cryptoPrng.u32(), cryptoPrng.u32()];
  /** By slot: whose it is, undefined where that is not known to be good; and how long signature and data are. */
  readonly #keys: (PublicKey | undefined)[];
  readonly #lengths: Uint16Array;
  /** By slot: the ticket of whoever came last. */
  readonly #tickets: Float64Array;
  #given = 0;
  /** Signature and data of each slot; made for the first. */
  #octets: Uint8Array | undefined = undefined;

  constructor(max = SIGNATURES_MAX) {
    this.#max = max;
    this.#keys = new Array<PublicKey | undefined>(max).fill(undefined);
    this.#lengths = new Uint16Array(2 * max);
    this.#tickets = new Float64Array(max);
  }

  has(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
    if (this.#octets === undefined) return false;
    const slot = this.#slotOf(signature);
    return this.#keys[slot] === key && this.#isAt(this.#octets, slot, data, signature);
  }

  /**
   * Takes a slot for what is to be checked, before the check is made: what it signs is soon something else. What is being
   * checked already has its slot, and all who check it have one ticket: else each would undo the one before.
   * @returns a ticket for `prove`; undefined: nothing that long is kept
   */
  reserve(data: Uint8Array, signature: Uint8Array): number | undefined {
    if (data.length > DATA_OCTETS_MAX || signature.length > SIGNATURE_OCTETS_MAX) return undefined;
    this.#octets ??= new Uint8Array(this.#max * SLOT_OCTETS);
    const slot = this.#slotOf(signature);
    if (this.#tickets[slot] !== 0 && this.#isAt(this.#octets, slot, data, signature))
      return this.#tickets[slot];
    const ticket = ++this.#given * this.#max + slot;
    this.#tickets[slot] = ticket;
    // Nothing is known to be good of what is written there now.
    this.#keys[slot] = undefined;
    this.#lengths[2 * slot] = signature.length;
    this.#lengths[2 * slot + 1] = data.length;
    const at = slot * SLOT_OCTETS;
    putOctets(this.#octets, at, signature, 0, signature.length);
    putOctets(this.#octets, at + SIGNATURE_OCTETS_MAX, data, 0, data.length);
    return ticket;
  }

  /** The signature is good, by `key`. Nothing happens where another has taken its slot since. */
  prove(ticket: number, key: PublicKey): void {
    const slot = ticket % this.#max;
    if (this.#tickets[slot] === ticket) this.#keys[slot] = key;
  }

  #isAt(octets: Uint8Array, slot: number, data: Uint8Array, signature: Uint8Array): boolean {
    if (this.#lengths[2 * slot] !== signature.length || this.#lengths[2 * slot + 1] !== data.length)
      return false;
    const at = slot * SLOT_OCTETS;
    return octetsEqual(signature, octets, at) && octetsEqual(data, octets, at + SIGNATURE_OCTETS_MAX);
  }

  #slotOf(signature: Uint8Array): number {
    return (keyedHash(this.#seed, signature, 0, signature.length) >>> 0) % this.#max;
  }
}
