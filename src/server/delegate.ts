import type { HintServer, RecursivePath } from '../resolver/path.ts';
import { addressToText } from '../util/cidr.ts';
import type { DelegateRule } from '../view/snapshot.ts';
import { TYPE } from '../wire/constants.ts';
import { fold, isAtOrBelow, type Name, nameEquals, nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Query } from './query.ts';

/**
 * DELEGATE rules (Route 53's inbound and outbound delegation): a referral, of a private zone or of a forwarder, is
 * followed if it names a server at or below a rule's delegation record. The rule matches the name of the server,
 * never the name that is asked for.
 */

/** Referrals that lead to servers whose addresses are behind referrals: as deep as sub-queries of recursion go. */
export const DELEGATION_DEPTH_MAX = 7;
/** Where authoritative servers listen. */
const PORT = 53;

/** A referral: NS records, and addresses that came with them. */
export interface Delegation {
  readonly ns: Rrset;
  readonly glue: readonly Rrset[];
}

/**
 * The path to the servers of a delegation that a rule of the view follows; undefined where none does, or where none
 * of its servers has an address.
 * @param walk asks for the addresses of a server through the same stages
 */
export function delegatedPath(
  q: Query,
  delegation: Delegation,
  walk: (q: Query) => undefined | Promise<undefined>,
): RecursivePath | undefined | Promise<RecursivePath | undefined> {
  const { delegates } = q.world.snapshot.views[q.view.index]!;
  const rule = ruleFor(delegates, delegation.ns);
  if (rule === undefined || q.depth >= DELEGATION_DEPTH_MAX || !q.recursionDesired) return undefined;
  const names = delegation.ns.rdatas.filter((name) => isAtOrBelow(name, rule.record));
  const glued = names.flatMap((name) => serverOf(name, delegation.glue) ?? []);
  if (glued.length > 0) return pathOf(q, rule, delegation, glued);
  return lookUp(q, names, delegation, walk).then((servers) =>
    servers.length === 0 ? undefined : pathOf(q, rule, delegation, servers),
  );
}

/** Of the rules that match a server of the delegation, the most specific one. */
function ruleFor(rules: readonly DelegateRule[], ns: Rrset): DelegateRule | undefined {
  let best: DelegateRule | undefined;
  for (const rule of rules)
    if (ns.rdatas.some((name) => isAtOrBelow(name, rule.record)))
      if (best === undefined || rule.record.length > best.record.length) best = rule;
  return best;
}

function pathOf(
  q: Query,
  rule: DelegateRule,
  { ns }: Delegation,
  servers: readonly HintServer[],
): RecursivePath {
  const domain = fold(ns.name);
  q.trace?.step('delegate', `rule ${rule.rule} follows the referral to ${nameToText(domain)}`);
  return {
    kind: 'recursive',
    context: rule.context,
    rule: rule.rule,
    domain,
    view: q.view.index,
    sources: rule.sources,
    serveStale: true,
    case0x20: rule.case0x20,
    validate: false,
    origin: domain,
    servers,
    hints: false,
  };
}

function serverOf(name: Name, addresses: readonly Rrset[]): HintServer | undefined {
  const sets = addresses.filter(
    (set) => (set.type === TYPE.A || set.type === TYPE.AAAA) && nameEquals(set.name, name),
  );
  if (sets.length === 0) return undefined;
  const all = sets.flatMap(({ rdatas }) => rdatas.map(addressToText));
  return { name: fold(name), addresses: all.map((address) => ({ address, port: PORT, protocol: 'do53' })) };
}

/** Servers without glue: their addresses by the rules and zones of the view, one server after the other. */
async function lookUp(
  q: Query,
  names: readonly Name[],
  { ns }: Delegation,
  walk: (q: Query) => undefined | Promise<undefined>,
): Promise<HintServer[]> {
  for (const name of names) {
    // The addresses of servers inside of what they serve can only come with the referral.
    if (isAtOrBelow(name, ns.name)) continue;
    const sub = q.sub(name, TYPE.A);
    await walk(sub);
    for (const dependency of sub.dependencies) q.depend(dependency);
    if (!sub.storable) q.storable = false;
    const server = serverOf(sub.current, sub.answer.answer);
    if (server !== undefined) return [{ ...server, name: fold(name) }];
  }
  return [];
}
