import type { SignatureCheck, Verdict } from '../dnssec/signaturecheck.ts';
import type { Clock } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import type { HedgeAllowance } from './select.ts';
import type { Targets } from './target.ts';
import type { Transport } from './transport.ts';

/** Everything outside that resolving needs, as arguments: a whole resolver runs in simulated time and network. */
export interface Env {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly transport: Transport;
  readonly targets: Targets;
  readonly hedges: HedgeAllowance;
  readonly count: Count;
  /** Absent: all signatures are checked by the thread that resolves. */
  readonly signatures?: SignatureChecks | undefined;
}

/** Checks signatures beside the thread that resolves. */
export interface SignatureChecks {
  /**
   * False: it cannot be done there now. Takes what it needs of `check` before it returns, and calls `told` after that; with
   * what it could not do after all, as a check that is still to be made and whose data stay as they are.
   * @param told throws nothing
   */
  check(check: SignatureCheck, told: (known: Verdict | SignatureCheck) => void): boolean;
}

/** Adds `by` (default 1) to a counter. */
export type Count = (counter: ResolverCounter, by?: number) => void;

export const RESOLVER_COUNTERS = [
  'resolver_cache_hits',
  'resolver_cache_misses',
  'resolver_stale_answers',
  'resolver_failure_cache_hits',
  'resolver_joins',
  'resolver_waiters_refused',
  'resolver_inflight_refused',
  'resolver_jostled',
  'resolver_prefetches',
  'resolver_failures',
  'resolver_loops',
  'resolver_budget_exhausted',
  'upstream_queries_udp',
  'upstream_queries_tcp',
  'upstream_queries_dot',
  'upstream_queries_doh',
  'upstream_tls_full',
  'upstream_tls_resumed',
  'upstream_tls_failed',
  'upstream_replies',
  'upstream_timeouts',
  'upstream_errors',
  'upstream_refusals',
  'upstream_lame',
  'upstream_ignored',
  'upstream_hedges',
  'upstream_probes',
  'upstream_switch_wrong_id',
  'upstream_switch_case',
  'upstream_switch_cookie',
  'upstream_switch_oversize',
  'upstream_switch_truncated',
  'upstream_switch_malformed',
  'upstream_switch_edns',
  'upstream_without_edns',
  'dnssec_verifies',
  'dnssec_bogus',
] as const;

export type ResolverCounter = (typeof RESOLVER_COUNTERS)[number];
