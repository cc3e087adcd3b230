import type { RuleGroup } from '../../../firewall/policy.ts';
import { FIREWALL, type GroupAssociationBody, type RuleGroupBody } from '../../../hosted/firewall.ts';
import { allOf } from '../../../hosted/resolver.ts';
import { revisionOrder } from '../../../store/order.ts';
import type { PutItem, Reads, Resource } from '../../../store/store.ts';
import type { Caller, ResolverHandlers } from '../../handler.ts';
import type { FirewallRuleGroup, FirewallRuleGroupStatus } from '../../models/route53resolver.ts';
import { originOf } from '../../route53/means.ts';
import { pageOf } from '../lists.ts';
import { arnOf, isServed, newId, ownOf, type ResolverMeans, timesOf, traced } from '../means.ts';
import { requestOf } from '../requests.ts';
import { firstTags, tagsGone } from '../tags.ts';
import { cannotFind, conflict, isDeclared, madeWith, overLimit, refuseMade } from './faults.ts';

/** Route 53's quota of groups of an account in a region. */
const GROUPS_MAX = 1000;
const TYPE = 'firewall-rule-group';

type Group = Resource<RuleGroupBody>;

/** Groups of rules, which VPCs are associated with. */
export function groupHandlers(means: ResolverMeans): ResolverHandlers {
  const made = (state: Reads, { account }: Caller) => allOf<RuleGroupBody>(state, FIREWALL.group, account);
  const shown = (group: Group, status?: FirewallRuleGroupStatus) => ({
    FirewallRuleGroup: asGroup(means, group, status),
  });
  return {
    async CreateFirewallRuleGroup(call) {
      const { input, caller, at } = call;
      const request = requestOf(input);
      const before = madeWith(made(means.store, caller), request);
      if (before !== undefined) return shown(before);
      const id = newId(means.prng, 'rslvr-frg');
      const statusMessage = traced(means.prng, 'Created Firewall Rule Group');
      const body: RuleGroupBody = { name: input.Name, statusMessage, created: at, modified: at, ...request };
      await means.store.apply((state) => {
        refuseMade(made(state, caller), request);
        const { account } = caller;
        if (state.count({ kind: FIREWALL.group, account }) >= GROUPS_MAX)
          throw overLimit('firewall rule group', `An account has at most ${GROUPS_MAX} rule groups.`);
        const put = putGroup({ id, account, sort: revisionOrder(at) }, body);
        const tags = firstTags(TYPE, id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${input.Name}`), items: [put, ...tags] };
      });
      return shown(means.store.get<RuleGroupBody>(FIREWALL.group, id)!);
    },

    GetFirewallRuleGroup({ input, caller }) {
      const { group } = groupNamed(means, means.store, input.FirewallRuleGroupId, caller);
      return { FirewallRuleGroup: group };
    },

    async DeleteFirewallRuleGroup(call) {
      const { input, caller } = call;
      const { FirewallRuleGroupId: id } = input;
      const group = ownGroup(means, means.store, id, caller);
      const output = shown(group, 'DELETING');
      await means.store.apply((state) => {
        ownGroup(means, state, id, caller);
        refuseInUse(state, id);
        const items = [{ action: 'delete' as const, kind: FIREWALL.group, id }, ...tagsGone(state, TYPE, id)];
        return { origin: originOf(call, id), items };
      });
      return output;
    },

    ListFirewallRuleGroups({ input, caller }) {
      const own = [...made(means.store, caller)].map((group) => ({
        place: `1 ${group.sort} ${group.id}`,
        shown: asGroup(means, group),
      }));
      const declared = means.config().firewall.groups.map((group) => ({
        place: `0 ${group.id}`,
        shown: asDeclaredGroup(means, group, caller),
      }));
      const { shown: groups, NextToken } = pageOf([...declared, ...own], input);
      const FirewallRuleGroups = groups.map(({ Id, Arn, Name, OwnerId, CreatorRequestId, ShareStatus }) => ({
        ...{ Id, Arn, Name, OwnerId, CreatorRequestId, ShareStatus },
      }));
      return { FirewallRuleGroups, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** One that the API made. Throws ApiError: ResourceNotFoundException, ValidationException for a declared one. */
export function ownGroup(means: ResolverMeans, state: Reads, id: string, caller: Caller): Group {
  const { made } = groupNamed(means, state, id, caller);
  if (made === undefined) throw isDeclared('The rule group', id);
  return made;
}

/** One that the API made or the configuration declares. Throws ApiError ResourceNotFoundException. */
export function groupNamed(means: ResolverMeans, state: Reads, id: string, caller: Caller) {
  const made = ownOf<RuleGroupBody>(state, FIREWALL.group, id, caller);
  if (made !== undefined) return { group: asGroup(means, made), made };
  const declared = means.config().firewall.groups.find((group) => group.id === id);
  if (declared === undefined) throw cannotFind('firewall rule group', id);
  return { group: asDeclaredGroup(means, declared, caller), declared };
}

/** The group with a change of its rules: what is compiled is the group. @param at milliseconds since 1970 */
export function touchedGroup(group: Group, at: number): PutItem {
  return putGroup(group, { ...group.body, modified: at });
}

function putGroup(group: Pick<Group, 'id' | 'account' | 'sort'>, body: RuleGroupBody): PutItem {
  const { id, account, sort } = group;
  return { action: 'put', kind: FIREWALL.group, id, account, sort, body };
}

function refuseInUse(state: Reads, id: string): void {
  for (const { body } of allOf<GroupAssociationBody>(state, FIREWALL.association))
    if (body.group === id)
      throw conflict(
        `The rule group '${id}' is associated with the VPC '${body.vpc}'. Disassociate it before you delete it.`,
      );
  if (state.count({ kind: FIREWALL.rule, parent: id }) > 0)
    throw conflict(`The rule group '${id}' has rules. Delete them before you delete it.`);
}

function asGroup(means: ResolverMeans, group: Group, status?: FirewallRuleGroupStatus): FirewallRuleGroup {
  const { id, account, body } = group;
  return {
    Id: id,
    Arn: arnOf(means, account, TYPE, id),
    Name: body.name,
    RuleCount: means.store.count({ kind: FIREWALL.rule, parent: id }),
    Status: status ?? (isServed(means, group) ? 'COMPLETE' : 'UPDATING'),
    StatusMessage: body.statusMessage,
    OwnerId: account,
    CreatorRequestId: body.creatorRequestId,
    ShareStatus: 'NOT_SHARED',
    ...timesOf(body),
  };
}

function asDeclaredGroup(
  means: ResolverMeans,
  { id, rules }: RuleGroup,
  { account }: Caller,
): FirewallRuleGroup {
  return {
    Id: id,
    Arn: arnOf(means, account, TYPE, id),
    Name: id,
    RuleCount: rules.length,
    Status: 'COMPLETE',
    StatusMessage: 'This rule group is declared in the configuration.',
    OwnerId: account,
    CreatorRequestId: '',
    ShareStatus: 'NOT_SHARED',
  };
}
