import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { openMetrics, scrape } from '../../src/control/metrics.ts';
import { type Daemon, probeRoutes } from '../../src/control/routes.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { daemonCounters } from '../../src/telemetry/metrics.ts';
import { status } from '../support/fake-daemon.ts';
import { scraped } from '../support/scraped.ts';

t.test('threads are summed, histograms are cumulative, in seconds', (t) => {
  const text = scraped();
  t.match(text, /^causeway_queries_total\{transport="udp"\} 7$/m);
  t.match(text, /^causeway_resolution_seconds_bucket\{le="0\.000512"\} 0$/m);
  t.match(text, /^causeway_resolution_seconds_bucket\{le="0\.001024"\} 1$/m);
  t.match(text, /^causeway_resolution_seconds_bucket\{le="\+Inf"\} 2$/m);
  t.match(text, /^causeway_resolution_seconds_count 2$/m);
  t.match(text, /^causeway_resolution_seconds_sum 1\.5009$/m);
  t.end();
});

t.test('the status as gauges', (t) => {
  const text = scraped();
  t.match(text, /^causeway_ready 1$/m);
  t.match(text, /^causeway_workers\{state="serving"\} 1$/m);
  t.match(text, /^causeway_target_up\{target="192\.0\.2\.53:53"\} 0$/m);
  t.match(text, /^causeway_cache_entries\{cache="records"\} 20$/m);
  t.match(text, /^causeway_certificate_not_after_seconds\{endpoint="in-tls"\} 1798859045$/m);
  t.notMatch(text, /causeway_certificate_not_after_seconds\{endpoint="in-1"\}/);
  t.match(text, /^process_resident_memory_bytes \d+$/m);
  t.end();
});

t.test('changes by the API', (t) => {
  const text = scraped();
  t.match(text, /^causeway_store_writable 1$/m);
  t.match(text, /^causeway_change_waiting_seconds 1\.5$/m);
  t.match(text, /^causeway_change_propagation_seconds_bucket\{le="0\.016384"\} 0$/m);
  t.match(text, /^causeway_change_propagation_seconds_bucket\{le="0\.032768"\} 1$/m);
  t.match(text, /^causeway_api_requests_total\{service="route53profiles",result="throttled"\} 0$/m);
  t.end();
});

t.test('health checks as gauges', (t) => {
  const text = scraped();
  t.match(text, /^causeway_health_checks\{status="healthy"\} 1$/m);
  t.match(text, /^causeway_health_checks\{status="unhealthy"\} 1$/m);
  t.match(text, /^causeway_health_check_status\{check="hc-2"\} 0$/m);
  t.match(text, /^causeway_health_probes_total\{result="void"\} 0$/m);
  t.match(text, /^causeway_health_check_since_seconds\{check="hc-2"\} 1767323045$/m);
  t.match(
    text,
    /^causeway_health_check_change_seconds\{check="hc-2",change="0",status="unhealthy"\} 1767323045$/m,
  );
  t.match(
    text,
    /^causeway_health_check_change_seconds\{check="hc-2",change="1",status="healthy"\} 1767322800$/m,
  );
  t.match(
    text,
    /^causeway_health_check_last_failure_seconds\{check="hc-2",reason="Failure: Connection refused"\} 1767323045$/m,
  );
  t.end();
});

t.test('each metric has its help and type once, each series is there once', (t) => {
  const lines = scraped().trimEnd().split('\n');
  const names = lines.flatMap((line) => /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)?.[1] ?? []);
  t.equal(new Set(names).size, names.length);
  t.equal(lines.filter((line) => line.startsWith('# HELP ')).length, names.length);
  const series = lines.filter((line) => !line.startsWith('#')).map((line) => line.replace(/ \S+$/, ''));
  t.equal(new Set(series).size, series.length);
  for (const line of lines)
    t.match(line, /^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? [0-9.e+-]+)$/);
  t.end();
});

t.test('docs/operations.md tells of every metric, and of none that is not there', (t) => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const told = new Set([...text.matchAll(/`((?:causeway|process)_[a-z_]+)/g)].map((match) => match[1]!));
  const served = [...scraped().matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]!);
  t.same([...told].sort(), [...served].sort());
  t.end();
});

const promtool = spawnSync('promtool', ['--version']);
const absent = promtool.error === undefined ? false : 'promtool is not installed';
t.test('promtool has nothing to say', { skip: absent }, (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: scraped() });
  t.equal(status, 0, `${stdout}${stderr}`);
  t.end();
});

t.test('the server: metrics, health and readiness, and nothing else', async (t) => {
  let ready = true;
  const counters = daemonCounters(1);
  const daemon = {
    status: async () => ({ ...status, ready }),
    scrape: async () =>
      scrape({
        counters,
        status,
        wallMs: 0,
        checks: [],
        reports: [],
        changes: { isStoreWritable: true, waitingMs: 0 },
      }),
  } as unknown as Daemon;
  const log = createLogger({ thread: 'test', level: 'fatal' });
  const server = await openMetrics({ address: '127.0.0.1', port: 0 }, probeRoutes(daemon), log);
  const { port } = server.address() as AddressInfo;
  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, init);
  const metrics = await get('/metrics');
  t.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.match(await metrics.text(), /^# HELP causeway_queries_total /);
  t.equal((await get('/healthz')).status, 200);
  t.equal((await get('/readyz')).status, 200);
  ready = false;
  t.equal((await get('/readyz')).status, 503);
  t.equal((await get('/status')).status, 404);
  t.equal((await get('/reload', { method: 'POST' })).status, 404);
  const taken = { address: '127.0.0.1', port };
  await t.rejects(openMetrics(taken, {}, log), { code: 'EADDRINUSE' });
  server.closeAllConnections();
  server.close();
});
