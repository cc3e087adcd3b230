/** The rules and dashboards of `monitoring/`: what they ask for is there, and Prometheus understands it. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parse } from 'yaml';
import { dashboards, MONITORING, queriesOf, type Rule, rules, selectors } from '../support/monitoring.ts';
import { scraped } from '../support/scraped.ts';
import { missing } from '../support/servers.ts';

const exprs = [...rules().map(({ expr }) => expr), ...dashboards().flatMap(queriesOf)];
const series = scraped()
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const recorded = rules().flatMap(({ record, labels }) => (record === undefined ? [] : [{ record, labels }]));

/** Whether a scrape, or the rules, have a series of this name with this label. */
function isThere(name: string, label = '', value = ''): boolean {
  const ofRules = recorded.filter(({ record }) => record === name);
  if (ofRules.length > 0) return label !== 'slo' || recorded.some(({ labels }) => labels?.['slo'] === value);
  const lines = series.filter((line) => /^[a-z_]+/.exec(line)![0] === name);
  return lines.some((line) => label === '' || line.includes(`${label}="${value}"`));
}

t.test('the PromQL is read as it is meant', async (t) => {
  t.same(selectors('sum(rate(causeway_a_total{instance=~".*",r=~"x|y",s="z"}[5m])) / causeway:b:5m'), [
    {
      name: 'causeway_a_total',
      labels: [
        ['r', 'x'],
        ['r', 'y'],
        ['s', 'z'],
      ],
    },
    { name: 'causeway:b:5m', labels: [] },
  ]);
  t.notOk(isThere('causeway_queries'), 'the beginning of a name is no name');
  t.notOk(isThere('causeway_queries_total', 'transport', 'doq'));
  t.notOk(isThere('causeway:slo_burn:5m', 'slo', 'beauty'));
});

t.test('rules and dashboards ask for metrics and labels that are there', async (t) => {
  const asked = exprs.flatMap(selectors);
  t.ok(asked.length > 100, `${asked.length} selectors`);
  for (const { name, labels } of asked) {
    t.ok(isThere(name), name);
    for (const [label, value] of labels) t.ok(isThere(name, label, value), `${name}{${label}="${value}"}`);
  }
});

t.test(
  'each metric of the daemon is in a rule or on a dashboard, but for those of single things',
  async (t) => {
    const asked = new Set(
      exprs.flatMap(selectors).map(({ name }) => name.replace(/_seconds_(bucket|count)$/, '_seconds')),
    );
    const served = [...scraped().matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]!);
    t.same(
      served.filter((name) => !asked.has(name)),
      [
        'causeway_build_info',
        'causeway_geo_build_age_seconds',
        'causeway_geo_entries',
        'causeway_health_check_since_seconds',
        'causeway_health_check_change_seconds',
        'causeway_health_check_last_failure_seconds',
        'process_start_time_seconds',
      ],
    );
  },
);

t.test('each alert says how bad it is, what it is, and where the way out is told', async (t) => {
  const text = readFileSync(join(MONITORING, '../docs/operations.md'), 'utf8');
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const alerts = rules().filter(({ alert }) => alert !== undefined);
  t.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  for (const { alert = '', labels, annotations } of alerts) {
    t.match(labels?.['severity'], /^(page|ticket)$/, alert);
    t.match(annotations?.['summary'], /\{\{ \$labels\.instance \}\}/, alert);
    const [file, anchor] = annotations?.['runbook']?.split('#') ?? [];
    t.equal(file, 'docs/operations.md', alert);
    t.ok(anchors.includes(anchor!), `${alert}: ${anchor}`);
  }
});

t.test('dashboards', async (t) => {
  const found = dashboards();
  t.same(
    found.map(({ uid }) => uid),
    ['causeway-debug', 'causeway-executive', 'causeway-oncall'],
  );
  for (const { uid, panels } of found)
    t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, uid);
});

t.test('promtool', { skip: missing('promtool') }, async (t) => {
  const promtool = (...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: MONITORING });
    t.equal(status, 0, `${args.join(' ')}\n${stdout}${stderr}`);
  };
  promtool('check', 'rules', 'alerts.yaml');
  promtool('test', 'rules', 'alerts.test.yaml');
  const asRules = dashboards()
    .flatMap(queriesOf)
    .map((expr, i) => ({ record: `dashboard:query:${i}`, expr }));
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'dashboards.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules: asRules }] }));
  promtool('check', 'rules', file);
});

interface Case {
  readonly promql_expr_test: readonly { readonly expr: string; readonly exp_samples: readonly object[] }[];
}

/** The cases in which an alert fires. */
function casesOf(alert: string): Case[] {
  const text = readFileSync(join(MONITORING, 'alerts.test.yaml'), 'utf8');
  const { tests } = parse(text) as { tests: Case[] };
  const fires = ({ expr, exp_samples }: Case['promql_expr_test'][number]): boolean =>
    exp_samples.length > 0 && JSON.stringify([expr, exp_samples]).includes(`alertname=\\"${alert}\\"`);
  return tests.filter((each) => each.promql_expr_test.some(fires));
}

/** What an alert must not become: always silent, too early, or loud whatever its series say. */
const SPOILED: Readonly<Record<string, (rule: Rule) => object>> = {
  'that never fires': (rule) => ({ ...rule, expr: 'vector(1) < 0' }),
  'that does not wait': ({ for: _, ...rule }) => rule,
  'without its bounds': (rule) => ({ ...rule, expr: rule.expr.replaceAll(/ (==|[<>]) [\d.*: ]*\d/g, '') }),
};

t.test('cases of each alert see that it is spoiled', { skip: missing('promtool') }, async (t) => {
  const all = rules();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-alerts-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const holds = (name: string, group: readonly object[], tests: readonly Case[]): Promise<boolean> => {
    const file = join(folder, `${name}.rules.yaml`);
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'all', rules: group }] }));
    const cases = join(folder, `${name}.test.yaml`);
    writeFileSync(cases, JSON.stringify({ rule_files: [file], evaluation_interval: '1m', tests }));
    return promisify(execFile)('promtool', ['test', 'rules', cases]).then(
      () => true,
      () => false,
    );
  };
  for (const rule of all.filter(({ alert }) => alert !== undefined)) {
    const name = rule.alert!;
    const tests = casesOf(name);
    t.ok(tests.length > 0, `${name} has a case in which it fires`);
    // Budgets are made of other rules. Without these a run takes a tenth of the time.
    const others = JSON.stringify(tests).includes('CausewayBudget')
      ? all.filter((each) => each !== rule)
      : [];
    const spoiled = Object.entries(SPOILED)
      .map(([how, spoil]) => [how, spoil(rule)] as const)
      .filter(([, other]) => JSON.stringify(other) !== JSON.stringify(rule));
    await Promise.all(
      [['as it is', rule] as const, ...spoiled].map(async ([how, other], i) => {
        const seen = await holds(`${name}${i}`, [...others, other], tests);
        t.equal(seen, other === rule, `${name} ${how}`);
      }),
    );
  }
});
