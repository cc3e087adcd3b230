/** Rounds, probes and the board together, on loopback, with time that runs faster. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { NO_SWITCHES } from '../../../src/control/health/board.ts';
import { Checker } from '../../../src/control/health/checker.ts';
import { daemonCounters, Metrics } from '../../../src/telemetry/metrics.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';
import { HealthBits } from '../../../src/util/healthbits.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { until } from '../../support/sockets.ts';
import { checkOf } from './support.ts';

/** The times that a look has: they are not shortened, as this machine may be slow. */
const OF_A_LOOK = [2_000, 4_000];

/** Other waits are a hundredth: an interval of 10 s is 100 ms. */
const fast: Clock = {
  now: () => systemClock.now(),
  wall: () => systemClock.wall(),
  after: (ms, fn) => systemClock.after(OF_A_LOOK.includes(ms) ? ms : ms / 100, fn),
  every: (ms, fn) => systemClock.every(ms, fn),
};

function start(made: ConstructorParameters<typeof Checker>[1] = [], bits = new HealthBits()) {
  const lines: string[] = [];
  const note = (_fields: object, message: string): void => void lines.push(message);
  const counters = daemonCounters(1);
  const checker = new Checker(
    {
      name: 'node-1',
      clock: fast,
      prng: new SeededPrng(1),
      log: { debug: note, info: note, warn: note, error: note, fatal: note },
      metrics: new Metrics(counters.block(0)),
      bits,
      resolve: async () => ['127.0.0.1'],
      looksMax: 100,
    },
    made,
  );
  return { checker, bits, lines, counters };
}

async function serve() {
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    answer: (code: number): void => {
      status = code;
    },
    close: (): void => void server.close(),
  };
}

t.test('an endpoint that falls ill and recovers: bit, log, counters, report', async (t) => {
  const endpoint = await serve();
  const { checker, bits, lines, counters } = start();
  const check = checkOf(3, { port: endpoint.port, threshold: 2, address: undefined, name: 'www.example' });
  checker.answer({ id: 1, checks: [check], switches: NO_SWITCHES });
  await until(() => counters.sum('probesPassed') > 0, 'a look that passes');
  endpoint.answer(503);
  await until(() => !bits.isHealthy(3), 'the check to be unhealthy');
  t.ok(counters.sum('probesFailed') >= 2);
  endpoint.answer(200);
  await until(() => bits.isHealthy(3), 'the check to be healthy again');
  t.same(lines, ['health check hc-3 is unhealthy', 'health check hc-3 is healthy']);
  t.equal(counters.sum('flipsHealthy') + counters.sum('flipsUnhealthy'), 2);
  const { reports } = checker.answer({ id: 2, from: 0, count: 10 }) as { reports: unknown[] };
  t.match(reports, [
    {
      id: 'hc-3',
      target: `http://www.example:${endpoint.port}/`,
      status: 'healthy',
      observations: [{ checker: 'node-1', status: 'Success: HTTP Status Code 200, OK' }],
      lastFailure: { reason: 'Failure: HTTP Status Code 503, Service Unavailable' },
      history: [{ status: 'healthy' }, { status: 'unhealthy' }],
    },
  ]);
  checker.stop();
  endpoint.close();
});

t.test('disabled checks, CALCULATED ones and controls look at nothing', async (t) => {
  const { checker, counters } = start();
  const checks = [
    checkOf(0, { port: 1 }, { disabled: true }),
    checkOf(1, { kind: 'calculated', children: ['hc-0'], threshold: 1 }),
    checkOf(2, { kind: 'control', control: 'eu' }),
    checkOf(3, { kind: 'alarm', source: undefined, insufficientData: 'Healthy' }),
  ];
  checker.configure(checks, NO_SWITCHES);
  await new Promise((done) => setTimeout(done, 150));
  t.equal(checker.inFlight, 0);
  t.equal(counters.sum('probesPassed') + counters.sum('probesFailed') + counters.sum('probesVoid'), 0);
  checker.stop();
});

t.test('a round during which the loop was blocked says nothing', async (t) => {
  const { checker, bits, counters } = start();
  const endpoint = await serve();
  endpoint.answer(503);
  checker.configure([checkOf(0, { port: endpoint.port, threshold: 1 })], NO_SWITCHES);
  await until(() => checker.inFlight === 1, 'a look under way');
  const end = performance.now() + 300;
  while (performance.now() < end);
  // The first may have been over before it was seen: the one that was blocked is another then.
  await until(() => counters.sum('probesVoid') >= 1, 'the round, which says nothing');
  await until(() => !bits.isHealthy(0), 'another, which counts');
  t.ok(counters.sum('probesFailed') >= 1);
  checker.stop();
  endpoint.close();
});

t.test('the next thread goes on with the checks of the one that died, without control', async (t) => {
  const endpoint = await serve();
  const bits = new HealthBits();
  bits.set(0, false);
  const { checker, counters } = start([checkOf(0, { port: endpoint.port, threshold: 2 })], bits);
  t.equal(bits.isHealthy(0), false);
  await until(() => bits.isHealthy(0), 'the check to be healthy');
  t.ok(counters.sum('probesPassed') >= 2);
  checker.stop();
  endpoint.close();
});
