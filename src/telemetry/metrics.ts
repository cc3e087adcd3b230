import { type CounterBlock, Counters } from '../util/counters.ts';
import { RCODE } from '../wire/constants.ts';

/**
 * Everything that the daemon counts, as one list: the position of an entry is that of its cell in each thread's
 * block (util/counters), so that counting is one addition to a typed array. No label ever comes
 * from a query: the set of time series is known at the start.
 */
export interface CounterSpec {
  /** How the code names it: `METRIC.queriesUdp`. */
  readonly key: string;
  /** The Prometheus name; entries of one metric stand together and share their help text. */
  readonly metric: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
}

function counter<Key extends string>(
  key: Key,
  metric: string,
  help: string,
  labels: Record<string, string> = {},
): CounterSpec & { key: Key } {
  return { key, metric, help, labels };
}

/** One metric with a label that takes each of several values, beside labels that all of them share. */
function family<Values extends Readonly<Record<string, string>>>(
  metric: string,
  help: string,
  label: string,
  values: Values,
  shared: Readonly<Record<string, string>> = {},
): (CounterSpec & { key: Extract<keyof Values, string> })[] {
  return Object.entries(values).map(([key, value]) =>
    counter(key as Extract<keyof Values, string>, metric, help, { ...shared, [label]: value }),
  );
}

const API_REQUESTS = 'causeway_api_requests_total';
const API_REQUESTS_HELP = 'Requests to the APIs that were answered, by service and result.';

/** Rcodes with a series of their own; all others are counted together. */
const RCODES_COUNTED = {
  [RCODE.NOERROR]: 'rcodeNoerror',
  [RCODE.FORMERR]: 'rcodeFormerr',
  [RCODE.SERVFAIL]: 'rcodeServfail',
  [RCODE.NXDOMAIN]: 'rcodeNxdomain',
  [RCODE.NOTIMP]: 'rcodeNotimp',
  [RCODE.REFUSED]: 'rcodeRefused',
} as const;

