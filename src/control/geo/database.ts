import { type Location, LocationsBuilder } from '../../zone/geo/locations.ts';
import { US_STATES } from '../../zone/geo/places.ts';
import type { Coordinates } from '../../zone/recordset.ts';
import { DatabaseError, type DataSection } from './data.ts';
import { type Metadata, Mmdb } from './mmdb.ts';

/** A database as workers take it. */
export interface CompiledDatabase {
  readonly metadata: Metadata;
  /** See zone/geo/locations.ts. */
  readonly locations: SharedArrayBuffer;
}

/** Compiles a MaxMind DB of countries or cities. Throws DatabaseError. */
export function compileDatabase(octets: Buffer): CompiledDatabase {
  const mmdb = new Mmdb(octets);
  const builder = new LocationsBuilder();
  const rows = new Map<number, number>([[-1, 0]]);
  const rowOf = (record: number): number => {
    let row = rows.get(record);
    if (row === undefined) {
      row = builder.row(locationAt(mmdb.data, record));
      rows.set(record, row);
    }
    return row;
  };
  mmdb.walk({
    v4: (first, record) => builder.ranges.add4(first, rowOf(record)),
    v6: (high, low, record) => builder.ranges.add6(high, low, rowOf(record)),
  });
  // Networks of providers place nobody; `causeway geo` shows them beside the places.
  if (builder.isEmpty && !/\bASN\b/.test(mmdb.metadata.type))
    throw new DatabaseError(
      `it knows no places (${mmdb.metadata.type}); use a database of countries or cities`,
    );
  return { metadata: mmdb.metadata, locations: builder.finish() };
}

/** As GeoIP2 and GeoLite2 have it, or flat, as those of ip-location-db. */
function locationAt(data: DataSection, record: number): Location {
  const inside = (...keys: readonly string[]): number => keys.reduce((at, key) => data.get(at, key), record);
  const subdivision = data.first(data.get(record, 'subdivisions'));
  return {
    continent: data.text(inside('continent', 'code')) ?? data.text(inside('continent_code')),
    country: data.text(inside('country', 'iso_code')) ?? data.text(inside('country_code')),
    subdivision: data.text(data.get(subdivision, 'iso_code')) ?? stateNamed(data.text(inside('state1'))),
    at: pointAt(data, inside('location')) ?? pointAt(data, record),
  };
}

function pointAt(data: DataSection, map: number): Coordinates | undefined {
  const latitude = data.number(data.get(map, 'latitude'));
  const longitude = data.number(data.get(map, 'longitude'));
  if (latitude === undefined || longitude === undefined) return undefined;
  // Also false for what is not a number.
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { latitude, longitude } : undefined;
}

const STATES_BY_NAME: ReadonlyMap<string, string> = new Map(
  [...US_STATES].map(([code, name]) => [name, code]),
);

function stateNamed(name: string | undefined): string | undefined {
  return name === undefined ? undefined : STATES_BY_NAME.get(name);
}
