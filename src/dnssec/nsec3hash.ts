import { fold, type Name, nameKey } from '../wire/name.ts';
import { octetsEqual } from '../wire/octets.ts';
import { digest } from './digest.ts';
import type { Work } from './work.ts';

/** What a name is hashed with; the only algorithm there is, 1, is SHA-1 (RFC 5155 section 11). */
export interface Nsec3Parameters {
  readonly iterations: number;
  readonly salt: Uint8Array;
}

export const NSEC3_HASH_SHA1 = 1;
export const NSEC3_HASH_OCTETS = 20;

/** SHA-1 works on blocks of 64 octets, and pads with a bit and a length (FIPS 180-4 section 5.1.1). */
const BLOCK_OCTETS = 64;
const PADDING_OCTETS = 9;

function blocks(octets: number): number {
  return Math.ceil((octets + PADDING_OCTETS) / BLOCK_OCTETS);
}

/**
 * The hash of a name (RFC 5155 section 5), or undefined where `work` has no blocks left for it. The only place that
 * hashes for NSEC3: whatever path leads here has paid (CVE-2023-50868 and its followers found paths that had not).
 */
export function nsec3Hash(name: Name, parameters: Nsec3Parameters, work: Work): Uint8Array | undefined {
  const { iterations, salt } = parameters;
  const cost = blocks(name.length + salt.length) + iterations * blocks(NSEC3_HASH_OCTETS + salt.length);
  if (!work.takeNsec3Blocks(cost)) return undefined;
  let hashed = digest('sha1', fold(name), salt);
  for (let i = 0; i < iterations; i++) hashed = digest('sha1', hashed, salt);
  return hashed;
}

/** Hashes that were paid for once, for the proofs of one query. */
export class Nsec3Hashes {
  readonly #work: Work;
  /** By name, for each of the parameters that names were hashed with: mostly one. */
  readonly #known: { readonly parameters: Nsec3Parameters; readonly hashes: Map<string, Uint8Array> }[] = [];
  #exhausted = false;

  constructor(work: Work) {
    this.#work = work;
  }

  /** A name was not hashed because there was no work left. It stays so: a proof is not made of the cheap names only. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  of(name: Name, parameters: Nsec3Parameters): Uint8Array | undefined {
    const key = nameKey(name);
    const hashes = this.#hashesBy(parameters);
    const known = hashes?.get(key);
    if (known !== undefined || this.#exhausted) return known;
    const made = nsec3Hash(name, parameters, this.#work);
    if (made === undefined) this.#exhausted = true;
    else if (hashes !== undefined) hashes.set(key, made);
    else this.#known.push({ parameters, hashes: new Map([[key, made]]) });
    return made;
  }

  #hashesBy(parameters: Nsec3Parameters): Map<string, Uint8Array> | undefined {
    for (const each of this.#known) if (sameParameters(each.parameters, parameters)) return each.hashes;
    return undefined;
  }
}

export function sameParameters(a: Nsec3Parameters, b: Nsec3Parameters): boolean {
  return a.iterations === b.iterations && a.salt.length === b.salt.length && octetsEqual(a.salt, b.salt);
}