const LIST = [
  ...family('causeway_queries_total', 'Queries received, by transport.', 'transport', {
    queriesUdp: 'udp',
    queriesTcp: 'tcp',
    queriesDot: 'dot',
    queriesDoh: 'doh',
  } as const),
  ...family('causeway_answers_total', 'Answers sent, by rcode.', 'rcode', {
    rcodeNoerror: 'NOERROR',
    rcodeFormerr: 'FORMERR',
    rcodeServfail: 'SERVFAIL',
    rcodeNxdomain: 'NXDOMAIN',
    rcodeNotimp: 'NOTIMP',
    rcodeRefused: 'REFUSED',
    rcodeOther: 'other',
  } as const),
  ...family('causeway_queries_dropped_total', 'Queries that got no answer, by reason.', 'reason', {
    droppedAcl: 'acl',
    droppedMalformed: 'malformed',
    rateDropped: 'rate-limit',
    droppedOverload: 'overload',
    droppedError: 'error',
    droppedKernel: 'kernel',
  } as const),
  ...family(
    'causeway_overload_refusals_total',
    'Questions answered SERVFAIL, or with stale data, as too many waited for servers, by where.',
    'reason',
    {
      refusedClient: 'client',
      refusedQuestion: 'question',
      refusedWorker: 'worker',
      refusedJostled: 'jostled',
    } as const,
  ),
  ...family('causeway_answer_sources_total', 'Answers, by where they came from.', 'source', {
    answersFromCache: 'answer-cache',
    answersFromZone: 'zone',
    answersFromLocal: 'local',
    answersFromFirewall: 'firewall',
    answersFromRecords: 'record-cache',
    answersFromUpstream: 'upstream',
    answersStale: 'stale',
    answersFromFailures: 'failure-cache',
    answersFromNothing: 'none',
  } as const),
  ...family(
    'causeway_firewall_verdicts_total',
    'Queries that DNS Firewall alerted of or blocked.',
    'action',
    {
      firewallAlerts: 'ALERT',
      firewallBlocks: 'BLOCK',
    } as const,
  ),
  ...family('causeway_answer_cache_lookups_total', 'Lookups in the caches of finished answers.', 'result', {
    answerCacheHits: 'hit',
    answerCacheMisses: 'miss',
  } as const),
  ...family('causeway_record_cache_lookups_total', 'Lookups in the caches of records.', 'result', {
    recordCacheHits: 'hit',
    recordCacheMisses: 'miss',
    recordCacheStale: 'stale',
    recordCacheFailures: 'failure',
  } as const),
  counter(
    'prefetches',
    'causeway_prefetches_total',
    'Popular entries that were renewed before they expired.',
  ),
  counter(
    'rateSlipped',
    'causeway_rate_limit_slipped_total',
    'Answers that the rate limit replaced by an empty one with TC set.',
  ),
  counter('truncated', 'causeway_answers_truncated_total', 'Answers cut to fit the client, with TC set.'),
  ...family(
    'causeway_cookies_total',
    'Server cookies in queries (RFC 7873), by what they proved to be.',
    'result',
    {
      cookiesValid: 'valid',
      cookiesBad: 'bad',
      cookiesClientOnly: 'client-only',
    } as const,
  ),
  ...family(
    'causeway_tcp_connections_total',
    'TCP connections of clients, by what became of them.',
    'result',
    {
      tcpAccepted: 'accepted',
      tcpRefused: 'refused',
      tcpTimedOut: 'timed-out',
      tlsFailed: 'tls-failed',
      tcpAbusive: 'abusive',
      tcpUnnamed: 'no-proxy-header',
    } as const,
  ),
  counter(
    'dohRefused',
    'causeway_doh_refused_total',
    'Requests by DNS over HTTPS that got an HTTP error and no DNS response.',
  ),
  ...family('causeway_upstream_queries_total', 'Queries sent to targets, by transport.', 'transport', {
    upstreamUdp: 'udp',
    upstreamTcp: 'tcp',
    upstreamDot: 'dot',
    upstreamDoh: 'doh',
  } as const),
  ...family('causeway_upstream_tls_handshakes_total', 'TLS connections to targets, by result.', 'result', {
    upstreamTlsFull: 'full',
    upstreamTlsResumed: 'resumed',
    upstreamTlsFailed: 'failed',
  } as const),
  ...family('causeway_upstream_replies_total', 'Replies of targets and their absence, by result.', 'result', {
    upstreamAnswered: 'answered',
    upstreamTimeouts: 'timeout',
    upstreamErrors: 'error',
    upstreamRefusals: 'refusal',
    upstreamRejected: 'rejected',
  } as const),
  ...family(
    'causeway_upstream_retries_total',
    'Questions asked again of the same target, by what was wrong with its reply.',
    'reason',
    {
      retriesWrongId: 'wrong-id',
      retriesCase: 'case',
      retriesCookie: 'cookie',
      retriesOversize: 'oversize',
      retriesTruncated: 'truncated',
      retriesMalformed: 'malformed',
      retriesEdns: 'edns-missing',
      retriesWithoutEdns: 'edns-refused',
    } as const,
  ),
  counter(
    'upstreamHedges',
    'causeway_upstream_hedges_total',
    'Second targets asked because the first was slow.',
  ),
  counter('upstreamProbes', 'causeway_upstream_probes_total', 'Probes of targets that had been given up.'),
  counter(
    'resolutionFailures',
    'causeway_resolution_failures_total',
    'Questions to which no target gave a usable answer.',
  ),
  counter('dnssecVerifies', 'causeway_dnssec_verifies_total', 'Signatures checked.'),
  counter('dnssecBogus', 'causeway_dnssec_bogus_total', 'Questions whose answer failed DNSSEC validation.'),
  counter(
    'upstreamLame',
    'causeway_upstream_lame_total',
    'Replies of servers that do not serve the zone that is delegated to them.',
  ),
  ...family(
    'causeway_alias_target_errors_total',
    'Answers that an alias could not be made of, by what was wrong with its target.',
    'reason',
    { aliasFailed: 'failed', aliasMissing: 'missing' } as const,
  ),
  counter('joined', 'causeway_joined_queries_total', 'Questions that joined an identical one in flight.'),
  counter(
    'handedOver',
    'causeway_handed_over_queries_total',
    'Questions handed to the worker that owns them.',
  ),
  counter('loops', 'causeway_loops_total', 'Questions that came back to this daemon.'),
  counter(
    'budgetExhausted',
    'causeway_budget_exhausted_total',
    'Questions given up because their work budget ran out.',
  ),
  counter(
    'workerRestarts',
    'causeway_worker_restarts_total',
    'Workers that were replaced because they died or hung.',
  ),
  counter(
    'controlRestarts',
    'causeway_control_restarts_total',
    'Times the control thread was started again.',
  ),
  counter('healthRestarts', 'causeway_health_restarts_total', 'Times the health thread was started again.'),
  ...family(
    'causeway_health_probes_total',
    'Looks at endpoints and alarms; void ones say nothing, as this host was the cause.',
    'result',
    { probesPassed: 'passed', probesFailed: 'failed', probesVoid: 'void' } as const,
  ),
  ...family('causeway_health_flips_total', 'Changes of the status of health checks.', 'to', {
    flipsHealthy: 'healthy',
    flipsUnhealthy: 'unhealthy',
  } as const),
  ...family('causeway_reloads_total', 'Readings of the configuration after the first, by result.', 'result', {
    reloadsApplied: 'applied',
    reloadsRefused: 'refused',
  } as const),
  counter('logRecords', 'causeway_query_log_records_total', 'Lines of query logs that were written.'),
  counter('logBytes', 'causeway_query_log_bytes_total', 'Octets of query logs that were written.'),
  ...family(
    'causeway_query_log_dropped_total',
    'What was to be logged and is not: the log was too slow, the file could not be written, the receiver was away or too slow, or the configuration in which it was answered is forgotten.',
    'reason',
    {
      logDroppedFull: 'full',
      logDroppedFile: 'file',
      logDroppedReceiver: 'receiver',
      logDroppedRevision: 'revision',
    } as const,
  ),
  ...family('causeway_traces_total', 'Traces of queries, by what became of them.', 'result', {
    tracesSent: 'sent',
    tracesDropped: 'dropped',
  } as const),
  ...family(
    API_REQUESTS,
    API_REQUESTS_HELP,
    'result',
    {
      route53Ok: 'ok',
      route53ClientErrors: 'client-error',
      route53Throttled: 'throttled',
      route53ServerErrors: 'server-error',
    } as const,
    { service: 'route53' },
  ),
  ...family(
    API_REQUESTS,
    API_REQUESTS_HELP,
    'result',
    {
      resolverOk: 'ok',
      resolverClientErrors: 'client-error',
      resolverThrottled: 'throttled',
      resolverServerErrors: 'server-error',
    } as const,
    { service: 'route53resolver' },
  ),
  ...family(
    API_REQUESTS,
    API_REQUESTS_HELP,
    'result',
    {
      profilesOk: 'ok',
      profilesClientErrors: 'client-error',
      profilesThrottled: 'throttled',
      profilesServerErrors: 'server-error',
    } as const,
    { service: 'route53profiles' },
  ),
  counter('logsRestarts', 'causeway_logs_restarts_total', 'Times the logs thread was started again.'),
  counter(
    'signaturesRestarts',
    'causeway_signatures_restarts_total',
    'Times a thread that checks signatures for a worker was given up.',
  ),
  counter(
    'workerErrors',
    'causeway_worker_errors_total',
    'Errors of the program that a worker caught; each is a bug.',
  ),
] as const;

