import { FLAG, HEADER_OCTETS, RCODE, TYPE } from './constants.ts';

/**
 * Seconds that a response may be kept by those who know nothing of DNS, as caches of HTTP (RFC 8484 section 5.1): the
 * smallest TTL of what it says, where the SOA of a negative answer counts by its MINIMUM too (RFC 2308 section 5). 0
 * for failures, for what was cut, and where nothing says for how long it holds. The message is read where it lies.
 */
export function freshnessOf(message: Uint8Array): number {
  if (message.length < HEADER_OCTETS) return 0;
  const rcode = message[3]! & 0x0f;
  const isCut = (message[2]! & (FLAG.TC >>> 8)) !== 0;
  if (isCut || (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)) return 0;
  let at = HEADER_OCTETS;
  for (let i = 0; i < u16(message, 4); i++) {
    at = skipName(message, at);
    if (at < 0) return 0;
    at += 4;
  }
  let least = Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < u16(message, 6) + u16(message, 8); i++) {
    at = skipName(message, at);
    if (at < 0 || at + RECORD_OCTETS > message.length) return 0;
    const end = at + RECORD_OCTETS + u16(message, at + 8);
    if (end > message.length) return 0;
    least = Math.min(least, u32(message, at + 4));
    // MINIMUM is the last of the rdata's fields.
    if (u16(message, at) === TYPE.SOA && end - at > RECORD_OCTETS + 4)
      least = Math.min(least, u32(message, end - 4));
    at = end;
  }
  return least === Number.MAX_SAFE_INTEGER ? 0 : least;
}

/** Of a record behind its owner: type, class, TTL, RDLENGTH. */
const RECORD_OCTETS = 10;

/** Where the name at `at` ends, wherever its pointer leads; -1 where the message ends first. */
function skipName(message: Uint8Array, at: number): number {
  while (at < message.length) {
    const octet = message[at]!;
    if (octet === 0) return at + 1;
    if (octet >= 0xc0) return at + 2;
    at += 1 + octet;
  }
  return -1;
}

/** What is behind the end counts as zero. */
function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}

function u32(octets: Uint8Array, at: number): number {
  return u16(octets, at) * 0x10000 + u16(octets, at + 2);
}
