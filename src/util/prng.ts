import { randomFillSync } from 'node:crypto';

/**
 * Randomness, as an argument. Transaction IDs, ports and 0x20 bits must be unpredictable to an observer of
 * earlier ones (RFC 5452 section 4.3; CVE-2025-40780 was a recoverable xoshiro), so the only generator for
 * running code is the operating system's, read in blocks.
 */
export interface Prng {
  /** A uniform integer in 0..0xffffffff. */
  u32(): number;
  /** A uniform integer in 0..bound-1; `bound` in 1..2^32. */
  below(bound: number): number;
  /** Fills `out` with random bytes and returns it. */
  fill<T extends Uint8Array>(out: T): T;
}

const POOL_WORDS = 1024;
/** From here on the system call costs less than what it is filled with word by word. */
const POOLED_OCTETS_MAX = 64;

class CryptoPrng implements Prng {
  readonly #pool = new Uint32Array(POOL_WORDS);
  #used = POOL_WORDS;
  u32(): number {
    if (this.#used === POOL_WORDS) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const value = this.#pool[this.#used]!;
    this.#pool[this.#used++] = 0;
    return value;
  }
  below(bound: number): number {
    return belowUnbiased(this, bound);
  }
  fill<T extends Uint8Array>(out: T): T {
    if (out.length > POOLED_OCTETS_MAX) return randomFillSync(out);
    for (let i = 0; i < out.length; i += 4) {
      const word = this.u32();
      for (let j = 0; j < 4 && i + j < out.length; j++) out[i + j] = word >>> (8 * j);
    }
    return out;
  }
}

/** Rejection sampling: a plain modulus would favour small values. */
function belowUnbiased(prng: Prng, bound: number): number {
  const limit = Math.floor(0x1_0000_0000 / bound) * bound;
  for (;;) {
    const value = prng.u32();
    if (value < limit) return value % bound;
  }
}

export const cryptoPrng: Prng = new CryptoPrng();

/** A repeatable generator (SplitMix32) for simulations and tests. Never for running code. */
export class SeededPrng implements Prng {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }
  below(bound: number): number {
    return belowUnbiased(this, bound);
  }
  fill<T extends Uint8Array>(out: T): T {
    for (let i = 0; i < out.length; i++) out[i] = this.u32();
    return out;
  }
}
