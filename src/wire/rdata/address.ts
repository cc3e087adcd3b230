/**
 * IPv4 and IPv6 addresses as text, by hand: millions of them are read when zones are loaded. IPv4 is four
 * decimal parts without leading zeros (RFC 6943 section 3.1.1: others read `010` as 8); IPv6 is RFC 4291
 * section 2.2, without zone identifiers, and is printed as RFC 5952 says.
 */

const DOT = 0x2e;
const COLON = 0x3a;

/** The address `text[from..]` as a number 0..2^32-1, or -1. */
export function ipv4FromText(text: string, from = 0): number {
  let address = 0;
  let part = 0;
  let digits = 0;
  let parts = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++parts === 4) return -1;
      address = address * 256 + part;
      part = digits = 0;
      continue;
    }
    const digit = code - 0x30;
    if (digit < 0 || digit > 9) return -1;
    if (digits > 0 && part === 0) return -1;
    part = part * 10 + digit;
    if (part > 255) return -1;
    digits++;
  }
  return parts === 3 && digits > 0 ? address * 256 + part : -1;
}

/** `192.0.2.1` for the four octets at `at`. */
export function ipv4ToText(octets: Uint8Array, at = 0): string {
  return `${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`;
}

const WORDS = 8;
const words = new Uint16Array(WORDS);

/** The 16 octets of an IPv6 address, or undefined. */
export function ipv6FromText(text: string): Uint8Array | undefined {
  let count = 0;
  let gapAt = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    gapAt = 0;
    i = 2;
  }
  while (i < text.length) {
    if (count === WORDS) return undefined;
    const end = wordEnd(text, i);
    if (end < 0) {
      const embedded = ipv4FromText(text, i);
      if (embedded < 0 || count > WORDS - 2) return undefined;
      words[count++] = embedded >>> 16;
      words[count++] = embedded & 0xffff;
      break;
    }
    words[count++] = Number.parseInt(text.slice(i, end), 16);
    if (end === text.length) break;
    i = end + 1;
    if (text.charCodeAt(i) === COLON) {
      if (gapAt >= 0) return undefined;
      gapAt = count;
      i++;
    } else if (i === text.length) return undefined;
  }
  return spread(count, gapAt);
}

/** End of the run of one to four hex digits at `from` that a colon or the end follows, or -1. */
function wordEnd(text: string, from: number): number {
  let i = from;
  for (; i < text.length && i < from + 5; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) break;
    const letter = code | 0x20;
    if (!((code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x66))) return -1;
  }
  return i > from && i < from + 5 ? i : -1;
}

/** The words as octets, with zeros in the gap of `::`, which stands for at least one word. */
function spread(count: number, gapAt: number): Uint8Array | undefined {
  if (gapAt < 0 ? count !== WORDS : count >= WORDS) return undefined;
  const octets = new Uint8Array(16);
  for (let i = 0; i < count; i++) {
    const at = gapAt < 0 || i < gapAt ? i : i + WORDS - count;
    octets[2 * at] = words[i]! >> 8;
    octets[2 * at + 1] = words[i]! & 0xff;
  }
  return octets;
}

/** RFC 5952: lower case, the first longest run of two or more zero words as `::`, IPv4-mapped with dots. */
export function ipv6ToText(octets: Uint8Array, at = 0): string {
  let gapAt = -1;
  let gapWords = 1;
  for (let i = 0, run = 0; i < WORDS; i++) {
    run = octets[at + 2 * i] === 0 && octets[at + 2 * i + 1] === 0 ? run + 1 : 0;
    if (run > gapWords) {
      gapWords = run;
      gapAt = i + 1 - run;
    }
  }
  if (gapAt === 0 && gapWords === 5 && octets[at + 10] === 0xff && octets[at + 11] === 0xff)
    return `::ffff:${ipv4ToText(octets, at + 12)}`;
  const word = (i: number): string => ((octets[at + 2 * i]! << 8) | octets[at + 2 * i + 1]!).toString(16);
  const range = (from: number, to: number): string => {
    const out: string[] = [];
    for (let i = from; i < to; i++) out.push(word(i));
    return out.join(':');
  };
  return gapAt < 0 ? range(0, WORDS) : `${range(0, gapAt)}::${range(gapAt + gapWords, WORDS)}`;
}
