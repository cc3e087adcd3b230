import { TTL_MAX, TYPE } from '../wire/constants.ts';
import type { Rrset } from '../wire/record.ts';
import type { Security } from './security.ts';

/** How long records are kept and given out. Seconds. */
export interface TtlLimits {
  /** RRsets with a lower TTL get this one. 0 unless the operator says otherwise: it serves data its owner withdrew. */
  readonly floor: number;
  readonly ceiling: number;
  readonly negativeCeiling: number;
  /** How long after its expiry data may still be given where no server answers (RFC 8767). 0: never. */
  readonly staleWindow: number;
}

export const TTL_LIMITS: TtlLimits = {
  floor: 0,
  // A day: a change or a mistake is at most that far from being seen, whatever TTL it came with.
  ceiling: 86_400,
  // RFC 2308 section 5: one to three hours work well, more than a day is a problem.
  negativeCeiling: 10_800,
  // RFC 8767 section 5: one to three days.
  staleWindow: 86_400,
};

/** TTL of records that are given after their expiry (RFC 8767 section 4). */
export const STALE_TTL = 30;

/** The seconds that an RRset is fresh. 0: it serves the reply at hand only and is not kept (RFC 1035 section 3.2.1). */
export function positiveLifetime(ttl: number, limits: TtlLimits): number {
  return Math.min(Math.max(sane(ttl), limits.floor), limits.ceiling);
}

/** The same for what was validated: no floor lets it outlive its signatures (RFC 4035 section 5.3.3). */
export function learnedLifetime(ttl: number, security: Security | undefined, limits: TtlLimits): number {
  return security === 'secure' ? Math.min(sane(ttl), limits.ceiling) : positiveLifetime(ttl, limits);
}

/**
 * The seconds that a negative answer is fresh: the lesser of the TTL of the SOA record and of its MINIMUM field
 * (RFC 2308 section 5). 0 where it is not to be kept: there is no SOA, or not one.
 */
export function negativeLifetime(soa: Rrset | undefined, limits: TtlLimits): number {
  const rdata = soa?.rdatas[0];
  if (soa?.type !== TYPE.SOA || soa.rdatas.length !== 1) return 0;
  if (rdata === undefined || rdata.length < SOA_OCTETS_MIN) return 0;
  return Math.min(sane(soa.ttl), sane(u32(rdata, rdata.length - 4)), limits.negativeCeiling, limits.ceiling);
}

/** Without a `DataView`, for which the engine would move short octets out of its heap. */
function u32(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}

/** Two root names and five numbers. */
const SOA_OCTETS_MIN = 22;

/** RFC 2181 section 8: with the top bit set it counts as zero. */
function sane(ttl: number): number {
  return ttl > TTL_MAX ? 0 : ttl;
}

/**
 * RFC 9520 section 3.2: a failure is remembered, from 1 second to 5 minutes, doubling while it goes on, so that a
 * dead zone costs its servers and us a question now and then and no more.
 */
export function failureLifetime(failuresBefore: number): number {
  return Math.min(FAILURE_SECONDS_MAX, FAILURE_SECONDS * 2 ** failuresBefore);
}

const FAILURE_SECONDS = 5;
const FAILURE_SECONDS_MAX = 300;
/** A failure this long after the last one's end is a new one: it starts again at 5 seconds. */
export const FAILURE_MEMORY_SECONDS = 300;

/** Prefetch: entries that live too short, or that nobody asked for again, are not worth a packet. */
const PREFETCH_TTL_MIN = 10;
const PREFETCH_HITS_MIN = 2;
/** The last part of its life in which an entry is renewed ahead of its expiry. */
const PREFETCH_PART = 10;

/** `hits`: since it was stored, this one included. Times in seconds. */
export function isPrefetchDue(lifetime: number, left: number, hits: number): boolean {
  return lifetime >= PREFETCH_TTL_MIN && left * PREFETCH_PART <= lifetime && hits >= PREFETCH_HITS_MIN;
}
