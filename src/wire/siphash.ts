/**
 * SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits that an outsider cannot forge, for server cookies
 * (RFC 9018 section 4.4). A word of 64 bits is two halves of 32, because a BigInt would be an allocation at each
 * step; `a`, `b`, `c`, `d` stand for v0..v3 of the paper, `h` and `l` for their high and low half.
 */

const C_ROUNDS = 2;
const D_ROUNDS = 4;

/** v0h, v0l, v1h, … between rounds. One thread, no re-entry. */
const v = new Int32Array(8);

/** Writes the 8 octets of the hash of `len` octets of `buf` at `off` to `out` at `outOff`. `key`: 16 octets. */
export function sipHash24(
  key: Uint8Array,
  buf: Uint8Array,
  off: number,
  len: number,
  out: Uint8Array,
  outOff: number,
): void {
  start(key);
  const end = off + (len & ~7);
  for (let at = off; at < end; at += 8) absorb(word(buf, at + 4), word(buf, at));
  const left = len & 7;
  absorb((len << 24) | partial(buf, end + 4, left - 4), partial(buf, end, left));
  v[5]! ^= 0xff;
  rounds(D_ROUNDS);
  putWord(out, outOff, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!);
  putWord(out, outOff + 4, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!);
}

/** "somepseudorandomlygeneratedbytes", with the key mixed in. */
function start(key: Uint8Array): void {
  const k0l = word(key, 0);
  const k0h = word(key, 4);
  const k1l = word(key, 8);
  const k1h = word(key, 12);
  v[0] = 0x736f6d65 ^ k0h;
  v[1] = 0x70736575 ^ k0l;
  v[2] = 0x646f7261 ^ k1h;
  v[3] = 0x6e646f6d ^ k1l;
  v[4] = 0x6c796765 ^ k0h;
  v[5] = 0x6e657261 ^ k0l;
  v[6] = 0x74656462 ^ k1h;
  v[7] = 0x79746573 ^ k1l;
}

function absorb(high: number, low: number): void {
  v[6]! ^= high;
  v[7]! ^= low;
  rounds(C_ROUNDS);
  v[0]! ^= high;
  v[1]! ^= low;
}

/** In locals for the length of the rounds; a carry out of two low halves is one where their sum wrapped. */
function rounds(count: number): void {
  let ah = v[0]!;
  let al = v[1]!;
  let bh = v[2]!;
  let bl = v[3]!;
  let ch = v[4]!;
  let cl = v[5]!;
  let dh = v[6]!;
  let dl = v[7]!;
  let sum = 0;
  let spare = 0;
  for (let i = 0; i < count; i++) {
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    sum = (al + bl) | 0;
    ah = (ah + bh + carry(sum, al)) | 0;
    al = sum;
    spare = ((bh << 13) | (bl >>> 19)) ^ ah;
    bl = ((bl << 13) | (bh >>> 19)) ^ al;
    bh = spare;
    spare = ah;
    ah = al;
    al = spare;
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    sum = (cl + dl) | 0;
    ch = (ch + dh + carry(sum, cl)) | 0;
    cl = sum;
    spare = ((dh << 16) | (dl >>> 16)) ^ ch;
    dl = ((dl << 16) | (dh >>> 16)) ^ cl;
    dh = spare;
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    sum = (al + dl) | 0;
    ah = (ah + dh + carry(sum, al)) | 0;
    al = sum;
    spare = ((dh << 21) | (dl >>> 11)) ^ ah;
    dl = ((dl << 21) | (dh >>> 11)) ^ al;
    dh = spare;
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    sum = (cl + bl) | 0;
    ch = (ch + bh + carry(sum, cl)) | 0;
    cl = sum;
    spare = ((bh << 17) | (bl >>> 15)) ^ ch;
    bl = ((bl << 17) | (bh >>> 15)) ^ cl;
    bh = spare;
    spare = ch;
    ch = cl;
    cl = spare;
  }
  v[0] = ah;
  v[1] = al;
  v[2] = bh;
  v[3] = bl;
  v[4] = ch;
  v[5] = cl;
  v[6] = dh;
  v[7] = dl;
}

function carry(sum: number, addend: number): number {
  return sum >>> 0 < addend >>> 0 ? 1 : 0;
}

function word(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
}

/** The first `octets` (0 to 4, more counts as 4, less as 0) of a word. */
function partial(buf: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets && i < 4; i++) value |= buf[at + i]! << (8 * i);
  return value;
}

function putWord(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
