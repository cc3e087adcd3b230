import type { Extent } from '../cache/key.ts';
import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import { proveNameError } from '../dnssec/denial.ts';
import type { Clock } from '../util/clock.ts';
import { TYPE } from '../wire/constants.ts';
import { type Name, parentOf, replaceSuffix, suffixAt } from '../wire/name.ts';
import { octetsOf, type Rrset } from '../wire/record.ts';
import { AggressiveCache } from './aggressive.ts';
import type { Job } from './finding.ts';
import type { Learned, LearnedData } from './learned.ts';
import type { TrustTable } from './trusttable.ts';
import type { Validated } from './validate.ts';

/** Zones and ranges of NSEC and NSEC3 records that are remembered. */
const ZONES_MAX = 1024;
const RANGES_MAX = 16_384;
/** They are kept by number, not by size. */
const RANGE_OCTETS_MAX = 2048;

/**
 * Answers that follow from what was validated before, without a packet: below a name that does not exist (RFC 8020),
 * in a gap between the names of a zone (RFC 8198), below a DNAME (RFC 6672 section 3.4). Only secure data of the
 * same context count: an unsigned NXDOMAIN, or another context's, hides nothing (CVE-2026-44687).
 */
export class Synthesis {
  readonly #clock: Clock;
  readonly #cache: RecordCache;
  readonly #trust: TrustTable;
  readonly #ranges: AggressiveCache;

  constructor(clock: Clock, cache: RecordCache, trust: TrustTable) {
    this.#clock = clock;
    this.#cache = cache;
    this.#trust = trust;
    this.#ranges = new AggressiveCache({ clock, zonesMax: ZONES_MAX, rangesMax: RANGES_MAX });
  }

  find(job: Job, name: Name, type: number, aggressive: boolean): Learned | undefined {
    const { context, domain } = job.path;
    for (let at = 0; name.length - at > domain.length; ) {
      at += name[at]! + 1;
      if (!this.#cache.hasAbove(context, name, at, TYPE.DNAME)) continue;
      const entry = this.#cache.peek(context, suffixAt(name, at), TYPE.DNAME);
      if (entry?.state !== 'fresh' || entry.security !== 'secure') continue;
      if (entry.kind === 'nxdomain' && entry.soa !== undefined) {
        const evidence = { zone: entry.soa.name, rrsets: entry.proofs, work: job.budget, hashes: job.hashes };
        // What proves the upper name away need not prove this one away: compact denial (RFC 9824) is of one name only.
        if (proveNameError(name, evidence).status === 'secure')
          return denied('nxdomain', name, entry.soa, entry.proofs);
      }
      if (entry.kind === 'rrset') return aliased(name, type, entry.rrset!, entry.proofs);
    }
    if (!aggressive) return undefined;
    const zone = this.#trust.secureZone(context, type === TYPE.DS ? parentOf(name) : name);
    const found = zone && this.#ranges.find(context, zone, name, type, job.budget);
    return found && denied(found.kind, name, found.soa, found.proofs);
  }

  /** Remembers what a validated denial proves of other names, for as long as it holds itself (RFC 9077 section 3.4). */
  add(context: number, { denial, signer }: Validated): void {
    if (denial?.security !== 'secure' || denial.soa === undefined || signer === undefined) return;
    const now = this.#clock.now();
    const seconds = this.#cache.denialLifetime(denial.soa);
    this.#ranges.addSoa(context, signer, denial.soa, now + 1000 * seconds);
    for (const proof of denial.proofs)
      if (octetsOf(proof) <= RANGE_OCTETS_MAX)
        this.#ranges.add(context, signer, proof, now + 1000 * Math.min(proof.ttl, seconds));
  }

  flush(name: Name, extent: Extent, isMeantContext: (context: number) => boolean): void {
    this.#ranges.forget(name, extent, isMeantContext);
  }
}

const KNOWN = {
  kind: 'learned',
  rank: RANK.secure,
  security: 'secure',
  upstream: undefined,
  trust: undefined,
  ede: undefined,
} as const;

function denied(
  outcome: 'nodata' | 'nxdomain',
  name: Name,
  soa: Rrset,
  proofs: readonly Rrset[],
): LearnedData {
  return { ...KNOWN, outcome, chain: [], rrsets: [], denial: { name, soa, proofs, security: 'secure' } };
}

function aliased(name: Name, type: number, dname: Rrset, proofs: readonly Rrset[]): Learned | undefined {
  const target = replaceSuffix(name, dname.name, dname.rdatas[0]!);
  // Too long: the server says so better.
  if (target === undefined) return undefined;
  const cname = { name, type: TYPE.CNAME, ttl: dname.ttl, rdatas: [target] };
  // Of a DNAME that a wildcard made.
  const link = { rrset: dname, security: 'secure', proofs, isCached: true } as const;
  const made = { rrset: cname, security: 'secure', proofs: [dname] } as const;
  const isAnswer = type === TYPE.CNAME;
  return {
    ...KNOWN,
    outcome: isAnswer ? 'answer' : 'alias',
    chain: isAnswer ? [link] : [link, made],
    rrsets: isAnswer ? [made] : [],
    denial: undefined,
  };
}
