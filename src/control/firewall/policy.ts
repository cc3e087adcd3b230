import type { FirewallRule } from '../../policy/firewall.ts';

/**
 * Route 53's quotas of groups of a VPC, and of rules of a group. A name that no cache has is looked up in the lists of
 * all of them, and names are the choice of strangers: so it is the same bound for what a configuration declares.
 */
export const GROUPS_OF_VPC_MAX = 5;
export const RULES_MAX = 100;

/**
 * What the firewalls of VPCs consist of, whether the configuration declares it or the API made it: this is compiled.
 *
 *     VPC ─ associations by priority ─▶ group ─ rules by priority ─▶ list of domains
 */
export interface FirewallPolicy {
  readonly lists: readonly DomainList[];
  readonly groups: readonly RuleGroup[];
  readonly associations: readonly GroupAssociation[];
  /** VPCs in which a rule that cannot be evaluated lets the query pass; in others it is SERVFAIL. */
  readonly failOpen: ReadonlySet<string>;
}

export interface DomainList {
  readonly id: string;
  /** Two lists of one id and version have the same domains: what was compiled of one is taken for the other. */
  readonly version: string;
  /**
   * In the form of `readDomain`, in any order, each once; called once for each version. Undefined: the domains cannot
   * be had, and rules by this list cannot be evaluated.
   */
  readonly domains: (() => Iterable<string>) | undefined;
}

export interface RuleGroup {
  readonly id: string;
  readonly rules: readonly RankedRule[];
}

/** A rule of a group, which it does not name. */
export interface RankedRule extends Omit<FirewallRule, 'group'> {
  /** Unique in its group; the least is looked at first. */
  readonly priority: number;
}

export interface GroupAssociation {
  readonly id: string;
  readonly group: string;
  readonly vpc: string;
  /** Unique in its VPC; the least is looked at first. */
  readonly priority: number;
}
