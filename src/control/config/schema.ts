import * as z from 'zod';
import { accountsExample, accountsSchema, apiExample, apiSchema } from './api.ts';
import { collectionSchema, collectionsExample } from './collections.ts';
import { delegationSetSchema, delegationSetsExample } from './delegationsets.ts';
import { endpointsExample, endpointsSchema } from './endpoints.ts';
import { firewallExample, firewallSchema } from './firewall.ts';
import { geoExample, geoSchema } from './geo.ts';
import {
  healthChecksExample,
  healthChecksSchema,
  routingControlSchema,
  routingControlsExample,
  safetyRuleSchema,
  safetyRulesExample,
} from './health.ts';
import { logSchema, logsExample } from './logs.ts';
import { nodeExample, nodeSchema } from './node.ts';
import { recursionExample, recursionSchema } from './recursion.ts';
import { ruleSchema, rulesExample } from './rules.ts';
import { NOT_YET } from './setting.ts';
import { tracesExample, tracesSchema } from './traces.ts';
import { vpcSchema, vpcsExample } from './vpcs.ts';
import { zoneSchema, zonesExample } from './zones.ts';

/** The whole file. Types, checks, JSON Schema and reference all come from here. */
export const configSchema = z.strictObject({
  node: nodeSchema.prefault({}),
  recursion: recursionSchema.prefault({}),
  vpcs: z.array(vpcSchema).prefault([]),
  endpoints: endpointsSchema.prefault({}),
  rules: z.array(ruleSchema).prefault([]),
  delegationSets: z.array(delegationSetSchema).prefault([]),
  zones: z.array(zoneSchema).prefault([]),
  firewall: firewallSchema.prefault({}),
  healthChecks: healthChecksSchema.prefault([]),
  routingControls: z.array(routingControlSchema).prefault([]),
  safetyRules: z.array(safetyRuleSchema).prefault([]),
  geo: geoSchema.prefault({}),
  cidrCollections: z.array(collectionSchema).prefault([]),
  logs: z.array(logSchema).prefault([]),
  traces: tracesSchema.optional(),
  api: apiSchema.optional(),
  accounts: accountsSchema,
});

export type ConfigFile = z.output<typeof configSchema>;

/** The reference's chapters, in the order of the file; the examples together are one configuration. */
export const chapters = [
  {
    key: 'node',
    text: 'What is no resource of Route 53: the daemon itself, its caches and its defences.',
    title: 'The node',
    example: nodeExample,
  },
  {
    key: 'recursion',
    text: 'How `recursive` and `stub` rules ask authoritative servers, and what answers are validated with. TTLs, expired answers and prefetch are settings of `node`.',
    title: 'Recursion and trust',
    example: recursionExample,
  },
  {
    key: 'vpcs',
    text: 'A VPC is a set of clients that share one view of the name space.',
    title: 'VPCs',
    example: vpcsExample,
  },
  {
    key: 'endpoints',
    text: '`inbound` is where clients ask for whatever they need, `authoritative` is where resolvers ask for what this node’s zones have, `outbound` is where rules ask from. A client outside of `allow` gets no answer. An authoritative endpoint does not recurse and knows nothing of rules: it says what its zones say, with AA, and REFUSED to all else; a CNAME that leads out of them is given alone.',
    title: 'Endpoints',
    example: endpointsExample,
  },
  {
    key: 'rules',
    text: "A rule says how a VPC's questions for a domain and all below it are resolved.",
    title: 'Rules',
    example: rulesExample,
  },
  {
    key: 'delegationSets',
    text: 'A delegation set is the name servers that public zones are delegated to. No two zones of a set have one name; a parent and its child may be in one.',
    title: 'Delegation sets',
    example: delegationSetsExample,
  },
  {
    key: 'zones',
    text: 'A private zone is seen by the clients of its VPCs, who see nothing else at its name and below it. A public zone, which has no `vpcs`, is served by authoritative endpoints. Both may have one name: clients of the VPCs see the private one.',
    title: 'Hosted zones',
    example: zonesExample,
  },
  {
    key: 'firewall',
    text: 'DNS Firewall decides on names before anything else does: before private zones, rules and caches. The rules of a VPC are those of its groups, in the order of priorities; the first that matches decides. What nothing matches passes.',
    title: 'DNS Firewall',
    example: firewallExample,
  },
  {
    key: 'healthChecks',
    text: "Health checks, as Route 53's API has them. Each is made as soon as it is configured, whether a record set names it or not.",
    title: 'Health checks',
    example: healthChecksExample,
  },
  {
    key: 'routingControls',
    text: 'Switches of RECOVERY_CONTROL checks, by which an operator takes a site in or out: `causeway routing-control eu off`.',
    title: 'Routing controls',
    example: routingControlsExample,
  },
  {
    key: 'safetyRules',
    text: 'A safety rule refuses changes of routing controls that would leave too few of them on.',
    title: 'Safety rules',
    example: safetyRulesExample,
  },
  {
    key: 'geo',
    text: 'Where clients are, for geolocation, geoproximity and latency records. Everything works without: then default records answer.',
    title: 'Locations of clients',
    example: geoExample,
  },
  {
    key: 'cidrCollections',
    text: 'A CIDR collection names blocks of addresses for IP-based routing: `cidrRoutingConfig` of record sets.',
    title: 'CIDR collections',
    example: collectionsExample,
  },
  {
    key: 'logs',
    text: 'Logs of queries, in the formats of Route 53. `causeway log` shows and searches them; they are no part of what the daemon says of itself, which goes to the standard error output.',
    title: 'Query logs',
    example: logsExample,
  },
  {
    key: 'traces',
    text: 'Traces of queries, for OpenTelemetry: what `causeway explain` tells, of a sample of the queries that clients ask, with times. Without this section nothing is traced.',
    title: 'Traces',
    example: tracesExample,
  },
  {
    key: 'api',
    text: "The APIs of Route 53, by which AWS's own clients drive this node; see [api.md](api.md). Without this section nothing listens.",
    title: 'The APIs',
    example: apiExample,
  },
  {
    key: 'accounts',
    text: 'Accounts keep apart what is made by the APIs, as those of AWS do. Without this section there is one, 000000000000.',
    title: 'Accounts',
    example: accountsExample,
  },
] as const;

/** Sections of later releases: who writes one is told so, and not that it is unknown. */
const LATER = new Map([
  ['console', 'the web console'],
  ['profiles', 'Route 53 Profiles'],
  ['replication', 'replication'],
  ['tls', 'TLS'],
]);

/** Why a key of the top level is refused, where a later release knows it. */
export function laterSection(key: string): string | undefined {
  const what = LATER.get(key);
  return what === undefined ? undefined : `"${key}": ${what} ${NOT_YET}`;
}
