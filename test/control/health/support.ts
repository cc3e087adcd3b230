import type { EndpointMonitor, HealthCheckData, Monitor } from '../../../src/view/health.ts';

export const endpoint: EndpointMonitor = {
  kind: 'endpoint',
  protocol: 'http',
  address: '127.0.0.1',
  name: undefined,
  port: 80,
  path: '/',
  host: '127.0.0.1',
  serverName: undefined,
  search: undefined,
  intervalMs: 10_000,
  threshold: 3,
  measureLatency: false,
};

const TYPES = {
  endpoint: 'HTTP',
  calculated: 'CALCULATED',
  alarm: 'CLOUDWATCH_METRIC',
  control: 'RECOVERY_CONTROL',
} as const;

/** A check that is called as its slot. */
export function checkOf(
  slot: number,
  monitor: Partial<EndpointMonitor> | Exclude<Monitor, EndpointMonitor> = {},
  over: Partial<HealthCheckData> = {},
): HealthCheckData {
  const whole = { ...endpoint, ...monitor } as Monitor;
  return {
    id: `hc-${slot}`,
    slot,
    type: TYPES[whole.kind],
    inverted: false,
    disabled: false,
    monitor: 'kind' in monitor && monitor.kind !== 'endpoint' ? (monitor as Monitor) : whole,
    ...over,
  };
}
