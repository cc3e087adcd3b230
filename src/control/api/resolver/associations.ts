import { AUTODEFINED_RECURSION } from '../../compile/paths.ts';
import {
  type AssociationBody,
  allOf,
  declaredRules,
  RESOLVER,
  type RuleBody,
  type RuleSettings,
} from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller, ResolverHandlers } from '../handler.ts';
import type { ResolverRuleAssociation, ResolverRuleAssociationStatus } from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { Leaving } from './leaving.ts';
import { pageOf } from './lists.ts';
import { isServed, newId, notFound, quotaOf, type ResolverMeans, refuseUnknownVpc, traced } from './means.ts';
import { usableRule } from './rules.ts';

type Association = Resource<AssociationBody>;

/** Which VPCs have which rules. */
export function associationHandlers(means: ResolverMeans): ResolverHandlers {
  const leaving = new Leaving<AssociationBody>(means);
  return {
    async AssociateResolverRule(call) {
      const { input, caller } = call;
      const { ResolverRuleId: rule, VPCId: vpc } = input;
      const id = newId(means.prng, 'rslvr-rrassoc');
      const { account } = caller;
      const body: AssociationBody = {
        rule,
        vpc,
        name: input.Name,
        statusMessage: traced(means.prng, 'Successfully created Resolver Rule Association.'),
        created: call.at,
        modified: call.at,
      };
      await means.store.apply((state) => {
        const { body: settings } = usableRule(state, rule, caller, 'AssociateResolverRule');
        refuseUnknownVpc(means, vpc, 'VPCId', caller);
        refuseTaken(means, state, settings, rule, vpc);
        const most = quotaOf(means, caller, 'ruleAssociations');
        if (state.count({ kind: RESOLVER.association, account }) >= most)
          throw apiError('LimitExceededException', `Account '${account}' has exceeded 'max-associations'`, {
            ResourceType: 'resolver rule association',
          });
        const sort = revisionOrder(call.at);
        const put = { action: 'put' as const, kind: RESOLVER.association, id, account, sort, body };
        return { origin: originOf(call, `${rule}: ${vpc}`), items: [put] };
      });
      const made = means.store.get<AssociationBody>(RESOLVER.association, id)!;
      return { ResolverRuleAssociation: asAssociation(means, made) };
    },

    async DisassociateResolverRule(call) {
      const { input, caller } = call;
      const { ResolverRuleId: rule, VPCId: vpc } = input;
      const association = between(means.store, rule, vpc, caller);
      const revision = await means.store.apply((state) => {
        const { id } = between(state, rule, vpc, caller);
        const items = [{ action: 'delete' as const, kind: RESOLVER.association, id }];
        return { origin: originOf(call, `${rule}: ${vpc}`), items };
      });
      leaving.add(association, revision);
      return { ResolverRuleAssociation: asAssociation(means, association, 'DELETING') };
    },

    GetResolverRuleAssociation({ input, caller }) {
      const id = input.ResolverRuleAssociationId;
      const found = listed(means, leaving, caller).find(({ shown }) => shown.Id === id);
      if (found === undefined)
        throw notFound('resolver rule association', `ResolverRuleAssociation '${id}' does not Exist`);
      return { ResolverRuleAssociation: found.shown };
    },

    ListResolverRuleAssociations({ input, caller }) {
      const { shown, ...page } = pageOf(listed(means, leaving, caller), input, {
        Name: (association) => [association.Name],
        ResolverRuleId: (association) => [association.ResolverRuleId],
        Status: (association) => [association.Status],
        VPCId: (association) => [association.VPCId],
      });
      return { ResolverRuleAssociations: shown, ...page };
    },
  };
}

function listed(means: ResolverMeans, leaving: Leaving<AssociationBody>, caller: Caller) {
  const place = ({ sort, id }: Association): string => `1 ${sort} ${id}`;
  const there = [...allOf<AssociationBody>(means.store, RESOLVER.association, caller.account)];
  return [
    ...means.config().vpcs.map(({ id }) => ({ place: `0 ${id}`, shown: systemAssociation(id) })),
    ...there.map((each) => ({ place: place(each), shown: asAssociation(means, each) })),
    ...leaving
      .of(caller)
      .map((each) => ({ place: place(each), shown: asAssociation(means, each, 'DELETING') })),
  ];
}

/** That of the rule for "." which every VPC has. */
function systemAssociation(vpc: string): ResolverRuleAssociation {
  return {
    Id: `rslvr-autodefined-assoc-${vpc}-internet-resolver`,
    ResolverRuleId: AUTODEFINED_RECURSION,
    Name: 'System Rule Association',
    VPCId: vpc,
    Status: 'COMPLETE',
    StatusMessage: '',
  };
}

/** A VPC has one rule of a name, the configuration's among them. */
function refuseTaken(
  means: ResolverMeans,
  state: Reads,
  { type, domain }: RuleSettings,
  rule: string,
  vpc: string,
): void {
  const taken = (other: string) =>
    apiError(
      'ResourceExistsException',
      `Cannot associate rules with same domain name with same VPC. Conflict with resolver rule '${other}'`,
      { ResourceType: 'resolver rule association' },
    );
  if (declaredRules(means.config()).has({ type, domain }, vpc)) throw taken(`${domain} of the configuration`);
  for (const { body } of allOf<AssociationBody>(state, RESOLVER.association)) {
    if (body.vpc !== vpc) continue;
    const other = state.get<RuleBody>(RESOLVER.rule, body.rule)?.body;
    const isSame = other?.domain === domain && (other.type === 'DELEGATE') === (type === 'DELEGATE');
    if (body.rule === rule || isSame) throw taken(body.rule);
  }
}

function between(state: Reads, rule: string, vpc: string, caller: Caller): Association {
  for (const association of allOf<AssociationBody>(state, RESOLVER.association, caller.account))
    if (association.body.rule === rule && association.body.vpc === vpc) return association;
  throw notFound(
    'resolver rule association',
    `Resolver Rule Association between Resolver Rule '${rule}' and VPC '${vpc}' does not exist`,
  );
}

function asAssociation(
  means: ResolverMeans,
  association: Association,
  status?: ResolverRuleAssociationStatus,
): ResolverRuleAssociation {
  const { id, body } = association;
  return {
    Id: id,
    ResolverRuleId: body.rule,
    Name: body.name,
    VPCId: body.vpc,
    Status: status ?? statusOf(means, association),
    StatusMessage: body.statusMessage,
  };
}

function statusOf(means: ResolverMeans, association: Association): ResolverRuleAssociationStatus {
  const { rule: id, vpc } = association.body;
  const rule = means.store.get<RuleBody>(RESOLVER.rule, id);
  if (rule !== undefined && declaredRules(means.config()).has(rule.body, vpc)) return 'OVERRIDDEN';
  return isServed(means, association) ? 'COMPLETE' : 'CREATING';
}
