import { unreachable } from '../../../util/assert.ts';
import { isAtOrBelow, type Name, nameToText } from '../../../wire/name.ts';
import { suggestion } from '../nearest.ts';
import type { Path } from '../problem.ts';
import type { AddressAndPort } from '../setting.ts';
import { placesOf } from '../targets.ts';
import {
  type CheckContext,
  type Draft,
  derivedDelegateId,
  derivedId,
  Ids,
  NamesByVpc,
  Once,
} from './context.ts';
import { type Listening, listenText } from './endpoints.ts';

type Rule = NonNullable<NonNullable<Draft['rules']>[number]>;
type Family = 'IPv4' | 'IPv6';

/** Returns the rules by VPC and domain. */
export function checkRules(context: CheckContext, listening: Listening): NamesByVpc {
  const ids = new Ids();
  const domains = new NamesByVpc();
  const records = new NamesByVpc();
  context.draft.rules?.forEach((rule, i) => {
    if (rule === undefined) return;
    const path: Path = ['rules', i];
    const isDelegate = rule.type === 'delegate';
    ids.check(context, rule.id, madeId(rule), path);
    context.associatedVpcs(rule.vpcs, [...path, 'vpcs']);
    const [key, name] = isDelegate ? ['delegationRecord', rule.delegationRecord] : ['domain', rule.domain];
    (isDelegate ? records : domains).add(name, rule.vpcs, path, (vpc, other) => {
      context.error(
        [...path, key],
        `${other} is a rule of VPC ${vpc} for ${nameToText(name!)} already (ResourceExistsException)`,
        isDelegate ? 'take the VPC out of one' : 'put all targets into one rule, or take the VPC out of one',
      );
    });
    if (rule.type !== undefined) checkType(context, listening, rule, rule.type, path);
  });
  return domains;
}

function madeId({ type, domain, delegationRecord, vpcs }: Rule): string | undefined {
  if (!vpcs?.[0]) return undefined;
  if (type === 'delegate') return delegationRecord && derivedDelegateId(delegationRecord, vpcs);
  return domain && derivedId(domain, vpcs);
}

/** What rules of a type do not have. */
const ALIEN_KEYS = {
  forward: ['delegationRecord'],
  recursive: ['delegationRecord', 'targets', 'policy'],
  stub: ['delegationRecord', 'policy'],
  system: ['delegationRecord', 'dnssec', 'outbound', 'targets', 'policy', 'case0x20', 'stale'],
  delegate: ['domain', 'dnssec', 'targets', 'policy', 'case0x20', 'stale'],
} as const;

function checkType(
  context: CheckContext,
  listening: Listening,
  rule: Rule,
  type: keyof typeof ALIEN_KEYS,
  path: Path,
): void {
  for (const key of ALIEN_KEYS[type])
    if (context.has([...path, key]))
      context.error([...path, key], `a ${type} rule has no ${key}`, remedyOf(type, key));
  if (type === 'delegate') needs(context, type, 'delegationRecord', 'ns.example.net.', path);
  else needs(context, type, 'domain', 'corp.example.', path);
  switch (type) {
    case 'forward':
    case 'stub':
      needs(context, type, 'targets', '[192.0.2.53]', path);
      checkOutbound(context, rule, checkTargets(context, listening, rule, path), [...path, 'outbound']);
      break;
    case 'recursive':
    case 'delegate':
      checkOutbound(context, rule, new Set(), [...path, 'outbound']);
      break;
    case 'system':
      break;
    default:
      unreachable(type);
  }
  warnWhereNotValidated(context, rule, type, path);
}

function remedyOf(type: keyof typeof ALIEN_KEYS, key: string): string {
  if (key === 'delegationRecord') return 'leave it out, or write type: delegate';
  if (type !== 'delegate') return key === 'dnssec' ? 'leave it out' : 'leave it out, or write type: forward';
  return key === 'domain' || key === 'targets'
    ? 'leave it out: delegationRecord is the name of the name servers that it is for'
    : 'leave it out';
}

function needs(context: CheckContext, type: string, key: string, example: string, path: Path): void {
  if (!context.has([...path, key]))
    context.error(path, `a ${type} rule needs ${key}`, `add for example ${key}: ${example}`);
}

/** A rule that asks for validation in a VPC that has none, or where the chain of trust ends above it. */
function warnWhereNotValidated(context: CheckContext, rule: Rule, type: string, path: Path): void {
  if (rule.dnssec !== 'validate') return;
  warnOfBrokenChain(context, rule, path);
  for (const id of rule.vpcs ?? []) {
    const dnssec = context.draft.vpcs?.find((vpc) => vpc?.id === id)?.dnssec;
    if (dnssec === 'off' || (dnssec === 'route53' && type !== 'recursive'))
      context.warn(
        [...path, 'dnssec'],
        `in VPC ${id} answers of this rule are not validated: it has dnssec: ${dnssec}`,
        `take the VPC out of the rule, or write dnssec: validate in the VPC`,
      );
  }
}

