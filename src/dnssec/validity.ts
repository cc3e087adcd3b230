import type { Rrsig } from './rrsig.ts';

/** How far a signature may lie in the future: the signer's clock, or ours, or a summer time that was forgotten. */
const EARLY_SECONDS = 3_600;
/**
 * How long a signature counts after it expired: a tenth of its life, as in Unbound, so that a short one is not made
 * much longer, and a long one not by weeks.
 */
const GRACE_SECONDS_MIN = 3_600;
const GRACE_SECONDS_MAX = 86_400;
/** What is in its grace is kept this long, or every question would go upstream. */
const GRACE_TTL = 60;

/** `inverted`: it expires before it begins. */
export type Validity = 'valid' | 'early' | 'expired' | 'inverted';

/** @param now wall clock in seconds */
export function validityOf(sig: Rrsig, now: number): Validity {
  const life = serialDistance(sig.inception, sig.expiration);
  if (life < 0) return 'inverted';
  if (serialDistance(now, sig.inception) > EARLY_SECONDS) return 'early';
  const grace = Math.min(GRACE_SECONDS_MAX, Math.max(GRACE_SECONDS_MIN, life / 10));
  return serialDistance(sig.expiration, now) > grace ? 'expired' : 'valid';
}

/** The TTL of an RRset that `sig` was found good for: never past what was signed (RFC 4035 section 5.3.3). */
export function cappedTtl(ttl: number, sig: Rrsig, now: number): number {
  const left = serialDistance(now, sig.expiration);
  return Math.min(ttl, sig.originalTtl, left > 0 ? left : GRACE_TTL);
}

/** From `a` to `b`, negative where `b` is before it, in the arithmetic of RFC 1982 section 3 that dates of RRSIGs are in. */
export function serialDistance(a: number, b: number): number {
  return (b - a) | 0;
}
