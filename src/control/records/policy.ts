import type { Policy } from '../../zone/recordset.ts';
import { changeText, type Reading, type RecordSetInput } from './input.ts';
import { readGeoLocation, readGeoProximity, regionAt } from './places.ts';
import { constraint, hasLength, inRange } from './problem.ts';

const FIELDS = [
  ['weight', 'Weight'],
  ['region', 'Region'],
  ['failover', 'Failover'],
  ['geoLocation', 'GeoLocation'],
  ['multiValueAnswer', 'MultiValueAnswer'],
  ['cidrRoutingConfig', 'CidrRoutingConfig'],
  ['geoProximityLocation', 'GeoProximityLocation'],
] as const satisfies readonly (readonly [keyof RecordSetInput, string])[];

type PolicyField = (typeof FIELDS)[number][0];

const SET_IDENTIFIER_MAX = 128;
/** Of the model's CidrRoutingConfig: all clients that no location has. */
const ANY_LOCATION = '*';

/** The routing policy of a set, which one field tells; none is simple. Undefined where it is wrong, which is reported. */
export function readPolicy(reading: Reading, input: RecordSetInput): Policy | undefined {
  const { report } = reading;
  // To be told of no multivalue answer is to be told of no policy.
  const present = FIELDS.flatMap(([field]) =>
    input[field] === undefined || input[field] === false ? [] : field,
  );
  const { setIdentifier } = input;
  if (present.length === 0 && setIdentifier === undefined) return { kind: 'simple' };
  if (setIdentifier !== undefined) hasLength(report, ['setIdentifier'], setIdentifier, 1, SET_IDENTIFIER_MAX);
  const [field, other] = present;
  if (field === undefined || other !== undefined) {
    const count = field === undefined ? 'none' : 'more than one';
    report(
      'InvalidInput',
      field === undefined ? ['setIdentifier'] : [other!],
      `Invalid request: Expected exactly one of [${policyNames()}], but found ${count} in ${changeText(reading, input)}`,
      field === undefined
        ? 'leave setIdentifier out, or add a routing policy'
        : 'a set has one routing policy',
    );
    return undefined;
  }
  if (setIdentifier === undefined)
    report(
      'InvalidInput',
      [],
      `Invalid request: Missing field 'SetIdentifier' in ${changeText(reading, input)}`,
      'add setIdentifier, which tells the sets of one name and type apart',
    );
  return readField(reading, input, field);
}

function policyNames(): string {
  const names = FIELDS.map(([, name]) => name);
  return `${names.slice(0, -1).join(', ')}, or ${names.at(-1)}`;
}

function readField(reading: Reading, input: RecordSetInput, field: PolicyField): Policy | undefined {
  switch (field) {
    case 'weight':
      return readWeight(reading, input.weight!);
    case 'region':
      return readRegion(reading, input.region!);
    case 'failover':
      return readFailover(reading, input.failover!);
    case 'geoLocation':
      return readGeoLocation(reading, input, input.geoLocation!);
    case 'multiValueAnswer':
      return { kind: 'multivalue' };
    case 'cidrRoutingConfig':
      return readCidr(reading, input.cidrRoutingConfig!);
    case 'geoProximityLocation':
      return readGeoProximity(reading, input, input.geoProximityLocation!);
  }
}

function readWeight({ report }: Reading, weight: number): Policy | undefined {
  return inRange(report, ['weight'], weight, 0, 255) ? { kind: 'weighted', weight } : undefined;
}

function readRegion(reading: Reading, region: string): Policy | undefined {
  const at = regionAt(reading, ['region'], region);
  return at === undefined ? undefined : { kind: 'latency', region, at };
}

function readFailover({ report }: Reading, failover: string): Policy | undefined {
  if (failover === 'PRIMARY') return { kind: 'failover', role: 'primary' };
  if (failover === 'SECONDARY') return { kind: 'failover', role: 'secondary' };
  const must = 'satisfy enum value set: [PRIMARY, SECONDARY]';
  constraint(report, ['failover'], failover, must, 'write PRIMARY or SECONDARY');
  return undefined;
}

function readCidr(
  { report, resources }: Reading,
  { collectionId, locationName }: NonNullable<RecordSetInput['cidrRoutingConfig']>,
): Policy | undefined {
  const collection = resources.cidrCollection(collectionId);
  if (collection === undefined) {
    report(
      'NoSuchCidrCollectionException',
      ['cidrRoutingConfig', 'collectionId'],
      `A CIDR collection with id ${collectionId} does not exist.`,
      'declare it, or name another',
    );
    return undefined;
  }
  if (locationName !== ANY_LOCATION && !collection.hasLocation(locationName)) {
    report(
      'NoSuchCidrLocationException',
      ['cidrRoutingConfig', 'locationName'],
      `The CIDR collection ${collectionId} has no location ${locationName}.`,
      'add the location to the collection, or write * for the clients of none',
    );
    return undefined;
  }
  return { kind: 'cidr', collection: collection.slot, location: locationName };
}
