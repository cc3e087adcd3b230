import { unreachable } from '../../util/assert.ts';
import type { AlarmMonitor, EndpointMonitor, HealthCheckData } from '../../view/health.ts';

/** Longer expressions are cut. */
const TEXT_MAX = 120;

/** What a check looks at, for people: `http://www.example:8080/status (192.0.2.1)`. */
export function targetText({ monitor }: Pick<HealthCheckData, 'monitor'>): string {
  switch (monitor.kind) {
    case 'endpoint':
      return endpointText(monitor);
    case 'calculated':
      return shortened(`${monitor.threshold} of ${monitor.children.join(', ')}`);
    case 'alarm':
      return alarmText(monitor);
    case 'control':
      return `routing control ${monitor.control}`;
    default:
      return unreachable(monitor);
  }
}

function endpointText({ protocol, address, name, port, path }: EndpointMonitor): string {
  const host = name ?? bracketed(address!);
  const by = name !== undefined && address !== undefined ? ` (${address})` : '';
  return shortened(`${protocol}://${host}:${port}${protocol === 'tcp' ? '' : path}${by}`);
}

const SIGNS = {
  GreaterThanOrEqualToThreshold: '>=',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '<=',
} as const;

function alarmText({ source }: AlarmMonitor): string {
  if (source === undefined) return 'alarm, set by hand';
  return `alarm if ${shortened(source.query)} ${SIGNS[source.comparison]} ${source.threshold}`;
}

/** An address as it stands in a URL (RFC 3986 section 3.2.2). */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function shortened(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 1)}…` : text;
}
