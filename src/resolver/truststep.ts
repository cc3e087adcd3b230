/** One link of the chain of trust, as `explain` shows it. Plain data: it travels between threads. */
export interface TrustStep {
  /** Presentation form. */
  readonly zone: string;
  readonly outcome: 'secure' | 'insecure' | 'bogus';
  /** How it is known: a configured anchor, DS records of the parent, their proven absence, a negative trust anchor. */
  readonly by: 'anchor' | 'ds' | 'no-ds' | 'nta' | 'answer';
  /** Keys of the zone that the DS or anchor stands for, and how they sign. */
  readonly keys: readonly { readonly tag: number; readonly algorithm: string }[];
  /** Digest types of the DS records. */
  readonly digests: readonly string[];
  /** Where it broke, or why it is insecure. */
  readonly why?: string;
}

/** Where a chain ends, with `why`. */
export function lastStep(
  zone: string,
  outcome: 'insecure' | 'bogus',
  by: TrustStep['by'],
  why: string,
): TrustStep {
  return { zone, outcome, by, keys: [], digests: [], why };
}
