import { addressToText, CidrTable } from '../../util/cidr.ts';
import type { Clock } from '../../util/clock.ts';
import type { ClientReport, GeoReport } from '../../view/report.ts';
import type { GeoData, Snapshot } from '../../view/snapshot.ts';
import { Locations, locate } from '../../zone/geo/locations.ts';
import { locationKey, REGION_NAMES, regionKey, regionNamed } from '../../zone/geo/regions.ts';
import { Rtt } from '../../zone/geo/rtt.ts';
import { pointOf, Whereabouts } from '../../zone/geo/whereabouts.ts';
import { type Config, pathIn } from '../config/load.ts';
import { runTask } from './run.ts';
import type { GeoSettings, GeoTables } from './tables.ts';

export function geoSettings({ geo, folder }: Pick<Config, 'geo' | 'folder'>): GeoSettings {
  const files = geo.database === undefined ? [] : [geo.database].flat();
  return {
    databases: files.map((file) => pathIn(folder, file)),
    rtt: geo.rtt === undefined ? undefined : pathIn(folder, geo.rtt),
    refreshMs: geo.refresh,
  };
}

/** What the files are, and what is known of an address. */
export async function geoReport(
  snapshot: Snapshot,
  tables: Pick<GeoTables, 'reports' | 'databases'>,
  address: Uint8Array | undefined,
  clock: Pick<Clock, 'after'>,
): Promise<GeoReport> {
  if (address === undefined) return { files: tables.reports };
  const text = addressToText(address);
  const paths = tables.databases;
  const task = { task: 'records', paths, address: text } as const;
  const { result = [], faults = [] } = paths.length === 0 ? {} : await runTask(task, clock, RECORDS_MS_MAX);
  const records = paths.map((file, i) => {
    const { record, bits = 0, fault = faults[0] } = result[i] ?? {};
    return {
      file,
      bits,
      ...(record === undefined ? {} : { record }),
      ...(fault === undefined ? {} : { fault }),
    };
  });
  return { files: tables.reports, client: { ...clientReport(snapshot, address), records } };
}

/** An operator waits for it. */
const RECORDS_MS_MAX = 10_000;

function clientReport(snapshot: Snapshot, address: Uint8Array): Omit<ClientReport, 'records'> {
  const found = new Whereabouts();
  locate(snapshot.geo.locations.map(Locations.from), address, 8 * address.length, found);
  return {
    address: addressToText(address),
    ...codeAs('continent', found.continent),
    ...codeAs('country', found.country),
    ...codeAs('subdivision', found.subdivision),
    ...(found.hasPoint ? coordinatesOf(found) : {}),
    bits: found.bits,
    regions: regionsOf(snapshot.geo, address, found),
    collections: snapshot.collections.flatMap((collection) => {
      if (collection === undefined) return [];
      const key = CidrTable.from(collection.table).lookup(address);
      const location = collection.locations.find((name) => locationKey(name) === key);
      return location === undefined ? [] : { collection: collection.id, location };
    }),
  };
}

function codeAs<K extends string>(key: K, code: number): { readonly [key in K]?: string } {
  return (code === 0 ? {} : { [key]: String.fromCharCode(code >> 8, code & 0xff) }) as {
    readonly [key in K]?: string;
  };
}

function coordinatesOf({ x, y, z }: Whereabouts): { latitude: number; longitude: number } {
  const degrees = (radians: number): number => Math.round((radians * 18_000) / Math.PI) / 100;
  return { latitude: degrees(Math.asin(Math.min(1, Math.max(-1, z)))), longitude: degrees(Math.atan2(y, x)) };
}

const EARTH_KM = 6371;

/** Measured ones first, by time; then the others, by distance. */
function regionsOf({ rtt: data }: GeoData, address: Uint8Array, found: Whereabouts): ClientReport['regions'] {
  const rtt = data === undefined ? undefined : Rtt.from(data);
  rtt?.locate(address, 8 * address.length, found);
  const all = REGION_NAMES.map((region) => {
    const ms = rtt?.ms(regionKey(region)) ?? -1;
    const [x, y, z] = pointOf(regionNamed(region)!.at);
    const angle = Math.acos(Math.min(1, Math.max(-1, x * found.x + y * found.y + z * found.z)));
    return {
      region,
      ...(ms < 0 ? {} : { ms }),
      ...(found.hasPoint ? { km: Math.round(EARTH_KM * angle) } : {}),
    };
  });
  const rank = ({ ms, km }: { ms?: number; km?: number }): number => ms ?? MS_ABOVE_ALL + (km ?? 0);
  return all.filter((each) => 'ms' in each || 'km' in each).sort((a, b) => rank(a) - rank(b));
}

/** Above every time of a table. */
const MS_ABOVE_ALL = 1e6;
