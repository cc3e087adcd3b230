import type { FirewallData, FirewallRule } from '../../policy/firewall.ts';
import type { DomainListData, Snapshot, ViewData } from '../../view/snapshot.ts';
import { ROOT } from '../../wire/name.ts';
import { firewallHash } from '../../zone/dependency.ts';
import type { Difference } from '../../zone/domains.ts';
import type { FirewallPolicy, RuleGroup } from '../firewall/policy.ts';
import { AT_ONCE, differenceOf, seedFor, type Tables, usedLists } from '../firewall/tables.ts';
import { sameSettings, touchAll } from './diffsettings.ts';

/** The lists that rules of a VPC name. One whose contents are those of `before` is that one. */
export function compileDomainLists(
  policy: FirewallPolicy,
  before: readonly DomainListData[] = [],
  tables: Tables = AT_ONCE,
): DomainListData[] {
  const known = new Map(before.map((list) => [list.id, list]));
  const seed = seedFor(before);
  return usedLists(policy).map((list) => {
    const { id, version } = list;
    const was = known.get(id);
    return was?.version === version ? was : { id, version, table: tables.tableOf(list, seed) };
  });
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
      // What was answered without a firewall depends on none.
      if (was.firewall === undefined) touchAll(was, touched);
      touchFirewall(view, 'all', touched);
    } else
      for (const list of new Set(view.firewall?.rules.map((rule) => rule.list)))
        touchFirewall(view, changed.get(list) ?? [], touched);
  }
}

function touchFirewall({ key }: ViewData, names: Difference['names'], touched: Set<number>): void {
  if (names === 'all') touched.add(firewallHash(key, ROOT));
  else for (const name of names) touched.add(firewallHash(key, name));
}

/** One of the two cannot be had. */
const UNKNOWN: Difference = { domains: 0, names: 'all' };

/** By id, the names of which the list says otherwise than before. */
function changedLists(old: Snapshot, next: Snapshot, changes: string[]): Map<string, Difference['names']> {
  const before = new Map(old.domainLists.map((list) => [list.id, list]));
  const changed = new Map<string, Difference['names']>();
  for (const { id, table } of next.domainLists) {
    const was = before.get(id);
    if (was === undefined || was.table === table) continue;
    const { domains, names } = was.table && table ? differenceOf(was.table, table) : UNKNOWN;
    changed.set(id, names);
    changes.push(`firewall list ${id}: ${names === 'all' ? 'replaced' : `${domains} domains changed`}`);
  }
  return changed;
}
