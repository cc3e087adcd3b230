import * as z from 'zod';
import { durationMs, id, setting } from './setting.ts';

/** Seconds as a number, as the API has them, or a time with its unit; the value is in seconds. */
function seconds() {
  return z.union([z.int(), z.string()]).transform((input, context) => {
    const ms = typeof input === 'number' ? 1000 * input : durationMs(input);
    if (ms !== undefined && ms % 1000 === 0) return ms / 1000;
    context.issues.push({
      code: 'custom',
      message: `"${input}" is no number of seconds`,
      input,
      params: { remedy: 'write seconds, or a time such as 30s, 5m or 1h' },
    });
    return z.NEVER;
  });
}

/** Degrees as a number or, as the API has them, a text. */
function degrees() {
  return z.union([z.number(), z.string()]).transform(String);
}

const aliasTarget = z.strictObject({
  hostedZoneId: setting(id(), {
    description:
      'Id of the zone that the target is in: that of this zone for names that are in it. Names of all others are resolved when they are asked for.',
    range: 'the id of a zone',
    example: 'Z35SXDOTRQ7X7K',
    absent: 'this zone where `dnsName` is in it',
  }).optional(),
  dnsName: setting(z.string().min(1), {
    description:
      'Name whose records of the same type are the answer. In this zone it must have some, perhaps by a wildcard. Written as `name` is.',
    range: 'a domain name; without a final dot it is relative to the zone, @ is the zone itself',
    example: 'blue',
  }),
  evaluateTargetHealth: setting(z.boolean(), {
    description: 'Whether the set is unhealthy where all that its target could answer with is.',
    range: 'true or false',
    example: 'true',
  }),
});

const geoLocation = z.strictObject({
  continentCode: setting(z.string(), {
    description: 'Clients of a continent, as Route 53 divides the world.',
    range: 'AF, AN, AS, EU, NA, OC or SA',
    example: 'EU',
    absent: 'there is a `countryCode`',
  }).optional(),
  countryCode: setting(z.string(), {
    description: 'Clients of a country; of several sets that fit, that of the smallest place answers.',
    range: 'two capital letters of ISO 3166, or "*" for clients that no other set is for',
    example: '"*"',
    absent: 'there is a `continentCode`',
  }).optional(),
  subdivisionCode: setting(z.string(), {
    description: 'Clients of a state of the USA.',
    range: 'two capital letters, with countryCode: US',
    example: 'WA',
    absent: 'the whole country',
  }).optional(),
});

const coordinates = z.strictObject({
  latitude: setting(degrees(), {
    description: 'Degrees north, with at most two decimals.',
    range: 'a number from -90 to 90',
    example: '49.22',
  }),
  longitude: setting(degrees(), {
    description: 'Degrees east, with at most two decimals.',
    range: 'a number from -180 to 180',
    example: '-74.01',
  }),
});

const geoProximityLocation = z.strictObject({
  awsRegion: setting(z.string(), {
    description: 'AWS region that the values are in.',
    range: 'the name of a region',
    example: 'eu-central-1',
    absent: 'there is a `localZoneGroup`, or `coordinates`',
  }).optional(),
  localZoneGroup: setting(z.string(), {
    description: 'Group of AWS local zones that the values are in.',
    range: 'the name of a group',
    example: 'us-east-1-bue-1',
    absent: 'there is an `awsRegion`, or `coordinates`',
  }).optional(),
  coordinates: coordinates.optional(),
  bias: setting(z.int(), {
    description: 'Above zero the set draws clients from further away, below zero from less far.',
    range: 'a whole number from -99 to 99',
    example: '10',
  }).prefault(0),
});

const cidrRoutingConfig = z.strictObject({
  collectionId: setting(id(), {
    description: 'Collection of address blocks. All sets of one name and type name the same.',
    range: 'the id of a CIDR collection',
    example: 'offices',
  }),
  locationName: setting(z.string(), {
    description: 'Clients of a location of the collection.',
    range: 'a location of the collection, or "*" for clients of none',
    example: 'berlin',
  }),
});

/** A record set, with the names that the API has, in lower camel case; what the values may be is checked by control/records. */
export const recordSetSchema = z.strictObject({
  name: setting(z.string().min(1), {
    description:
      'Name of the set. As in zone files it is relative to the zone unless it ends in a dot, and @ is the zone itself; octets are escaped as in Route 53, in octal.',
    range: 'a domain name',
    example: 'www',
  }),
  type: setting(z.string(), {
    description: 'Type of the records.',
    range: 'A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SOA, SPF, SRV, SSHFP, SVCB, TLSA or TXT',
    example: 'A',
  }),
  ttl: setting(seconds(), {
    description:
      'How long answers may be cached. Equal in all weighted sets of a name and type; an alias has none.',
    range: '0 to 2147483647 seconds, or a time with its unit',
    example: '60',
    absent: 'the `ttl` of the zone',
  }).optional(),
  values: setting(
    z.union([
      z.string(),
      z.array(setting(z.string(), { description: 'A value.', range: 'a text', example: '192.0.2.1' })),
    ]),
    {
      description:
        'Values as in Route 53: names in them are absolute, with or without the final dot, escapes are octal, and the texts of TXT, SPF, CAA and NAPTR stand in quotation marks of their own.',
      range: 'one value, or a list of 1 to 400',
      example: '["10 mail-1.example.com.", "20 mail-2.example.com."]',
      absent: 'there is an `aliasTarget`',
    },
  ).optional(),
  aliasTarget: aliasTarget.optional(),
  setIdentifier: setting(z.string(), {
    description: 'Tells the sets of one name and type apart; all routing policies but simple need it.',
    range: '1 to 128 characters',
    example: 'blue',
    absent: 'the policy is simple',
  }).optional(),
  weight: setting(z.int(), {
    description:
      'Weighted routing: the share of answers. Sets of weight 0 answer only when all others are unhealthy; where all have 0, they share equally.',
    range: 'a whole number from 0 to 255',
    example: '10',
    absent: 'another policy',
  }).optional(),
  region: setting(z.string(), {
    description: 'Latency routing: the AWS region that the values are in. The nearest to the client answers.',
    range: 'the name of a region, once for each name and type',
    example: 'eu-central-1',
    absent: 'another policy',
  }).optional(),
  failover: setting(z.string(), {
    description: 'Failover routing: PRIMARY answers while it is healthy, else SECONDARY.',
    range: 'PRIMARY or SECONDARY',
    example: 'PRIMARY',
    absent: 'another policy',
  }).optional(),
  geoLocation: geoLocation.optional(),
  geoProximityLocation: geoProximityLocation.optional(),
  multiValueAnswer: setting(z.boolean(), {
    description: 'Multivalue routing: up to eight healthy sets answer together.',
    range: 'true or false',
    example: 'true',
    absent: 'another policy',
  }).optional(),
  cidrRoutingConfig: cidrRoutingConfig.optional(),
  healthCheckId: setting(id(), {
    description:
      'Health check that must be healthy for the set to be chosen; the simple policy does not ask it.',
    range: 'the id of a health check',
    example: 'hc-web',
    absent: 'the set counts as healthy',
  }).optional(),
});

export type RecordSetConfig = z.output<typeof recordSetSchema>;
