/** What `monitoring/` says, for tests: rules, dashboards, and the PromQL of both. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const MONITORING = join(import.meta.dirname, '../../monitoring');

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function rules(): Rule[] {
  const text = readFileSync(join(MONITORING, 'alerts.yaml'), 'utf8');
  return (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
}

export function dashboards(): Dashboard[] {
  return globSync('dashboards/*.json', { cwd: MONITORING })
    .sort()
    .map((path) => JSON.parse(readFileSync(join(MONITORING, path), 'utf8')) as Dashboard);
}

/** The queries of a dashboard, with values in the place of Grafana's variables. */
export function queriesOf({ panels }: Dashboard): string[] {
  return panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*')),
  );
}

/** A series that is asked for: its name, and the labels whose values are told. */
export interface Selector {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** Of Causeway and its rules; `instance` and `job` are Prometheus' own labels. */
export function selectors(expr: string): Selector[] {
  const found = expr.matchAll(/\b((?:causeway|process)[a-z_:0-9]+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, name, matchers = '']) => ({
    name: name!,
    labels: [...matchers.matchAll(/(\w+)=~?"([^"]*)"/g)]
      .filter(([, label]) => label !== 'instance' && label !== 'job')
      .flatMap(([, label, values]) => values!.split('|').map((value) => [label!, value] as const)),
  }));
}
