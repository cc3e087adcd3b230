import { fold, type Name, nameKey } from '../../wire/name.ts';
import { POLICY_KIND, SHARING, type Shareable, usableBy } from '../api/resolver/sharing.ts';
import type { Config } from '../config/load.ts';
import { nameFromRoute53 } from '../records/names.ts';
import type { Reads, Resource } from '../store/store.ts';
import type { ZoneBody } from './bodies.ts';
import { KIND } from './bodies.ts';
import {
  type AssociationBody,
  allOf,
  type ByProfiles,
  type Made,
  RESOLVER,
  type RuleBody,
  type RuleSettings,
} from './resolver.ts';
import type { HostedZone } from './zones.ts';
import { zonesOf } from './zones.ts';

/** What the store keeps of Profiles. */
export const PROFILE = {
  profile: 'profile',
  /** Which VPC has which Profile; a VPC has one at most. */
  association: 'profile-association',
  /** What is in a Profile, which is its parent. */
  resource: 'profile-resource-association',
  tags: 'profile-tags',
} as const;

export interface ProfileBody extends Made {
  readonly name: string;
  readonly clientToken: string;
}

export interface ProfileAssociationBody extends Made {
  readonly profile: string;
  readonly vpc: string;
}

export interface ProfileResourceBody extends Made {
  readonly profile: string;
  readonly arn: string;
  readonly type: ProfileResourceType;
  /** What the store calls it. */
  readonly id: string;
  /** Of a rule group. */
  readonly priority?: number | undefined;
}

export type ProfileResourceType =
  | 'PRIVATE_HOSTED_ZONE'
  | 'RESOLVER_RULE'
  | 'FIREWALL_RULE_GROUP'
  | 'RESOLVER_QUERY_LOG_CONFIG';

/** Of another account's resources a Profile brings what that lets its account associate. */
const COMPILED: readonly string[] = [PROFILE.association, PROFILE.resource, POLICY_KIND];

/** Kinds of what another account may share. */
const SHAREABLE: Readonly<Record<Exclude<ProfileResourceType, 'PRIVATE_HOSTED_ZONE'>, Shareable>> = {
  RESOLVER_RULE: 'resolver-rule',
  FIREWALL_RULE_GROUP: 'firewall-rule-group',
  RESOLVER_QUERY_LOG_CONFIG: 'resolver-query-log-config',
};

/** What a Profile of an account has in it; undefined where it is gone, or not shared with the account any more. */
export function resourceIn<Body>(
  state: Reads,
  { type, id }: Pick<ProfileResourceBody, 'type' | 'id'>,
  account: string,
): Resource<Body> | undefined {
  if (type !== 'PRIVATE_HOSTED_ZONE') {
    const kind = SHAREABLE[type];
    return usableBy<Body>(state, { kind, id }, { account }, SHARING[kind].associate);
  }
  const zone = state.get<Body>(KIND.zone, id);
  return zone?.account === account ? zone : undefined;
}

/** Whether answers may depend on resources of this kind. */
export function isProfileKind(kind: string): boolean {
  return COMPILED.includes(kind);
}

/**
 * What Profiles bring to VPCs. A zone or rule is not brought to a VPC that has one of its own for the same name: that goes
 * before it. Between others the most specific name decides, wherever it is from, as in any view.
 */
