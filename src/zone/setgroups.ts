import { unreachable } from '../util/assert.ts';
import { keyedHash } from '../util/hash.ts';
import { type Name, nameKey, nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import { locationKey, regionKey } from './geo/regions.ts';
import { placeCode, pointOf } from './geo/whereabouts.ts';
import type { Problems } from './problem.ts';
import type { Coordinates, Place, Policy, RecordSet } from './recordset.ts';
import { ANYWHERE } from './routing/cidr.ts';
import { ROLE } from './routing/failover.ts';
import { LEVEL } from './routing/geolocation.ts';
import { biasFactor } from './routing/geoproximity.ts';
import { LEADS, type Leads, NO_CHECK, POLICY, type PolicyNumber, TableBuilder } from './routing/table.ts';

/** Aliases from one to the next: a tree of policies, not a chain to follow for ever. */
export const ALIAS_DEPTH_MAX = 32;

/** The sets that share a name and a type. */
export interface SetGroup {
  /** Its place among all. */
  readonly number: number;
  readonly name: Name;
  readonly type: number;
  readonly sets: RecordSet[];
}

/** What an alias inside the zone leads to. */
export interface Target {
  readonly leads: Leads;
  /** Of the RRset or group. */
  readonly number: number;
}

export interface Detached {
  readonly ttl: number;
  readonly rdatas: readonly Uint8Array[];
}

/** How sets get into an image: the zone builder's side. */
export interface Image {
  /** Stores rdatas that stand at no node; returns the number of their RRset. What is `other` is no data of the type. */
  detach(group: SetGroup, data: Detached, kind: 'records' | 'other'): number;
  /** What stands at a name for a type, by its own or by a wildcard; undefined: nothing of this zone. */
  find(target: Name, type: number): Target | undefined;
}

/** Gathers record sets into groups, in the order in which they come. */
export class SetGroups {
  readonly groups: SetGroup[] = [];
  readonly #byName = new Map<string, SetGroup>();

  add(set: RecordSet): void {
    const key = `${set.type} ${nameKey(set.name)}`;
    const group = this.#byName.get(key);
    if (group !== undefined) {
      group.sets.push(set);
      return;
    }
    const made = { number: this.groups.length, name: set.name, type: set.type, sets: [set] };
    this.#byName.set(key, made);
    this.groups.push(made);
  }

  /** The table of all groups; what is wrong with them goes to `errors`. */
  build(image: Image, errors: Problems, dangling: 'refuse' | 'empty' = 'refuse'): TableBuilder {
    const table = new TableBuilder();
    const links: (Link | undefined)[] = [];
    for (const group of this.groups) {
      const policy = POLICY_OF[group.sets[0]!.policy.kind];
      table.addGroup(policy, group.type, group.sets.length, digestOf(group.sets), lotOf(group));
      for (const set of group.sets) links.push(addMember(table, group, set, image));
    }
    this.#link(table, links, image, errors, dangling);
    return table;
  }

  /** Lets aliases lead to what is there now, and refuses circles. */
  #link(
    table: TableBuilder,
    links: readonly (Link | undefined)[],
    image: Image,
    errors: Problems,
    dangling: 'refuse' | 'empty',
  ): void {
    const leadsTo: number[][] = this.groups.map(() => []);
    links.forEach((link, member) => {
      if (link === undefined) return;
      const { group, target } = link;
      const found = image.find(target, group.type);
      if (found === undefined && dangling === 'empty') {
        table.setTarget(member, LEADS.NOWHERE, 0);
        return;
      }
      if (found === undefined) {
        const type = typeToText(group.type);
        errors.add(
          group.name,
          `${type}: the alias leads to ${nameToText(target)}, which has no ${type} here`,
        );
        return;
      }
      table.setTarget(member, found.leads, found.number);
      if (found.leads === LEADS.GROUP) leadsTo[group.number]!.push(found.number);
    });
    const depths = new Map<number, number>();
    for (let group = 0; group < this.groups.length; group++)
      if (depthOf(group, leadsTo, depths) > ALIAS_DEPTH_MAX) {
        const { name, type } = this.groups[group]!;
        const bound = `in a circle or through more than ${ALIAS_DEPTH_MAX} others`;
        errors.add(name, `${typeToText(type)}: the alias leads ${bound}`);
        return;
      }
  }
}

/** An alias that is to be linked. */
interface Link {
  readonly group: SetGroup;
  readonly target: Name;
}

/** Aliases below a group, which has `above` of them above it; more than ALIAS_DEPTH_MAX where they go in a circle. */
function depthOf(
  group: number,
  leadsTo: readonly number[][],
  depths: Map<number, number>,
  above = 0,
): number {
  const known = depths.get(group);
  if (known !== undefined) return known;
  // Met again before it is known: a circle.
  depths.set(group, ALIAS_DEPTH_MAX + 1);
  // The first one is refused already: a long chain is not followed to its end, which the stack might not reach.
  if (above > ALIAS_DEPTH_MAX) return ALIAS_DEPTH_MAX + 1;
  let depth = 0;
  for (const next of leadsTo[group]!) depth = Math.max(depth, 1 + depthOf(next, leadsTo, depths, above + 1));
  depths.set(group, depth);
  return depth;
}

