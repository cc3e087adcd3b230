import { assert } from '../../util/assert.ts';
import type { HealthBits } from '../../util/healthbits.ts';
import type { Asker } from './asker.ts';
import { cidr } from './cidr.ts';
import { failover } from './failover.ts';
import { geolocation } from './geolocation.ts';
import { geoproximity } from './geoproximity.ts';
import { latency } from './latency.ts';
import { MULTIVALUE_MAX, pickSeveral } from './multivalue.ts';
import { Depth, type Facts, NONE_FITS, type RoutingPolicy } from './policy.ts';
import { simple } from './simple.ts';
import { LEADS, NO_CHECK, POLICY, type PolicyNumber, type RoutingTable } from './table.ts';
import { weighted } from './weighted.ts';

/**
 * Which record set answers a client (Route 53's algorithm, route53-semantics 5.2):
 *
 *     choose(group)   the policy picks among the healthy members; where none of them fits, among all
 *     an alias        to another group of the zone: the same again there
 *     healthy         the member's own check, and with EvaluateTargetHealth any member of the group it leads to
 *
 * So health never makes a name disappear. Nothing is allocated: a worker has one chooser, and its fields hold the
 * last result.
 */
export class Chooser {
  /** The set that answers: its RRset, or the name that its alias is resolved by; NO_MEMBER if it is not one. */
  member: number = NO_MEMBER;
  /** With `several`: the sets whose values are the answer together, and their number. */
  readonly picked: Uint32Array = new Uint32Array(MULTIVALUE_MAX);
  count = 0;
  /** With `several`: the sets as bits, the first of the group the lowest. */
  mask = 0;
  /** `member` and `mask` say all of the choice, and it is one of few: worth to be remembered with its answer. */
  isRepeatable = true;
  readonly #depth = new Depth();
  readonly #health: HealthBits;
  /** By member: 1 if it may be picked. */
  #usable = new Uint8Array(64);
  /** By group: in which choice its health was found, and what it is. */
  #seen = new Uint32Array(64);
  #anyHealthy = new Uint8Array(64);
  #choice = 0;

  constructor(health: HealthBits) {
    this.#health = health;
  }

  /** On how many leading bits of the client's address the last choice depends. */
  get bits(): number {
    return this.#depth.bits;
  }

  /** `none`: the policy has no set for this client, which gets an empty answer. */
  choose(
    table: RoutingTable,
    start: number,
    asker: Asker,
    facts: Facts,
    witness?: Witness,
  ): 'one' | 'several' | 'none' {
    this.#begin(table);
    this.#depth.bits = 0;
    this.member = NO_MEMBER;
    this.mask = 0;
    this.isRepeatable = true;
    let group = start;
    for (;;) {
      const policy = table.policy(group);
      if (policy === POLICY.MULTIVALUE) return this.#chooseSeveral(table, group, asker, witness);
      const member = this.#pick(policyOf(policy), table, group, asker, facts);
      witness?.(table, group, member);
      if (member === NONE_FITS) return 'none';
      this.member = member;
      if (table.leads(member) !== LEADS.GROUP) return 'one';
      group = table.target(member);
    }
  }

  /** The healthy members of a group, as the next choice would see them. For `explain`. */
  healthyOf(table: RoutingTable, group: number): Set<number> {
    this.#begin(table);
    const healthy = new Set<number>();
    for (let member = table.first(group); member < table.end(group); member++)
      if (this.#memberIsHealthy(table, member)) healthy.add(member);
    return healthy;
  }

  #begin(table: RoutingTable): void {
    if (this.#usable.length < table.members) this.#usable = new Uint8Array(table.members);
    if (this.#seen.length < table.groups) {
      this.#seen = new Uint32Array(table.groups);
      this.#anyHealthy = new Uint8Array(table.groups);
    }
    // After 2^32 choices a group that was last seen in the first one would count as seen.
    this.#choice = (this.#choice + 1) >>> 0;
    if (this.#choice === 0) this.#seen.fill(0);
  }

  #pick(policy: RoutingPolicy, table: RoutingTable, group: number, asker: Asker, facts: Facts): number {
    const usable = this.#usable;
    if (this.#markHealthy(table, group) > 0) {
      const member = policy.pick(table, group, usable, asker, facts, this.#depth);
      if (member !== NONE_FITS) return member;
    }
    usable.fill(1, table.first(group), table.end(group));
    return policy.pick(table, group, usable, asker, facts, this.#depth);
  }

  #chooseSeveral(table: RoutingTable, group: number, asker: Asker, witness: Witness | undefined): 'several' {
    const healthy = this.#markHealthy(table, group);
    if (healthy === 0) this.#usable.fill(1, table.first(group), table.end(group));
    this.count = pickSeveral(table, group, this.#usable, asker, this.picked);
    const first = table.first(group);
    const size = table.end(group) - first;
    this.isRepeatable = size <= MASK_BITS && (this.count < MULTIVALUE_MAX || size === MULTIVALUE_MAX);
    for (let i = 0; i < this.count; i++) {
      this.mask |= 1 << (this.picked[i]! - first);
      witness?.(table, group, this.picked[i]!);
    }
    return 'several';
  }

  /** Marks the members that are healthy as usable; returns how many. */
  #markHealthy(table: RoutingTable, group: number): number {
    let healthy = 0;
    for (let member = table.first(group); member < table.end(group); member++) {
      const mark = this.#memberIsHealthy(table, member) ? 1 : 0;
      this.#usable[member] = mark;
      healthy += mark;
    }
    return healthy;
  }

  #memberIsHealthy(table: RoutingTable, member: number): boolean {
    const check = table.check(member);
    if (check !== NO_CHECK && !this.#health.isHealthy(check)) return false;
    if (!table.evaluatesTarget(member)) return true;
    if (table.leads(member) !== LEADS.GROUP) return table.leads(member) !== LEADS.NOWHERE;
    return this.#groupIsHealthy(table, table.target(member));
  }

  /** Found once a choice: branches share what they lead to, and looking again in each would take 2^depth looks. */
  #groupIsHealthy(table: RoutingTable, group: number): boolean {
    if (this.#seen[group] === this.#choice) return this.#anyHealthy[group] === 1;
    let any = 0;
    for (let member = table.first(group); any === 0 && member < table.end(group); member++)
      if (this.#memberIsHealthy(table, member)) any = 1;
    this.#seen[group] = this.#choice;
    this.#anyHealthy[group] = any;
    return any === 1;
  }
}

/** No member has this number. */
export const NO_MEMBER = 0xffffffff;
const MASK_BITS = 32;

/** Told of each group on the way, with the member that was picked, or NONE_FITS. */
export type Witness = (table: RoutingTable, group: number, picked: number) => void;

/** By POLICY; what multivalue sets answer is not picked but gathered. */
const POLICIES: readonly (RoutingPolicy | undefined)[] = [
  simple,
  weighted,
  failover,
  latency,
  geolocation,
  geoproximity,
  undefined,
  cidr,
];

export function policyOf(policy: PolicyNumber): RoutingPolicy {
  const found = POLICIES[policy];
  assert(found !== undefined, 'a policy that picks');
  return found;
}
