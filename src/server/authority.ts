import { RCODE, TYPE } from '../wire/constants.ts';
import { nameEquals } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { additionalFor } from '../zone/address.ts';
import { nameServersHash } from '../zone/dependency.ts';
import { isTold } from './askzone.ts';
import type { Query } from './query.ts';

/**
 * What an authoritative endpoint adds to a positive answer, where it fits: the NS of the zone that had the last
 * record, and their addresses. Not to the NS themselves, nor to a CNAME that leads elsewhere: who follows it does not
 * come back here.
 */
export function addNameServers(q: Query): void {
  const { rcode, answer, authority, additional } = q.answer;
  const last = answer.at(-1);
  if (q.zone < 0 || last === undefined || rcode !== RCODE.NOERROR || authority.length > 0) return;
  if (last.type === TYPE.CNAME && !q.isAliasAsked) return;
  const zone = q.world.zone(q.zone);
  if (holds(answer, zone.ns)) return;
  q.depend(q.world.dependency(nameServersHash(zone.id, zone.origin)));
  q.answer.zoneNs.push(zone.ns);
  for (const each of additionalFor(zone, [zone.ns]))
    if (!holds(answer, each) && !holds(additional, each) && isTold(q, q.zone, each)) additional.push(each);
}

function holds(sets: readonly Rrset[], { name, type }: Rrset): boolean {
  return sets.some((set) => set.type === type && nameEquals(set.name, name));
}
