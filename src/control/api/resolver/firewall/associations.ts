import { GROUPS_OF_VPC_MAX, type GroupAssociation } from '../../../firewall/policy.ts';
import { FIREWALL, type GroupAssociationBody } from '../../../hosted/firewall.ts';
import { allOf } from '../../../hosted/resolver.ts';
import { revisionOrder } from '../../../store/order.ts';
import type { PutItem, Reads, Resource } from '../../../store/store.ts';
import type { Caller, ResolverHandlers } from '../../handler.ts';
import type {
  FirewallRuleGroupAssociation,
  FirewallRuleGroupAssociationStatus,
} from '../../models/route53resolver.ts';
import { originOf } from '../../route53/means.ts';
import { Leaving } from '../leaving.ts';
import { pageOf } from '../lists.ts';
import {
  arnOf,
  isServed,
  newId,
  ownOf,
  type ResolverMeans,
  refuseUnknownVpc,
  timesOf,
  traced,
} from '../means.ts';
import { requestOf } from '../requests.ts';
import { firstTags, tagsGone } from '../tags.ts';
import { DECLARED_OWNER } from './declared.ts';
import { cannotFind, conflict, invalid, isDeclared, madeWith, overLimit, refuseMade } from './faults.ts';
import { ownGroup } from './groups.ts';

/** Others are kept for what AWS manages. */
const PRIORITY_MIN = 100;
const PRIORITY_MAX = 9900;
const TYPE = 'firewall-rule-group-association';

type Association = Resource<GroupAssociationBody>;

/** Which VPCs have which groups of rules, and in which order. */
export function associationHandlers(means: ResolverMeans): ResolverHandlers {
  const leaving = new Leaving<GroupAssociationBody>(means);
  const made = (state: Reads, { account }: Caller) =>
    allOf<GroupAssociationBody>(state, FIREWALL.association, account);
  const shown = (association: Association, status?: FirewallRuleGroupAssociationStatus) => ({
    FirewallRuleGroupAssociation: asAssociation(means, association, status),
  });
  return {
    async AssociateFirewallRuleGroup(call) {
      const { input, caller, at } = call;
      const request = requestOf(input);
      const before = madeWith(made(means.store, caller), request);
      if (before !== undefined) return shown(before);
      const id = newId(means.prng, 'rslvr-frgassoc');
      const body: GroupAssociationBody = {
        group: input.FirewallRuleGroupId,
        vpc: input.VpcId,
        priority: checkedPriority(input.Priority),
        isProtected: input.MutationProtection === 'ENABLED',
        name: input.Name,
        statusMessage: traced(means.prng, 'Created Firewall Rule Group Association'),
        created: at,
        modified: at,
        ...request,
      };
      await means.store.apply((state) => {
        refuseMade(made(state, caller), request);
        ownGroup(means, state, body.group, caller, 'AssociateFirewallRuleGroup');
        refuseUnknownVpc(means, body.vpc, 'VpcId', caller);
        refuseTaken(means, state, body);
        const put = putAssociation({ id, account: caller.account, sort: revisionOrder(at) }, body);
        const tags = firstTags(TYPE, id, caller, input.Tags);
        return { origin: originOf(call, `${body.group}: ${body.vpc}`), items: [put, ...tags] };
      });
      return shown(means.store.get<GroupAssociationBody>(FIREWALL.association, id)!);
    },

    async DisassociateFirewallRuleGroup(call) {
      const { input, caller } = call;
      const { FirewallRuleGroupAssociationId: id } = input;
      const association = ownAssociation(means, means.store, id, caller);
      const revision = await means.store.apply((state) => {
        const { body } = ownAssociation(means, state, id, caller);
        if (body.isProtected) throw isProtected(id);
        const items = [
          { action: 'delete' as const, kind: FIREWALL.association, id },
          ...tagsGone(state, TYPE, id),
        ];
        return { origin: originOf(call, `${body.group}: ${body.vpc}`), items };
      });
      leaving.add(association, revision);
      return shown(association, 'DELETING');
    },

    GetFirewallRuleGroupAssociation({ input, caller }) {
      const { FirewallRuleGroupAssociationId: id } = input;
      const found = listed(means, leaving, caller).find(({ shown }) => shown.Id === id);
      if (found === undefined) throw cannotFind('firewall rule group association', id);
      return { FirewallRuleGroupAssociation: found.shown };
    },

    async UpdateFirewallRuleGroupAssociation(call) {
      const { input, caller, at } = call;
      const { FirewallRuleGroupAssociationId: id, Name: name, Priority, MutationProtection } = input;
      const priority = Priority === undefined ? undefined : checkedPriority(Priority);
      const statusMessage = traced(means.prng, 'Finished rule group association update');
      await means.store.apply((state) => {
        const association = ownAssociation(means, state, id, caller);
        const { body } = association;
        if (body.isProtected && MutationProtection !== 'DISABLED') throw isProtected(id);
        const isNowProtected =
          MutationProtection === undefined ? body.isProtected : MutationProtection === 'ENABLED';
        const changed: GroupAssociationBody = {
          ...body,
          name: name ?? body.name,
          priority: priority ?? body.priority,
          isProtected: isNowProtected,
          modified: at,
          statusMessage,
        };
        refusePriorityTaken(means, state, changed, id);
        return { origin: originOf(call, id), items: [putAssociation(association, changed)] };
      });
      return shown(ownAssociation(means, means.store, id, caller));
    },

    ListFirewallRuleGroupAssociations({ input, caller }) {
      const { FirewallRuleGroupId: group, VpcId: vpc, Priority: priority, Status: status } = input;
      const all = listed(means, leaving, caller).filter(
        ({ shown }) =>
          (group ?? shown.FirewallRuleGroupId) === shown.FirewallRuleGroupId &&
          (vpc ?? shown.VpcId) === shown.VpcId &&
          (priority ?? shown.Priority) === shown.Priority &&
          (status ?? shown.Status) === shown.Status,
      );
      const { shown: FirewallRuleGroupAssociations, NextToken } = pageOf(all, input);
      return { FirewallRuleGroupAssociations, ...(NextToken === undefined ? {} : { NextToken }) };
    },
  };
}

