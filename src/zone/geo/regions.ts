import { keyedHash } from '../../util/hash.ts';
import type { Coordinates } from '../recordset.ts';
import { continentOf } from './places.ts';

/** A region of AWS, or a local zone group, and where that is. */
export interface Region {
  readonly name: string;
  readonly at: Coordinates;
  /** Codes of two capital letters. */
  readonly continent: string;
  readonly country: string;
  /** Of the USA; undefined elsewhere. */
  readonly subdivision: string | undefined;
}

/**
 * Route 53's ResourceRecordSetRegion, each with the city that AWS names it by or, where it names a larger area, the
 * middle of what is known of its sites.
 */
const REGION_LINES = `
af-south-1      -33.92   18.42  ZA
ap-east-1        22.32  114.17  HK
ap-east-2        25.03  121.57  TW
ap-northeast-1   35.68  139.69  JP
ap-northeast-2   37.57  126.98  KR
ap-northeast-3   34.69  135.50  JP
ap-south-1       19.08   72.88  IN
ap-south-2       17.39   78.49  IN
ap-southeast-1    1.35  103.82  SG
ap-southeast-2  -33.87  151.21  AU
ap-southeast-3   -6.21  106.85  ID
ap-southeast-4  -37.81  144.96  AU
ap-southeast-5    3.14  101.69  MY
ap-southeast-6  -36.85  174.76  NZ
ap-southeast-7   13.76  100.50  TH
ca-central-1     45.50  -73.57  CA
ca-west-1        51.05 -114.07  CA
cn-north-1       39.90  116.41  CN
cn-northwest-1   37.51  105.20  CN
eu-central-1     50.11    8.68  DE
eu-central-2     47.38    8.54  CH
eu-north-1       59.33   18.07  SE
eu-south-1       45.46    9.19  IT
eu-south-2       41.65   -0.88  ES
eu-west-1        53.35   -6.26  IE
eu-west-2        51.51   -0.13  GB
eu-west-3        48.86    2.35  FR
eusc-de-east-1   52.41   12.53  DE
il-central-1     32.09   34.78  IL
me-central-1     25.20   55.27  AE
me-south-1       26.07   50.55  BH
mx-central-1     20.59 -100.39  MX
sa-east-1       -23.55  -46.63  BR
us-east-1        39.04  -77.49  US VA
us-east-2        39.96  -83.00  US OH
us-gov-east-1    39.96  -83.00  US OH
us-gov-west-1    45.84 -119.70  US OR
us-west-1        37.35 -121.96  US CA
us-west-2        45.84 -119.70  US OR`;

/** Cities with local zones, by the airport code in the name of the group: `us-east-1-bue-1`. */
const CITY_LINES = `
akl  -36.85  174.76  NZ
atl   33.75  -84.39  US GA
bkk   13.76  100.50  TH
bos   42.36  -71.06  US MA
bue  -34.60  -58.38  AR
ccu   22.57   88.36  IN
chi   41.88  -87.63  US IL
cmn   33.57   -7.59  MA
cph   55.68   12.57  DK
del   28.61   77.21  IN
den   39.74 -104.99  US CO
dfw   32.78  -96.80  US TX
ham   53.55    9.99  DE
hel   60.17   24.94  FI
hnl   21.31 -157.86  US HI
iah   29.76  -95.37  US TX
las   36.17 -115.14  US NV
lax   34.05 -118.24  US CA
lim  -12.05  -77.04  PE
los    6.52    3.38  NG
mci   39.10  -94.58  US MO
mct   23.59   58.41  OM
mia   25.76  -80.19  US FL
mnl   14.60  120.98  PH
msp   44.98  -93.27  US MN
nyc   40.71  -74.01  US NY
pdx   45.52 -122.68  US OR
per  -31.95  115.86  AU
phl   39.95  -75.17  US PA
phx   33.45 -112.07  US AZ
qro   20.59 -100.39  MX
scl  -33.45  -70.67  CL
sea   47.61 -122.33  US WA
tpe   25.03  121.57  TW
waw   52.23   21.01  PL`;

const REGIONS: ReadonlyMap<string, Region> = parse(REGION_LINES);
const CITIES: ReadonlyMap<string, Region> = parse(CITY_LINES);

function parse(lines: string): Map<string, Region> {
  const entries = lines.trim().split('\n');
  return new Map(
    entries.map((line) => {
      const [name, latitude, longitude, country, subdivision] = line.split(/\s+/);
      const at = { latitude: Number(latitude), longitude: Number(longitude) };
      return [name!, { name: name!, at, continent: continentOf(country!)!, country: country!, subdivision }];
    }),
  );
}

/** All that a latency record set may name, in alphabetical order. */
export const REGION_NAMES: readonly string[] = [...REGIONS.keys()];

/** A region of AWS that a record set may name; undefined for others, such as the name of an own site. */
export function regionNamed(name: string): Region | undefined {
  return REGIONS.get(name);
}

/** A local zone group, `REGION-CITY-N`, as geoproximity record sets name them; undefined for what is not known. */
export function localZoneGroupNamed(name: string): Region | undefined {
  const [, region, city] = /^(.+)-([a-z]{3})-[1-9]$/.exec(name) ?? [];
  if (region === undefined || !REGIONS.has(region)) return undefined;
  const at = CITIES.get(city!);
  return at === undefined ? undefined : { ...at, name };
}

/** A region, or an own site, as a number of 30 bits: the same in every process, and so in stored images. */
export function regionKey(name: string): number {
  return key30(1, name);
}

/** The name of a location of a CIDR collection as a number of 30 bits, stable likewise. */
export function locationKey(name: string): number {
  return key30(2, name);
}

/** Small enough for V8 to hold without an allocation. */
function key30(kind: number, text: string): number {
  const octets = new TextEncoder().encode(text);
  return keyedHash([KEY_SEED, kind], octets, 0, octets.length) >>> 2;
}

/** Any constant: what is hashed are names of the operator's. */
const KEY_SEED = 0x67656f;
