import type { FirewallAction } from '../../policy/firewall.ts';
import { typeFromText } from '../../wire/rdata/table.ts';
import type {
  DomainList,
  FirewallPolicy,
  GroupAssociation,
  RankedRule,
  RuleGroup,
} from '../firewall/policy.ts';
import { nameFromRoute53 } from '../records/names.ts';
import type { Reads, Resource, Revision } from '../store/store.ts';
import { domainsFrom } from './domains.ts';
import { allOf, type Made, type Requested, type SwitchBody } from './resolver.ts';

/** What the store keeps of firewalls, beside the domains of lists. */
export const FIREWALL = {
  list: 'firewall-domain-list',
  group: 'firewall-rule-group',
  /** Part of a group. */
  rule: 'firewall-rule',
  association: 'firewall-rule-group-association',
  /** Of a VPC, whose id is the id: whether what cannot be evaluated passes. */
  config: 'firewall-config',
} as const;

export interface DomainListBody extends Made, Requested {
  /** How many domains it has. */
  readonly count: number;
  /** The last change that has put or taken domains; 0 where none has. */
  readonly version: Revision;
  /** How far the last import has come, unless it is done. */
  readonly import?: 'begun' | 'failed' | undefined;
}

export type RuleGroupBody = Made & Requested;

/** As the API says it: a domain to answer with as it was given, a type as its mnemonic or `TYPE65`. */
export interface FirewallRuleBody extends Requested, Pick<Made, 'name' | 'created' | 'modified'> {
  readonly list: string;
  readonly qtype?: string | undefined;
  readonly priority: number;
  readonly action: StoredAction;
  readonly redirection: RankedRule['redirection'];
}

export type StoredAction =
  | Exclude<FirewallAction, { readonly response: 'override' }>
  | { readonly kind: 'block'; readonly response: 'override'; readonly target: string; readonly ttl: number };

export interface GroupAssociationBody extends Made, Requested {
  readonly group: string;
  readonly vpc: string;
  readonly priority: number;
  /** Whether it can be neither changed nor deleted. */
  readonly isProtected: boolean;
}

/**
 * Whether answers may depend on resources of this kind. What is part of one is not asked for: a change of a rule or of
 * domains puts the group or the list as well.
 */
export function isFirewallKind(kind: string): boolean {
  switch (kind) {
    case FIREWALL.list:
    case FIREWALL.group:
    case FIREWALL.association:
    case FIREWALL.config:
      return true;
    default:
      return false;
  }
}

/** What a group may have, with room: see RULES_MAX. */
const RULES_READ_MAX = 1000;

/** By priority. */
export function rulesOf(state: Reads, group: string): Resource<FirewallRuleBody>[] {
  return state.list<FirewallRuleBody>({ kind: FIREWALL.rule, parent: group, limit: RULES_READ_MAX });
}

/** What Profiles bring to VPCs. */
export interface FirewallsByProfiles {
  readonly groups: readonly Omit<GroupAssociation, 'id'>[];
  /** By id of the VPC. */
  readonly profiles: ReadonlyMap<string, string>;
}

/**
 * A declared policy with what the store has, behind it. Groups that no VPC has are left out. A list that a rule names
 * and that is not declared any more cannot be evaluated: such a rule is not to vanish without a word.
 *
 * @param brought groups that VPCs have without being associated with them, and by VPC the Profile whose setting goes before its
 */
export function withFirewall(
  policy: FirewallPolicy,
  state: Reads,
  { groups: more, profiles }: FirewallsByProfiles = { groups: [], profiles: new Map() },
): FirewallPolicy {
  const own = [...allOf<GroupAssociationBody>(state, FIREWALL.association)].map(asAssociation);
  const associations = [...own, ...broughtTo(own, more)];
  const associated = new Set(associations.map(({ group }) => group));
  const groups = [...allOf<RuleGroupBody>(state, FIREWALL.group)]
    .filter(({ id }) => associated.has(id))
    .map(({ id }): RuleGroup => ({ id, rules: rulesOf(state, id).map(asRule) }));
  const lists = [...policy.lists, ...storedLists(state)];
  return {
    lists: [...lists, ...missingLists(lists, groups)],
    groups: [...policy.groups, ...groups],
    associations: [...policy.associations, ...associations],
    failOpen: failOpenOf(policy, state, profiles),
  };
}

/** A VPC that has a group of its own does not have it once more. */
function broughtTo(
  own: readonly GroupAssociation[],
  brought: readonly Omit<GroupAssociation, 'id'>[],
): GroupAssociation[] {
  const there = new Set(own.map(({ group, vpc }) => `${vpc} ${group}`));
  return brought
    .filter(({ group, vpc }) => !there.has(`${vpc} ${group}`))
    .map((each) => ({ ...each, id: `profile:${each.vpc}:${each.group}` }));
}

function storedLists(state: Reads): DomainList[] {
  return [...allOf<DomainListBody>(state, FIREWALL.list)].map(({ id, body }) => ({
    id,
    version: String(body.version),
    domains: () => domainsFrom(state, id),
  }));
}

function missingLists(lists: readonly DomainList[], groups: readonly RuleGroup[]): DomainList[] {
  const known = new Set(lists.map(({ id }) => id));
  const named = new Set(groups.flatMap(({ rules }) => rules.map(({ list }) => list)));
  return [...named.difference(known)].map((id) => ({ id, version: '', domains: undefined }));
}

function asAssociation({ id, body }: Resource<GroupAssociationBody>): GroupAssociation {
  const { group, vpc, priority } = body;
  return { id, group, vpc, priority };
}

function asRule({ body }: Resource<FirewallRuleBody>): RankedRule {
  const { priority, list, qtype, action, redirection } = body;
  return {
    priority,
    list,
    qtype: qtype === undefined ? undefined : typeFromText(qtype),
    action: asAction(action),
    redirection,
  };
}

function asAction(action: StoredAction): FirewallAction {
  if (action.kind !== 'block' || action.response !== 'override') return action;
  return { ...action, target: nameFromRoute53(action.target) };
}

function failOpenOf(
  { failOpen }: FirewallPolicy,
  state: Reads,
  profiles: FirewallsByProfiles['profiles'],
): ReadonlySet<string> {
  const open = new Set(failOpen);
  const set = (vpc: string, isOpen: boolean): void => void (isOpen ? open.add(vpc) : open.delete(vpc));
  for (const { id, body } of allOf<SwitchBody>(state, FIREWALL.config)) set(id, body.enabled);
  for (const [vpc, profile] of profiles) {
    const made = state.get<SwitchBody>(FIREWALL.config, profile);
    if (made !== undefined) set(vpc, made.body.enabled);
  }
  return open;
}
