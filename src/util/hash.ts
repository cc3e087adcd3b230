/**
 * HalfSipHash-1-3 (Aumasson and Bernstein): 32 bits out of octets and a 64-bit secret key. Names come from
 * strangers, so every table of ours is keyed with a seed drawn at start: without it nobody can craft names that
 * meet in one bucket. 32 bits and a 64-bit key are enough for tables that compare whole keys and bound their
 * probes; nothing is authenticated with it (cookies use `wire/siphash`).
 *
 * Hashes are signed 32-bit integers: an unsigned one of 2^31 or more would be a heap number, and so garbage for
 * each packet.
 */
export type HashSeed = readonly [k0: number, k1: number];

/** Hash of `len` octets of `buf` at `off`, as they are. */
export function keyedHash(seed: HashSeed, buf: Uint8Array, off: number, len: number): number {
  return halfSipHash(seed[0], seed[1], buf, off, len, 0);
}

/** The same over octets with ASCII letters lower-cased: equal for names that are equal (RFC 4343). */
export function keyedHashFolded(seed: HashSeed, buf: Uint8Array, off: number, len: number): number {
  return halfSipHash(seed[0], seed[1], buf, off, len, EACH_TOP_BIT);
}

/** The same over five octets, those of a word (the lowest first) and one more: without a buffer for them. */
export function keyedHashOfWord(seed: HashSeed, word: number, octet: number): number {
  const k0 = seed[0] | 0;
  const k1 = seed[1] | 0;
  const last = octet | (5 << 24);
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1 ^ word;
  for (let round = 0; round < 1 + LAST_ROUNDS; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= word;
      v3 ^= last;
    } else if (round === 1) {
      v0 ^= last;
      v2 ^= 0xff;
    }
  }
  return v1 ^ v3;
}

const EACH_TOP_BIT = 0x80808080 | 0;
/** The round of the octets that are left over and of the length, and the three that end the hash. */
const LAST_ROUNDS = 4;

/** The round again, twice, written out: a call or an array for its four words would cost more than the round. */
function halfSipHash(
  k0: number,
  k1: number,
  buf: Uint8Array,
  off: number,
  len: number,
  fold: number,
): number {
  let v0 = k0 | 0;
  let v1 = k1 | 0;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  let at = off;
  for (const end = off + (len & ~3); at < end; at += 4) {
    let word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
    if (fold !== 0) word |= (upperCase(word) & fold) >>> 2;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let last = 0;
  for (let i = 0; i < (len & 3); i++) last |= buf[at + i]! << (8 * i);
  if (fold !== 0) last |= (upperCase(last) & fold) >>> 2;
  last |= len << 24;
  v3 ^= last;
  for (let round = 0; round < LAST_ROUNDS; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 0) {
      v0 ^= last;
      v2 ^= 0xff;
    }
  }
  return v1 ^ v3;
}

/** The top bit of each of the four octets that is in 'A'..'Z'. */
function upperCase(word: number): number {
  const low = word & 0x7f7f7f7f;
  return ~word & ((low + 0x3f3f3f3f) ^ (low + 0x25252525)) & EACH_TOP_BIT;
}
