import { RANK, type Rank } from '../cache/rank.ts';
import type { Security } from '../cache/security.ts';
import { learnedLifetime, negativeLifetime, type TtlLimits } from '../cache/ttl.ts';
import { RCODE, TYPE } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import type { FetchFailure, Finding } from './finding.ts';
import type { Forwarded } from './forward.ts';
import type { Resolution } from './resolution.ts';
import type { Usable } from './scrub.ts';
import type { Trust } from './trust.ts';
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
  /** Of the zone at the end of the aliases, for `explain`. */
  readonly trust: Trust | undefined;
  /** Why it is insecure though it is signed. */
  readonly ede: Ede | undefined;
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
  return unvalidated(forwarded.scrubbed, 'unchecked', RANK.answer, forwarded.upstream.text);
}

/** What servers said, without validation. */
export function unvalidated(scrubbed: Usable, security: Security, rank: Rank, upstream: string): LearnedData {
  const { kind, chain } = scrubbed;
  const isDenial = kind === 'nodata' || kind === 'nxdomain';
  const learned: Writable<LearnedData> = {
    kind: 'learned',
    outcome: kind,
    chain: linksOf(chain, security),
    rrsets: partsOf(rrsetsOf(scrubbed), chain.at(-1), security),
    denial: isDenial ? deniedBy(scrubbed, security) : undefined,
    security,
    rank,
    upstream,
    trust: undefined,
    ede: undefined,
  };
  if (kind === 'referral') learned.glue = scrubbed.glue;
  return learned;
}

function deniedBy(
  { name, soa, proofs }: Extract<Usable, { kind: 'nodata' | 'nxdomain' }>,
  security: Security,
): Denied {
  return { name, soa, proofs: proofs.slice(0, KEPT_PROOFS_MAX), security };
}

function linksOf(chain: readonly Rrset[], security: Security): readonly Part[] {
  return chain.length === 0 ? NO_PARTS : chain.map((rrset, i) => partOf(rrset, chain[i - 1], security));
}

/** @param last the chain's */
function partsOf(rrsets: readonly Rrset[], last: Rrset | undefined, security: Security): readonly Part[] {
  const [only] = rrsets;
  if (only === undefined) return NO_PARTS;
  if (rrsets.length === 1) return [partOf(only, last, security)];
  return rrsets.map((rrset) => partOf(rrset, last, security));
}

function partOf(rrset: Rrset, before: Rrset | undefined, security: Security): Part {
  const isMade = before?.type === TYPE.DNAME && rrset.type === TYPE.CNAME;
  return { rrset, security, proofs: isMade ? [before] : NO_RRSETS };
}

const NO_PARTS: readonly Part[] = [];
const NO_RRSETS: readonly Rrset[] = [];

function rrsetsOf(scrubbed: Usable): readonly Rrset[] {
  if (scrubbed.kind === 'referral') return [scrubbed.ns];
  return scrubbed.kind === 'answer' ? scrubbed.rrsets : NO_RRSETS;
}

/** What validation left of a finding. */
export function validatedFrom(validated: Validated | Bogus, finding: Finding, rank: Rank): Learned {
  if (validated.kind === 'bogus') {
    const { ede, steps } = validated;
    return { kind: 'failure', reason: 'bogus', rcode: RCODE.SERVFAIL, ede, steps };
  }
  const { scrubbed, upstream } = finding;
  const { chain, rrsets, denial, security, trust, ede } = validated;
  return {
    kind: 'learned',
    outcome: scrubbed.kind,
    chain,
    rrsets,
    denial: denial && 'name' in scrubbed ? { ...denial, name: scrubbed.name } : undefined,
    security,
    rank,
    upstream,
    trust,
    ede,
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

/** The answer to who asked, with TTLs as the cache would give them out, also where it does not keep the records. */
export function answered(learned: LearnedData, limits: TtlLimits): Resolution {
  const { outcome, glue, denial, security, upstream, trust, ede } = learned;
  const resolution: Writable<Resolution> = {
    outcome: outcome === 'alias' || outcome === 'too-long' ? 'answer' : outcome,
    rcode: RCODE_OF[outcome],
    rrsets: toldOf(learned, limits),
    proofs: proofsOf(learned),
    security,
    ede: ede === undefined ? NO_EDE : [ede],
    source: 'upstream',
  };
  if (glue !== undefined) resolution.glue = glue;
  if (denial?.soa !== undefined) resolution.soa = withTtl(denial.soa, negativeLifetime(denial.soa, limits));
  if (upstream !== undefined) resolution.upstream = upstream;
  if (trust !== undefined) resolution.trust = trust;
  return resolution;
}

function toldOf({ chain, rrsets, security }: LearnedData, limits: TtlLimits): readonly Rrset[] {
  const [only] = rrsets;
  if (chain.length === 0 && rrsets.length === 1) return [cappedPart(only!, security, limits)];
  return [...chain, ...rrsets].map((part) => cappedPart(part, security, limits));
}

function cappedPart({ rrset }: Part, security: Security, limits: TtlLimits): Rrset {
  return withTtl(rrset, learnedLifetime(rrset.ttl, security, limits));
}

function withTtl(rrset: Rrset, ttl: number): Rrset {
  return rrset.ttl === ttl ? rrset : { ...rrset, ttl };
}

function proofsOf({ chain, rrsets, denial }: LearnedData): readonly Rrset[] {
  const proofs = withProofs(withProofs(undefined, chain), rrsets);
  const denying = denial?.proofs ?? NO_RRSETS;
  return proofs === undefined ? denying : [...proofs, ...denying];
}

/** Adds those of `parts` to `proofs`: mostly there are none. A DNAME is no proof, and stands in the chain itself. */
function withProofs(proofs: Rrset[] | undefined, parts: readonly Part[]): Rrset[] | undefined {
  for (const part of parts)
    for (const proof of part.proofs)
      if (proof.type !== TYPE.DNAME) {
        proofs ??= [];
        proofs.push(proof);
      }
  return proofs;
}

const NO_EDE: readonly Ede[] = [];

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
