import type { Name } from '../../wire/name.ts';

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
  readonly rules: readonly FirewallRule[];
}

export interface FirewallRule {
  /** Unique in its group; the least is looked at first. */
  readonly priority: number;
  /** The id of a list. */
  readonly list: string;
  /** RR type that it is for; undefined: all. */
  readonly qtype: number | undefined;
  readonly action: FirewallAction;
  /** Whether names that a CNAME or DNAME leads to are looked at as well as the one that was asked for. */
  readonly redirection: 'inspect' | 'trust';
}

export type FirewallAction =
  | { readonly kind: 'allow' | 'alert' }
  | { readonly kind: 'block'; readonly response: 'nodata' | 'nxdomain' }
  /** Answered by a CNAME to `target`. TTL in seconds. */
  | { readonly kind: 'block'; readonly response: 'override'; readonly target: Name; readonly ttl: number };

export interface GroupAssociation {
  readonly id: string;
  readonly group: string;
  readonly vpc: string;
  /** Unique in its VPC; the least is looked at first. */
  readonly priority: number;
}