export interface Brought extends ByProfiles {
  /** By id of a zone, VPCs that have it without being associated with it. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly { readonly group: string; readonly vpc: string; readonly priority: number }[];
  readonly queryLogs: readonly { readonly config: string; readonly vpc: string }[];
}

const NOTHING_BROUGHT: Brought = {
  profiles: new Map(),
  zones: new Map(),
  rules: new Map(),
  groups: [],
  queryLogs: [],
};

/** @param config with all VPCs that are known */
export function broughtByProfiles(config: Config, state: Reads): Brought {
  const profiles = profilesOf(config, state);
  if (profiles.size === 0) return NOTHING_BROUGHT;
  const own = ownNames(config, state, profiles);
  const zones = new Map<string, string[]>();
  const rules = new Map<string, string[]>();
  const groups: Brought['groups'][number][] = [];
  const queryLogs: Brought['queryLogs'][number][] = [];
  for (const [vpc, profile] of profiles)
    for (const { body, account } of resourcesOf(state, profile)) {
      const { type, id } = body;
      const there = resourceIn(state, body, account)?.body;
      if (there === undefined) continue;
      switch (type) {
        case 'PRIVATE_HOSTED_ZONE':
          if (!own.has(key(vpc, 'zone', nameFromRoute53((there as ZoneBody).name)))) add(zones, id, vpc);
          break;
        case 'RESOLVER_RULE':
          if (!own.has(ruleKey(vpc, there as RuleBody))) add(rules, id, vpc);
          break;
        case 'FIREWALL_RULE_GROUP':
          groups.push({ group: id, vpc, priority: body.priority! });
          break;
        case 'RESOLVER_QUERY_LOG_CONFIG':
          queryLogs.push({ config: id, vpc });
          break;
      }
    }
  return { profiles, zones, rules, groups, queryLogs };
}

/** Hosted zones with the VPCs that have them by a Profile. */
export function withProfileZones(
  zones: readonly HostedZone[],
  { zones: brought }: Pick<Brought, 'zones'>,
): HostedZone[] {
  return zones.map((zone) => {
    const vpcs = brought.get(zone.id);
    return vpcs === undefined ? zone : { ...zone, vpcs: [...(zone.vpcs ?? []), ...vpcs] };
  });
}

/** The Profile of each VPC that is known and has one. */
export function profilesOf({ vpcs }: Pick<Config, 'vpcs'>, state: Reads): Map<string, string> {
  const known = new Set(vpcs.map(({ id }) => id));
  const found = new Map<string, string>();
  for (const { body } of allOf<ProfileAssociationBody>(state, PROFILE.association))
    if (known.has(body.vpc)) found.set(body.vpc, body.profile);
  return found;
}

/** What is in a Profile, in the order in which it came. */
export function resourcesOf(state: Reads, profile: string) {
  return state.list<ProfileResourceBody>({ kind: PROFILE.resource, parent: profile, limit: RESOURCES_MAX });
}

/** What a Profile may have in it. */
export const RESOURCES_MAX = 5000;

/** The names for which VPCs with a Profile have zones and rules of their own. */
function ownNames(config: Config, state: Reads, profiles: ReadonlyMap<string, string>): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (vpcs: readonly string[], what: Standing, name: Name): void => {
    for (const vpc of vpcs) if (profiles.has(vpc)) names.add(key(vpc, what, name));
  };
  for (const { name, vpcs } of config.zones) note(vpcs ?? [], 'zone', name);
  for (const { domain, vpcs } of config.rules) note(vpcs, 'rule', domain);
  for (const { delegationRecord, vpcs } of config.delegates) note(vpcs, 'delegate', delegationRecord);
  for (const { body } of zonesOf(state))
    note(
      body.vpcs.map(({ id }) => id),
      'zone',
      nameFromRoute53(body.name),
    );
  for (const { body } of allOf<AssociationBody>(state, RESOLVER.association)) {
    const rule = state.get<RuleBody>(RESOLVER.rule, body.rule)?.body;
    if (rule !== undefined && profiles.has(body.vpc)) names.add(ruleKey(body.vpc, rule));
  }
  return names;
}

/** Zones and rules stand at one name; beside them there may be a rule for name servers of that name. */
type Standing = 'zone' | 'rule' | 'delegate';

function ruleKey(vpc: string, { type, domain }: RuleSettings): string {
  return key(vpc, type === 'DELEGATE' ? 'delegate' : 'rule', nameFromRoute53(domain));
}

function key(vpc: string, what: Standing, name: Name): string {
  return `${what === 'delegate' ? 'delegate' : 'name'} ${vpc} ${nameKey(fold(name))}`;
}

function add(lists: Map<string, string[]>, id: string, vpc: string): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [vpc]);
  else list.push(vpc);
}
