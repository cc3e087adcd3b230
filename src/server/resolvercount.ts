import type { Count, ResolverCounter } from '../resolver/env.ts';
import { METRIC, type Metrics } from '../telemetry/metrics.ts';

/**
 * What the resolver counts, as the daemon's metrics name it. The resolver knows no telemetry; a counter without a
 * place here would be a type error.
 */
const CELLS: Readonly<Record<ResolverCounter, number>> = {
  resolver_cache_hits: METRIC.recordCacheHits,
  resolver_cache_misses: METRIC.recordCacheMisses,
  resolver_stale_answers: METRIC.recordCacheStale,
  resolver_failure_cache_hits: METRIC.recordCacheFailures,
  resolver_joins: METRIC.joined,
  resolver_waiters_refused: METRIC.refusedQuestion,
  resolver_inflight_refused: METRIC.refusedWorker,
  resolver_jostled: METRIC.refusedJostled,
  resolver_prefetches: METRIC.prefetches,
  resolver_failures: METRIC.resolutionFailures,
  resolver_loops: METRIC.loops,
  resolver_budget_exhausted: METRIC.budgetExhausted,
  upstream_queries_udp: METRIC.upstreamUdp,
  upstream_queries_tcp: METRIC.upstreamTcp,
  upstream_queries_dot: METRIC.upstreamDot,
  upstream_queries_doh: METRIC.upstreamDoh,
  upstream_tls_full: METRIC.upstreamTlsFull,
  upstream_tls_resumed: METRIC.upstreamTlsResumed,
  upstream_tls_failed: METRIC.upstreamTlsFailed,
  upstream_replies: METRIC.upstreamAnswered,
  upstream_timeouts: METRIC.upstreamTimeouts,
  upstream_errors: METRIC.upstreamErrors,
  upstream_refusals: METRIC.upstreamRefusals,
  upstream_lame: METRIC.upstreamLame,
  upstream_ignored: METRIC.upstreamRejected,
  upstream_hedges: METRIC.upstreamHedges,
  upstream_probes: METRIC.upstreamProbes,
  upstream_switch_wrong_id: METRIC.retriesWrongId,
  upstream_switch_case: METRIC.retriesCase,
  upstream_switch_cookie: METRIC.retriesCookie,
  upstream_switch_oversize: METRIC.retriesOversize,
  upstream_switch_truncated: METRIC.retriesTruncated,
  upstream_switch_malformed: METRIC.retriesMalformed,
  upstream_switch_edns: METRIC.retriesEdns,
  upstream_without_edns: METRIC.retriesWithoutEdns,
  dnssec_verifies: METRIC.dnssecVerifies,
  dnssec_bogus: METRIC.dnssecBogus,
};

export function countResolver(metrics: Metrics): Count {
  return (counter, by = 1) => metrics.add(CELLS[counter], by);
}
