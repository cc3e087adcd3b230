import { AUTODEFINED_RECURSION } from '../../compile/paths.ts';
import {
  type AssociationBody,
  allOf,
  RESOLVER,
  type RuleBody,
  type RuleSettings,
} from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { PutItem, Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ResolverHandlers } from '../handler.ts';
import type {
  CreateResolverRuleRequest,
  ResolverRule,
  ResolverRuleStatus,
  TargetAddress,
} from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { pageOf } from './lists.ts';
import {
  arnOf,
  invalidParameter,
  invalidRequest,
  isServed,
  newId,
  notFound,
  ownOf,
  quotaOf,
  type ResolverMeans,
  timesOf,
  traced,
} from './means.ts';
import { madeBefore, requestOf, requestTaken } from './requests.ts';
import { policyGone, shareStatusOf, usableBy, visibleTo } from './sharing.ts';
import { firstTags, tagsGone } from './tags.ts';
import { checkSettings, familyOf, readDomain, readTargets } from './targets.ts';

const WHAT = 'Resolver rule';

export function ruleHandlers(means: ResolverMeans): ResolverHandlers {
  const shown = (resource: Resource<RuleBody>, caller: Caller) => ({
    ResolverRule: asRule(means, resource, caller),
  });
  return {
    async CreateResolverRule(call) {
      const { input, caller } = call;
      const request = requestOf(input);
      const before = madeBefore<RuleBody>(means.store, RESOLVER.rule, WHAT, caller, request);
      if (before !== undefined) return shown(before, caller);
      const settings = readSettings(input);
      const id = newId(means.prng, 'rslvr-rr');
      const times = { created: call.at, modified: call.at };
      const statusMessage = traced(means.prng, 'Successfully created Resolver Rule.');
      const body: RuleBody = { ...settings, name: input.Name, statusMessage, ...times, ...request };
      await means.store.apply((state) => {
        checkSettings(means, state, caller, settings);
        if (madeBefore(state, RESOLVER.rule, WHAT, caller, request) !== undefined)
          throw requestTaken(WHAT, request.creatorRequestId);
        refuseTooMany(means, state, caller);
        const put = putRule({ id, account: caller.account, sort: revisionOrder(call.at) }, body);
        const tags = firstTags('resolver-rule', id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${body.domain}`), items: [put, ...tags] };
      });
      return shown(ownRule(means.store, id, caller), caller);
    },

    GetResolverRule({ input, caller }) {
      if (input.ResolverRuleId === AUTODEFINED_RECURSION) return { ResolverRule: internetResolver(means) };
      const rule = usableRule(means.store, input.ResolverRuleId, caller, 'GetResolverRule');
      return shown(rule, caller);
    },

    async UpdateResolverRule(call) {
      const { input, caller, at } = call;
      const { Name: name, TargetIps: targets, ResolverEndpointId: endpoint } = input.Config;
      const changed = {
        ...(name === undefined ? {} : { name }),
        ...(targets === undefined ? {} : { targets: readTargets(targets) }),
        ...(endpoint === undefined ? {} : { endpoint }),
        modified: at,
        statusMessage: traced(means.prng, 'Successfully updated Resolver Rule.'),
      };
      await means.store.apply((state) => {
        const rule = ownRule(state, input.ResolverRuleId, caller);
        const body: RuleBody = { ...rule.body, ...changed };
        checkSettings(means, state, caller, body);
        return { origin: originOf(call, `${rule.id}: ${body.domain}`), items: [putRule(rule, body)] };
      });
      return shown(ownRule(means.store, input.ResolverRuleId, caller), caller);
    },

    async DeleteResolverRule(call) {
      const { input, caller } = call;
      const rule = ownRule(means.store, input.ResolverRuleId, caller);
      await means.store.apply((state) => {
        const { id, body } = ownRule(state, input.ResolverRuleId, caller);
        for (const association of allOf<AssociationBody>(state, RESOLVER.association))
          if (association.body.rule === id)
            throw apiError(
              'ResourceInUseException',
              'Please disassociate this resolver rule from VPC first before deleting',
              { ResourceType: 'resolver rule' },
            );
        const gone = [
          ...tagsGone(state, 'resolver-rule', id),
          ...policyGone(state, { kind: RESOLVER.rule, id }),
        ];
        const items = [{ action: 'delete' as const, kind: RESOLVER.rule, id }, ...gone];
        return { origin: originOf(call, `${id}: ${body.domain}`), items };
      });
      return { ResolverRule: asRule(means, rule, caller, 'DELETING') };
    },

    ListResolverRules({ input, caller }) {
      const rules = [...visibleTo<RuleBody>(means.store, RESOLVER.rule, caller, 'ListResolverRules')];
      const listed = rules.map((rule) => ({
        place: `1 ${rule.sort} ${rule.id}`,
        shown: asRule(means, rule, caller),
      }));
      const all = [{ place: '0', shown: internetResolver(means) }, ...listed];
      const { shown: ResolverRules, ...page } = pageOf(all, input, {
        CreatorRequestId: (rule) => [rule.CreatorRequestId],
        DomainName: (rule) => [rule.DomainName],
        Name: (rule) => [rule.Name],
        ResolverEndpointId: (rule) => [rule.ResolverEndpointId],
        Status: (rule) => [rule.Status],
        Type: (rule) => [rule.RuleType],
      });
      return { ResolverRules, ...page };
    },
  };
}

/** What is asked for. Throws ApiError where the type needs something else. */
function readSettings(input: CreateResolverRuleRequest): RuleSettings {
  const { RuleType: type, DomainName, DelegationRecord, TargetIps = [], ResolverEndpointId } = input;
  if (type === 'RECURSIVE')
    throw invalidParameter(
      'RuleType',
      'Currently, only Resolver can create rules that have a value of RECURSIVE for RuleType.',
    );
  const common = { targets: readTargets(TargetIps), endpoint: ResolverEndpointId };
  if (type === 'DELEGATE') {
    if (DelegationRecord === undefined)
      throw invalidRequest('Delegate resolver rules need to specify a nameserver name');
    if (DomainName !== undefined) throw invalidRequest('Resolver rules of type DELEGATE have no DomainName.');
    return { type, domain: readDomain(DelegationRecord, 'DelegationRecord'), ...common };
  }
  if (DelegationRecord !== undefined)
    throw invalidRequest(`Resolver rules of type ${type} have no DelegationRecord.`);
  if (DomainName === undefined) throw invalidRequest(`Resolver rules of type ${type} need a DomainName.`);
  return { type, domain: readDomain(DomainName, 'DomainName'), ...common };
}

function refuseTooMany(means: ResolverMeans, state: Reads, caller: Caller): void {
  const { account } = caller;
  if (state.count({ kind: RESOLVER.rule, account }) < quotaOf(means, caller, 'resolverRules')) return;
  throw apiError('LimitExceededException', `Account '${account}' has exceeded 'max-rules'`, {
    ResourceType: 'resolver rule',
  });
}

/** Throws ApiError ResourceNotFoundException; InvalidRequestException for the rule that nobody made. */
export function ownRule(state: Reads, id: string, caller: Caller): Resource<RuleBody> {
  if (id === AUTODEFINED_RECURSION)
    throw invalidRequest(
      `The resolver rule '${id}' is autodefined: it cannot be changed, but another rule for . can be made.`,
    );
  return found(id, ownOf<RuleBody>(state, RESOLVER.rule, id, caller));
}

/** The caller's, or one with which its owner lets the caller do `action`. Throws ApiError as `ownRule`. */
export function usableRule(state: Reads, id: string, caller: Caller, action: string): Resource<RuleBody> {
  if (id === AUTODEFINED_RECURSION) return ownRule(state, id, caller);
  return found(id, usableBy<RuleBody>(state, { kind: RESOLVER.rule, id }, caller, action));
}

function found(id: string, rule: Resource<RuleBody> | undefined): Resource<RuleBody> {
  if (rule === undefined) throw notFound('resolver rule', `Resolver rule with ID '${id}' does not exist.`);
  return rule;
}

function putRule(rule: Pick<Resource, 'id' | 'account' | 'sort'>, body: RuleBody): PutItem {
  const { id, account, sort } = rule;
  return { action: 'put', kind: RESOLVER.rule, id, account, sort, body };
}

function asRule(
  means: ResolverMeans,
  rule: Resource<RuleBody>,
  caller: Caller,
  status?: ResolverRuleStatus,
): ResolverRule {
  const { id, account, body } = rule;
  const { type, domain, targets } = body;
  return {
    Id: id,
    CreatorRequestId: body.creatorRequestId,
    Arn: arnOf(means, account, 'resolver-rule', id),
    ...(type === 'DELEGATE' ? { DelegationRecord: domain } : { DomainName: domain }),
    Status: status ?? (isServed(means, rule) ? 'COMPLETE' : 'UPDATING'),
    StatusMessage: body.statusMessage,
    RuleType: type,
    Name: body.name,
    ...(targets.length === 0 ? {} : { TargetIps: targets.map(asTarget) }),
    ResolverEndpointId: body.endpoint,
    OwnerId: account,
    ShareStatus: shareStatusOf(means.store, { kind: RESOLVER.rule, id }, account, caller),
    ...timesOf(body),
  };
}

function asTarget(target: RuleSettings['targets'][number]): TargetAddress {
  const { address, port, protocol: Protocol = 'Do53', serverName } = target;
  const where = familyOf(target) === 'IPV6' ? { Ipv6: address } : { Ip: address };
  return { ...where, Port: port, Protocol, ...(serverName && { ServerNameIndication: serverName }) };
}

/** The rule for "." that every VPC has. */
function internetResolver(means: ResolverMeans): ResolverRule {
  return {
    Id: AUTODEFINED_RECURSION,
    CreatorRequestId: '',
    Arn: `arn:aws:route53resolver:${means.config().node.region}::autodefined-rule/${AUTODEFINED_RECURSION}`,
    DomainName: '.',
    Status: 'COMPLETE',
    RuleType: 'RECURSIVE',
    Name: 'Internet Resolver',
    OwnerId: 'Route 53 Resolver',
    ShareStatus: 'NOT_SHARED',
  };
}
