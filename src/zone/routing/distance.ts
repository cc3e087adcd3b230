import type { Whereabouts } from '../geo/whereabouts.ts';
import type { RoutingTable } from './table.ts';

/** Mean radius of the Earth, kilometres (IUGG). */
export const EARTH_KM = 6371.0088;

/**
 * Leaves the great-circle distance in kilometres of a client with coordinates from a point of the table in `out[0]`: a
 * fraction that a call returns is an object, and so garbage.
 */
export function findDistanceKm(
  table: RoutingTable,
  point: number,
  where: Whereabouts,
  out: Float64Array,
): void {
  const dx = where.x - table.coordinate(point, 0);
  const dy = where.y - table.coordinate(point, 1);
  const dz = where.z - table.coordinate(point, 2);
  // Half the chord is the sine of half the angle: exact also for points that are close together.
  const half = Math.sqrt(dx * dx + dy * dy + dz * dz) / 2;
  out[0] = 2 * EARTH_KM * Math.asin(half < 1 ? half : 1);
}
