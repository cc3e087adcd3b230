import { CidrMatch } from '../util/cidr.ts';
import type { ExplainRouting, ExplainSet } from '../view/explain.ts';
import { nameToText } from '../wire/name.ts';
import { rdataToText, typeToText } from '../wire/rdata/table.ts';
import { locationKey } from '../zone/geo/regions.ts';
import type { Whereabouts } from '../zone/geo/whereabouts.ts';
import { policyOf } from '../zone/routing/choose.ts';
import { LEADS, NO_CHECK, POLICY, type PolicyNumber, type RoutingTable } from '../zone/routing/table.ts';
import type { Zone } from '../zone/zone.ts';
import type { Query } from './query.ts';

/** One group on the way of a choice, told by the tables that the choice was made by. `picked` below 0: none fits. */
export function describeChoice(q: Query, zone: Zone, group: number, picked: number): ExplainRouting {
  const { routing: table } = zone;
  const members: number[] = [];
  for (let member = table.first(group); member < table.end(group); member++) members.push(member);
  const healthy = q.world.routing.chooser.healthyOf(table, group);
  const checks = new Map(q.world.snapshot.health.checks.map(({ slot, id }) => [slot, id]));
  const policy = table.policy(group);
  return {
    name: nameToText(ownerOf(zone, members[0]!)),
    type: typeToText(table.type(group)),
    policy: NAMES[policy],
    location: locationUsed(q, table, group),
    sets: members.map((member) => ({
      ...describeSet(q, zone, policy, member),
      health: isChecked(table, member) ? (healthy.has(member) ? 'healthy' : 'unhealthy') : 'not checked',
      check: checks.get(table.check(member)),
      chosen: member === picked,
      why: whyOf(policy, member, picked, healthy),
    })),
  };
}

function isChecked(table: RoutingTable, member: number): boolean {
  return table.check(member) !== NO_CHECK || table.evaluatesTarget(member);
}

/** The healthy sets are chosen from first, and where none of them fits the client, all. */
function whyOf(policy: PolicyNumber, member: number, picked: number, healthy: ReadonlySet<number>): string {
  const isLastResort = !healthy.has(picked);
  if (member !== picked) return isLastResort || healthy.has(member) ? WHY_NOT[policy] : 'unhealthy';
  if (!isLastResort) return 'chosen';
  return `none ${healthy.size === 0 ? 'is healthy' : 'for this client is healthy'}, so health does not count`;
}

/** Another set of the same group answers too: multivalue. */
export function alsoPicked(told: ExplainRouting, zone: Zone, group: number, picked: number): ExplainRouting {
  const at = picked - zone.routing.first(group);
  const { why = '' } = told.sets.find(({ chosen }) => chosen) ?? {};
  return {
    ...told,
    sets: told.sets.map((set, i) => (i === at ? { ...set, chosen: true, why } : set)),
  };
}

/** What a set is by itself. */
function describeSet(
  q: Query,
  zone: Zone,
  policy: PolicyNumber,
  member: number,
): Pick<ExplainSet, 'id' | 'rule' | 'leadsTo'> {
  const { routing: table } = zone;
  return {
    id: new TextDecoder().decode(zone.rrsetAt(table.label(member), zone.origin).rdatas[0]),
    rule:
      policy === POLICY.MULTIVALUE
        ? 'one of several'
        : policyOf(policy).describe(table, member, q.asker, q.world.routing.facts),
    leadsTo: leadsTo(zone, member),
  };
}

function ownerOf(zone: Zone, member: number): Uint8Array {
  return zone.rrsetAt(zone.routing.label(member), zone.origin).rdatas[1]!;
}

function leadsTo(zone: Zone, member: number): string {
  const { routing: table } = zone;
  const target = table.target(member);
  switch (table.leads(member)) {
    case LEADS.GROUP:
      return `alias to ${nameToText(ownerOf(zone, table.first(target)))}`;
    case LEADS.NOWHERE:
      return 'alias to a name that has no such records';
    case LEADS.OUTSIDE:
      return `alias to ${nameToText(zone.rrsetAt(target, zone.origin).rdatas[0]!)}, outside of the zone`;
    case LEADS.RRSET: {
      const { type, rdatas } = zone.rrsetAt(target, zone.origin);
      return rdatas.map((rdata) => rdataToText(type, rdata)).join(', ');
    }
  }
}

const NAMES: Record<PolicyNumber, string> = {
  [POLICY.SIMPLE]: 'simple',
  [POLICY.WEIGHTED]: 'weighted',
  [POLICY.FAILOVER]: 'failover',
  [POLICY.LATENCY]: 'latency',
  [POLICY.GEOLOCATION]: 'geolocation',
  [POLICY.GEOPROXIMITY]: 'geoproximity',
  [POLICY.MULTIVALUE]: 'multivalue',
  [POLICY.CIDR]: 'IP-based',
};

const WHY_NOT: Record<PolicyNumber, string> = {
  [POLICY.SIMPLE]: 'not chosen',
  [POLICY.WEIGHTED]: 'the draw fell on another',
  [POLICY.FAILOVER]: 'the primary goes before it',
  [POLICY.LATENCY]: 'another has a lower latency',
  [POLICY.GEOLOCATION]: 'not the smallest place that the client is in',
  [POLICY.GEOPROXIMITY]: 'another is nearer',
  [POLICY.MULTIVALUE]: 'others were drawn',
  [POLICY.CIDR]: 'not the location of the client',
};

/** What the policy took the client's place to be; undefined for those that do not ask. */
function locationUsed(q: Query, table: RoutingTable, group: number): string | undefined {
  switch (table.policy(group)) {
    case POLICY.LATENCY:
    case POLICY.GEOLOCATION:
    case POLICY.GEOPROXIMITY:
      return locationOf(q.asker.where);
    case POLICY.CIDR:
      return blockOf(q, table.parameter(table.first(group), 0));
    default:
      return undefined;
  }
}

/** Which location of a CIDR collection the client is in, and how much of its address told that. */
function blockOf({ asker, world }: Query, slot: number): string {
  const match = new CidrMatch();
  world.routing.facts.collections[slot]?.match(asker.address, asker.bits, match);
  const collection = world.snapshot.collections[slot];
  const name = collection?.locations.find((location) => locationKey(location) === match.value);
  return `in ${name ?? 'no location'} of ${collection?.name ?? slot}, by ${match.bits} bits of its address`;
}

/** Where the client was taken to be: `EU DE at 50.1 8.7, by 24 bits of its address`. */
function locationOf({ continent, country, subdivision, hasPoint, x, y, z, bits }: Whereabouts): string {
  const codes = [continent, country, subdivision].filter((code) => code !== 0);
  const letters = codes.map((code) => String.fromCharCode(code >>> 8, code & 0xff)).join(' ');
  const degrees = (radians: number): string => ((radians * 180) / Math.PI).toFixed(1);
  const point = hasPoint ? ` at ${degrees(Math.asin(z))} ${degrees(Math.atan2(y, x))}` : '';
  const by = bits === 0 ? '' : `, by ${bits} bits of its address`;
  return letters === '' && !hasPoint ? 'not known' : `${letters === '' ? 'somewhere' : letters}${point}${by}`;
}
