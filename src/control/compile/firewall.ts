import type { FirewallData, FirewallRule } from '../../policy/firewall.ts';
import type { DomainListData, Snapshot, ViewData } from '../../view/snapshot.ts';
import { labelCount, ROOT } from '../../wire/name.ts';
import { FIREWALL_LABELS, firewallHash } from '../../zone/dependency.ts';
import { type Domain, Domains } from '../../zone/domains.ts';
import { listedDomain } from '../firewall/domain.ts';
import type { FirewallPolicy, RuleGroup } from '../firewall/policy.ts';
import { sameSettings } from './diffsettings.ts';

/** Names of a list that may change before all answers of its VPCs are looked at anew: an eighth of all slots. */
const CHANGES_MAX = 8_192;

/** The lists that rules of a VPC name. One whose contents are those of `before` is that one. */
export function compileDomainLists(
  { lists, groups, associations }: FirewallPolicy,
  before: readonly DomainListData[] = [],
): DomainListData[] {
  const associated = new Set(associations.map(({ group }) => group));
  const used = new Set(
    groups.filter(({ id }) => associated.has(id)).flatMap(({ rules }) => rules.map(({ list }) => list)),
  );
  const known = new Map(before.map((list) => [list.id, list]));
  return lists
    .filter(({ id }) => used.has(id))
    .map(({ id, version, domains }) => {
      const was = known.get(id);
      if (was?.version === version) return was;
      return { id, version, table: domains && Domains.build(each(domains(), listedDomain)) };
    });
}

function* each<A, B>(all: Iterable<A>, make: (one: A) => B): Generator<B, void> {
  for (const one of all) yield make(one);
}

/** The firewall of a VPC; undefined where none of its groups has rules. */
export function compileFirewall(policy: FirewallPolicy, vpc: string): FirewallData | undefined {
  const groups = new Map(policy.groups.map((group) => [group.id, group]));
  const rules = policy.associations
    .filter((association) => association.vpc === vpc)
    .sort((a, b) => a.priority - b.priority)
    .flatMap(({ group }) => rulesOf(groups.get(group)));
  return rules.length === 0 ? undefined : { failOpen: policy.failOpen.has(vpc), rules };
}

function rulesOf(group: RuleGroup | undefined): FirewallRule[] {
  if (group === undefined) return [];
  const sorted = [...group.rules].sort((a, b) => a.priority - b.priority);
  return sorted.map(({ list, qtype, action, redirection }) => ({
    group: group.id,
    list,
    qtype,
    action,
    redirection,
  }));
}

/** Touches what the firewalls of the views say otherwise than before. */
export function diffFirewalls(old: Snapshot, next: Snapshot, touched: Set<number>, changes: string[]): void {
  const changed = changedLists(old, next, changes);
  const before = new Map(old.views.map((view) => [view.vpc, view]));
  for (const view of next.views) {
    const was = before.get(view.vpc);
    if (was === undefined) continue;
    if (!sameSettings({ value: was.firewall }, { value: view.firewall })) {
      changes.push(`VPC ${view.vpc}: firewall changed`);
      touchFirewall(view, 'all', touched);
    } else
      for (const list of new Set(view.firewall?.rules.map((rule) => rule.list)))
        touchFirewall(view, changed.get(list) ?? [], touched);
  }
}

function touchFirewall({ key }: ViewData, domains: readonly Domain[] | 'all', touched: Set<number>): void {
  if (domains === 'all') touched.add(firewallHash(key, ROOT));
  else for (const domain of domains) touched.add(firewallHash(key, widest(domain)));
}

/** The name by whose hash all that the domain covers is touched. */
function widest({ name, covers }: Domain): Domain['name'] {
  return covers !== 'name' && labelCount(name) < FIREWALL_LABELS ? ROOT : name;
}

/** By id, what is in the list now or was, and is not in both. */
function changedLists(
  old: Snapshot,
  next: Snapshot,
  changes: string[],
): Map<string, readonly Domain[] | 'all'> {
  const before = new Map(old.domainLists.map((list) => [list.id, list]));
  const changed = new Map<string, readonly Domain[] | 'all'>();
  for (const { id, table } of next.domainLists) {
    const was = before.get(id);
    if (was === undefined || was.table === table) continue;
    const difference =
      was.table && table && Domains.difference(Domains.from(was.table), Domains.from(table), CHANGES_MAX);
    changed.set(id, difference ?? 'all');
    changes.push(
      `firewall list ${id}: ${difference === undefined ? 'replaced' : `${difference.length} domains changed`}`,
    );
  }
  return changed;
}
