import { DOWN_SLOT } from '../util/healthbits.ts';
import { regionKey, regionNamed } from './geo/regions.ts';
import { pointOf } from './geo/whereabouts.ts';
import { POLICY, type RoutingTable } from './routing/table.ts';
import { Zone } from './zone.ts';

/**
 * The image as it would be while regions of AWS are down: their record sets have a health check that fails. A
 * geoproximity set is told by where it is. The same image where it has no such sets.
 */
export function withRegionsDown(image: SharedArrayBuffer, regions: readonly string[]): SharedArrayBuffer {
  const down = membersIn(Zone.from(image).routing, regions);
  if (down.length === 0) return image;
  const copy = image.slice(0);
  const { routing } = Zone.from(copy);
  for (const member of down) routing.setCheck(member, DOWN_SLOT);
  return copy;
}

function membersIn(table: RoutingTable, regions: readonly string[]): number[] {
  const keys = regions.map(regionKey);
  const points = regions.flatMap((region) => {
    const at = regionNamed(region)?.at;
    return at === undefined ? [] : [pointOf(at)];
  });
  const isAt = (point: number): boolean =>
    points.some((xyz) => xyz.every((coordinate, i) => coordinate === table.coordinate(point, i)));
  const down: number[] = [];
  for (let group = 0; group < table.groups; group++) {
    const policy = table.policy(group);
    if (policy !== POLICY.LATENCY && policy !== POLICY.GEOPROXIMITY) continue;
    for (let member = table.first(group); member < table.end(group); member++) {
      const place = table.parameter(member, 0);
      if (policy === POLICY.LATENCY ? keys.includes(place) : isAt(place)) down.push(member);
    }
  }
  return down;
}
