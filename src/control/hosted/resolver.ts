import type { ForwardTarget } from '../../resolver/path.ts';
import { fold, type Name, nameKey } from '../../wire/name.ts';
import type { Config, DelegateRule, Rule } from '../config/load.ts';
import { forwardTarget } from '../config/targets.ts';
import { nameFromRoute53 } from '../records/names.ts';
import { LIST_MAX, type Reads, type Resource } from '../store/store.ts';

/** What the store keeps of Resolver. */
export const RESOLVER = {
  rule: 'resolver-rule',
  association: 'resolver-rule-association',
  endpoint: 'resolver-endpoint',
  /** Of a VPC, whose id is the id: whether it has the autodefined reverse rules. */
  reverse: 'resolver-config',
  /** Of a VPC, whose id is the id: whether answers are validated. */
  dnssec: 'resolver-dnssec-config',
  logConfig: 'resolver-query-log-config',
  logAssociation: 'resolver-query-log-association',
  tags: 'resolver-tags',
} as const;

export interface RuleTarget {
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  /** Missing: Do53. */
  readonly protocol?: 'DoH' | undefined;
  /** The name that the certificate of a DoH server must be for; missing: its address. */
  readonly serverName?: string | undefined;
}

/** What an outbound endpoint asks by, and an inbound one is asked by. */
export type EndpointProtocol = 'Do53' | 'DoH';

/** What of a rule decides how names are resolved. */
export interface RuleSettings {
  readonly type: 'FORWARD' | 'SYSTEM' | 'DELEGATE';
  /** As Route 53 writes it; of a DELEGATE rule the name of the name servers that it is for. */
  readonly domain: string;
  readonly targets: readonly RuleTarget[];
  /** The id of an outbound endpoint, the configuration's or an own one. */
  readonly endpoint?: string | undefined;
}

/** What all that is made has beside its settings. */
export interface Made {
  /** What it is called. */
  readonly name?: string | undefined;
  readonly statusMessage: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly modified: number;
}

/** What was asked for with the CreatorRequestId, which may be asked for again. */
export interface Requested {
  readonly creatorRequestId: string;
  readonly request: string;
}

export type RuleBody = RuleSettings & Made & Requested;

export interface AssociationBody extends Made {
  readonly rule: string;
  readonly vpc: string;
}

export interface EndpointBody extends Made, Requested {
  readonly direction: 'INBOUND' | 'OUTBOUND' | 'INBOUND_DELEGATION';
  readonly addresses: readonly EndpointAddress[];
  readonly securityGroups: readonly string[];
  /** Missing: Do53. */
  readonly protocols?: readonly EndpointProtocol[] | undefined;
  readonly type: 'IPV4' | 'IPV6' | 'DUALSTACK';
  /** The VPC in which its addresses are, where one is known; an inbound one always has it. */
  readonly vpc?: string | undefined;
}

export interface EndpointAddress {
  readonly id: string;
  readonly subnet: string;
  readonly ip?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** Of a VPC, in place of what the configuration says; or of a Profile, in place of what its VPCs say. */
export interface SwitchBody {
  readonly enabled: boolean;
}

/** What Profiles bring to VPCs. */
export interface ByProfiles {
  /** The Profile of a VPC. */
  readonly profiles: ReadonlyMap<string, string>;
  /** By id of a rule, the VPCs that have it without being associated with it. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
}

const NO_PROFILES: ByProfiles = { profiles: new Map(), rules: new Map() };

const COMPILED: readonly string[] = [
  RESOLVER.rule,
  RESOLVER.association,
  RESOLVER.endpoint,
  RESOLVER.reverse,
  RESOLVER.dnssec,
];

/** Whether answers may depend on resources of this kind. */
export function isResolverKind(kind: string): boolean {
  return COMPILED.includes(kind);
}

/** All of a kind, of one account or of all, a page at a time. */
export function* allOf<Body>(state: Reads, kind: string, account?: string): Generator<Resource<Body>, void> {
  let from: { sort: string; id: string } | undefined;
  for (;;) {
    const page = state.list<Body>({ kind, account, from, limit: LIST_MAX });
    for (const resource of page) if (resource.id !== from?.id) yield resource;
    const last = page.at(-1);
    if (page.length < LIST_MAX || last === undefined) return;
    from = { sort: last.sort, id: last.id };
  }
}

/** The rules of a configuration, looked up by VPC and name. */
export function declaredRules(config: Config): DeclaredRules {
  let rules = declared.get(config);
  if (rules === undefined) {
    rules = new DeclaredRules(config);
    declared.set(config, rules);
  }
  return rules;
}

const declared = new WeakMap<Config, DeclaredRules>();

/** The names for which VPCs have rules by the configuration. */
class DeclaredRules {
  readonly #keys = new Set<string>();

  constructor({ rules, delegates }: Pick<Config, 'rules' | 'delegates'>) {
    for (const { domain, vpcs } of rules) this.#add('FORWARD', domain, vpcs);
    for (const { delegationRecord, vpcs } of delegates) this.#add('DELEGATE', delegationRecord, vpcs);
  }

