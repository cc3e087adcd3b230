const { latin1Slice }: { latin1Slice(this: Uint8Array, from: number, to: number): string } = Buffer.prototype;

/** The octets as a string of chars 0..255: a key for `Map`s and `Set`s away from the cache-hit path. */
export function octetsKey(octets: Uint8Array, from = 0, to = octets.length): string {
  // Of any typed array, without a Buffer around it.
  return latin1Slice.call(octets, from, to);
}

/** True if the octets of `b` from `off` on begin with those of `a`. */
export function octetsEqual(a: Uint8Array, b: Uint8Array, off = 0): boolean {
  if (b.length - off < a.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[off + i]) return false;
  return true;
}

/** Writes 16 bits in network order; returns the offset after them. */
export function put16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8;
  out[at + 1] = value;
  return at + 2;
}

/**
 * Copies `from[start .. end)` to `out` at `at`, and returns the offset after it. Octet by octet where they are few: each
 * takes a nanosecond, `set` 20 whatever the length, and the view of a part that it needs as much again, and garbage.
 */
export function putOctets(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > PART_SINGLY_MAX || (length > WHOLE_SINGLY_MAX && length === from.length)) {
    out.set(length === from.length ? from : from.subarray(start, end), at);
    return at + length;
  }
  for (let i = start; i < end; i++) out[at++] = from[i]!;
  return at;
}

const WHOLE_SINGLY_MAX = 24;
const PART_SINGLY_MAX = 128;

/** A copy of `from[start .. end)`. Octet by octet where they are few: `slice` costs ten times as much as a name is long. */
export function copyOctets(from: Uint8Array, start: number, end: number): Uint8Array {
  if (end - start > HEAP_OCTETS_MAX) return from.slice(start, end);
  const out = new Uint8Array(end - start);
  for (let i = start; i < end; i++) out[i - start] = from[i]!;
  return out;
}

/** `from[start .. end)` for those who do not change it: a copy where that costs less than a view, else a view. */
export function partOf(from: Uint8Array, start: number, end: number): Uint8Array {
  return end - start > HEAP_OCTETS_MAX ? from.subarray(start, end) : copyOctets(from, start, end);
}

/** Typed arrays up to this length lie in the heap of the engine; memory outside of it takes 0.8 us to get. */
export const HEAP_OCTETS_MAX = 64;
