import * as z from 'zod';
import { recordSetSchema } from './recordsets.ts';
import { domain, duration, ID_RANGE, id, setting, word } from './setting.ts';

/** What the id of a public zone ends in where it is made of the name. */
export const PUBLIC = 'public';

/** A hosted zone: private with `vpcs`, public without. */
export const zoneSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the zone, shown in EDE texts and by `causeway explain`.',
    range: ID_RANGE,
    example: 'zone-internal',
    absent:
      'made of the name and the first VPC: internal.example.@vpc-corp; of a public zone example.org.@public',
  }).optional(),
  name: setting(domain(), {
    description:
      'Name of the zone. The VPCs of a private zone see it and nothing else at this name and below it.',
    range: 'a domain name, no wildcard',
    example: 'internal.example.',
  }),
  file: setting(z.string().min(1), {
    description:
      'Zone file (RFC 1035). Relative paths start at the folder of the configuration file, and no path leads out of it; `$INCLUDE` stays in the folder of the zone file.',
    range: 'a path',
    example: 'zones/internal.example.zone',
    absent: 'the records stand in `records`',
  }).optional(),
  records: setting(z.union([z.string(), z.array(recordSetSchema)]), {
    description:
      'The records themselves, beside those of `file` or instead of them: lines of a zone file, or a list of record sets with routing policies, aliases and health checks. Where there is no file and SOA or NS are missing, a private zone gets those of Route 53’s.',
    range: 'lines of a zone file, or a list of record sets',
    example: '"db IN A 10.20.0.5"',
    absent: 'they stand in `file`',
  }).optional(),
  ttl: setting(duration('0s', '7d'), {
    description: 'TTL of records that state none, where no `$TTL` does.',
    range: 'a time from 0s to 7d',
    example: '1h',
  }).prefault('5m'),
  vpcs: z
    .array(
      setting(id(), {
        description: 'VPCs that see the zone, which is private.',
        range: 'one or more ids of VPCs',
        example: 'vpc-corp',
        absent: 'the zone is public, and served by authoritative endpoints',
      }),
    )
    .min(1)
    .optional(),
  delegationSet: setting(id(), {
    description:
      'Delegation set of a public zone. Where the zone has no NS of its own at its apex, it gets those of the set, with TTL 172800; where it has no SOA, one with TTL 900, the first of them, `hostmaster` in the zone, and the numbers 1 7200 900 1209600 86400. The serial is Route 53’s, which never changes it; the mailbox there is Amazon’s.',
    range: 'the id of a delegation set',
    example: 'set-1',
    absent: 'the zone has SOA and NS of its own',
  }).optional(),
  clientsBy: setting(word(['vpc', 'address']), {
    description:
      'Where routing policies take clients to be: `vpc` is the region of their VPC, as in private zones of Route 53, `address` is where the databases of `geo` have the address that asks, or the one that it says it asks for (`clientSubnet` of the endpoint).',
    range: 'vpc or address',
    example: 'address',
    absent: 'vpc for private zones, address for public ones',
  }).optional(),
  overlay: setting(word(['none', 'nxdomain', 'nodata']), {
    description:
      'What a private zone leaves to the next match: nothing, as in Route 53; names that it does not have (nxdomain); also types that its names do not have (nodata).',
    range: 'none, nxdomain or nodata',
    example: 'nxdomain',
  }).prefault('none'),
});

export type ZoneConfig = z.output<typeof zoneSchema>;

export const zonesExample = `zones:
  - { name: internal.example., file: zones/internal.example.zone, vpcs: [vpc-corp] }
  - name: lab.example.
    vpcs: [vpc-lab]
    overlay: none
    records: |
      @    IN MX 10 mail
      mail IN A  10.30.0.25
      *.k8s 60 IN A 10.30.0.80
  - name: shop.example.
    vpcs: [vpc-corp, vpc-lab]
    records:
      # One question in ten goes to the new servers.
      - { name: www, type: A, ttl: 60, values: [10.20.1.1, 10.20.1.2], setIdentifier: blue, weight: 9 }
      - { name: www, type: A, ttl: 60, values: 10.20.2.1, setIdentifier: green, weight: 1 }
      # Clients go to the nearest site, each of which has a second one to fall back to.
      - name: api
        type: A
        setIdentifier: europe
        geoLocation: { continentCode: EU }
        aliasTarget: { dnsName: api-eu, evaluateTargetHealth: true }
      - { name: api, type: A, ttl: 1m, values: 10.40.0.9, setIdentifier: others, geoLocation: { countryCode: "*" } }
      - { name: api-eu, type: A, ttl: 1m, values: 10.20.0.9, setIdentifier: first, failover: PRIMARY }
      - { name: api-eu, type: A, ttl: 1m, values: 10.30.0.9, setIdentifier: second, failover: SECONDARY }
      - { name: "@", type: TXT, ttl: 1h, values: ['"v=spf1 -all"'] }
  - { name: example.org., delegationSet: set-1, records: "www 60 IN A 198.51.100.80" }
`;