export type CounterKey = (typeof LIST)[number]['key'];
export const COUNTERS: readonly (CounterSpec & { readonly key: CounterKey })[] = LIST;

/** Durations, each a Prometheus histogram in seconds. */
export const HISTOGRAMS = {
  resolution: {
    metric: 'causeway_resolution_seconds',
    help: 'Time to answer questions that an upstream had to be asked for.',
  },
  propagation: {
    metric: 'causeway_change_propagation_seconds',
    help: 'Time from the acceptance of a change by the API until every worker serves it.',
  },
} as const;
export type HistogramKey = keyof typeof HISTOGRAMS;

const LAYOUT = Counters.layout(
  LIST.map((spec) => spec.key),
  [],
  Object.keys(HISTOGRAMS) as HistogramKey[],
);
export type DaemonCounters = Counters<CounterKey, never, HistogramKey>;

/** The counters of all threads. @param slots writing threads @param buffer that of another thread's */
export function daemonCounters(slots: number, buffer?: SharedArrayBuffer): DaemonCounters {
  return new Counters(LAYOUT, slots, buffer);
}

/** Cell of each counter by its key: `metrics.add(METRIC.queriesUdp)`. */
export const METRIC = Object.freeze(
  Object.fromEntries(LIST.map((spec) => [spec.key, LAYOUT.cell(spec.key)])),
) as Readonly<Record<CounterKey, number>>;

