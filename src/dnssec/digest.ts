import { hash } from 'node:crypto';
import { putOctets } from '../wire/octets.ts';

/** More than names with their salts, and than most keys with their owners. */
const SCRATCH_OCTETS = 1_024;
/** Node.js moves what lies in V8's heap out of it before it hashes it, and that costs more than the hash of a name. */
const scratch = Buffer.allocUnsafeSlow(SCRATCH_OCTETS);

/** A text: a Buffer would be memory of its own for each hash. */
const AS_TEXT = { outputEncoding: 'latin1' } as const;

/** The hash of `a` and behind it `b`. @param algorithm as Node.js names it: `sha1`, `sha256` */
export function digest(algorithm: string, a: Uint8Array, b: Uint8Array): Uint8Array {
  const length = a.length + b.length;
  const text = hash(algorithm, length > SCRATCH_OCTETS ? Buffer.concat([a, b]) : inScratch(a, b), AS_TEXT);
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < octets.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}

function inScratch(a: Uint8Array, b: Uint8Array): Buffer {
  const at = putOctets(scratch, 0, a, 0, a.length);
  return scratch.subarray(0, putOctets(scratch, at, b, 0, b.length));
}
