/** A scrape with a series of every metric. */
import { scrape } from '../../src/control/metrics.ts';
import { daemonCounters, METRIC, Metrics } from '../../src/telemetry/metrics.ts';
import type { HealthReport } from '../../src/view/health.ts';
import { status } from './fake-daemon.ts';

const REPORT: HealthReport = {
  id: 'hc-2',
  type: 'HTTP',
  target: 'http://192.0.2.1:80/',
  status: 'unhealthy',
  since: '2026-01-02T03:04:05.678Z',
  inverted: false,
  disabled: false,
  observations: [],
  lastFailure: {
    at: '2026-01-02T03:04:05.000Z',
    reason: 'Failure: Connection refused. Look at the firewall.',
  },
  history: [
    { at: '2026-01-02T03:04:05.000Z', status: 'unhealthy', reason: '' },
    { at: '2026-01-02T03:00:00.000Z', status: 'healthy', reason: '' },
  ],
};

export function scraped(): string {
  const counters = daemonCounters(2);
  const one = new Metrics(counters.block(0));
  one.add(METRIC.queriesUdp, 3);
  one.resolution(0.9);
  one.resolution(1500);
  new Metrics(counters.block(1)).add(METRIC.queriesUdp, 4);
  const checks = [
    { id: 'hc-1', healthy: true },
    { id: 'hc-2', healthy: false },
  ];
  const changes = { isStoreWritable: true, waitingMs: 1_500 };
  one.propagation(20);
  const wallMs = 1_700_000_000_000;
  return scrape({ counters, status, wallMs, checks, reports: [REPORT], changes }).text;
}
