/**
 * The three encodings of octets that presentation form uses. Decoders are strict (RFC 4648 section 3.5: no
 * characters outside the alphabet, right padding, no stray bits) and give undefined for what is not right, so
 * that each octet string has one text and the caller can name the place of the fault.
 */

/** Upper-case base16 (RFC 4648 section 8). */
export function toHex(octets: Uint8Array): string {
  return octets.toHex().toUpperCase();
}

/** Base16 of either case. */
export function fromHex(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromHex(text);
  } catch {
    return undefined;
  }
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(octets: Uint8Array): string {
  return octets.toBase64();
}

const WHITESPACE = /\s/;

/** Base64 with its padding. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (WHITESPACE.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch {
    return undefined;
  }
}

const BASE32HEX = '0123456789ABCDEFGHIJKLMNOPQRSTUV';

/** Upper-case base32 with extended hex alphabet, without padding (RFC 4648 section 7 as RFC 5155 section 3.3 uses it). */
export function toBase32Hex(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32HEX[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + BASE32HEX[(held << (5 - bits)) & 31];
}

/** Base32 with extended hex alphabet of either case, without padding. */
export function fromBase32Hex(text: string): Uint8Array | undefined {
  const digits = encoder.encode(text);
  return fromBase32HexDigits(digits, 0, digits.length);
}

const encoder = new TextEncoder();

/** The same of digits[from .. to) in ASCII. */
export function fromBase32HexDigits(digits: Uint8Array, from: number, to: number): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor(((to - from) * 5) / 8));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = from; i < to; i++) {
    const digit = base32Digit(digits[i]!);
    if (digit < 0) return undefined;
    held = (held << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  // What is left over must be padding of the last octet: less than one digit, and zero.
  return bits < 5 && held === 0 ? out : undefined;
}

function base32Digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code & ~0x20;
  if (code >= 0x41 && letter >= 0x41 && letter <= 0x56) return letter - 0x41 + 10;
  return -1;
}
