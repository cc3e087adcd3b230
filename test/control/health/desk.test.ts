/** Control's side: what the thread is told and when, and what operators are answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { HealthDesk } from '../../../src/control/health/desk.ts';
import { healthRoutes } from '../../../src/control/health/routes.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { HealthBits } from '../../../src/util/healthbits.ts';
import { type Port, serveCalls } from '../../../src/util/rpc.ts';
import type { HealthCall, HealthCheckData, HealthData } from '../../../src/view/health.ts';
import { until } from '../../support/sockets.ts';
import { checkOf } from './support.ts';

function start(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const bits = new HealthBits();
  const lines: string[] = [];
  const note = (_fields: object, message: string): void => void lines.push(message);
  const log = { debug: note, info: note, warn: note, error: note, fatal: note };
  const desk = new HealthDesk({ clock: systemClock, log, bits: bits.buffer });
  t.teardown(() => {
    desk.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** A health thread that notes what it is told, and reports ids alone. */
  const thread = () => {
    const { port1, port2 } = new MessageChannel();
    const told: HealthCall[] = [];
    serveCalls<HealthCall>(port2 as unknown as Port, (call) => {
      told.push(call);
      if (!('from' in call)) return { taken: true };
      const checks = told.findLast(
        (each): each is HealthCall & { checks: readonly HealthCheckData[] } => 'checks' in each,
      )!.checks;
      return {
        reports: checks
          .toReversed()
          .slice(call.from, call.from + call.count)
          .map(({ id }) => ({ id })),
      };
    });
    desk.attach(port1 as unknown as Port);
    return { told, close: () => port2.close() };
  };
  return { desk, folder, bits, lines, thread };
}

const healthOf = (checks: HealthCheckData[]): HealthData => ({
  checks,
  controls: [{ name: 'eu', initial: true }],
  rules: [],
  nextSlot: checks.length,
});

t.test('the thread is told what is in force, in either order, and so is the next one', async (t) => {
  const { desk, folder, thread } = start(t);
  const first = thread();
  desk.configure(healthOf([checkOf(0)]), folder);
  await until(() => first.told.length === 1, 'the checks');
  t.match(first.told[0], { checks: [{ id: 'hc-0' }], switches: { controls: new Map([['eu', true]]) } });
  desk.setControls(new Map([['eu', false]]));
  await until(() => first.told.length === 2, 'the switches');
  first.close();
  const second = thread();
  await until(() => second.told.length === 1, 'all of it');
  t.match(second.told[0], { checks: [{ id: 'hc-0' }], switches: { controls: new Map([['eu', false]]) } });
});

t.test('reports come in pages, and in the order of the configuration', async (t) => {
  const { desk, folder, thread } = start(t);
  const { told } = thread();
  desk.configure(healthOf(Array.from({ length: 1200 }, (_, i) => checkOf(i))), folder);
  const reports = await desk.reports();
  t.same(
    reports.map(({ id }) => id),
    Array.from({ length: 1200 }, (_, i) => `hc-${i}`),
  );
  t.equal(told.filter((call) => 'from' in call).length, 3);
  t.same(await desk.reports('hc-7'), [{ id: 'hc-7' }]);
});

t.test('faults: unknown checks, no thread', async (t) => {
  const { desk, folder, bits } = start(t);
  t.same(await desk.reports(), []);
  t.throws(() => desk.routingControls(), { message: 'no configuration is in force yet' });
  desk.configure(healthOf([checkOf(0), checkOf(1)]), folder);
  await t.rejects(desk.reports('x'), { status: 404, message: 'A health check with id x does not exist.' });
  await t.rejects(desk.reports(), { status: 503, message: 'the health thread is not running' });
  bits.set(1, false);
  t.same(
    desk.brief(),
    [
      { id: 'hc-0', healthy: true },
      { id: 'hc-1', healthy: false },
    ],
    'the bits stand',
  );
});

t.test('routes', async (t) => {
  const { desk, folder } = start(t);
  const alarm = { kind: 'alarm', source: undefined, insufficientData: 'Healthy' } as const;
  desk.configure(healthOf([checkOf(0, alarm)]), folder);
  const routes = healthRoutes(desk);
  const post = async (path: string, body: unknown) =>
    routes[`POST ${path}`]!({ query: new URLSearchParams(), body });
  t.same(await post('/health/alarm', { id: 'hc-0', state: 'alarm' }), { id: 'hc-0', state: 'alarm' });
  t.match(await post('/routing-controls', { states: { eu: 'off' } }), {
    controls: [{ name: 'eu', state: 'off' }],
  });
  for (const body of [
    undefined,
    [],
    {},
    { id: 'hc-0', state: 'ALARM' },
    { id: 'hc-0', state: 'ok', more: 1 },
  ])
    await t.rejects(post('/health/alarm', body), { name: 'HttpFault', message: /: / });
  for (const body of [undefined, { states: [] }, { states: { eu: true } }, { states: { eu: 'maybe' } }])
    await t.rejects(post('/routing-controls', body), { name: 'HttpFault', message: /: / });
  t.match(await routes['GET /routing-controls']!({ query: new URLSearchParams(), body: undefined }), {
    controls: [{ name: 'eu', state: 'off' }],
  });
});
