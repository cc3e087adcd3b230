import { negativeLifetime, TTL_LIMITS } from '../cache/ttl.ts';
import { compareOctets } from '../dnssec/canonical.ts';
import { wildcardBelow } from '../dnssec/chain.ts';
import { type Evidence, proveNameError, proveNoData } from '../dnssec/denial.ts';
import { encloserIn, readNsec } from '../dnssec/nsec.ts';
import { costOf, readNsec3 } from '../dnssec/nsec3.ts';
import { Nsec3Hashes, type Nsec3Parameters, sameParameters } from '../dnssec/nsec3hash.ts';
import type { Work } from '../dnssec/work.ts';
import { compareCanonical, isAtOrBelow, type Name, nameEquals, parentOf } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { type Range, Ranges } from './ranges.ts';

/** An answer that no server was asked for. TTLs of the records are `ttl`. */
export interface Denial {
  readonly kind: 'nxdomain' | 'nodata';
  readonly soa: Rrset;
  readonly proofs: readonly Rrset[];
  /** Seconds, over 0. */
  readonly ttl: number;
}

/**
 * Blocks that one search may hash. It comes before anything is asked, and must leave enough for the proofs of what
 * is: without iterations this is for fourteen labels, and with more than four of them hardly worth it.
 */
export const AGGRESSIVE_NSEC3_BLOCKS = 16;

/** NSEC and NSEC3 records of one zone, by what they cover. */
export class ZoneDenials {
  readonly zone: Name;
  soa: { readonly soa: Rrset; readonly expiresAt: number } | undefined = undefined;
  readonly #nsec = new Ranges<Name>(compareCanonical);
  /** Of the parameters seen last. A zone has one chain, or two while it changes them. */
  #nsec3 = new Ranges<Uint8Array>(compareOctets);
  #parameters: Nsec3Parameters | undefined = undefined;

  constructor(zone: Name) {
    this.zone = zone;
  }

  get size(): number {
    return this.#nsec.size + this.#nsec3.size;
  }

  add(rrset: Rrset, expiresAt: number): void {
    // A name has one record of a chain; of two in one RRset none could be put in the place of the other.
    if (rrset.rdatas.length !== 1) return;
    const [nsec] = readNsec(rrset, this.zone);
    if (nsec !== undefined) this.#nsec.put({ from: nsec.owner, to: nsec.next, rrset, expiresAt });
    const [nsec3] = readNsec3(rrset, this.zone);
    if (nsec3 === undefined || costOf(nsec3.parameters) !== undefined) return;
    this.#useParameters(nsec3.parameters);
    this.#nsec3.put({ from: nsec3.hash, to: nsec3.next, rrset, expiresAt });
  }

  shrink(max: number, now: number): void {
    this.#nsec.shrink(max, now);
    this.#nsec3.shrink(Math.max(0, max - this.#nsec.size), now);
  }

  find(name: Name, type: number, work: Work, now: number): Denial | undefined {
    if (this.soa === undefined || !isAtOrBelow(name, this.zone)) return undefined;
    const part = partOf(work);
    const hashes = new Nsec3Hashes(part);
    const ranges = [...this.#nsecRanges(name, now), ...this.#nsec3Ranges(name, hashes, now)];
    if (ranges.length === 0) return undefined;
    const rrsets = ranges.map((range) => range.rrset);
    const decided = decide(name, type, { zone: this.zone, rrsets, work: part, hashes });
    if (decided === undefined) return undefined;
    const used = ranges.filter((range) => decided.used.includes(range.rrset));
    return toDenial(decided.kind, this.soa, used, now);
  }

  #useParameters(parameters: Nsec3Parameters): void {
    const isSame = this.#parameters && sameParameters(this.#parameters, parameters);
    if (!isSame) this.#nsec3 = new Ranges(compareOctets);
    this.#parameters = parameters;
  }

  /** The records at or before the name and the wildcard that would stand for it. */
  #nsecRanges(name: Name, now: number): Range<unknown>[] {
    const range = this.#nsec.at(name, now);
    if (range === undefined) return [];
    if (nameEquals(range.from, name)) return [range];
    const encloser = encloserIn({ owner: range.from, next: range.to }, name);
    // The next name is below this one, which is so an empty non-terminal.
    if (encloser.length === name.length) return [range];
    return present([range, this.#nsec.at(wildcardBelow(encloser), now)]);
  }

  /** The record of the name itself; or those of its closest encloser, the next closer name and the wildcard. */
  #nsec3Ranges(name: Name, hashes: Nsec3Hashes, now: number): Range<unknown>[] {
    const own = this.#nsec3At(name, hashes, now);
    if (own?.isAt) return [own.range];
    let nextCloser = own?.range;
    for (let at = name; !nameEquals(at, this.zone); ) {
      at = parentOf(at);
      const found = this.#nsec3At(at, hashes, now);
      if (found?.isAt) {
        const wildcard = nextCloser && this.#nsec3At(wildcardBelow(at), hashes, now);
        return present([found.range, nextCloser, wildcard?.range]);
      }
      nextCloser = found?.range;
    }
    return [];
  }

  /** The record at `name`, or else the one that would deny it. */
  #nsec3At(
    name: Name,
    hashes: Nsec3Hashes,
    now: number,
  ): { range: Range<unknown>; isAt: boolean } | undefined {
    const hash = this.#nsec3.size > 0 && this.#parameters ? hashes.of(name, this.#parameters) : undefined;
    const range = hash && this.#nsec3.at(hash, now);
    return range && { range, isAt: compareOctets(range.from, hash) === 0 };
  }
}

function partOf(work: Work): Work {
  let left = AGGRESSIVE_NSEC3_BLOCKS;
  return {
    takeVerify: () => false,
    takeNsec3Blocks(blocks) {
      if (blocks > left || !work.takeNsec3Blocks(blocks)) return false;
      left -= blocks;
      return true;
    },
  };
}

function present<T>(list: readonly (T | undefined)[]): T[] {
  return list.filter((item) => item !== undefined);
}

/** An existing name is tried first: one that was denied by RFC 9824 has got NODATA before, and gets it again. */
function decide(
  name: Name,
  type: number,
  e: Evidence,
): { kind: Denial['kind']; used: readonly Rrset[] } | undefined {
  const noData = proveNoData(name, type, e);
  if (noData.status === 'secure') return { kind: 'nodata', used: noData.used };
  const nameError = proveNameError(name, e);
  return nameError.status === 'secure' ? { kind: 'nxdomain', used: nameError.used } : undefined;
}

function toDenial(
  kind: Denial['kind'],
  { soa, expiresAt }: { soa: Rrset; expiresAt: number },
  used: readonly Range<unknown>[],
  now: number,
): Denial | undefined {
  const ends = Math.min(expiresAt, ...used.map((range) => range.expiresAt));
  // RFC 8198 section 5.4: not longer than a negative answer would be kept.
  const ttl = Math.min(Math.floor((ends - now) / 1000), negativeLifetime(soa, TTL_LIMITS));
  if (ttl <= 0) return undefined;
  return { kind, soa: { ...soa, ttl }, proofs: used.map(({ rrset }) => ({ ...rrset, ttl })), ttl };
}