const RESOLUTION = LAYOUT.histogram('resolution');
const PROPAGATION = LAYOUT.histogram('propagation');
const OTHER_RCODE = METRIC.rcodeOther;
/** Cell by rcode, for those that fit a header. */
const RCODE_CELLS = Uint16Array.from({ length: 16 }, (_, rcode) => {
  const key = RCODES_COUNTED[rcode as keyof typeof RCODES_COUNTED];
  return key === undefined ? OTHER_RCODE : METRIC[key];
});

/** Where an answer came from, as the pipeline names it. */
export type AnswerSource =
  | 'answer-cache'
  | 'zone'
  | 'local'
  | 'firewall'
  | 'cache'
  | 'upstream'
  | 'stale'
  | 'failure-cache'
  | 'none';

const SOURCE_CELLS: Readonly<Record<AnswerSource, number>> = {
  'answer-cache': METRIC.answersFromCache,
  zone: METRIC.answersFromZone,
  local: METRIC.answersFromLocal,
  firewall: METRIC.answersFromFirewall,
  cache: METRIC.answersFromRecords,
  upstream: METRIC.answersFromUpstream,
  stale: METRIC.answersStale,
  'failure-cache': METRIC.answersFromFailures,
  none: METRIC.answersFromNothing,
};

/** One thread's hand on its counters. */
export class Metrics {
  readonly #block: CounterBlock;

  constructor(block: CounterBlock) {
    this.#block = block;
  }

  /** @param cell of METRIC */
  add(cell: number, count = 1): void {
    this.#block.add(cell, count);
  }

  /** Counts an answer by its rcode, extended ones included. */
  rcode(rcode: number): void {
    this.#block.add(rcode < 16 ? RCODE_CELLS[rcode]! : OTHER_RCODE);
  }

  source(source: AnswerSource): void {
    this.#block.add(SOURCE_CELLS[source]);
  }

  /** Counts how long a question took that an upstream had to be asked for. */
  resolution(ms: number): void {
    this.#block.observe(RESOLUTION, ms * 1000);
  }

  /** Counts how long a change by the API took to be served by every worker. */
  propagation(ms: number): void {
    this.#block.observe(PROPAGATION, ms * 1000);
  }
}

/** Metrics that nobody reads: for tests and benches of single stages. */
export function loneMetrics(): Metrics {
  return new Metrics(daemonCounters(1).block(0));
}
