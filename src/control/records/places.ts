import type { Coordinates, Place, Policy } from '../../zone/recordset.ts';
import { suggestion } from '../config/nearest.ts';
import {
  changeText,
  type GeoLocationInput,
  type GeoProximityInput,
  type Reading,
  type RecordSetInput,
} from './input.ts';
import { constraint, type Field, inRange } from './problem.ts';

/** The places in routing policies. What is wrong is reported and gives undefined. */

/** Where an AWS region is. */
export function regionAt(
  { report, resources }: Reading,
  field: Field,
  region: string,
): Coordinates | undefined {
  const { gazetteer } = resources;
  const at = gazetteer.region(region);
  if (at === undefined)
    constraint(
      report,
      field,
      region,
      `satisfy enum value set: [${gazetteer.regions.join(', ')}]`,
      suggestion(region, gazetteer.regions),
    );
  return at;
}

export function readGeoLocation(
  reading: Reading,
  input: RecordSetInput,
  geo: GeoLocationInput,
): Policy | undefined {
  const place = readPlace(reading, input, geo);
  return place === undefined ? undefined : { kind: 'geolocation', place };
}

function readPlace(reading: Reading, input: RecordSetInput, geo: GeoLocationInput): Place | undefined {
  const { continentCode: continent, countryCode: country, subdivisionCode: subdivision } = geo;
  const { gazetteer } = reading.resources;
  if (continent !== undefined && country === undefined && subdivision === undefined)
    return gazetteer.hasContinent(continent)
      ? { kind: 'continent', continent }
      : noPlace(reading, 'continentCode', continent, 'write AF, AN, AS, EU, NA, OC or SA');
  if (continent !== undefined || country === undefined) {
    reading.report(
      'InvalidInput',
      ['geoLocation'],
      `Invalid request: Expected exactly one of [ContinentCode, or CountryCode], but found ${
        continent === undefined ? 'none' : 'more than one'
      } in ${changeText(reading, input)}`,
      'write a continentCode, or a countryCode and for states of the USA a subdivisionCode; countryCode: "*" is the default',
    );
    return undefined;
  }
  if (subdivision !== undefined) return readSubdivision(reading, country, subdivision);
  if (country === '*') return { kind: 'default' };
  return gazetteer.hasCountry(country)
    ? { kind: 'country', country }
    : noPlace(
        reading,
        'countryCode',
        country,
        'write two capital letters of ISO 3166, or "*" for the default',
      );
}

function readSubdivision(reading: Reading, country: string, subdivision: string): Place | undefined {
  if (country !== 'US')
    return noPlace(reading, 'subdivisionCode', subdivision, 'only the country US has subdivisions here');
  return reading.resources.gazetteer.hasSubdivision(country, subdivision)
    ? { kind: 'subdivision', country, subdivision }
    : noPlace(
        reading,
        'subdivisionCode',
        subdivision,
        'write the two capital letters of a state, such as WA',
      );
}

function noPlace(reading: Reading, field: string, code: string, remedy: string): undefined {
  constraint(reading.report, ['geoLocation', field], code, 'be the code of a geographic location', remedy);
  return undefined;
}

const BIAS_MAX = 99;

export function readGeoProximity(
  reading: Reading,
  input: RecordSetInput,
  { awsRegion, localZoneGroup, coordinates, bias = 0 }: GeoProximityInput,
): Policy | undefined {
  const field = ['geoProximityLocation'];
  const { report } = reading;
  const biasIsRight = inRange(report, [...field, 'bias'], bias, -BIAS_MAX, BIAS_MAX);
  const count = [awsRegion, localZoneGroup, coordinates].filter((each) => each !== undefined).length;
  if (count !== 1) {
    report(
      'InvalidInput',
      field,
      `Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or Coordinates], but found ${
        count === 0 ? 'none' : 'more than one'
      } in ${changeText(reading, input)}`,
      'write one of them',
    );
    return undefined;
  }
  const at =
    awsRegion !== undefined
      ? regionAt(reading, [...field, 'awsRegion'], awsRegion)
      : localZoneGroup !== undefined
        ? readLocalZoneGroup(reading, localZoneGroup)
        : readCoordinates(reading, coordinates!);
  return at === undefined || !biasIsRight ? undefined : { kind: 'geoproximity', at, bias };
}

function readLocalZoneGroup({ report, resources }: Reading, group: string): Coordinates | undefined {
  const at = resources.gazetteer.localZoneGroup(group);
  if (at === undefined)
    constraint(
      report,
      ['geoProximityLocation', 'localZoneGroup'],
      group,
      'be the name of a Local Zone group',
      'write one such as us-east-1-bue-1, or its coordinates',
    );
  return at;
}

function readCoordinates(
  reading: Reading,
  text: { latitude: string; longitude: string },
): Coordinates | undefined {
  const latitude = readDegrees(reading, 'latitude', text.latitude, 90, '{1,2}');
  const longitude = readDegrees(reading, 'longitude', text.longitude, 180, '{1,3}');
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

/** At most two decimals, as the model has it. */
function readDegrees(
  { report }: Reading,
  name: string,
  text: string,
  most: number,
  digits: string,
): number | undefined {
  const field = ['geoProximityLocation', 'coordinates', name];
  const remedy = `write degrees from -${most} to ${most} with at most two decimals`;
  const pattern = `[-+]?[0-9]${digits}(\\.[0-9]{0,2})?`;
  if (!new RegExp(`^${pattern}$`).test(text)) {
    constraint(report, field, text, `satisfy regular expression pattern: ${pattern}`, remedy);
    return undefined;
  }
  return inRange(report, field, Number(text), -most, most, remedy) ? Number(text) : undefined;
}
