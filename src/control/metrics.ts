import { readdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Logger } from '../telemetry/log.ts';
import { COUNTERS, type DaemonCounters, HISTOGRAMS, type HistogramKey } from '../telemetry/metrics.ts';
import type { HealthReport } from '../view/health.ts';
import type { StatusReport } from '../view/report.ts';
import { instantMs } from './config/setting.ts';
import type { HealthBrief } from './health/desk.ts';
import { httpServer, Plain, type Routes } from './http.ts';

/** The media type of Prometheus' text format. */
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The text format 0.0.4, one metric after the other. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join('');
}

function metricText({ name, type, help, samples }: Metric): string {
  const lines = samples.map(
    ({ labels, value, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return String(value);
}

/** All counters of all threads, in the order of their list. */
export function counterMetrics(counters: DaemonCounters): Metric[] {
  const metrics: { name: string; type: 'counter'; help: string; samples: Sample[] }[] = [];
  for (const { key, metric, help, labels } of COUNTERS) {
    const sample = { labels, value: counters.sum(key) };
    const last = metrics.at(-1);
    if (last?.name === metric) last.samples.push(sample);
    else metrics.push({ name: metric, type: 'counter', help, samples: [sample] });
  }
  const keys = Object.keys(HISTOGRAMS) as HistogramKey[];
  return [...metrics, ...keys.map((key) => histogramMetric(counters, key))];
}

/** Buckets as Prometheus has them: each counts all that is not above its bound, in seconds. */
function histogramMetric(counters: DaemonCounters, key: HistogramKey): Metric {
  const { counts, sum } = counters.histogram(key);
  let total = 0;
  const buckets = counts.map((count, bucket): Sample => {
    total += count;
    // Bucket i holds what took at most 2^i µs; the last has no bound.
    const bound = bucket === counts.length - 1 ? '+Inf' : String(2 ** bucket / 1e6);
    return { suffix: '_bucket', labels: { le: bound }, value: total };
  });
  const { metric, help } = HISTOGRAMS[key];
  return {
    name: metric,
    type: 'histogram',
    help,
    samples: [...buckets, { suffix: '_sum', value: sum / 1e6 }, { suffix: '_count', value: total }],
  };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

/** What the status says, as figures: labels are names of the configuration, never of a query. */
export function statusMetrics(status: StatusReport): Metric[] {
  const { caches, targets, workers, config, endpoints, geo } = status;
  const perFile = (pick: (file: (typeof geo)[number]) => number | undefined): Sample[] =>
    geo.flatMap((file) => {
      const value = pick(file);
      return value === undefined ? [] : [{ labels: { file: file.file }, value }];
    });
  const perCache = (pick: (figures: (typeof caches)['answers']) => number): Sample[] => [
    { labels: { cache: 'answers' }, value: pick(caches.answers) },
    { labels: { cache: 'records' }, value: pick(caches.records) },
  ];
  const serving = workers.filter(({ state }) => state === 'serving').length;
  return [
    gauge('causeway_build_info', 'Version of the daemon and of Node.js; always 1.', [
      { labels: { version: status.version, node: process.versions.node }, value: 1 },
    ]),
    gauge('causeway_ready', 'Whether questions are answered.', [{ value: status.ready ? 1 : 0 }]),
    gauge('causeway_workers', 'Worker threads, by whether they serve.', [
      { labels: { state: 'serving' }, value: serving },
      { labels: { state: 'other' }, value: workers.length - serving },
    ]),
    gauge('causeway_in_flight_queries', 'Questions that wait for an upstream or another worker.', [
      { value: workers.reduce((sum, { inFlight }) => sum + inFlight, 0) },
    ]),
    gauge('causeway_config_revision', 'Revision of the configuration in force.', [
      { value: config.revision },
    ]),
    gauge('causeway_config_accepted', 'Whether the last configuration that was read is in force.', [
      { value: config.errors.length === 0 ? 1 : 0 },
    ]),
    gauge(
      'causeway_certificate_not_after_seconds',
      'When the certificate ends that clients by TLS are shown, since unix epoch.',
      endpoints.flatMap(({ id, certificate }) =>
        certificate === undefined
          ? []
          : { labels: { endpoint: id }, value: instantMs(certificate.until)! / 1000 },
      ),
    ),
    gauge(
      'causeway_cache_entries',
      'Entries held.',
      perCache(({ entries }) => entries),
    ),
    gauge(
      'causeway_cache_bytes',
      'Octets held.',
      perCache(({ bytesUsed }) => bytesUsed),
    ),
    gauge(
      'causeway_cache_budget_bytes',
      'Octets that may be held.',
      perCache(({ bytesBudget }) => bytesBudget),
    ),
    gauge(
      'causeway_target_up',
      'Whether no worker has given the target up.',
      targets.map(({ target, breaker }) => ({ labels: { target }, value: breaker === 'closed' ? 1 : 0 })),
    ),
    gauge(
      'causeway_target_rtt_seconds',
      'Smoothed round-trip time of the target, as its fastest worker sees it.',
      targets.flatMap(({ target, srttMs }) =>
        srttMs === undefined ? [] : [{ labels: { target }, value: srttMs / 1000 }],
      ),
    ),
    gauge(
      'causeway_geo_up_to_date',
      'Whether the file that says where clients are is in force as it is now.',
      perFile(({ faults, entries }) => (faults.length === 0 && entries !== undefined ? 1 : 0)),
    ),
    gauge(
      'causeway_geo_age_seconds',
      'Time since the file was read that is in force.',
      perFile(({ ageSeconds }) => ageSeconds),
    ),
    gauge(
      'causeway_geo_build_age_seconds',
      'Time since the database was made.',
      perFile(({ buildAgeSeconds }) => buildAgeSeconds),
    ),
    gauge(
      'causeway_geo_entries',
      'Networks of a database, or blocks and countries of a table of round-trip times.',
      perFile(({ entries }) => entries),
    ),
  ].filter(({ samples }) => samples.length > 0);
}

/** Health checks: labels are ids of the configuration. */
export function healthMetrics(checks: readonly HealthBrief[]): Metric[] {
  const unhealthy = checks.filter(({ healthy }) => !healthy).length;
  return [
    gauge('causeway_health_checks', 'Health checks, by status.', [
      { labels: { status: 'healthy' }, value: checks.length - unhealthy },
      { labels: { status: 'unhealthy' }, value: unhealthy },
    ]),
    gauge(
      'causeway_health_check_status',
      'Whether the health check is healthy.',
      checks.map(({ id, healthy }) => ({ labels: { check: id }, value: healthy ? 1 : 0 })),
    ),
  ].filter(({ samples }) => samples.length > 0);
}

/**
 * What the health thread tells of the checks. `causeway_health_check_change_seconds` has the times of the last changes: as
 * many as it remembers of a check, which bounds the label. A reason is a label of the failure that was the last.
 */
export function healthReportMetrics(reports: readonly HealthReport[]): Metric[] {
  const seconds = (iso: string): number => instantMs(iso)! / 1000;
  return [
    gauge(
      'causeway_health_check_since_seconds',
      'When the health check came to its status, since unix epoch.',
      reports.map(({ id, since }) => ({ labels: { check: id }, value: seconds(since) })),
    ),
    gauge(
      'causeway_health_check_change_seconds',
      'When the status changed, since unix epoch: 0 is the last time.',
      reports.flatMap(({ id, history }) =>
        history.map(({ at, status }, change) => ({
          labels: { check: id, change: String(change), status },
          value: seconds(at),
        })),
      ),
    ),
    gauge(
      'causeway_health_check_last_failure_seconds',
      'When a look at the endpoint failed last, since unix epoch, and why.',
      reports.flatMap(({ id, lastFailure }) =>
        lastFailure === undefined
          ? []
          : {
              labels: { check: id, reason: firstSentence(lastFailure.reason) },
              value: seconds(lastFailure.at),
            },
      ),
    ),
  ].filter(({ samples }) => samples.length > 0);
}

/** Reasons are of a few kinds, and what follows the first sentence is advice. */
function firstSentence(reason: string): string {
  return reason.split(/\.\s|\.$/)[0]!.slice(0, REASON_MAX);
}

const REASON_MAX = 100;

/** The process as a whole, under the names that Prometheus' own clients use. */
export function processMetrics(wallMs: number): Metric[] {
  const { user, system } = process.cpuUsage();
  const metrics = [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter' as const,
      help: 'Total user and system CPU time spent in seconds.',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [
      { value: process.memoryUsage.rss() },
    ]),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', [
      { value: Math.round(wallMs / 1000 - process.uptime()) },
    ]),
  ];
  const descriptors = openDescriptors();
  if (descriptors === undefined) return metrics;
  return [
    ...metrics,
    gauge('process_open_fds', 'Number of open file descriptors.', [{ value: descriptors }]),
  ];
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined; // no /proc
  }
}