const utf8 = new TextEncoder();

function addMember(table: TableBuilder, group: SetGroup, set: RecordSet, image: Image): Link | undefined {
  const { content } = set;
  const member = {
    isOwn: content.kind === 'records',
    evaluatesTarget: content.kind === 'alias' && content.evaluateTargetHealth,
    check: set.health ?? NO_CHECK,
    parameters: parametersOf(table, set.policy),
    label: image.detach(group, { ttl: 0, rdatas: [utf8.encode(set.setIdentifier ?? ''), set.name] }, 'other'),
  };
  if (content.kind === 'records') {
    const target = image.detach(group, content, 'records');
    table.addMember({ ...member, leads: LEADS.RRSET, target });
    return undefined;
  }
  if (content.where === 'zone') {
    table.addMember({ ...member, leads: LEADS.GROUP, target: 0 });
    return { group, target: content.target };
  }
  const target = image.detach(group, { ttl: 0, rdatas: [content.target] }, 'other');
  table.addMember({ ...member, leads: LEADS.OUTSIDE, target });
  return undefined;
}

const POLICY_OF: Record<Policy['kind'], PolicyNumber> = {
  simple: POLICY.SIMPLE,
  weighted: POLICY.WEIGHTED,
  failover: POLICY.FAILOVER,
  latency: POLICY.LATENCY,
  geolocation: POLICY.GEOLOCATION,
  geoproximity: POLICY.GEOPROXIMITY,
  multivalue: POLICY.MULTIVALUE,
  cidr: POLICY.CIDR,
};

/** The words that the policy's file reads. */
function parametersOf(table: TableBuilder, policy: Policy): number[] {
  switch (policy.kind) {
    case 'simple':
    case 'multivalue':
      return [];
    case 'weighted':
      return [policy.weight];
    case 'failover':
      return [policy.role === 'primary' ? ROLE.PRIMARY : ROLE.SECONDARY];
    case 'latency':
      return [regionKey(policy.region), addPoint(table, policy.at, 1)];
    case 'geolocation':
      return placeWords(policy.place);
    case 'geoproximity':
      return [addPoint(table, policy.at, biasFactor(policy.bias))];
    case 'cidr':
      return [policy.collection, policy.location === '*' ? ANYWHERE : locationKey(policy.location)];
    default:
      return unreachable(policy);
  }
}

function addPoint(table: TableBuilder, at: Coordinates, factor: number): number {
  const [x, y, z] = pointOf(at);
  return table.addPoint(x, y, z, factor);
}

function placeWords(place: Place): number[] {
  switch (place.kind) {
    case 'default':
      return [LEVEL.DEFAULT, 0];
    case 'continent':
      return [LEVEL.CONTINENT, placeCode(place.continent)];
    case 'country':
      return [LEVEL.COUNTRY, placeCode(place.country)];
    case 'subdivision':
      return [LEVEL.SUBDIVISION, placeCode(place.subdivision)];
    default:
      return unreachable(place);
  }
}

/** By name and type, not by number: groups of two zones have the same numbers, and a reload moves them. */
function lotOf({ name, type }: SetGroup): number {
  return keyedHash([0, type], name, 0, name.length);
}

/** Equal for groups that say the same, and hardly ever for others: what a reload tells of a change goes by it. */
function digestOf(sets: readonly RecordSet[]): number {
  let digest = 0x811c9dc5;
  for (const { setIdentifier = '', policy, health = -1, content } of sets) {
    digest = mixText(digest, `${setIdentifier} ${JSON.stringify(policy)} ${health} ${content.kind}`);
    if (content.kind === 'records') {
      digest = mixOctet(digest, content.ttl);
      for (const rdata of content.rdatas) digest = mixOctets(digest, rdata);
    } else {
      digest = mixText(digest, `${content.where} ${content.evaluateTargetHealth}`);
      digest = mixOctets(digest, content.target);
    }
  }
  return digest >>> 0;
}

function mixText(digest: number, text: string): number {
  let mixed = digest;
  for (let i = 0; i < text.length; i++) mixed = mixOctet(mixed, text.charCodeAt(i));
  return mixOctet(mixed, text.length);
}

function mixOctets(digest: number, octets: Uint8Array): number {
  let mixed = digest;
  for (const octet of octets) mixed = mixOctet(mixed, octet);
  return mixOctet(mixed, octets.length);
}

/** FNV-1a's step, and a shift by which high bits reach the low ones. */
function mixOctet(digest: number, value: number): number {
  const product = Math.imul(digest ^ value, 0x01000193);
  return product ^ (product >>> 15);
}
