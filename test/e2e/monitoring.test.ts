/** A real Prometheus that scrapes a daemon at work and evaluates the rules of `monitoring/`. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { at, dig } from '../support/dig.ts';
import { all, change, create, simple, startHosted } from '../support/hosted.ts';
import { LONG } from '../support/long.ts';
import { dashboards, MONITORING, queriesOf, rules } from '../support/monitoring.ts';
import { freePort } from '../support/ports.ts';
import { missing, start } from '../support/servers.ts';
import { until } from '../support/sockets.ts';

const VALUES_MS_MAX = 120_000;
/** Objectives of how long something takes, which a slow machine may miss, and others. */
const OF_TIME = ['latency', 'propagation', 'health'];
const OTHERS = ['queries', 'api'];

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** Scrapes each second, and evaluates twice a second. Resolves, when it is ready, with how to ask its API. */
async function startPrometheus(t: Test, target: number): Promise<(path: string) => Promise<unknown>> {
  const server = await start(
    {},
    {
      program: 'prometheus',
      args: (folder, address, port) => [
        `--config.file=${folder}/conf`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${address}:${port}`,
      ],
      config: () =>
        JSON.stringify({
          global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '500ms' },
          rule_files: [join(MONITORING, 'alerts.yaml')],
          scrape_configs: [{ job_name: 'causeway', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
        }),
      ready: (address, port) =>
        fetch(`http://${address}:${port}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
    },
  );
  t.teardown(() => server.stop());
  return async (path) => {
    const response = await fetch(`http://${server.address}:${server.port}/api/v1/${path}`);
    const { data, error } = (await response.json()) as { data: unknown; error?: string };
    if (error !== undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
}

t.test('what the daemon does is seen by the rules', { skip: missing('prometheus', 'dig') }, async (t) => {
  const port = await freePort();
  const hosted = await startHosted(t, './state', port);
  const api = await startPrometheus(t, port);
  const query = async (text: string): Promise<Sample[]> =>
    ((await api(`query?query=${encodeURIComponent(text)}`)) as { result: Sample[] }).result;

  const zone = await create(hosted.client, 'example.net');
  let made = 0;
  const work = async (): Promise<void> => {
    await change(
      hosted.client,
      zone,
      ...all('CREATE', [simple(`n${made++}.example.net`, 'A', 60, '192.0.2.1')]),
    );
    await dig(at(hosted.authority), `n${made}.example.net`, 'A');
  };
  const recorded = [...new Set(rules().flatMap(({ record = [] }) => record))];
  const seen = async (): Promise<boolean> => {
    const values = await Promise.all(
      [...recorded, 'causeway:slo_all:rate5m{slo="propagation"} > 0.02'].map(query),
    );
    return values.every(({ length }) => length > 0);
  };
  for (const end = Date.now() + VALUES_MS_MAX; !(await seen()) && Date.now() < end; await sleep(200))
    await work();
  t.ok(await seen(), 'each recorded series has a value, and changes are among them');

  const { groups } = (await api('rules')) as {
    groups: { name: string; rules: { name: string; health: string; lastError?: string }[] }[];
  };
  const evaluated = groups.flatMap((group) => group.rules);
  t.equal(evaluated.length, rules().length);
  for (const { name, health, lastError } of evaluated) t.equal(health, 'ok', `${name}: ${lastError ?? ''}`);

  for (const slo of [...OF_TIME, ...OTHERS])
    for (const window of ['5m', '30m', '1h', '2h', '6h', '1d']) {
      const [burn] = await query(`causeway:slo_burn:${window}{slo="${slo}"}`);
      if (LONG || OTHERS.includes(slo)) t.equal(burn?.value[1], '0', `${slo} over ${window}`);
      else t.ok(Number(burn?.value[1]) >= 0, `${slo} over ${window}`);
      t.match(burn?.metric, { job: 'causeway', instance: `127.0.0.1:${port}` });
    }
  // A scrape that comes late makes an alert wait; it wakes nobody.
  const alerts = await query('ALERTS{alertstate="firing"}');
  const woken = alerts.filter(({ metric }) => LONG || !OF_TIME.includes(metric['slo'] ?? ''));
  t.same(woken, [], 'a daemon that is well wakes nobody');

  // Of the last scrape that came in time.
  const counted = async (series: string): Promise<number> =>
    Number((await query(`last_over_time(${series}[1h])`))[0]?.value[1]);
  await until(
    async () => (await counted('causeway_change_propagation_seconds_count')) >= 2,
    'changes to be timed',
  );
  const ok = 'causeway_api_requests_total{service="route53",result="ok"}';
  await until(async () => (await counted(ok)) >= made, `${made} requests to be counted`);
  for (const dashboard of dashboards())
    for (const expr of queriesOf(dashboard)) await t.resolves(query(expr), expr);
});