/** The chain of trust comes down through the rules above, and where one is not validated it goes no further. */
function warnOfBrokenChain(context: CheckContext, rule: Rule, path: Path): void {
  const { domain, type } = rule;
  // A recursive one has its own way from the root.
  if (domain === undefined || type === 'recursive') return;
  for (const id of rule.vpcs ?? []) {
    const isAbove = (other: Rule | undefined): other is Rule & { domain: Name } =>
      other?.domain !== undefined &&
      other.type !== 'system' &&
      other.vpcs?.includes(id) === true &&
      other.domain.length < domain.length &&
      isAtOrBelow(domain, other.domain);
    const above = context.draft.rules?.filter(isAbove).toSorted((a, b) => b.domain.length - a.domain.length);
    const next = above?.[0];
    if (next === undefined) continue;
    if (isValidatedByDefault(next) ? next.dnssec !== 'off' : next.dnssec === 'validate') continue;
    const name = nameToText(next.domain);
    context.warn(
      [...path, 'dnssec'],
      `in VPC ${id} the rule above it, for ${name}, is not validated: without a trust anchor of its own nothing is secure here`,
      `write dnssec: validate for ${name} too, or add an anchor for a name below it to recursion.anchors`,
    );
  }
}

/** As its VPC says; other forward rules, and stub rules, lead to private names. */
function isValidatedByDefault({ type, domain }: Rule): boolean {
  return type === 'recursive' || (type === 'forward' && domain?.length === 1);
}

/** Returns the families of the targets. */
function checkTargets(context: CheckContext, listening: Listening, rule: Rule, path: Path): Set<Family> {
  const seen = new Once();
  const families = new Set<Family>();
  rule.targets?.forEach((target, i) => {
    if (target === undefined) return;
    const at: Path = [...path, 'targets', i];
    const places = placesOfDraft(target);
    const own = new Set(places.map(({ address }) => familyOf(address)));
    // One that has addresses of both is met by either.
    if (own.size === 1) for (const family of own) families.add(family);
    for (const place of places) {
      const text = listenText(place);
      if (seen.add(`${target.protocol} ${text}`, at))
        context.error(at, `${text} stands here twice`, 'leave one out');
      if (listening.hears(place))
        context.error(
          at,
          `${text} is an inbound endpoint of this node: questions would go in a circle`,
          'write the address of another server',
        );
    }
    if (target.protocol !== undefined && target.protocol !== 'do53') checkSecure(context, rule, target, at);
  });
  if (families.size > 1 && rule.type === 'forward')
    context.error([...path, 'targets'], 'IPv4 and IPv6 targets in one rule', 'write targets of one family');
  return families;
}

type DraftTarget = NonNullable<NonNullable<Rule['targets']>[number]>;
type DraftSecure = Exclude<DraftTarget, { readonly protocol: 'do53' }>;

function placesOfDraft({ protocol, address, port }: DraftTarget): AddressAndPort[] {
  if (protocol === undefined || address === undefined) return [];
  const addresses = typeof address === 'string' ? address : address.flatMap((each) => each ?? []);
  return placesOf({ protocol, address: addresses, port });
}

function checkSecure(context: CheckContext, rule: Rule, target: DraftSecure, at: Path): void {
  const { protocol, address, serverName, pins, ca, path } = target;
  if (rule.type === 'stub')
    context.error(
      at,
      'a stub rule asks its servers in plain text',
      'write the address alone, or write type: forward',
    );
  if (protocol === 'dot' && path !== undefined)
    context.error([...at, 'path'], 'dot has no path', 'leave it out, or write protocol: doh');
  const isNamed = serverName !== undefined || context.has([...at, 'serverName']);
  if (isNamed) return;
  if (pins !== undefined && ca !== undefined)
    context.error(
      [...at, 'ca'],
      'with pins alone nobody is asked who signed the certificate',
      'add serverName, or leave ca out',
    );
  if (
    pins === undefined &&
    !context.has([...at, 'pins']) &&
    typeof address === 'object' &&
    address.length > 1
  )
    context.error(
      at,
      'a server with several addresses is known by a name or a key',
      'add for example serverName: dns.example',
    );
}

function checkOutbound(context: CheckContext, rule: Rule, families: ReadonlySet<Family>, path: Path): void {
  if (rule.outbound === undefined) return;
  const known = context.draft.endpoints?.outbound ?? [];
  const outbound = known.find((endpoint) => endpoint?.id === rule.outbound);
  if (outbound === undefined) {
    const ids = known.flatMap((endpoint) => endpoint?.id ?? []);
    context.error(path, `no outbound endpoint has the id "${rule.outbound}"`, suggestion(rule.outbound, ids));
    return;
  }
  const sources = (outbound.source ?? []).flatMap((source) => source ?? []);
  for (const family of families)
    if (sources.length > 0 && !sources.some((source) => familyOf(source) === family))
      context.error(
        path,
        `${rule.outbound} has no ${family} address to ask ${family} targets from`,
        'add one to its list source, or leave that list empty',
      );
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
