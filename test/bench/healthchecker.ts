/**
 * Health checks as the health thread makes them, in a process of its own: `node healthchecker.ts JSON`, with the ports
 * of the endpoints and what to check. Prints what it took, as JSON.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { NO_SWITCHES } from '../../src/control/health/board.ts';
import { Checker } from '../../src/control/health/checker.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { systemClock } from '../../src/util/clock.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import type { EndpointMonitor, HealthCheckData } from '../../src/view/health.ts';

export const KINDS = ['HTTP', 'HTTP_STR_MATCH', 'HTTPS', 'TCP'] as const;
export type Kind = (typeof KINDS)[number];

export interface Work {
  readonly kinds: readonly Kind[];
  readonly checks: number;
  readonly intervalMs: number;
  readonly seconds: number;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export interface Taken {
  readonly probes: number;
  readonly failed: number;
  readonly void: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly rssMb: number;
}

function checkOf(slot: number, { kinds, intervalMs, httpPort, httpsPort }: Work): HealthCheckData {
  const type = kinds[slot % kinds.length]!;
  const monitor: EndpointMonitor = {
    kind: 'endpoint',
    protocol: type === 'HTTPS' ? 'https' : type === 'TCP' ? 'tcp' : 'http',
    // Each its own address, as checks of different endpoints have.
    address: `127.${1 + (slot >> 16)}.${(slot >> 8) & 255}.${slot & 255}`,
    name: undefined,
    port: type === 'HTTPS' ? httpsPort : httpPort,
    path: '/status',
    host: 'www.example',
    serverName: type === 'HTTPS' ? 'www.example' : undefined,
    search: type === 'HTTP_STR_MATCH' ? 'all is well' : undefined,
    intervalMs,
    threshold: 3,
    measureLatency: true,
  };
  return { id: `hc-${slot}`, slot, type, inverted: false, disabled: false, monitor };
}

async function run(work: Work): Promise<Taken> {
  const counters = daemonCounters(1);
  const checker = new Checker({
    name: 'bench',
    clock: systemClock,
    prng: cryptoPrng,
    log: createLogger({ thread: 'health' }),
    metrics: new Metrics(counters.block(0)),
    bits: new HealthBits(),
    resolve: async () => [],
    looksMax: 2048,
  });
  checker.configure(
    Array.from({ length: work.checks }, (_, slot) => checkOf(slot, work)),
    NO_SWITCHES,
  );
  const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  const figures = () => ({
    passed: counters.sum('probesPassed'),
    failed: counters.sum('probesFailed'),
    void: counters.sum('probesVoid'),
    cpu: process.cpuUsage(),
    at: performance.now(),
  });
  // Code is compiled, and every check was made once.
  await sleep(work.intervalMs * 1.5);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const before = figures();
  await sleep(work.seconds * 1000);
  const after = figures();
  delay.disable();
  const failed = after.failed - before.failed;
  return {
    probes: after.passed - before.passed + failed,
    failed,
    void: after.void - before.void,
    cpuSeconds: (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e6,
    seconds: (after.at - before.at) / 1000,
    lagP99Ms: delay.percentile(99) / 1e6 - 10,
    lagMaxMs: delay.max / 1e6 - 10,
    rssMb: process.memoryUsage.rss() / 1024 ** 2,
  };
}

if (import.meta.main) {
  console.log(JSON.stringify(await run(JSON.parse(process.argv[2]!) as Work)));
  process.exit(0);
}
