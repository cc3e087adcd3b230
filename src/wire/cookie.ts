import { unmapped } from '../util/cidr.ts';
import { sipHash24 } from './siphash.ts';

/**
 * DNS server cookies that other servers with the same secret accept (RFC 7873, RFC 9018). The COOKIE option holds
 *
 *     0        8         9          12          16        24
 *     │ client │ version │ reserved │ timestamp │ hash    │
 *     │ cookie │ 1       │ 0        │ seconds   │ SipHash-2-4 of octets 0..15 and the client's address │
 *
 * A client that sends back what it was given sits where it says it does: forgers see no replies.
 */
export interface CookieSecrets {
  /** 16 octets; cookies are made with it. */
  readonly current: Uint8Array;
  /** 16 octets; cookies made with it are still taken, until an hour after it was current (RFC 9018 section 5). */
  readonly previous?: Uint8Array | undefined;
}

/** `renew`: valid, but its time or its secret runs out: the reply carries a new one. */
export type CookieVerdict = 'valid' | 'renew' | 'invalid';

export const CLIENT_COOKIE_OCTETS = 8;
export const SERVER_COOKIE_OCTETS = 16;
/** RFC 9018 section 4.3: the times that a timestamp may be past or ahead (clocks of a fleet differ), in seconds. */
const PAST_MAX = 3600;
const FUTURE_MAX = 300;
const RENEW_AFTER = 1800;
const VERSION = 1;

/** What is hashed, and the hash; longest with an IPv6 address. */
const HASHED_HEAD = 16;
const hashed = new Uint8Array(HASHED_HEAD + 16);
const hash = new Uint8Array(8);

/**
 * Writes the 16 octets of a server cookie to `out` at `outOff`, for the client cookie in `client` at `clientOff`
 * (both may be one buffer). `address`: 4 or 16 octets. `seconds`: since 1970.
 */
export function makeServerCookie(
  out: Uint8Array,
  outOff: number,
  client: Uint8Array,
  clientOff: number,
  address: Uint8Array,
  seconds: number,
  secrets: CookieSecrets,
): void {
  for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) hashed[i] = client[clientOff + i]!;
  hashed[8] = VERSION;
  hashed[9] = hashed[10] = hashed[11] = 0;
  // Modulo 2^32, compared by serial arithmetic (RFC 9018 section 4.3): the shifts take a number beyond 2^32 too.
  hashed[12] = seconds >>> 24;
  hashed[13] = seconds >>> 16;
  hashed[14] = seconds >>> 8;
  hashed[15] = seconds;
  hashWith(secrets.current, address);
  for (let i = 0; i < 8; i++) {
    out[outOff + i] = hashed[8 + i]!;
    out[outOff + 8 + i] = hash[i]!;
  }
}

/** Judges the 24 octets of a COOKIE option in `buf` at `off`; the caller has looked at the length. */
export function checkServerCookie(
  buf: Uint8Array,
  off: number,
  address: Uint8Array,
  seconds: number,
  secrets: CookieSecrets,
): CookieVerdict {
  if (buf[off + 8] !== VERSION) return 'invalid';
  for (let i = 0; i < HASHED_HEAD; i++) hashed[i] = buf[off + i]!;
  const stamp = (hashed[12]! << 24) | (hashed[13]! << 16) | (hashed[14]! << 8) | hashed[15]!;
  const age = (seconds - stamp) | 0;
  if (age > PAST_MAX || age < -FUTURE_MAX) return 'invalid';
  hashWith(secrets.current, address);
  if (hashEquals(buf, off + HASHED_HEAD)) return age >= RENEW_AFTER ? 'renew' : 'valid';
  if (secrets.previous === undefined) return 'invalid';
  hashWith(secrets.previous, address);
  return hashEquals(buf, off + HASHED_HEAD) ? 'renew' : 'invalid';
}

/** Leaves in `hash` the hash of the head of `hashed` and the address; an IPv4 one counts as such however it is written. */
function hashWith(secret: Uint8Array, address: Uint8Array): void {
  const client = unmapped(address);
  for (let i = 0; i < client.length; i++) hashed[HASHED_HEAD + i] = client[i]!;
  sipHash24(secret, hashed, 0, HASHED_HEAD + client.length, hash, 0);
}

/** In the same time wherever they differ, so that the hash cannot be found octet by octet. */
function hashEquals(buf: Uint8Array, off: number): boolean {
  let difference = 0;
  for (let i = 0; i < 8; i++) difference |= buf[off + i]! ^ hash[i]!;
  return difference === 0;
}