/** By the VPC and then by priority, as they are looked at. */
function listed(means: ResolverMeans, leaving: Leaving<GroupAssociationBody>, caller: Caller) {
  const made = [...allOf<GroupAssociationBody>(means.store, FIREWALL.association, caller.account)];
  const all = [
    ...means.config().firewall.associations.map((each) => asDeclared(means, each, caller)),
    ...made.map((each) => asAssociation(means, each)),
    ...leaving.of(caller).map((each) => asAssociation(means, each, 'DELETING')),
  ];
  return all.map((shown) => ({
    place: `${shown.VpcId} ${String(shown.Priority).padStart(10, '0')} ${shown.Id}`,
    shown,
  }));
}

/** All of a VPC, whoever has made them. */
function associationsOf(means: ResolverMeans, state: Reads, vpc: string): GroupAssociation[] {
  const made = [...allOf<GroupAssociationBody>(state, FIREWALL.association)].map(({ id, body }) => ({
    ...body,
    id,
  }));
  return [...means.config().firewall.associations, ...made].filter((each) => each.vpc === vpc);
}

function refuseTaken(means: ResolverMeans, state: Reads, body: GroupAssociationBody): void {
  const { group, vpc } = body;
  const others = associationsOf(means, state, vpc);
  if (others.some((other) => other.group === group))
    throw invalid(
      `This DNS Firewall rule group can't be associated to a VPC: '${group}'. It is already associated to VPC '${vpc}'. Try again with another VPC or DNS Firewall rule group.`,
    );
  if (others.length >= GROUPS_OF_VPC_MAX)
    throw overLimit(
      'firewall rule group association',
      `A VPC is associated with at most ${GROUPS_OF_VPC_MAX} rule groups.`,
    );
  refusePriorityTaken(means, state, body);
}

/** @param id the association that asks, where there is one already */
function refusePriorityTaken(
  means: ResolverMeans,
  state: Reads,
  { vpc, priority }: GroupAssociationBody,
  id?: string,
): void {
  const other = associationsOf(means, state, vpc).find((each) => each.priority === priority);
  if (other === undefined || other.id === id) return;
  throw invalid(
    `The priority '${priority}' is used by the association '${other.id}' of the VPC '${vpc}'. Provide another one.`,
  );
}

function checkedPriority(priority: number): number {
  if (priority >= PRIORITY_MIN && priority <= PRIORITY_MAX) return priority;
  throw invalid(
    `The priority value you provided is reserved. Provide a number between '${PRIORITY_MIN}' and '${PRIORITY_MAX}'.`,
  );
}

function isProtected(id: string) {
  return conflict(
    `The association '${id}' has mutation protection: disable it before you change or delete the association.`,
  );
}

/** One that the API made. Throws ApiError: ResourceNotFoundException, ValidationException for a declared one. */
function ownAssociation(means: ResolverMeans, state: Reads, id: string, caller: Caller): Association {
  const made = ownOf<GroupAssociationBody>(state, FIREWALL.association, id, caller);
  if (made !== undefined) return made;
  if (means.config().firewall.associations.some((each) => each.id === id))
    throw isDeclared('The association', id);
  throw cannotFind('firewall rule group association', id);
}

function putAssociation(
  association: Pick<Association, 'id' | 'account' | 'sort'>,
  body: GroupAssociationBody,
): PutItem {
  const { id, account, sort } = association;
  return { action: 'put', kind: FIREWALL.association, id, account, sort, body };
}

function asAssociation(
  means: ResolverMeans,
  association: Association,
  status?: FirewallRuleGroupAssociationStatus,
): FirewallRuleGroupAssociation {
  const { id, account, body } = association;
  return {
    Id: id,
    Arn: arnOf(means, account, TYPE, id),
    FirewallRuleGroupId: body.group,
    VpcId: body.vpc,
    Name: body.name,
    Priority: body.priority,
    MutationProtection: body.isProtected ? 'ENABLED' : 'DISABLED',
    Status: status ?? (isServed(means, association) ? 'COMPLETE' : 'UPDATING'),
    StatusMessage: body.statusMessage,
    CreatorRequestId: body.creatorRequestId,
    ...timesOf(body),
  };
}

function asDeclared(
  means: ResolverMeans,
  { id, group, vpc, priority }: GroupAssociation,
  { account }: Caller,
): FirewallRuleGroupAssociation {
  return {
    Id: id,
    Arn: arnOf(means, account, TYPE, id),
    FirewallRuleGroupId: group,
    VpcId: vpc,
    Name: group,
    Priority: priority,
    MutationProtection: 'ENABLED',
    ManagedOwnerName: DECLARED_OWNER,
    Status: 'COMPLETE',
    StatusMessage: 'This association is declared in the configuration.',
    CreatorRequestId: '',
  };
}
