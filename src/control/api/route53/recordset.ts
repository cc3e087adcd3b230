import type { SetBody } from '../../hosted/bodies.ts';
import type { RecordSetInput } from '../../records/input.ts';
import type { ResourceRecordSet } from '../models/route53.ts';

/** A record set of the API as the rules for record sets take it. */
export function inputOf(set: ResourceRecordSet): RecordSetInput {
  const {
    AliasTarget: alias,
    GeoLocation: geo,
    GeoProximityLocation: proximity,
    CidrRoutingConfig: cidr,
  } = set;
  return defined({
    name: set.Name,
    type: set.Type,
    ttl: set.TTL,
    values: set.ResourceRecords?.map(({ Value }) => Value),
    aliasTarget: alias && {
      hostedZoneId: alias.HostedZoneId,
      dnsName: alias.DNSName,
      evaluateTargetHealth: alias.EvaluateTargetHealth,
    },
    setIdentifier: set.SetIdentifier,
    weight: set.Weight,
    region: set.Region,
    failover: set.Failover,
    geoLocation:
      geo &&
      defined({
        continentCode: geo.ContinentCode,
        countryCode: geo.CountryCode,
        subdivisionCode: geo.SubdivisionCode,
      }),
    geoProximityLocation:
      proximity &&
      defined({
        awsRegion: proximity.AWSRegion,
        localZoneGroup: proximity.LocalZoneGroup,
        coordinates: proximity.Coordinates && {
          latitude: proximity.Coordinates.Latitude,
          longitude: proximity.Coordinates.Longitude,
        },
        bias: proximity.Bias,
      }),
    multiValueAnswer: set.MultiValueAnswer,
    cidrRoutingConfig: cidr && { collectionId: cidr.CollectionId, locationName: cidr.LocationName },
    healthCheckId: set.HealthCheckId,
  });
}

/** A stored record set as the API gives it. */
export function outputOf(body: SetBody): ResourceRecordSet {
  const { trafficPolicyInstanceId } = body;
  if (trafficPolicyInstanceId !== undefined) {
    const Type = body.type as ResourceRecordSet['Type'];
    return { Name: body.name, Type, TrafficPolicyInstanceId: trafficPolicyInstanceId };
  }
  const {
    aliasTarget: alias,
    geoLocation: geo,
    geoProximityLocation: proximity,
    cidrRoutingConfig: cidr,
  } = body;
  return {
    Name: body.name,
    Type: body.type as ResourceRecordSet['Type'],
    SetIdentifier: body.setIdentifier,
    Weight: body.weight,
    Region: body.region as ResourceRecordSet['Region'],
    GeoLocation: geo && {
      ContinentCode: geo.continentCode,
      CountryCode: geo.countryCode,
      SubdivisionCode: geo.subdivisionCode,
    },
    Failover: body.failover as ResourceRecordSet['Failover'],
    MultiValueAnswer: body.multiValueAnswer,
    TTL: body.ttl,
    ResourceRecords: body.values?.map((value) => ({ Value: value })),
    AliasTarget: alias && {
      HostedZoneId: alias.hostedZoneId ?? '',
      DNSName: alias.dnsName,
      EvaluateTargetHealth: alias.evaluateTargetHealth,
    },
    HealthCheckId: body.healthCheckId,
    CidrRoutingConfig: cidr && { CollectionId: cidr.collectionId, LocationName: cidr.locationName },
    GeoProximityLocation: proximity && {
      AWSRegion: proximity.awsRegion,
      LocalZoneGroup: proximity.localZoneGroup,
      Coordinates: proximity.coordinates && {
        Latitude: proximity.coordinates.latitude,
        Longitude: proximity.coordinates.longitude,
      },
      Bias: proximity.bias,
    },
  };
}

/** Without members that are undefined: what is stored is JSON. */
function defined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
