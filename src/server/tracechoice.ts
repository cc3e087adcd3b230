import type { ExplainRouting, ExplainSet } from '../view/explain.ts';
import { nameToText } from '../wire/name.ts';
import { rdataToText, typeToText } from '../wire/rdata/table.ts';
import type { Whereabouts } from '../zone/geo/whereabouts.ts';
import { policyOf } from '../zone/routing/choose.ts';
import { LEADS, NO_CHECK, POLICY, type PolicyNumber } from '../zone/routing/table.ts';
import type { Zone } from '../zone/zone.ts';
import type { Query } from './query.ts';

/** One group on the way of a choice, told by the tables that the choice was made by. `picked` below 0: none fits. */
export function describeChoice(q: Query, zone: Zone, group: number, picked: number): ExplainRouting {
  const { routing: table } = zone;
  const members: number[] = [];
  for (let member = table.first(group); member < table.end(group); member++) members.push(member);
  const { chooser } = q.world.routing;
  const healthy = new Set(members.filter((member) => chooser.isHealthy(table, member)));
  const policy = table.policy(group);
  const why = (member: number): string => {
    if (member === picked) return healthy.size === 0 ? 'none is healthy, so health does not count' : 'chosen';
    if (healthy.size > 0 && !healthy.has(member)) return 'unhealthy';
    return WHY_NOT[policy];
  };
  return {
    name: nameToText(ownerOf(zone, members[0]!)),
    type: typeToText(table.type(group)),
    policy: NAMES[policy],
    location: LOCATED.has(policy) ? locationOf(q.asker.where) : undefined,
    sets: members.map((member) => describeSet(q, zone, policy, member, why(member), member === picked)),
  };
}

/** Another set of the same group answers too: multivalue. */
export function alsoPicked(told: ExplainRouting, zone: Zone, group: number, picked: number): ExplainRouting {
  const at = picked - zone.routing.first(group);
  return {
    ...told,
    sets: told.sets.map((set, i) => (i === at ? { ...set, chosen: true, why: 'chosen' } : set)),
  };
}

function describeSet(
  q: Query,
  zone: Zone,
  policy: PolicyNumber,
  member: number,
  why: string,
  chosen: boolean,
): ExplainSet {
  const { routing: table } = zone;
  const { routing, snapshot } = q.world;
  const check = table.check(member);
  const isChecked = check !== NO_CHECK || table.evaluatesTarget(member);
  const healthy = routing.chooser.isHealthy(table, member);
  const rule =
    policy === POLICY.MULTIVALUE
      ? 'one of several'
      : policyOf(policy).describe(table, member, q.asker, routing.facts);
  return {
    id: new TextDecoder().decode(zone.rrsetAt(table.label(member), zone.origin).rdatas[0]),
    rule,
    leadsTo: leadsTo(zone, member),
    health: isChecked ? (healthy ? 'healthy' : 'unhealthy') : 'not checked',
    check: snapshot.health.checks.find(({ slot }) => slot === check)?.id,
    chosen,
    why,
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

const LOCATED: ReadonlySet<PolicyNumber> = new Set([
  POLICY.LATENCY,
  POLICY.GEOLOCATION,
  POLICY.GEOPROXIMITY,
  POLICY.CIDR,
]);

/** Where the client was taken to be: `EU DE at 50.1 8.7, by 24 bits of its address`. */
function locationOf({ continent, country, subdivision, hasPoint, x, y, z, bits }: Whereabouts): string {
  const codes = [continent, country, subdivision].filter((code) => code !== 0);
  const letters = codes.map((code) => String.fromCharCode(code >>> 8, code & 0xff)).join(' ');
  const degrees = (radians: number): string => ((radians * 180) / Math.PI).toFixed(1);
  const point = hasPoint ? ` at ${degrees(Math.asin(z))} ${degrees(Math.atan2(y, x))}` : '';
  const by = bits === 0 ? '' : `, by ${bits} bits of its address`;
  return letters === '' && !hasPoint ? 'not known' : `${letters === '' ? 'somewhere' : letters}${point}${by}`;
}
