/** When Route 53 counts a health check as healthy, as its documentation tells it, with a table of cases. */

export interface CheckState {
  readonly kind: CheckKind;
  readonly inverted?: boolean;
  readonly disabled?: boolean;
}

export type CheckKind =
  /** What each checker that has reported says. */
  | { readonly kind: 'endpoint'; readonly checkers: readonly boolean[] }
  | { readonly kind: 'calculated'; readonly children: readonly boolean[]; readonly threshold: number }
  /** `data`: whether the metric is as it should be; undefined: not enough of it. */
  | {
      readonly kind: 'metric';
      readonly data: boolean | undefined;
      readonly insufficient: 'healthy' | 'unhealthy' | 'last-known';
      readonly lastKnown: boolean | undefined;
    }
  | { readonly kind: 'routing-control'; readonly on: boolean };

/** Inverted last, also of what is disabled or new. */
export function isHealthyCheck({ kind, inverted = false, disabled = false }: CheckState): boolean {
  return (disabled || isHealthyKind(kind)) !== inverted;
}

function isHealthyKind(check: CheckKind): boolean {
  switch (check.kind) {
    case 'endpoint': {
      const healthy = check.checkers.filter((says) => says).length;
      // New checks are healthy; then more than 18 % of the checkers have to say so.
      return check.checkers.length === 0 || 100 * healthy > 18 * check.checkers.length;
    }
    case 'calculated':
      return check.children.filter((healthy) => healthy).length >= check.threshold;
    case 'metric':
      if (check.data !== undefined) return check.data;
      if (check.insufficient === 'last-known') return check.lastKnown ?? true;
      return check.insufficient === 'healthy';
    case 'routing-control':
      return check.on;
  }
}

/** What one checker says after `results`, from the first on; `threshold` 1..10 in a row change its mind. */
export function afterResults(results: readonly boolean[], threshold: number): boolean {
  let says = true;
  results.forEach((_, at) => {
    const last = results.slice(Math.max(0, at + 1 - threshold), at + 1);
    if (last.length === threshold && last.every((result) => result !== says)) says = !says;
  });
  return says;
}

/** Of HTTP: redirects are a success, and are not followed. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 399;
}

export interface CheckRow extends CheckState {
  readonly what: string;
  readonly healthy: boolean;
}

function checkers(healthy: number, of: number): CheckKind {
  return { kind: 'endpoint', checkers: Array.from({ length: of }, (_, i) => i < healthy) };
}

function calculated(threshold: number, ...children: readonly boolean[]): CheckKind {
  return { kind: 'calculated', children, threshold };
}

function metric(
  data: boolean | undefined,
  insufficient: 'healthy' | 'unhealthy' | 'last-known',
  lastKnown?: boolean,
): CheckKind {
  return { kind: 'metric', data, insufficient, lastKnown };
}

export const checkRows: readonly CheckRow[] = [
  { what: 'new', kind: checkers(0, 0), healthy: true },
  { what: 'new and inverted', kind: checkers(0, 0), inverted: true, healthy: false },
  { what: 'the only checker', kind: checkers(1, 1), healthy: true },
  { what: 'the only checker, failing', kind: checkers(0, 1), healthy: false },
  { what: '1 of 5 checkers: 20 %', kind: checkers(1, 5), healthy: true },
  { what: '1 of 6 checkers: 16.7 %', kind: checkers(1, 6), healthy: false },
  { what: '9 of 50 checkers: 18 % is not more than 18 %', kind: checkers(9, 50), healthy: false },
  { what: '10 of 50 checkers', kind: checkers(10, 50), healthy: true },
  { what: '18 of 100 checkers', kind: checkers(18, 100), healthy: false },
  { what: '19 of 100 checkers', kind: checkers(19, 100), healthy: true },
  { what: 'inverted, healthy', kind: checkers(1, 1), inverted: true, healthy: false },
  { what: 'inverted, failing', kind: checkers(0, 1), inverted: true, healthy: true },
  { what: 'disabled, failing', kind: checkers(0, 1), disabled: true, healthy: true },
  { what: 'disabled and inverted', kind: checkers(0, 1), disabled: true, inverted: true, healthy: false },
  { what: 'calculated, enough', kind: calculated(2, true, true, false), healthy: true },
  { what: 'calculated, too few', kind: calculated(2, true, false, false), healthy: false },
  { what: 'calculated, threshold 0', kind: calculated(0, false, false), healthy: true },
  { what: 'calculated, threshold over the children', kind: calculated(3, true, true), healthy: false },
  { what: 'calculated and inverted', kind: calculated(1, false), inverted: true, healthy: true },
  { what: 'metric as it should be', kind: metric(true, 'unhealthy'), healthy: true },
  { what: 'metric in alarm', kind: metric(false, 'healthy'), healthy: false },
  { what: 'too little data, healthy', kind: metric(undefined, 'healthy', false), healthy: true },
  { what: 'too little data, unhealthy', kind: metric(undefined, 'unhealthy', true), healthy: false },
  { what: 'too little data, as last known', kind: metric(undefined, 'last-known', false), healthy: false },
  { what: 'too little data, never known', kind: metric(undefined, 'last-known'), healthy: true },
  { what: 'routing control on', kind: { kind: 'routing-control', on: true }, healthy: true },
  { what: 'routing control off', kind: { kind: 'routing-control', on: false }, healthy: false },
];

/** Results of one checker as `+` and `-`, the threshold, and what it says in the end. */
export const resultRows: readonly (readonly [string, number, boolean])[] = [
  ['', 3, true],
  ['--', 3, true],
  ['---', 3, false],
  ['--+--', 3, true],
  ['---++', 3, false],
  ['---+++', 3, true],
  ['---++-+++', 3, true],
  ['---++-++', 3, false],
  ['-', 1, false],
  ['-+', 1, true],
  ['---------', 10, true],
  ['----------', 10, false],
];

export const statusRows: readonly (readonly [number, boolean])[] = [
  [199, false],
  [200, true],
  [204, true],
  [301, true],
  [399, true],
  [400, false],
  [503, false],
];
