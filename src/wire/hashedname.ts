import { foldOctet, type Name, ROOT } from './name.ts';

/** 127 labels of one octet, and the root. */
export const SUFFIXES_MAX = 128;

/**
 * A name with its suffixes and their hashes: what is looked up in many tables of one seed is hashed once for all of
 * them. The hash runs over a name from its last octet to its first: the state after a label is then the state of that
 * suffix, and one pass over a name gives the hashes of all. Reuse one: nothing is allocated by setting it.
 */
export class HashedName {
  name: Name = ROOT;
  /** Suffixes of the name, the root among them. */
  count = 1;
  /** Octets at which the suffixes start, that of the longest first. */
  readonly starts: Uint8Array = new Uint8Array(SUFFIXES_MAX);
  /** Where `hash` has made them. */
  readonly hashes: Int32Array = new Int32Array(SUFFIXES_MAX);
  #seed = 0;
  /** The state after the suffix numbered `#from`, the longest that is hashed. */
  #state = 0;
  #from = 1;

  /** The name must not change until the last use of this. */
  set(name: Name): this {
    let count = 0;
    for (let i = 0; i < name.length; i += name[i]! + 1) this.starts[count++] = i;
    this.name = name;
    this.count = count;
    this.#from = count;
    this.#state = this.#seed;
    return this;
  }

  /** Makes `hashes` of the suffixes from number `first` on those of `seed`: what was hashed with it is not again. */
  hash(seed: number, first: number): void {
    const { name, starts, hashes } = this;
    if ((seed | 0) !== this.#seed) {
      this.#seed = seed | 0;
      this.#state = this.#seed;
      this.#from = this.count;
    }
    if (first >= this.#from) return;
    let state = this.#state;
    let i = this.#from === this.count ? name.length - 1 : starts[this.#from]! - 1;
    for (let suffix = this.#from - 1; suffix >= first; suffix--) {
      for (const start = starts[suffix]!; i >= start; i--) state = step(state, name[i]!);
      hashes[suffix] = finish(state);
    }
    this.#state = state;
    this.#from = first;
  }
}

/** Hash of the name in `buf[off .. off + len)`, as `HashedName` has it. Case-blind. */
export function nameHash(seed: number, buf: Uint8Array, off: number, len: number): number {
  let state = seed;
  for (let i = off + len - 1; i >= off; i--) state = step(state, buf[i]!);
  return finish(state);
}

/** FNV-1a's step, and a shift by which high bits reach the low ones, so that octets cannot cancel each other. */
function step(state: number, octet: number): number {
  const product = Math.imul(state ^ foldOctet(octet), 0x01000193);
  return product ^ (product >>> 15);
}

/** MurmurHash3's finaliser: the slot is taken from the low bits, so every bit of the state must reach them. */
function finish(state: number): number {
  let h = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
