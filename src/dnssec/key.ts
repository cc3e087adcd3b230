import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { octetsKey, partOf } from '../wire/octets.ts';
import type { Algorithm } from './algorithm.ts';

/** A DNSKEY (RFC 4034 section 2.1), read where it lies: thousands are kept, and each part of them once. */
export class DnsKey {
  readonly rdata: Uint8Array;
  readonly tag: number;
  /** RFC 5011: signs nothing any more but the news of that. */
  readonly isRevoked: boolean;

  /** @param isRevoked false for the one use that is left for a revoked key, as its flags say it is */
  constructor(rdata: Uint8Array, isRevoked = (rdata[1]! & FLAG_REVOKE) !== 0) {
    this.rdata = rdata;
    this.tag = keyTag(rdata);
    this.isRevoked = isRevoked;
  }

  get flags(): number {
    return (this.rdata[0]! << 8) | this.rdata[1]!;
  }
  get algorithm(): number {
    return this.rdata[ALGORITHM_AT]!;
  }
  /** May share memory with `rdata`. */
  get publicKey(): Uint8Array {
    return partOf(this.rdata, FIXED_OCTETS, this.rdata.length);
  }
  /** Others sign no zone data. */
  get isZoneKey(): boolean {
    return (this.flags & FLAG_ZONE) !== 0;
  }
  /** The key that the parent's DS is meant to stand for; only a hint. */
  get isSep(): boolean {
    return (this.flags & FLAG_SEP) !== 0;
  }
}

const FLAG_ZONE = 0x0100;
const FLAG_REVOKE = 0x0080;
const FLAG_SEP = 0x0001;
/** Flags, protocol, algorithm. */
const FIXED_OCTETS = 4;
const ALGORITHM_AT = 3;
const PROTOCOL = 3;
const RSAMD5 = 1;

/** Undefined for rdata that is cut off, and for another protocol: no such key may be used (RFC 4034 section 2.1.2). */
export function readDnskey(rdata: Uint8Array): DnsKey | undefined {
  return rdata.length <= FIXED_OCTETS || rdata[2] !== PROTOCOL ? undefined : new DnsKey(rdata);
}

/** The DNSKEY of a key that signs a zone's keys and that the parent's DS stands for. */
export function keySigningKey(algorithm: number, publicKey: Uint8Array): DnsKey {
  const flags = FLAG_ZONE | FLAG_SEP;
  return readDnskey(Uint8Array.from([flags >> 8, flags & 0xff, PROTOCOL, algorithm, ...publicKey]))!;
}

/** The key as it was before it was revoked: its tag and its DS records are those of then (RFC 5011 section 2.1). */
export function unrevoked(key: DnsKey): DnsKey {
  const rdata = key.rdata.slice();
  rdata[1]! &= ~FLAG_REVOKE;
  return readDnskey(rdata)!;
}

/** Of DNSKEY rdata (RFC 4034 appendix B). It is a hint which key to try, and others may have the same. */
export function keyTag(rdata: Uint8Array): number {
  const { length } = rdata;
  if (rdata[3] === RSAMD5 && length >= FIXED_OCTETS + 3)
    return (rdata[length - 3]! << 8) | rdata[length - 2]!;
  let sum = 0;
  for (let i = 1; i < length; i += 2) sum += (rdata[i - 1]! << 8) | rdata[i]!;
  if (length % 2 === 1) sum += rdata[length - 1]! << 8;
  return (sum + (sum >>> 16)) & 0xffff;
}

/**
 * The first of these, up to so many octets of rdata: all that an honest zone has.
 * @param octetsMax what may be kept of one zone
 */
export function keysWithin(keys: readonly DnsKey[], octetsMax: number): readonly DnsKey[] {
  let octets = 0;
  for (const [i, { rdata }] of keys.entries()) {
    octets += rdata.length;
    if (octets > octetsMax) return keys.slice(0, i);
  }
  return keys;
}

/** Over this no key of a supported algorithm is: RSA of 4096 bits has 520. */
const PUBLIC_KEY_OCTETS_MAX = 1_024;
/** Imported some 1.5 KB each. A node that is busy meets a few thousand zones, most of them with two keys. */
const KEYS_MAX = 16_384;

/** A power of two: keys asked for again as the same octets, which is what a busy zone's are. */
const RECENT = 256;

/** A public key as signatures are checked with it: the same for all DNSKEYs that have it. */
export class PublicKey {
  /** Number of the algorithm, then the public key: a copy, as it outlives the message that it came in. */
  readonly octets: Uint8Array;
  #imported: KeyObject | undefined;
  /** It was found to be none: malformed, or outside of its algorithm's limits. */
  isBroken = false;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  /** As node:crypto has it. To import it costs half of what it costs to check a signature. Undefined: it is broken. */
  importedBy(algorithm: Algorithm): KeyObject | undefined {
    if (this.#imported !== undefined || this.isBroken) return this.#imported;
    this.#imported = algorithm.importKey(partOf(this.octets, 1, this.octets.length));
    this.isBroken = this.#imported === undefined;
    return this.#imported;
  }
}

/** The keys that were met last, imported where signatures were checked with them here. */
export class KeyStore {
  readonly #keys: LRUCache<string, PublicKey>;
  /**
   * Before those, by key tag: the last one that was looked for. It is told by the identity of its rdata, which is kept with
   * the zone's trust, and that makes no string.
   */
  readonly #recent = new Array<{ readonly rdata: Uint8Array; readonly key: PublicKey } | undefined>(
    RECENT,
  ).fill(undefined);

  constructor(max = KEYS_MAX) {
    this.#keys = new LRUCache({ max });
  }

  /** Undefined: longer than any key. */
  of(key: DnsKey): PublicKey | undefined {
    const at = key.tag % RECENT;
    let recent = this.#recent[at];
    if (recent?.rdata !== key.rdata) {
      if (key.rdata.length > FIXED_OCTETS + PUBLIC_KEY_OCTETS_MAX) return undefined;
      recent = { rdata: key.rdata, key: this.at(key.rdata, ALGORITHM_AT, key.rdata.length) };
      this.#recent[at] = recent;
    }
    return recent.key;
  }

  /** The key in `octets`, between its algorithm and `to`. */
  at(octets: Uint8Array, from: number, to: number): PublicKey {
    // Not with the zone's key, which may be one of sixty kilobytes, while trust is kept by number.
    const id = octetsKey(octets, from, to);
    let key = this.#keys.get(id);
    if (key === undefined) {
      key = new PublicKey(octets.slice(from, to));
      this.#keys.set(id, key);
    }
    return key;
  }
}
