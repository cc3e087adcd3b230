import { algorithmToText } from '../dnssec/algorithm.ts';
import { digestToText } from '../dnssec/ds.ts';
import type { DnsKey } from '../dnssec/key.ts';
import { type Name, nameToText } from '../wire/name.ts';
import type { Ede } from '../wire/record.ts';
import type { Failed, Job } from './finding.ts';
import { failedFetch } from './iterate.ts';
import { lastStep, type TrustStep } from './truststep.ts';

/** A key, or its absence, is looked up again after a day. */
export const TRUST_SECONDS_MAX = 86_400;

/** What is known of a name as a zone. */
export type Trust = SecureZone | InsecureZone | BogusZone;

interface TrustBase {
  readonly zone: Name;
  /** The zone above it in the chain; undefined at the anchor. */
  readonly above: Trust | undefined;
  /** Clock time. */
  readonly expiresAt: number;
}

export interface SecureZone extends TrustBase {
  readonly kind: 'secure';
  readonly keys: readonly DnsKey[];
  /** Keys that the DS records or the anchor stand for, and types of the digests. */
  readonly by: readonly { readonly tag: number; readonly algorithm: number }[];
  readonly digests: readonly number[];
}
/** From here down nothing is signed, or nothing that can be checked (RFC 4035 section 4.3). */
export interface InsecureZone extends TrustBase {
  readonly kind: 'insecure';
  readonly by: 'anchor' | 'no-ds' | 'nta';
  readonly why: string;
  /** It is signed, and by what cannot be checked here: the code of the Extended DNS Error that says so. */
  readonly ede?: number;
}
export interface BogusZone extends TrustBase {
  readonly kind: 'bogus';
  readonly ede: Ede;
}

/** The name is no zone of its own: it belongs to the one above. */
export interface Inner {
  readonly kind: 'inner';
  readonly zone: Name;
  readonly expiresAt: number;
}

/** All steps to a zone, from the anchor down. */
export function chainOf(trust: Trust): TrustStep[] {
  const steps: TrustStep[] = [];
  for (let at: Trust | undefined = trust; at !== undefined; at = at.above) steps.unshift(stepOf(at));
  return steps;
}

function stepOf(trust: Trust): TrustStep {
  const zone = nameToText(trust.zone);
  const by = trust.above === undefined ? 'anchor' : 'ds';
  switch (trust.kind) {
    case 'secure': {
      const keys = trust.by.map(({ tag, algorithm }) => ({ tag, algorithm: algorithmToText(algorithm) }));
      return { zone, outcome: 'secure', by, keys, digests: trust.digests.map(digestToText) };
    }
    case 'insecure':
      return lastStep(zone, 'insecure', trust.by, trust.why);
    case 'bogus':
      return lastStep(zone, 'bogus', by, trust.ede.text);
  }
}

/** A failure where the query's share of work that validation takes is used up. */
export function exhausted(job: Job): Failed {
  return failedFetch(
    job.path,
    'budget',
    'the validation of this query is over its limit of signature checks or hashes',
  );
}
