import { unreachable } from '../../../util/assert.ts';
import { KIND, type ZoneBody } from '../../hosted/bodies.ts';
import { type ProfileResourceBody, type ProfileResourceType, resourceIn } from '../../hosted/profiles.ts';
import type { RuleBody } from '../../hosted/resolver.ts';
import type { Reads, Resource } from '../../store/store.ts';
import type { Caller } from '../handler.ts';
import { ownOf } from '../resolver/means.ts';
import { SHARING, type Shareable, usableBy } from '../resolver/sharing.ts';
import { invalid, notFound } from './means.ts';

/** Something that can be in a Profile. */
export interface Target {
  readonly type: ProfileResourceType;
  readonly resource: Resource;
}

/** Those that Resolver has, by the type in their ARNs. */
const TYPES: Readonly<Record<Shareable, ProfileResourceType>> = {
  'firewall-rule-group': 'FIREWALL_RULE_GROUP',
  'resolver-query-log-config': 'RESOLVER_QUERY_LOG_CONFIG',
  'resolver-rule': 'RESOLVER_RULE',
};

/** Rule groups of Profiles are evaluated by their priorities. */
const PRIORITY_MIN = 100;
const PRIORITY_MAX = 9900;

/** What an ARN names, the caller's or shared with it. Throws ApiError. */
export function targetNamed(state: Reads, arn: string, caller: Caller): Target {
  const found = hostedZone(state, arn, caller) ?? ofResolver(state, arn, caller);
  if (found !== undefined) return found;
  if (/^arn:aws:ec2:[^:]*:\d*:vpc-endpoint\//.test(arn))
    throw invalid('ResourceArn', 'Interface VPC endpoints are machines of AWS: there are none here.');
  throw notFound('Resource', `The resource '${arn}' does not exist.`);
}

function hostedZone(state: Reads, arn: string, caller: Caller): Target | undefined {
  const id = /^arn:aws:route53:::hostedzone\/(\w+)$/.exec(arn)?.[1];
  const zone = id === undefined ? undefined : ownOf<ZoneBody>(state, KIND.zone, id, caller);
  if (zone === undefined) return undefined;
  if (zone.body.vpcs.length === 0)
    throw invalid('ResourceArn', `The hosted zone '${id}' is public: only private ones can be in a Profile.`);
  return { type: 'PRIVATE_HOSTED_ZONE', resource: zone };
}

function ofResolver(state: Reads, arn: string, caller: Caller): Target | undefined {
  const [, account, word = '', id = ''] =
    /^arn:aws:route53resolver:[a-z0-9-]*:(\d{12}):([a-z-]+)\/([\w-]+)$/.exec(arn) ?? [];
  if (!Object.hasOwn(TYPES, word)) return undefined;
  const kind = word as Shareable;
  const resource = usableBy(state, { kind, id }, caller, SHARING[kind].associate);
  if (resource === undefined || resource.account !== account) return undefined;
  return { type: TYPES[kind], resource };
}

/** What a Profile has once: the name of a zone or rule, else the resource itself. Undefined: it is gone. */
export function targetKey(
  state: Reads,
  what: Pick<ProfileResourceBody, 'type' | 'id'>,
  account: string,
): string | undefined {
  const body = resourceIn(state, what, account)?.body;
  if (body === undefined) return undefined;
  switch (what.type) {
    case 'PRIVATE_HOSTED_ZONE':
      return (body as ZoneBody).name;
    case 'RESOLVER_RULE': {
      const { type, domain } = body as RuleBody;
      return `${type === 'DELEGATE' ? 'delegate ' : ''}${domain}`;
    }
    case 'FIREWALL_RULE_GROUP':
    case 'RESOLVER_QUERY_LOG_CONFIG':
      return what.id;
    default:
      return unreachable(what.type);
  }
}

/** `{"priority":101}` of a rule group; others have no properties. Throws ApiError InvalidParameterException. */
export function readPriority(type: ProfileResourceType, properties: string | undefined): number | undefined {
  if (type !== 'FIREWALL_RULE_GROUP') {
    if (properties === undefined || properties === '') return undefined;
    throw invalid('ResourceProperties', 'Only firewall rule groups have ResourceProperties.');
  }
  const priority = priorityIn(properties);
  if (priority !== undefined && priority > PRIORITY_MIN && priority < PRIORITY_MAX) return priority;
  throw invalid(
    'ResourceProperties',
    `A firewall rule group needs a priority over ${PRIORITY_MIN} and under ${PRIORITY_MAX}: {"priority":101}`,
  );
}

function priorityIn(properties = ''): number | undefined {
  try {
    const priority: unknown = JSON.parse(properties)?.priority;
    return Number.isInteger(priority) ? (priority as number) : undefined;
  } catch {
    return undefined;
  }
}
