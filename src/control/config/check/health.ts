import { unreachable } from '../../../util/assert.ts';
import type { HealthCheckType } from '../../../view/health.ts';
import type { Path } from '../problem.ts';
import { type CheckContext, type Draft, Once } from './context.ts';

/** A Set or Map of what may be named. */
type Names = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>;

type Check = NonNullable<NonNullable<Draft['healthChecks']>[number]>;

/** Which settings belong to some types only. */
const ENDPOINT = ['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP'] as const;
const OWNERS: Readonly<Record<string, readonly HealthCheckType[]>> = {
  ipAddress: ENDPOINT,
  port: ENDPOINT,
  fullyQualifiedDomainName: ENDPOINT,
  requestInterval: ENDPOINT,
  failureThreshold: ENDPOINT,
  measureLatency: ENDPOINT,
  regions: ENDPOINT,
  resourcePath: ENDPOINT.slice(0, 4),
  searchString: ['HTTP_STR_MATCH', 'HTTPS_STR_MATCH'],
  enableSNI: ['HTTPS', 'HTTPS_STR_MATCH'],
  childHealthChecks: ['CALCULATED'],
  healthThreshold: ['CALCULATED'],
  alarm: ['CLOUDWATCH_METRIC'],
  insufficientDataHealthStatus: ['CLOUDWATCH_METRIC'],
  routingControl: ['RECOVERY_CONTROL'],
};

export function checkHealth(context: CheckContext): void {
  const controls = checkControls(context);
  checkSafetyRules(context, controls);
  const checks = context.draft.healthChecks ?? [];
  const types = new Map(checks.flatMap((check) => (check?.id === undefined ? [] : [[check.id, check.type]])));
  const ids = new Once();
  checks.forEach((check, i) => {
    if (check === undefined) return;
    const path: Path = ['healthChecks', i];
    const first = check.id && ids.add(check.id, path);
    if (first)
      context.error(
        [...path, 'id'],
        `id "${check.id}" is taken by ${first}`,
        'give each check an id of its own',
      );
    if (check.type !== undefined) checkType(context, check, check.type, types, controls, path);
  });
}

/** Returns the names of the routing controls. */
function checkControls(context: CheckContext): Set<string> {
  const names = new Once();
  const known = new Set<string>();
  context.draft.routingControls?.forEach((control, i) => {
    const path: Path = ['routingControls', i, 'name'];
    const name = control?.name;
    if (name === undefined) return;
    const first = names.add(name, path);
    if (first)
      context.error(path, `"${name}" stands at ${first} already`, 'give each control a name of its own');
    known.add(name);
  });
  return known;
}

function checkSafetyRules(context: CheckContext, controls: Names): void {
  const names = new Once();
  context.draft.safetyRules?.forEach((rule, i) => {
    if (rule === undefined) return;
    const path: Path = ['safetyRules', i];
    const first = rule.name && names.add(rule.name, [...path, 'name']);
    if (first)
      context.error(
        [...path, 'name'],
        `"${rule.name}" stands at ${first} already`,
        'give each rule a name of its own',
      );
    const count = rule.assertedControls?.length;
    checkList(context, rule.assertedControls, controls, 'routing control is called', [
      ...path,
      'assertedControls',
    ]);
    if (count !== undefined && rule.atLeast !== undefined && rule.atLeast > count)
      context.error(
        [...path, 'atLeast'],
        `${rule.atLeast} of ${count} controls can never be on`,
        `write a number from 1 to ${count}`,
      );
  });
}

/** Each is known, and stands there once. */
function checkList(
  context: CheckContext,
  list: readonly (string | undefined)[] | undefined,
  known: Names,
  what: string,
  path: Path,
): void {
  const seen = new Once();
  list?.forEach((each, i) => {
    if (each === undefined) return;
    const at: Path = [...path, i];
    if (seen.add(each, at)) context.error(at, `${each} stands here twice`, 'leave one out');
    else if (!known.has(each)) context.unknown(at, `no ${what} "${each}"`, each, known.keys());
  });
}

function checkType(
  context: CheckContext,
  check: Check,
  type: HealthCheckType,
  types: ReadonlyMap<string, HealthCheckType | undefined>,
  controls: Names,
  path: Path,
): void {
  for (const [key, owners] of Object.entries(OWNERS))
    if (!owners.includes(type) && context.has([...path, key]))
      context.error(
        [...path, key],
        `a ${type} check has no ${key}`,
        `leave it out; it is for ${owners.join(', ')}`,
      );
  switch (type) {
    case 'HTTP_STR_MATCH':
    case 'HTTPS_STR_MATCH':
      needs(context, type, 'searchString', 'all is well', path);
      checkEndpoint(context, type, path);
      return;
    case 'TCP':
      needs(context, type, 'port', '5432', path);
      checkEndpoint(context, type, path);
      return;
    case 'HTTP':
    case 'HTTPS':
      checkEndpoint(context, type, path);
      return;
    case 'CALCULATED':
      checkCalculated(context, check, types, path);
      return;
    case 'RECOVERY_CONTROL':
      needs(context, type, 'routingControl', 'eu', path);
      if (check.routingControl !== undefined && !controls.has(check.routingControl))
        context.unknown(
          [...path, 'routingControl'],
          `no routing control is called "${check.routingControl}"`,
          check.routingControl,
          controls.keys(),
        );
      return;
    case 'CLOUDWATCH_METRIC':
      return;
    default:
      unreachable(type);
  }
}

function needs(context: CheckContext, type: HealthCheckType, key: string, example: string, path: Path): void {
  if (!context.has([...path, key]))
    context.error(path, `a ${type} check needs ${key}`, `add for example ${key}: ${example}`);
}

function checkEndpoint(context: CheckContext, type: HealthCheckType, path: Path): void {
  if (!context.has([...path, 'ipAddress']) && !context.has([...path, 'fullyQualifiedDomainName']))
    context.error(
      path,
      `a ${type} check needs ipAddress or fullyQualifiedDomainName`,
      'add for example ipAddress: 192.0.2.80',
    );
  if (context.has([...path, 'regions']))
    context.warn(
      [...path, 'regions'],
      'regions have no effect: the only checker is this node',
      'leave them out',
    );
}

function checkCalculated(
  context: CheckContext,
  { childHealthChecks, healthThreshold }: Check,
  types: ReadonlyMap<string, HealthCheckType | undefined>,
  path: Path,
): void {
  needs(context, 'CALCULATED', 'childHealthChecks', '[hc-web-1]', path);
  needs(context, 'CALCULATED', 'healthThreshold', '1', path);
  const at: Path = [...path, 'childHealthChecks'];
  checkList(context, childHealthChecks, types, 'health check has the id', at);
  childHealthChecks?.forEach((child, i) => {
    if (child !== undefined && types.get(child) === 'CALCULATED')
      context.error(
        [...at, i],
        `${child} is a CALCULATED check, which cannot be a child`,
        'write the checks that it counts',
      );
  });
  const count = childHealthChecks?.length;
  if (count === undefined || healthThreshold === undefined) return;
  if (healthThreshold === 0 || healthThreshold > count)
    context.warn(
      [...path, 'healthThreshold'],
      `with ${healthThreshold} of ${count} children the check is ${healthThreshold === 0 ? 'always healthy' : 'never healthy'}`,
      `write a number from 1 to ${count} unless this is meant`,
    );
}
