import { allOf } from '../../hosted/resolver.ts';
import type { Item, Reads, Resource } from '../../store/store.ts';
import type { Caller } from '../handler.ts';
import type { ShareStatus } from '../models/route53resolver.ts';
import type { Grant } from './policydocument.ts';

/**
 * Who may do what with a resource of another account: what the policy of the resource grants, and nothing else. An
 * owner may do everything.
 *
 *     A: PutResolverRulePolicy(rule, "B may Get, List, Associate") ─▶ usableBy(rule, B, 'AssociateResolverRule')
 *                                                                ─▶ visibleTo(B, 'ListResolverRules')
 *
 * Handlers of what can be shared ask here in place of `ownOf`, and delete the policy with the resource.
 */
interface Sharing {
  /** Operations that a policy may grant. */
  readonly actions: readonly string[];
  /** The one without which a resource is not to be associated with the VPCs of an account. */
  readonly associate: string;
  /** Kind of the associations, and the member of their bodies that is the id of the resource. */
  readonly association: { readonly kind: string; readonly member: string };
}

/** By the kind in the store, which is the type in the ARN. */
export const SHARING = {
  'resolver-rule': {
    actions: [
      'AssociateResolverRule',
      'DisassociateResolverRule',
      'GetResolverRule',
      'ListResolverRuleAssociations',
      'ListResolverRules',
    ],
    associate: 'AssociateResolverRule',
    association: { kind: 'resolver-rule-association', member: 'rule' },
  },
  'firewall-rule-group': {
    actions: [
      'AssociateFirewallRuleGroup',
      'DisassociateFirewallRuleGroup',
      'GetFirewallRuleGroup',
      'ListFirewallRuleGroups',
    ],
    associate: 'AssociateFirewallRuleGroup',
    association: { kind: 'firewall-rule-group-association', member: 'group' },
  },
  'resolver-query-log-config': {
    actions: [
      'AssociateResolverQueryLogConfig',
      'DisassociateResolverQueryLogConfig',
      'GetResolverQueryLogConfig',
      'ListResolverQueryLogConfigAssociations',
      'ListResolverQueryLogConfigs',
    ],
    associate: 'AssociateResolverQueryLogConfig',
    association: { kind: 'resolver-query-log-association', member: 'config' },
  },
} as const satisfies Readonly<Record<string, Sharing>>;

export type Shareable = keyof typeof SHARING;

/** `{ kind: 'resolver-rule', id: 'rslvr-rr-1' }`, of a store. */
export interface SharedKey {
  readonly kind: Shareable;
  readonly id: string;
}

/** In the store. */
export const POLICY_KIND = 'resource-policy';

export interface PolicyBody {
  /** As it was given. */
  readonly document: string;
  readonly grants: readonly Grant[];
}

/** What the policy of a resource says; undefined where it has none. */
export function policyOf(state: Reads, key: SharedKey): Resource<PolicyBody> | undefined {
  return state.get<PolicyBody>(POLICY_KIND, policyId(key));
}

/** A resource of the caller's, or one with which its owner lets the caller do `action`; undefined for all others. */
export function usableBy<Body>(
  state: Reads,
  key: SharedKey,
  caller: Pick<Caller, 'account'>,
  action: string,
): Resource<Body> | undefined {
  const resource = state.get<Body>(key.kind, key.id);
  if (resource === undefined || resource.account === caller.account) return resource;
  return isGranted(policyOf(state, key)?.body.grants, caller.account, action) ? resource : undefined;
}

/** All of a kind that are the caller's, and those with which their owners let the caller do `action`. */
export function* visibleTo<Body>(
  state: Reads,
  kind: Shareable,
  { account }: Pick<Caller, 'account'>,
  action: string,
): Generator<Resource<Body>, void> {
  yield* allOf<Body>(state, kind, account);
  for (const { id, account: owner, body } of allOf<PolicyBody>(state, POLICY_KIND)) {
    const key = keyOf(id);
    if (key.kind !== kind || owner === account || !isGranted(body.grants, account, action)) continue;
    const resource = state.get<Body>(kind, key.id);
    if (resource !== undefined) yield resource;
  }
}

export function shareStatusOf(
  state: Reads,
  key: SharedKey,
  owner: string,
  { account }: Pick<Caller, 'account'>,
): ShareStatus {
  if (owner !== account) return 'SHARED_WITH_ME';
  return policyOf(state, key) === undefined ? 'NOT_SHARED' : 'SHARED_BY_ME';
}

/**
 * What puts a policy in the place of another, or takes it away where it grants nothing. What accounts have associated
 * that may not any more goes with it.
 */
export function putPolicy(state: Reads, key: SharedKey, owner: string, body: PolicyBody): Item[] {
  const id = policyId(key);
  const { associate, association } = SHARING[key.kind];
  const gone = [...allOf<Readonly<Record<string, unknown>>>(state, association.kind)].filter(
    ({ body: of, account }) =>
      of[association.member] === key.id && account !== owner && !isGranted(body.grants, account, associate),
  );
  return [
    ...(body.grants.length === 0
      ? policyGone(state, key)
      : [{ action: 'put' as const, kind: POLICY_KIND, id, account: owner, sort: id, body }]),
    ...gone.map((each) => ({ action: 'delete' as const, kind: association.kind, id: each.id })),
  ];
}

/** What is to go with a resource. */
export function policyGone(state: Reads, key: SharedKey): Item[] {
  if (policyOf(state, key) === undefined) return [];
  return [{ action: 'delete', kind: POLICY_KIND, id: policyId(key) }];
}

function isGranted(grants: readonly Grant[] = [], account: string, action: string): boolean {
  return grants.some(({ accounts, actions }) => accounts.includes(account) && actions.includes(action));
}

function policyId({ kind, id }: SharedKey): string {
  return `${kind}/${id}`;
}

function keyOf(policy: string): { kind: string; id: string } {
  const at = policy.indexOf('/');
  return { kind: policy.slice(0, at), id: policy.slice(at + 1) };
}
