import type { Name } from '../../wire/name.ts';
import type { Coordinates } from '../../zone/recordset.ts';
import type { Report } from './problem.ts';

/** A record set in the API's names and units, in lower camel case, before anything in it is checked. */
export interface RecordSetInput {
  /** As Route 53 has names (`names.ts`): always absolute. */
  readonly name: string;
  readonly type: string;
  readonly ttl?: number | undefined;
  readonly values?: readonly string[] | undefined;
  readonly aliasTarget?: AliasTargetInput | undefined;
  readonly setIdentifier?: string | undefined;
  readonly weight?: number | undefined;
  readonly region?: string | undefined;
  readonly failover?: string | undefined;
  readonly geoLocation?: GeoLocationInput | undefined;
  readonly geoProximityLocation?: GeoProximityInput | undefined;
  readonly multiValueAnswer?: boolean | undefined;
  readonly cidrRoutingConfig?: { readonly collectionId: string; readonly locationName: string } | undefined;
  readonly healthCheckId?: string | undefined;
}

export interface AliasTargetInput {
  /** Undefined: the zone itself where the target lies in it, else any name. The API always has one. */
  readonly hostedZoneId?: string | undefined;
  readonly dnsName: string;
  readonly evaluateTargetHealth: boolean;
}

export interface GeoLocationInput {
  readonly continentCode?: string | undefined;
  readonly countryCode?: string | undefined;
  readonly subdivisionCode?: string | undefined;
}

export interface GeoProximityInput {
  readonly awsRegion?: string | undefined;
  readonly localZoneGroup?: string | undefined;
  readonly coordinates?: { readonly latitude: string; readonly longitude: string } | undefined;
  readonly bias?: number | undefined;
}

/** What record sets may name. */
export interface Resources {
  /** The slot of a health check (util/healthbits); undefined: there is none of this id. */
  healthCheck(id: string): number | undefined;
  /** Undefined: there is none of this id. */
  cidrCollection(id: string): CidrCollection | undefined;
  readonly gazetteer: Gazetteer;
}

export interface CidrCollection {
  /** In the snapshot. */
  readonly slot: number;
  hasLocation(name: string): boolean;
}

/** The places that routing policies know. Codes are of capital letters and digits. */
export interface Gazetteer {
  /** AWS regions, for what is said of an unknown one. */
  readonly regions: readonly string[];
  region(name: string): Coordinates | undefined;
  localZoneGroup(name: string): Coordinates | undefined;
  hasContinent(code: string): boolean;
  hasCountry(code: string): boolean;
  hasSubdivision(country: string, code: string): boolean;
}

/** The zone that sets are for. */
export interface ZoneIdentity {
  /** Folded. */
  readonly name: Name;
  readonly id: string;
}

/** What it takes to read one set. */
export interface Reading {
  readonly zone: ZoneIdentity;
  readonly resources: Resources;
  /** Of the change that the set is part of. */
  readonly action: 'CREATE' | 'UPSERT' | 'DELETE';
  readonly report: Report;
}

/** `Change with [Action=CREATE, Name=www.example.com, Type=A, SetIdentifier=null]` */
export function changeText(
  { action }: Reading,
  { name, type, setIdentifier = 'null' }: RecordSetInput,
): string {
  return `Change with [Action=${action}, Name=${name}, Type=${type}, SetIdentifier=${setIdentifier}]`;
}
