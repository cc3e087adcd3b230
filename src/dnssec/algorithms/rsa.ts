import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Algorithm } from '../algorithm.ts';

/** Shorter keys can be broken by those who want to; all RFCs of RSA in DNSSEC allow 1024 bits. */
const MODULUS_BITS_MIN = 1024;
/** RFC 3110 section 2; checks of longer ones are an attack. */
const MODULUS_BITS_MAX = 4096;
/** 2^32 + 1 is the longest exponent in use; the time of a check grows with it. */
const EXPONENT_MAX = 2n ** 32n + 1n;
/** Under this a signature can be made without the key. */
const EXPONENT_MIN = 3n;

/** RFC 3110, RFC 5702. @param bitsMin for tests: the keys of old scenarios have 512 */
export function rsaAlgorithm(name: string, hash: string, bitsMin = MODULUS_BITS_MIN): Algorithm {
  return {
    name,
    importKey(publicKey) {
      const parts = split(publicKey);
      return parts !== undefined && isWithinLimits(parts, bitsMin) ? fromParts(parts) : undefined;
    },
    verify(key, data, signature) {
      try {
        return verify(hash, data, key, signature);
      } catch {
        // OpenSSL may find only now that the modulus is none.
        return false;
      }
    },
  };
}

interface Parts {
  /** Both without leading zeros. */
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** RFC 3110 section 2: the exponent's length in one octet, or in two after a zero. */
function split(publicKey: Uint8Array): Parts | undefined {
  const isLong = publicKey[0] === 0;
  const start = isLong ? 3 : 1;
  if (publicKey.length < start) return undefined;
  const length = isLong ? publicKey[1]! * 256 + publicKey[2]! : publicKey[0]!;
  const end = start + length;
  if (end > publicKey.length) return undefined;
  return { exponent: trim(publicKey.subarray(start, end)), modulus: trim(publicKey.subarray(end)) };
}

function trim(number: Uint8Array): Uint8Array {
  let zeros = 0;
  while (number[zeros] === 0) zeros++;
  return number.subarray(zeros);
}

function isWithinLimits({ exponent, modulus }: Parts, bitsMin: number): boolean {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < bitsMin || bits > MODULUS_BITS_MAX) return false;
  if (exponent.length > 5 || !isOdd(exponent) || !isOdd(modulus)) return false;
  const value = exponent.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return value >= EXPONENT_MIN && value <= EXPONENT_MAX;
}

/** As every product of two odd primes is, and what is prime to the order of its group. */
function isOdd(number: Uint8Array): boolean {
  return (number.at(-1)! & 1) === 1;
}

function fromParts({ exponent, modulus }: Parts): KeyObject | undefined {
  const base64 = (octets: Uint8Array): string =>
    octets.toBase64({ alphabet: 'base64url', omitPadding: true });
  try {
    return createPublicKey({
      key: { kty: 'RSA', n: base64(modulus), e: base64(exponent) },
      format: 'jwk',
    });
  } catch {
    return undefined;
  }
}
