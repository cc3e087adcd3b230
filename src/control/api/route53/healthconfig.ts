import { CheckError, declaredCheck, routingControlOf } from '../../hosted/checks.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { HealthCheckConfig, HealthCheckType, UpdateHealthCheckRequest } from '../models/route53.ts';

type Member = keyof HealthCheckConfig;

const ENDPOINT = ['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP'] as const;
/** Which types have a member that not all have. */
const OWNERS: Readonly<Partial<Record<Member, readonly HealthCheckType[]>>> = {
  IPAddress: ENDPOINT,
  Port: ENDPOINT,
  FullyQualifiedDomainName: ENDPOINT,
  RequestInterval: ENDPOINT,
  FailureThreshold: ENDPOINT,
  MeasureLatency: ENDPOINT,
  Regions: ENDPOINT,
  EnableSNI: ENDPOINT,
  ResourcePath: ENDPOINT.slice(0, 4),
  SearchString: ['HTTP_STR_MATCH', 'HTTPS_STR_MATCH'],
  ChildHealthChecks: ['CALCULATED'],
  HealthThreshold: ['CALCULATED'],
  AlarmIdentifier: ['CLOUDWATCH_METRIC'],
  InsufficientDataHealthStatus: ['CLOUDWATCH_METRIC'],
  RoutingControlArn: ['RECOVERY_CONTROL'],
};

/** What a health check may name. */
export interface Others {
  /** The type of another health check; undefined: there is none of this id. */
  typeOf(id: string): HealthCheckType | undefined;
  hasControl(name: string): boolean;
}

/** With all that holds by default, in an order of its own: equal ones have equal JSON. Throws ApiError InvalidInput. */
export function readHealthConfig(given: HealthCheckConfig, others: Others): HealthCheckConfig {
  for (const [member, owners] of Object.entries(OWNERS) as [Member, readonly HealthCheckType[]][])
    if (given[member] !== undefined && given[member] !== false && !owners.includes(given.Type))
      throw invalid(`${member} cannot be specified for a health check of type ${given.Type}`);
  const config = withDefaults(given);
  checkMembers(config);
  checkNamed(config, others);
  return config;
}

function withDefaults(given: HealthCheckConfig): HealthCheckConfig {
  const { Type } = given;
  const common = { Type, Inverted: given.Inverted ?? false, Disabled: given.Disabled ?? false };
  switch (Type) {
    case 'CALCULATED': {
      const { HealthThreshold, ChildHealthChecks = [] } = given;
      return defined({ ...common, HealthThreshold, ChildHealthChecks });
    }
    case 'CLOUDWATCH_METRIC': {
      const { AlarmIdentifier, InsufficientDataHealthStatus = 'LastKnownStatus' } = given;
      return defined({ ...common, AlarmIdentifier, InsufficientDataHealthStatus });
    }
    case 'RECOVERY_CONTROL':
      return defined({ ...common, RoutingControlArn: given.RoutingControlArn });
    default: {
      const isTls = Type === 'HTTPS' || Type === 'HTTPS_STR_MATCH';
      return defined({
        ...common,
        IPAddress: given.IPAddress,
        Port: given.Port ?? (Type === 'TCP' ? undefined : isTls ? 443 : 80),
        ResourcePath: given.ResourcePath,
        FullyQualifiedDomainName: given.FullyQualifiedDomainName,
        SearchString: given.SearchString,
        RequestInterval: given.RequestInterval ?? 30,
        FailureThreshold: given.FailureThreshold ?? 3,
        MeasureLatency: given.MeasureLatency ?? false,
        EnableSNI: given.EnableSNI ?? isTls,
        Regions: given.Regions,
      });
    }
  }
}

/** What it cannot do without, then each member by itself. */
function checkMembers(config: HealthCheckConfig): void {
  const { Type: type } = config;
  const need = (member: Member): void => {
    if (config[member] === undefined || config[member] === '')
      throw invalid(`${member} must be specified for a health check of type ${type}`);
  };
  if (OWNERS.IPAddress!.includes(type)) {
    if (config.IPAddress === undefined && config.FullyQualifiedDomainName === undefined)
      throw invalid('IPAddress or FullyQualifiedDomainName must be specified');
    need('Port');
    if (OWNERS.SearchString!.includes(type)) need('SearchString');
    if (config.RequestInterval !== 10 && config.RequestInterval !== 30)
      throw invalid('RequestInterval must be 10 or 30');
  }
  if (type === 'CALCULATED') need('HealthThreshold');
  if (type === 'CLOUDWATCH_METRIC') need('AlarmIdentifier');
  if (type === 'RECOVERY_CONTROL') need('RoutingControlArn');
  try {
    declaredCheck('new', config);
  } catch (error) {
    if (error instanceof CheckError) throw invalid(`${error.member}: ${error.message}`);
    throw error;
  }
}

function checkNamed({ ChildHealthChecks = [], RoutingControlArn: arn }: HealthCheckConfig, others: Others) {
  if (new Set(ChildHealthChecks).size < ChildHealthChecks.length)
    throw invalid('ChildHealthChecks has a health check twice');
  for (const child of ChildHealthChecks) {
    const type = others.typeOf(child);
    if (type === undefined) throw invalid(`child health check ${child} does not exist`);
    if (type === 'CALCULATED') throw invalid(`child health check ${child} is a calculated health check`);
  }
  if (arn !== undefined && !others.hasControl(routingControlOf(arn)))
    throw invalid(`no routing control is called ${routingControlOf(arn)}`);
}

/** What an update leaves of a configuration, before it is read again. Throws ApiError InvalidInput. */
export function updatedConfig(
  config: HealthCheckConfig,
  { HealthCheckId: _, HealthCheckVersion: __, ResetElements: reset = [], ...given }: UpdateHealthCheckRequest,
): HealthCheckConfig {
  if (given.IPAddress !== undefined && config.IPAddress === undefined)
    throw invalid('IPAddress cannot be added to a health check that was created without one');
  const kept = Object.entries(config).filter(([member]) => !(reset as readonly string[]).includes(member));
  return { ...(Object.fromEntries(kept) as unknown as HealthCheckConfig), ...defined(given) };
}

function invalid(message: string): ApiError {
  return apiError('InvalidInput', `Invalid parameter : ${message}`);
}

/** Without members that are undefined: what is stored is JSON. */
function defined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