/** What becomes of changes by the API. */
export interface ChangeFigures {
  readonly isStoreWritable: boolean;
  /** For how long the oldest has waited that not every worker serves. */
  readonly waitingMs: number;
}

function changeMetrics({ isStoreWritable, waitingMs }: ChangeFigures): Metric[] {
  return [
    gauge('causeway_store_writable', 'Whether changes by the API can be kept, as far as is known.', [
      { value: isStoreWritable ? 1 : 0 },
    ]),
    gauge('causeway_change_waiting_seconds', 'Age of the oldest change that not every worker serves.', [
      { value: waitingMs / 1000 },
    ]),
  ];
}

/** What a scrape tells of. */
export interface Scraped {
  readonly counters: DaemonCounters;
  readonly status: StatusReport;
  readonly wallMs: number;
  readonly checks: readonly HealthBrief[];
  readonly reports: readonly HealthReport[];
  readonly changes: ChangeFigures;
}

/** Everything, as the answer to a scrape. */
export function scrape({ counters, status, wallMs, checks, reports, changes }: Scraped): Plain {
  const text = exposition([
    ...counterMetrics(counters),
    ...statusMetrics(status),
    ...healthMetrics(checks),
    ...healthReportMetrics(reports),
    ...changeMetrics(changes),
    ...processMetrics(wallMs),
  ]);
  return new Plain(200, text, EXPOSITION);
}

/** The HTTP server for scrapers and probes. Bodies are never read. Rejects where the address cannot be had. */
export async function openMetrics(
  address: { readonly address: string; readonly port: number },
  routes: Routes,
  log: Logger,
): Promise<Server> {
  const server = httpServer(routes, log, { bodies: false });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(address.port, address.address, () => {
      server.removeListener('error', fail);
      done();
    });
  });
  server.on('error', (err) => log.error({ err }, 'the metrics server failed'));
  return server;
}