  /** Whether the VPC has one by the configuration, which goes before one of the API. */
  has({ type, domain }: Pick<RuleSettings, 'type' | 'domain'>, vpc: string): boolean {
    return this.#keys.has(ruleKey(type, nameFromRoute53(domain), vpc));
  }

  #add(type: RuleSettings['type'], name: Name, vpcs: readonly string[]): void {
    for (const vpc of vpcs) this.#keys.add(ruleKey(type, name, vpc));
  }
}

/** There is one rule of a name in a VPC, and beside it one for name servers of that name. */
function ruleKey(type: RuleSettings['type'], name: Name, vpc: string): string {
  return `${type === 'DELEGATE' ? 'delegate' : 'name'} ${vpc} ${nameKey(name)}`;
}

/**
 * The configuration with the rules, outbound endpoints and settings of VPCs that the store has, as if they were
 * declared. Where a VPC is not known, or the configuration has a rule of the name, that of the store is nowhere.
 *
 * @param hostHas whether the host has an address to send from
 */
export function withResolver(
  config: Config,
  state: Reads,
  hostHas: (address: string) => boolean,
  brought: ByProfiles = NO_PROFILES,
): Config {
  const { rules, delegates } = rulesOf(config, state, brought);
  const outbound = [...allOf<EndpointBody>(state, RESOLVER.endpoint)]
    .filter(({ body }) => body.direction === 'OUTBOUND')
    .map(({ id, body }) => ({ id, source: sourcesOf(body).filter(hostHas) }));
  const { endpoints } = config;
  return {
    ...config,
    vpcs: vpcsOf(config, state, brought),
    endpoints: { ...endpoints, outbound: [...endpoints.outbound, ...outbound] },
    rules: [...config.rules, ...rules],
    delegates: [...config.delegates, ...delegates],
  };
}

/** All its addresses: those that it sends from, or that it is asked at. */
export function sourcesOf({ addresses }: Pick<EndpointBody, 'addresses'>): string[] {
  return addresses.flatMap(({ ip, ipv6 }) => [...(ip ? [ip] : []), ...(ipv6 ? [ipv6] : [])]);
}

function rulesOf(
  config: Config,
  state: Reads,
  brought: ByProfiles,
): { rules: Rule[]; delegates: DelegateRule[] } {
  const inConfig = declaredRules(config);
  const known = new Set(config.vpcs.map(({ id }) => id));
  const associated = new Map<string, string[]>();
  for (const { body } of allOf<AssociationBody>(state, RESOLVER.association)) {
    if (!known.has(body.vpc)) continue;
    const vpcs = associated.get(body.rule);
    if (vpcs === undefined) associated.set(body.rule, [body.vpc]);
    else vpcs.push(body.vpc);
  }
  const rules: Rule[] = [];
  const delegates: DelegateRule[] = [];
  for (const { id, body } of allOf<RuleBody>(state, RESOLVER.rule)) {
    const all = [...(associated.get(id) ?? []), ...(brought.rules.get(id) ?? [])];
    const vpcs = all.filter((vpc) => !inConfig.has(body, vpc));
    if (vpcs.length === 0) continue;
    const name = fold(nameFromRoute53(body.domain));
    if (body.type === 'DELEGATE')
      delegates.push({ id, delegationRecord: name, outbound: body.endpoint, vpcs });
    else rules.push(asRule(id, body, name, vpcs));
  }
  return { rules, delegates };
}

/** With what Route 53 does where the configuration leaves the choice. */
function asRule(id: string, { type, targets, endpoint }: RuleBody, domain: Name, vpcs: string[]): Rule {
  const base = { id, domain, vpcs, policy: 'random' as const, stale: true };
  if (type === 'SYSTEM') return { ...base, type: 'system' };
  return { ...base, type: 'forward', outbound: endpoint, targets: targets.map(asTarget) };
}

function asTarget({ address, port, protocol, serverName }: RuleTarget): ForwardTarget {
  if (protocol === undefined) return { address, port, protocol: 'do53' };
  return forwardTarget({ protocol: 'doh', address, port, serverName }, undefined);
}

/** What a Profile says goes before what its VPCs say. */
function vpcsOf({ vpcs }: Config, state: Reads, { profiles }: ByProfiles): Config['vpcs'] {
  return vpcs.map((vpc) => {
    const profile = profiles.get(vpc.id);
    const enabled = (kind: string): boolean | undefined => {
      const of = (id: string) => state.get<SwitchBody>(kind, id)?.body.enabled;
      return (profile === undefined ? undefined : of(profile)) ?? of(vpc.id);
    };
    const reverse = enabled(RESOLVER.reverse);
    const dnssec = enabled(RESOLVER.dnssec);
    return {
      ...vpc,
      autodefinedReverse: reverse ?? vpc.autodefinedReverse,
      dnssec: dnssec === undefined ? vpc.dnssec : dnssecOf(vpc.dnssec, dnssec),
    };
  });
}

/** Where the configuration validates, how it does is its matter; else it is done as Route 53 does. */
function dnssecOf(declared: Config['vpcs'][number]['dnssec'], enabled: boolean): typeof declared {
  if (!enabled) return 'off';
  return declared === 'off' ? 'route53' : declared;
}
