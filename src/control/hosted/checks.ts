import type { HealthCheckConfig } from '../api/models/route53.ts';
import { type HealthCheckConfig as DeclaredCheck, healthCheckSchema } from '../config/health.ts';

/** Members of the API that the configuration has too. */
const WORDS = {
  IPAddress: 'ipAddress',
  Port: 'port',
  Type: 'type',
  ResourcePath: 'resourcePath',
  FullyQualifiedDomainName: 'fullyQualifiedDomainName',
  SearchString: 'searchString',
  RequestInterval: 'requestInterval',
  FailureThreshold: 'failureThreshold',
  MeasureLatency: 'measureLatency',
  Inverted: 'inverted',
  Disabled: 'disabled',
  HealthThreshold: 'healthThreshold',
  ChildHealthChecks: 'childHealthChecks',
  EnableSNI: 'enableSNI',
  InsufficientDataHealthStatus: 'insufficientDataHealthStatus',
} as const satisfies Partial<Record<keyof HealthCheckConfig, keyof DeclaredCheck>>;

/** A member of a health check is not right. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
  readonly member: string;
  constructor(member: string, message: string) {
    super(message);
    this.member = member;
  }
}

/**
 * A health check of the API as if it were declared. An alarm has no source: its state is set through the control socket.
 * Throws CheckError for the first member that is not right in itself; what goes with which type is not looked at.
 */
export function declaredCheck(id: string, config: HealthCheckConfig): DeclaredCheck {
  const entries = Object.entries(WORDS).flatMap(([member, word]) => {
    const value = config[member as keyof typeof WORDS];
    return value === undefined ? [] : [[word, value] as const];
  });
  const { RoutingControlArn: arn } = config;
  const control = arn === undefined ? {} : { routingControl: routingControlOf(arn) };
  const read = healthCheckSchema.safeParse({ id, ...Object.fromEntries(entries), ...control });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const word = issue?.path[0];
  const member = Object.entries(WORDS).find(([, each]) => each === word)?.[0] ?? 'RoutingControlArn';
  throw new CheckError(member, issue?.message ?? 'it is not right');
}

/** The name of a routing control stands last in its ARN: `arn:aws:route53-recovery-control::…:…/routingcontrol/eu`. */
export function routingControlOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
