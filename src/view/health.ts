/**
 * Health checks as control compiles them and the health thread makes them, and what the two say to each other over a
 * port that main makes for the pair (util/rpc). What workers read of all this is one bit a check (util/healthbits).
 */

export const HEALTH_CHECK_TYPES = [
  'HTTP',
  'HTTPS',
  'HTTP_STR_MATCH',
  'HTTPS_STR_MATCH',
  'TCP',
  'CALCULATED',
  'CLOUDWATCH_METRIC',
  'RECOVERY_CONTROL',
] as const;
export type HealthCheckType = (typeof HEALTH_CHECK_TYPES)[number];

export interface HealthCheckData {
  readonly id: string;
  /** Its bit in HealthBits: the same over reloads, and no other check's while an image may name it. */
  readonly slot: number;
  readonly type: HealthCheckType;
  /** Healthy is unhealthy, and the reverse: the last thing that counts. */
  readonly inverted: boolean;
  /** Not made, and healthy as far as `inverted` does not say otherwise. */
  readonly disabled: boolean;
  readonly monitor: Monitor;
}

/** What a check looks at. */
export type Monitor = EndpointMonitor | CalculatedMonitor | AlarmMonitor | ControlMonitor;

export interface EndpointMonitor {
  readonly kind: 'endpoint';
  readonly protocol: 'http' | 'https' | 'tcp';
  /** Undefined: `name` is resolved for each request, IPv4 only. */
  readonly address: string | undefined;
  /** Without final dot. */
  readonly name: string | undefined;
  readonly port: number;
  /** Of HTTP: the target of the request and its Host header. */
  readonly path: string;
  readonly host: string;
  /** The server name of the TLS handshake (RFC 6066 section 3); undefined: it names none. */
  readonly serverName: string | undefined;
  /** What must stand in the first octets of the body; undefined: the status alone counts. */
  readonly search: string | undefined;
  /** From one response to the next request. */
  readonly intervalMs: number;
  /** Results in a row that it takes to change its state, either way; 1..10. */
  readonly threshold: number;
  readonly measureLatency: boolean;
}

/** Healthy while at least `threshold` of the children are. */
export interface CalculatedMonitor {
  readonly kind: 'calculated';
  readonly children: readonly string[];
  readonly threshold: number;
}

export interface AlarmMonitor {
  readonly kind: 'alarm';
  /** Undefined: the state is set through the control socket. */
  readonly source: AlarmSource | undefined;
  readonly insufficientData: InsufficientData;
}

export interface AlarmSource {
  /** Of a Prometheus server, with the path under which its API is, if any. */
  readonly url: string;
  /** PromQL. */
  readonly query: string;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly intervalMs: number;
}

/** In alarm is what compares so with the threshold. */
export const COMPARISONS = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const INSUFFICIENT_DATA = ['Healthy', 'Unhealthy', 'LastKnownStatus'] as const;
export type InsufficientData = (typeof INSUFFICIENT_DATA)[number];

export const ALARM_STATES = ['ok', 'alarm', 'insufficient-data'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** Healthy while the routing control is on. */
export interface ControlMonitor {
  readonly kind: 'control';
  readonly control: string;
}

/** A switch that operators set. */
export interface RoutingControl {
  readonly name: string;
  /** Until it is set for the first time. */
  readonly initial: boolean;
}

/** Refuses what would leave fewer than `atLeast` of its controls on. */
export interface SafetyRule {
  readonly name: string;
  readonly controls: readonly string[];
  readonly atLeast: number;
}

/** All of it, as a snapshot holds it. */
export interface HealthData {
  readonly checks: readonly HealthCheckData[];
  readonly controls: readonly RoutingControl[];
  readonly rules: readonly SafetyRule[];
  /** The least slot that was never given out. */
  readonly nextSlot: number;
}

export const NO_HEALTH_CHECKS: HealthData = { checks: [], controls: [], rules: [], nextSlot: 0 };

/** What operators have set: routing controls by name, alarms by the id of their check. */
export interface Switches {
  readonly controls: ReadonlyMap<string, boolean>;
  readonly alarms: ReadonlyMap<string, AlarmState>;
}

/** What control asks of the health thread. */
export type HealthCall =
  /** All checks from now on; what is gone counts as healthy. */
  | { readonly id: number; readonly checks: readonly HealthCheckData[]; readonly switches: Switches }
  | { readonly id: number; readonly switches: Switches }
  /** Reports of at most `count` checks, from the one at index `from` on. */
  | { readonly id: number; readonly from: number; readonly count: number };

export type HealthAnswer =
  | { readonly id: number; readonly taken: true }
  | { readonly id: number; readonly reports: readonly HealthReport[] }
  | { readonly id: number; readonly error: string };

export type HealthStatus = 'healthy' | 'unhealthy';

/** A health check as operators see it. */
export interface HealthReport {
  readonly id: string;
  readonly type: HealthCheckType;
  /** `http://192.0.2.1:80/status`, `2 of: a, b, c`, `routing control eu` */
  readonly target: string;
  readonly status: HealthStatus;
  /** ISO 8601. */
  readonly since: string;
  readonly inverted: boolean;
  readonly disabled: boolean;
  /** What each checker saw last; none of CALCULATED and RECOVERY_CONTROL. */
  readonly observations: readonly HealthObservation[];
  /** The last one that failed, of any checker. */
  readonly lastFailure?: { readonly at: string; readonly reason: string };
  /** Changes of the status, the newest first; only the last few. */
  readonly history: readonly HealthChange[];
}

export interface HealthObservation {
  readonly checker: string;
  readonly at: string;
  /** Route 53's words: `Success: HTTP Status Code 200, OK` */
  readonly status: string;
  readonly latency?: HealthLatency;
}

/** Milliseconds. */
export interface HealthLatency {
  readonly connectMs: number;
  readonly tlsMs?: number;
  /** From the request to the first octet of the reply. */
  readonly firstByteMs?: number;
}

export interface HealthChange {
  readonly at: string;
  readonly status: HealthStatus;
  readonly reason: string;
}

/** `GET /routing-controls`. */
export interface RoutingControlsReport {
  readonly controls: readonly { readonly name: string; readonly state: 'on' | 'off' }[];
  readonly rules: readonly (SafetyRule & { readonly on: number })[];
}
