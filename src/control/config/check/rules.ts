import { nameToText } from '../../../wire/name.ts';
import { suggestion } from '../nearest.ts';
import type { Path } from '../problem.ts';
import { type CheckContext, type Draft, Ids, NamesByVpc, Once } from './context.ts';
import { type Listening, listenText } from './endpoints.ts';

type Rule = NonNullable<NonNullable<Draft['rules']>[number]>;
type Family = 'IPv4' | 'IPv6';

/** Returns the rules by VPC and domain. */
export function checkRules(context: CheckContext, listening: Listening): NamesByVpc {
  const ids = new Ids();
  const domains = new NamesByVpc();
  context.draft.rules?.forEach((rule, i) => {
    if (rule === undefined) return;
    const path: Path = ['rules', i];
    ids.check(context, rule.id, rule.domain, rule.vpcs, path);
    context.associatedVpcs(rule.vpcs, [...path, 'vpcs']);
    domains.add(rule.domain, rule.vpcs, path, (vpc, other) => {
      context.error(
        [...path, 'domain'],
        `${other} is a rule of VPC ${vpc} for ${nameToText(rule.domain!)} already (ResourceExistsException)`,
        'put all targets into one rule, or take the VPC out of one',
      );
    });
    if (rule.type === 'system') checkSystem(context, path);
    if (rule.type === 'forward') checkForward(context, listening, rule, path);
  });
  return domains;
}

/** What only a rule with targets can have. */
const FORWARD_KEYS = ['outbound', 'targets', 'policy', 'case0x20', 'stale'];

function checkSystem(context: CheckContext, path: Path): void {
  for (const key of FORWARD_KEYS)
    if (context.has([...path, key]))
      context.error([...path, key], `a system rule has no ${key}`, 'leave it out, or write type: forward');
}

function checkForward(context: CheckContext, listening: Listening, rule: Rule, path: Path): void {
  if (!context.has([...path, 'targets']))
    context.error(
      path,
      'a forward rule needs targets',
      'add the servers to ask, such as targets: [192.0.2.53]',
    );
  const seen = new Once();
  const families = new Set<Family>();
  rule.targets?.forEach((target, i) => {
    if (target === undefined) return;
    const at: Path = [...path, 'targets', i];
    const text = listenText(target);
    families.add(familyOf(target.address));
    if (seen.add(text, at)) context.error(at, `${text} stands here twice`, 'leave one out');
    if (listening.hears(target))
      context.error(
        at,
        `${text} is an inbound endpoint of this node: questions would go in a circle`,
        'write the address of another server',
      );
  });
  if (families.size > 1)
    context.error([...path, 'targets'], 'IPv4 and IPv6 targets in one rule', 'write targets of one family');
  checkOutbound(context, rule, families, [...path, 'outbound']);
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
