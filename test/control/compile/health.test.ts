/** Health checks as the snapshot has them, and the slots that tell them apart over reloads. */
import t from 'tap';
import { compileHealth, HealthSlots } from '../../../src/control/compile/health.ts';
import { resume } from '../../../src/control/compile.ts';
import { DOWN_SLOT } from '../../../src/util/healthbits.ts';
import type { EndpointMonitor, HealthData } from '../../../src/view/health.ts';
import { good } from '../config/support.ts';
import { compiled } from './support.ts';

const health = (text: string): HealthData => {
  const config = good(text);
  return compileHealth(config, new HealthSlots(config.healthChecks.map(({ id }) => id)));
};
const one = (line: string): HealthData['checks'][number] =>
  health(`healthChecks: [{ id: a, ${line} }]`).checks[0]!;
const endpoint = (line: string): EndpointMonitor => one(line).monitor as EndpointMonitor;

t.test('the Host header: the name, or the address; a port unless it is the protocol’s own', async (t) => {
  const rows: [string, string][] = [
    ['type: HTTP, fullyQualifiedDomainName: WWW.Example.', 'www.example'],
    ['type: HTTP, fullyQualifiedDomainName: www.example, port: 80', 'www.example'],
    ['type: HTTP, fullyQualifiedDomainName: www.example, port: 443', 'www.example:443'],
    ['type: HTTP, fullyQualifiedDomainName: www.example, port: 8080', 'www.example:8080'],
    ['type: HTTPS, fullyQualifiedDomainName: www.example', 'www.example'],
    ['type: HTTPS, fullyQualifiedDomainName: www.example, port: 80', 'www.example:80'],
    ['type: HTTP, fullyQualifiedDomainName: www.example, ipAddress: 192.0.2.1', 'www.example'],
    ['type: HTTP, ipAddress: 192.0.2.1', '192.0.2.1'],
    ['type: HTTP, ipAddress: 192.0.2.1, port: 8080', '192.0.2.1:8080'],
    ['type: HTTP, ipAddress: "2001:db8::1"', '[2001:db8::1]'],
  ];
  for (const [line, expected] of rows) t.equal(endpoint(line).host, expected, line);
});

t.test('ports, paths, TLS', async (t) => {
  t.match(endpoint('type: HTTPS, fullyQualifiedDomainName: www.example'), {
    protocol: 'https',
    port: 443,
    address: undefined,
    name: 'www.example',
    serverName: 'www.example',
    path: '/',
    intervalMs: 30_000,
    threshold: 3,
  });
  t.equal(endpoint('type: HTTPS, fullyQualifiedDomainName: a.b, enableSNI: false').serverName, undefined);
  t.equal(endpoint('type: HTTPS, ipAddress: 192.0.2.1').serverName, undefined);
  t.equal(endpoint('type: HTTP, fullyQualifiedDomainName: a.b').serverName, undefined);
  t.equal(endpoint('type: HTTP, ipAddress: 192.0.2.1, resourcePath: status').path, '/status');
  t.equal(endpoint('type: TCP, ipAddress: 192.0.2.1, port: 25').port, 25);
});

t.test('the other types', async (t) => {
  t.same(one('type: CLOUDWATCH_METRIC').monitor, {
    kind: 'alarm',
    source: undefined,
    insufficientData: 'LastKnownStatus',
  });
  t.match(
    one(
      'type: CLOUDWATCH_METRIC, alarm: { prometheus: "http://p:9090/", query: up, comparison: LessThanThreshold, threshold: 1 }',
    ).monitor,
    { source: { url: 'http://p:9090', intervalMs: 60_000 } },
  );
  const text = `routingControls: [{ name: eu, initial: on }]
safetyRules: [{ name: r, assertedControls: [eu], atLeast: 1 }]
healthChecks: [{ id: a, type: RECOVERY_CONTROL, routingControl: eu }, { id: b, type: CALCULATED, childHealthChecks: [a], healthThreshold: 1 }]`;
  t.match(health(text), {
    checks: [
      { slot: 0, monitor: { kind: 'control', control: 'eu' } },
      { slot: 1, monitor: { kind: 'calculated', children: ['a'], threshold: 1 } },
    ],
    controls: [{ name: 'eu', initial: true }],
    rules: [{ name: 'r', controls: ['eu'], atLeast: 1 }],
    nextSlot: 2,
  });
});

t.test('a slot stays with its check over reloads, and is no other’s', async (t) => {
  const text = (...ids: string[]): string =>
    `healthChecks: [${ids.map((id) => `{ id: ${id}, type: CLOUDWATCH_METRIC }`).join()}]`;
  const slots = ({ health }: { health: HealthData }): Record<string, number> =>
    Object.fromEntries(health.checks.map(({ id, slot }) => [id, slot]));
  const first = compiled(text('a', 'b'));
  t.same(slots(first.snapshot), { a: 0, b: 1 });
  const second = compiled(text('c', 'b'), {}, first);
  t.same(slots(second.snapshot), { c: 2, b: 1 });
  t.same(second.changes, ['health check c: added', 'health check a: removed']);
  const third = compiled(text('a', 'c', 'b'), {}, resume(second.snapshot));
  t.same(slots(third.snapshot), { a: 3, c: 2, b: 1 }, 'also for a control that takes over');
  t.same(third.touched, []);
});

t.test('when all were given out, one that neither snapshot uses', async (t) => {
  const before = {
    checks: [
      { id: 'a', slot: 0 },
      { id: 'b', slot: 2 },
    ],
    nextSlot: DOWN_SLOT - 1,
  };
  const slots = new HealthSlots(['b', 'x', 'y', 'z'], before);
  t.same(
    ['b', 'x', 'y', 'z', 'a'].map((id) => slots.of(id)),
    [2, DOWN_SLOT - 1, 1, 3, undefined],
  );
  t.equal(slots.next, DOWN_SLOT, 'which is given to none');
});
