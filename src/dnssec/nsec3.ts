import { fromBase32HexDigits } from '../wire/base.ts';
import { TYPE } from '../wire/constants.ts';
import { Cursor } from '../wire/cursor.ts';
import { WireError } from '../wire/error.ts';
import { type Name, nameEquals, parentOf } from '../wire/name.ts';
import { checkRdata } from '../wire/rdata/table.ts';
import { type Rrset, readEach } from '../wire/record.ts';
import { compareOctets } from './canonical.ts';
import { type Chain, type ChainNode, type Encloser, endsChain, type Gap, isBetween, isOwn } from './chain.ts';
import { NSEC3_HASH_OCTETS, NSEC3_HASH_SHA1, type Nsec3Hashes, type Nsec3Parameters } from './nsec3hash.ts';
import { hasType, type TypeBitmap } from './typebitmap.ts';

/** More make the zone insecure (RFC 9276 section 3.2); signers should use none. */
export const NSEC3_ITERATIONS_MAX = 50;
/** A longer salt counts as too many iterations: past 35 octets each of these costs twice. Signers should use none. */
export const NSEC3_SALT_OCTETS_MAX = 64;

const OPT_OUT = 1;
/** Base32 has five bits in a digit. */
const NSEC3_HASH_DIGITS = (NSEC3_HASH_OCTETS * 8) / 5;

export interface Nsec3 {
  /** Of the owner's name. */
  readonly hash: Uint8Array;
  readonly next: Uint8Array;
  readonly optOut: boolean;
  readonly parameters: Nsec3Parameters;
  readonly types: TypeBitmap;
  readonly rrset: Rrset;
}

/**
 * The records of an NSEC3 RRset that say something of `zone`. Passed over are unknown hash algorithms and flags
 * (RFC 5155 sections 8.1 and 8.2), hashes that are none, and owners that are not one hash and the zone's name.
 */
export function readNsec3(rrset: Rrset, zone: Name): Nsec3[] {
  if (rrset.type !== TYPE.NSEC3 || !isOwn(rrset, zone)) return [];
  const hash = ownerHash(rrset.name, zone);
  if (hash === undefined) return [];
  return readEach(rrset.rdatas, (rdata) => readOne(rrset, hash, rdata));
}

function ownerHash(owner: Name, zone: Name): Uint8Array | undefined {
  if (owner[0] !== NSEC3_HASH_DIGITS || !nameEquals(parentOf(owner), zone)) return undefined;
  return fromBase32HexDigits(owner, 1, 1 + NSEC3_HASH_DIGITS);
}

function readOne(rrset: Rrset, hash: Uint8Array, rdata: Uint8Array): Nsec3 | undefined {
  try {
    checkRdata(TYPE.NSEC3, rdata);
    const c = new Cursor(rdata);
    const algorithm = c.u8();
    const flags = c.u8();
    const parameters = { iterations: c.u16(), salt: c.bytes(c.u8()) };
    const next = c.bytes(c.u8());
    if (algorithm !== NSEC3_HASH_SHA1 || flags > OPT_OUT) return undefined;
    if (next.length !== NSEC3_HASH_OCTETS) return undefined;
    return { hash, next, optOut: flags === OPT_OUT, parameters, types: c.bytes(c.left), rrset };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Why names are not hashed with these parameters, if they are not. */
export function costOf(parameters: Nsec3Parameters): string | undefined {
  const { iterations, salt } = parameters;
  if (iterations > NSEC3_ITERATIONS_MAX) return `NSEC3 with ${iterations} iterations`;
  return salt.length > NSEC3_SALT_OCTETS_MAX ? `NSEC3 with a salt of ${salt.length} octets` : undefined;
}

/** NSEC3 records of one zone and with the same parameters (RFC 5155 section 8). */
export class Nsec3Chain implements Chain {
  readonly #zone: Name;
  readonly #parameters: Nsec3Parameters;
  readonly #records: readonly Nsec3[];
  readonly #hashes: Nsec3Hashes;
  /** The zone's own name has the only SOA, so that its record is known without hashing. */
  readonly #apex: Nsec3 | undefined;

  constructor(zone: Name, records: readonly [Nsec3, ...Nsec3[]], hashes: Nsec3Hashes) {
    this.#zone = zone;
    this.#parameters = records[0].parameters;
    this.#records = records;
    this.#hashes = hashes;
    this.#apex = records.find((nsec3) => hasType(nsec3.types, TYPE.SOA));
  }

  get exhausted(): boolean {
    return this.#hashes.exhausted;
  }

  node(name: Name): ChainNode | undefined {
    if (this.#apex !== undefined && nameEquals(name, this.#zone)) return this.#apex;
    const hash = this.#hashes.of(name, this.#parameters);
    return hash && this.#records.find((nsec3) => compareOctets(nsec3.hash, hash) === 0);
  }

  /** Above it there must be a name that exists: this alone would deny what is below a delegation. */
  gap(name: Name): Gap | undefined {
    const hash = this.#hashes.of(name, this.#parameters);
    return hash && this.#records.find((nsec3) => isBetween(compareOctets, nsec3.hash, hash, nsec3.next));
  }

  /**
   * RFC 5155 section 8.3. Names above the zone have no part in it, whatever they hash to (CVE-2026-10723). It is looked for
   * from both ends: mostly it is near one of them, and below a zone of reverse addresses there may be thirty names between.
   */
  encloser(name: Name): Encloser | undefined {
    const names = [name];
    for (let at = name; !nameEquals(at, this.#zone); names.push(at)) at = parentOf(at);
    let low = 1;
    // The zone's own name is none of those whose record has to be found by its hash.
    let high = names.length - (this.#apex === undefined ? 2 : 1);
    let isFromTop = this.#apex !== undefined;
    while (low <= high) {
      const at = isFromTop ? high-- : low++;
      const node = this.node(names[at]!);
      const gap = node && this.gap(names[at - 1]!);
      if (node !== undefined && gap !== undefined)
        return endsChain(node.types)
          ? undefined
          : { name: names[at]!, used: [node.rrset, gap.rrset], optOut: gap.optOut };
      // It exists, and what is below it is not denied.
      if (node !== undefined && !isFromTop) return undefined;
      isFromTop = !isFromTop;
    }
    return undefined;
  }
}
