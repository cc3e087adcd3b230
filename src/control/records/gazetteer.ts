import { isContinent, isCountry, isSubdivision } from '../../zone/geo/places.ts';
import { localZoneGroupNamed, REGION_NAMES, regionNamed } from '../../zone/geo/regions.ts';
import type { Gazetteer } from './input.ts';

/** The places that AWS has. */
export const gazetteer: Gazetteer = {
  regions: REGION_NAMES,
  region: (name) => regionNamed(name)?.at,
  localZoneGroup: (name) => localZoneGroupNamed(name)?.at,
  hasContinent: isContinent,
  hasCountry: isCountry,
  hasSubdivision: isSubdivision,
};
