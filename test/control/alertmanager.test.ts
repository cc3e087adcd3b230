/** Silence for planned changes: Alertmanager reads its example, and the commands of the documentation silence what they say. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';
import { MONITORING, rules } from '../support/monitoring.ts';
import { missing, start } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';

const skip = missing('amtool', 'prometheus-alertmanager');
const CONFIG = join(MONITORING, 'alertmanager.yaml');

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

t.test('each alert has a receiver of its severity', { skip }, async (t) => {
  execFileSync(findTool('amtool')!, ['check-config', CONFIG], { stdio: 'pipe' });
  const receivers = { page: 'pager', ticket: 'tickets' } as const;
  const severities = new Set(rules().flatMap(({ labels }) => labels?.['severity'] ?? []));
  t.same([...severities].sort(), ['page', 'ticket']);
  for (const severity of ['page', 'ticket'] as const) {
    const args = [
      'config',
      'routes',
      'test',
      `--config.file=${CONFIG}`,
      `severity=${severity}`,
      'slo=propagation',
    ];
    t.equal(execFileSync(findTool('amtool')!, args, { encoding: 'utf8' }).trim(), receivers[severity]);
  }
});

interface Route {
  readonly matchers?: readonly string[];
  readonly mute_time_intervals?: readonly string[];
  readonly routes?: readonly Route[];
}

/** The intervals in which alerts with these labels are muted, as Alertmanager finds its way: the first route that fits. */
function muted(route: Route, labels: Readonly<Record<string, string>>): readonly string[] {
  const fits = ({ matchers = [] }: Route): boolean =>
    matchers.every((each) => {
      const [, label, value] = /^(\w+)="(.*)"$/.exec(each)!;
      return labels[label!] === value;
    });
  const next = route.routes?.find(fits);
  return next === undefined ? (route.mute_time_intervals ?? []) : muted(next, labels);
}

t.test('in windows of maintenance tickets are muted, and pages for changes that are late', (t) => {
  const { route, time_intervals } = parse(readFileSync(CONFIG, 'utf8')) as {
    route: Route;
    time_intervals: readonly object[];
  };
  t.same(muted(route, { severity: 'ticket', slo: 'queries' }), ['maintenance']);
  t.same(muted(route, { severity: 'page', slo: 'propagation' }), ['maintenance']);
  t.same(muted(route, { severity: 'page', slo: 'queries' }), []);
  // As docs/operations.md tells: Sundays from 2 to 4.
  t.same(time_intervals, [
    {
      name: 'maintenance',
      time_intervals: [
        { weekdays: ['sunday'], times: [{ start_time: '02:00', end_time: '04:00' }], location: 'UTC' },
      ],
    },
  ]);
  t.end();
});

t.test('silences and inhibition', { skip }, async (t) => {
  const server = await start(
    {},
    {
      program: 'prometheus-alertmanager',
      args: (folder, address, port) => [
        `--config.file=${folder}/conf`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=${address}:${port}`,
        '--cluster.listen-address=',
      ],
      // Nobody is told: the ports of the webhooks may be somebody's.
      config: () => readFileSync(CONFIG, 'utf8').replaceAll(/url: "[^"]*"/g, 'url: "http://127.0.0.1:1/"'),
      ready: (address, port) =>
        fetch(`http://${address}:${port}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
    },
  );
  t.teardown(() => server.stop());
  const url = `http://${server.address}:${server.port}`;
  const alert = (instance: string, alertname: string, slo: string) => ({
    labels: { alertname, instance: `${instance}:9153`, slo, severity: 'page' },
  });
  await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      alert('ns1', 'CausewayBudgetBurnsFast', 'queries'),
      alert('ns2', 'CausewayBudgetBurnsFast', 'queries'),
      alert('ns2', 'CausewayBudgetBurnsFast', 'propagation'),
      alert('ns3', 'CausewayNotReady', ''),
      alert('ns3', 'CausewayBudgetBurnsVeryFast', 'queries'),
    ]),
  });
  const states = async (): Promise<string[]> => {
    const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as Alert[];
    return alerts
      .map(
        ({ labels, status }) =>
          `${labels['instance']} ${labels['alertname']} ${labels['slo'] ?? ''} ${status.state}`,
      )
      .sort();
  };
  // The commands as they are in the documentation, quotes and all.
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const commands = page.match(/^amtool silence add .*$/gm)!;
  t.equal(commands.length, 2);
  for (const command of commands)
    await promisify(execFile)('sh', [
      '-c',
      `${findTool('amtool')} --alertmanager.url=${url} ${command.slice(7)} --author=t`,
    ]);
  const expected = [
    'ns1:9153 CausewayBudgetBurnsFast queries suppressed',
    'ns2:9153 CausewayBudgetBurnsFast propagation suppressed',
    'ns2:9153 CausewayBudgetBurnsFast queries active',
    'ns3:9153 CausewayBudgetBurnsVeryFast queries suppressed',
    'ns3:9153 CausewayNotReady  active',
  ];
  // Alertmanager takes them in by and by.
  let found = await states();
  for (let i = 0; i < 400 && found.join() !== expected.join(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = await states();
  }
  t.same(found, expected);
});
