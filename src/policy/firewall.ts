import { assert } from '../util/assert.ts';
import { HashedName } from '../wire/hashedname.ts';
import type { Name } from '../wire/name.ts';

/**
 * Route 53 Resolver DNS Firewall: the rules of a VPC's groups, in the order of their priorities. The first one that
 * matches decides, whatever its action.
 */
export interface FirewallData {
  /** A rule that cannot be evaluated is passed over; else its queries are SERVFAIL. */
  readonly failOpen: boolean;
  /** Those of the group with the least priority first. */
  readonly rules: readonly FirewallRule[];
}

export interface FirewallRule {
  /** Ids, for logs and `explain`. */
  readonly group: string;
  readonly list: string;
  /** Undefined: all. */
  readonly qtype: number | undefined;
  readonly action: FirewallAction;
  /** `trust`: only the name that was asked for is looked at, and what it leads to is no concern. */
  readonly redirection: 'inspect' | 'trust';
}

export type FirewallAction =
  | { readonly kind: 'allow' | 'alert' }
  | { readonly kind: 'block'; readonly response: 'nodata' | 'nxdomain' }
  /** A CNAME to `target`. TTL in seconds. */
  | { readonly kind: 'block'; readonly response: 'override'; readonly target: Name; readonly ttl: number };

/** What of a list holds a name. */
export interface DomainList {
  covers(name: HashedName): boolean;
}

/** Where in a chain a name stands: it was asked for, or an alias leads to it. */
export type Place = 'asked' | 'hop';

/** `match`: no rule is for the name. */
export const NO_RULE = -1;

/** What is known of a list and the name at hand. */
const UNASKED = -1;
const [COVERS_NOT, COVERS] = [0, 1];

const asked = new HashedName();

/**
 * The firewall of one VPC, ready to be asked. A name is hashed once for all lists, and a list is asked once for all
 * its rules: names are the choice of strangers, and each of them costs what the operator's lists cost.
 */
export class Firewall {
  readonly rules: readonly FirewallRule[];
  readonly #lists: readonly (DomainList | undefined)[];
  /** By rule, the first rule of the same list. */
  readonly #first: Uint32Array;
  /** By rule, for the first one of each list. */
  readonly #known: Int8Array;
  readonly #failOpen: boolean;

  /** @param lists one for each rule; undefined: it cannot be had */
  constructor({ rules, failOpen }: FirewallData, lists: readonly (DomainList | undefined)[]) {
    assert(rules.length === lists.length, 'a list for each rule');
    this.rules = rules;
    this.#lists = lists;
    const first = new Map(lists.map((list, i) => [list, i] as const).reverse());
    this.#first = Uint32Array.from(lists, (list) => first.get(list)!);
    this.#known = new Int8Array(rules.length);
    this.#failOpen = failOpen;
  }

  /**
   * The index of the rule that decides on a name, or NO_RULE. Where `canEvaluate` says no, it is not known what the
   * rule would say.
   */
  match(name: Name, qtype: number, place: Place): number {
    asked.set(name);
    this.#known.fill(UNASKED);
    for (let i = 0; i < this.rules.length; i++) {
      const rule = this.rules[i]!;
      if (rule.qtype !== undefined && rule.qtype !== qtype) continue;
      if (place === 'hop' && rule.redirection === 'trust') continue;
      if (this.canEvaluate(i) ? this.#covers(i) : !this.#failOpen) return i;
    }
    return NO_RULE;
  }

  canEvaluate(rule: number): boolean {
    return this.#lists[rule] !== undefined;
  }

  /** Whether the list of a rule that can be evaluated has the name at hand. */
  #covers(rule: number): boolean {
    const first = this.#first[rule]!;
    if (this.#known[first] === UNASKED)
      this.#known[first] = this.#lists[first]!.covers(asked) ? COVERS : COVERS_NOT;
    return this.#known[first] === COVERS;
  }
}
