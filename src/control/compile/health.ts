import { assert, unreachable } from '../../util/assert.ts';
import { DOWN_SLOT } from '../../util/healthbits.ts';
import type {
  AlarmMonitor,
  EndpointMonitor,
  HealthCheckData,
  HealthData,
  Monitor,
} from '../../view/health.ts';
import type { HealthCheckConfig } from '../config/health.ts';
import type { Config } from '../config/load.ts';

/** Slots in use, and the least one that never was. */
export interface SlotsBefore {
  readonly checks: readonly { readonly id: string; readonly slot: number }[];
  readonly nextSlot: number;
}

/**
 * Gives each health check its slot in HealthBits: that of the snapshot before, if it had one, else one that nobody had
 * yet. Once all were given out, one is taken that neither this snapshot nor the one before uses: until all workers have
 * the new one, an image of the old one may name it.
 */
export class HealthSlots {
  readonly #slots = new Map<string, number>();
  #next: number;

  constructor(ids: readonly string[], before: SlotsBefore = { checks: [], nextSlot: 0 }) {
    const kept = new Map(before.checks.map(({ id, slot }) => [id, slot]));
    this.#next = before.nextSlot;
    let used: Set<number> | undefined;
    let at = 0;
    for (const id of ids) {
      let slot = kept.get(id);
      if (slot === undefined && this.#next < DOWN_SLOT) slot = this.#next++;
      if (slot === undefined) {
        used ??= new Set(kept.values());
        while (used.has(at)) at++;
        slot = at++;
        assert(slot < DOWN_SLOT, 'more health checks than a configuration may have');
      }
      this.#slots.set(id, slot);
    }
  }

  /** The least slot that was never given out. */
  get next(): number {
    return this.#next;
  }

  /** What a record set that names the check reads; undefined: there is no such check. */
  of(id: string): number | undefined {
    return this.#slots.get(id);
  }
}

/**
 * @param slots made of the same configuration
 * @param before returned where nothing changed
 */
export function compileHealth(
  {
    healthChecks,
    routingControls,
    safetyRules,
  }: Pick<Config, 'healthChecks' | 'routingControls' | 'safetyRules'>,
  slots: HealthSlots,
  before?: HealthData,
): HealthData {
  const health: HealthData = {
    checks: healthChecks.map((check): HealthCheckData => {
      const { id, type, inverted, disabled } = check;
      return { id, slot: slots.of(id)!, type, inverted, disabled, monitor: monitorOf(check) };
    }),
    controls: routingControls.map(({ name, initial }) => ({ name, initial: initial === 'on' })),
    rules: safetyRules.map(({ name, assertedControls, atLeast }) => ({
      name,
      controls: assertedControls,
      atLeast,
    })),
    nextSlot: slots.next,
  };
  return before !== undefined && JSON.stringify(health) === JSON.stringify(before) ? before : health;
}

function monitorOf(check: HealthCheckConfig): Monitor {
  switch (check.type) {
    case 'HTTP':
    case 'HTTP_STR_MATCH':
      return endpointOf(check, 'http');
    case 'HTTPS':
    case 'HTTPS_STR_MATCH':
      return endpointOf(check, 'https');
    case 'TCP':
      return endpointOf(check, 'tcp');
    case 'CALCULATED':
      return {
        kind: 'calculated',
        children: check.childHealthChecks ?? [],
        threshold: check.healthThreshold ?? 0,
      };
    case 'CLOUDWATCH_METRIC':
      return alarmOf(check);
    case 'RECOVERY_CONTROL':
      return { kind: 'control', control: check.routingControl ?? '' };
    default:
      return unreachable(check.type);
  }
}

const PORTS = { http: 80, https: 443, tcp: 0 } as const;

function endpointOf(check: HealthCheckConfig, protocol: EndpointMonitor['protocol']): EndpointMonitor {
  const { ipAddress, fullyQualifiedDomainName: name, port = PORTS[protocol] } = check;
  // Route 53 puts the address where the name would stand, and has no port behind the protocol's own.
  const host = name ?? (ipAddress!.includes(':') ? `[${ipAddress}]` : ipAddress!);
  return {
    kind: 'endpoint',
    protocol,
    address: ipAddress,
    name,
    port,
    path: check.resourcePath ?? '/',
    host: port === PORTS[protocol] ? host : `${host}:${port}`,
    serverName: protocol === 'https' && (check.enableSNI ?? true) ? name : undefined,
    search: check.searchString,
    intervalMs: check.requestInterval * 1000,
    threshold: check.failureThreshold,
    measureLatency: check.measureLatency,
  };
}

function alarmOf({
  alarm,
  insufficientDataHealthStatus = 'LastKnownStatus',
}: HealthCheckConfig): AlarmMonitor {
  const source = alarm && {
    url: alarm.prometheus,
    query: alarm.query,
    comparison: alarm.comparison,
    threshold: alarm.threshold,
    intervalMs: alarm.period,
  };
  return { kind: 'alarm', source, insufficientData: insufficientDataHealthStatus };
}

/** What changed, one change a line. */
export function diffHealth(old: HealthData, next: HealthData): string[] {
  if (old === next) return [];
  return [
    ...diffNamed('health check', old.checks, next.checks, ({ id }) => id),
    ...diffNamed('routing control', old.controls, next.controls, ({ name }) => name),
    ...diffNamed('safety rule', old.rules, next.rules, ({ name }) => name),
  ];
}

function diffNamed<T>(
  what: string,
  old: readonly T[],
  next: readonly T[],
  nameOf: (each: T) => string,
): string[] {
  const before = new Map(old.map((each) => [nameOf(each), JSON.stringify(each)]));
  const changes: string[] = [];
  for (const each of next) {
    const was = before.get(nameOf(each));
    before.delete(nameOf(each));
    if (was === undefined) changes.push(`${what} ${nameOf(each)}: added`);
    else if (was !== JSON.stringify(each)) changes.push(`${what} ${nameOf(each)}: changed`);
  }
  return [...changes, ...[...before.keys()].map((name) => `${what} ${name}: removed`)];
}
