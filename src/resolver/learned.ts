import { RANK, type Rank } from '../cache/rank.ts';
import type { Security } from '../cache/security.ts';
import { RCODE, TYPE } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import type { FetchFailure, Finding } from './finding.ts';
import type { Forwarded } from './forward.ts';
import { targetToText } from './path.ts';
import type { Resolution } from './resolution.ts';
import type { Usable } from './scrub.ts';
import type { TrustStep } from './truststep.ts';
import type { Bogus, Part, Validated } from './validate.ts';

/** What a question came to, ready to be kept and answered. */
export type Learned = LearnedData | LearnedFailure;

export interface LearnedData {
  readonly kind: 'learned';
  readonly outcome: Usable['kind'];
  /** CNAMEs in order; a DNAME stands before the CNAME that it makes. */
  readonly chain: readonly Part[];
  readonly rrsets: readonly Part[];
  readonly denial: Denied | undefined;
  /** Of a referral, whose NS records are `rrsets`. */
  readonly glue?: readonly Rrset[];
  /** Of all of it, the least. */
  readonly security: Security;
  /** Of what is not secure. */
  readonly rank: Rank;
  readonly upstream: string | undefined;
  readonly steps: readonly TrustStep[] | undefined;
}

export interface Denied {
  readonly name: Name;
  readonly soa: Rrset | undefined;
  readonly proofs: readonly Rrset[];
  readonly security: Security;
}

export interface LearnedFailure {
  readonly kind: 'failure';
  readonly reason: FetchFailure;
  readonly rcode: number;
  readonly ede: Ede;
  readonly steps?: readonly TrustStep[];
}

/** NSEC and NSEC3 RRsets that are kept of an unvalidated denial. */
const KEPT_PROOFS_MAX = 8;

/** A forwarder's word, as it stands. */
export function learnedFrom(forwarded: Forwarded): Learned {
  if (forwarded.kind === 'failure') return forwarded;
  return unvalidated(forwarded.scrubbed, 'unchecked', RANK.answer, targetToText(forwarded.upstream));
}

/** What servers said, without validation. */
export function unvalidated(scrubbed: Usable, security: Security, rank: Rank, upstream: string): LearnedData {
  const part = (rrset: Rrset, before: Rrset | undefined): Part => {
    const isMade = before?.type === TYPE.DNAME && rrset.type === TYPE.CNAME;
    return { rrset, security, proofs: isMade ? [before] : [] };
  };
  const isDenial = scrubbed.kind === 'nodata' || scrubbed.kind === 'nxdomain';
  return {
    kind: 'learned',
    outcome: scrubbed.kind,
    chain: scrubbed.chain.map((rrset, i) => part(rrset, scrubbed.chain[i - 1])),
    rrsets: rrsetsOf(scrubbed).map((rrset) => part(rrset, scrubbed.chain.at(-1))),
    ...(scrubbed.kind === 'referral' && { glue: scrubbed.glue }),
    denial: isDenial
      ? {
          name: scrubbed.name,
          soa: scrubbed.soa,
          proofs: scrubbed.proofs.slice(0, KEPT_PROOFS_MAX),
          security,
        }
      : undefined,
    security,
    rank,
    upstream,
    steps: undefined,
  };
}

function rrsetsOf(scrubbed: Usable): readonly Rrset[] {
  if (scrubbed.kind === 'referral') return [scrubbed.ns];
  return scrubbed.kind === 'answer' ? scrubbed.rrsets : [];
}

/** What validation left of a finding. */
export function validatedFrom(validated: Validated | Bogus, finding: Finding, rank: Rank): Learned {
  if (validated.kind === 'bogus') {
    const { ede, steps } = validated;
    return { kind: 'failure', reason: 'bogus', rcode: RCODE.SERVFAIL, ede, steps };
  }
  const { scrubbed, upstream } = finding;
  const { chain, rrsets, denial, security, steps } = validated;
  return {
    kind: 'learned',
    outcome: scrubbed.kind,
    chain,
    rrsets,
    denial: denial && 'name' in scrubbed ? { ...denial, name: scrubbed.name } : undefined,
    security,
    rank,
    upstream,
    steps,
  };
}

const RCODE_OF: Readonly<Record<LearnedData['outcome'], number>> = {
  answer: RCODE.NOERROR,
  alias: RCODE.NOERROR,
  referral: RCODE.NOERROR,
  nodata: RCODE.NOERROR,
  nxdomain: RCODE.NXDOMAIN,
  'too-long': RCODE.YXDOMAIN,
};

/** The answer to who asked. */
export function answered(learned: LearnedData): Resolution {
  const { outcome, chain, rrsets, glue, denial, security, upstream, steps } = learned;
  const told: Rrset[] = [];
  const proofs: Rrset[] = [];
  for (const part of chain.length === 0 ? rrsets : [...chain, ...rrsets]) {
    told.push(part.rrset);
    for (const proof of part.proofs) if (proof.type !== TYPE.DNAME) proofs.push(proof);
  }
  if (denial !== undefined) proofs.push(...denial.proofs);
  const resolution: Writable<Resolution> = {
    outcome: outcome === 'alias' || outcome === 'too-long' ? 'answer' : outcome,
    rcode: RCODE_OF[outcome],
    rrsets: told,
    proofs,
    security,
    ede: [],
    source: 'upstream',
  };
  if (glue !== undefined) resolution.glue = glue;
  if (denial?.soa !== undefined) resolution.soa = denial.soa;
  if (upstream !== undefined) resolution.upstream = upstream;
  if (steps !== undefined) resolution.chain = steps;
  return resolution;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A failure, told to who asked. */
export function unanswered({ rcode, ede, reason, steps }: LearnedFailure): Resolution {
  return {
    outcome: 'failure',
    rcode,
    rrsets: [],
    ede: [ede],
    source: 'upstream',
    reason,
    ...(steps && { chain: steps }),
  };
}
