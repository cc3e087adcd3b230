import type { Name } from '../../wire/name.ts';
import type { HealthCheckConfig } from '../api/models/route53.ts';
import type { RecordSetInput } from '../records/input.ts';
import { nameFromRoute53 } from '../records/names.ts';
import { recordSetOrder } from '../store/order.ts';
import type { PutItem, Reads, Resource } from '../store/store.ts';

/** What the store keeps of hosted zones made by the API. */
export const KIND = {
  zone: 'hosted-zone',
  /** Its parent is its zone. */
  set: 'record-set',
  change: 'change',
  healthCheck: 'health-check',
  collection: 'cidr-collection',
  /** A CallerReference of an account, which may be used once. */
  reference: 'caller-reference',
  /** Reusable delegation sets that the API made. */
  delegationSet: 'delegation-set',
  /** That a VPC may be associated with a zone, which is its parent. */
  authorization: 'vpc-authorization',
  queryLog: 'query-logging-config',
  /** Its parent is its zone. */
  signingKey: 'key-signing-key',
  /**
   * The private half of a key-signing key, which has the same id: who reads keys to show them does not read it. To the
   * store the ending says that it is a secret.
   */
  signingSecret: 'key-signing-secret',
  trafficPolicy: 'traffic-policy',
  trafficPolicyVersion: 'traffic-policy-version',
  trafficPolicyInstance: 'traffic-policy-instance',
} as const;

/** Below this label of a zone stand the groups of traffic policies' rules: nobody lists them. */
export const POLICY_LABEL = '_trafficpolicy';

export interface ZoneBody {
  /** As Route 53 writes it. */
  readonly name: string;
  readonly callerReference: string;
  readonly comment?: string | undefined;
  /** As it was asked for last: there is no control plane elsewhere that would be slow to recover. */
  readonly acceleratedRecovery?: boolean | undefined;
  /** Of a private zone, one or more; a zone without is public. */
  readonly vpcs: readonly VpcRef[];
  /** Of a public zone: the set whose endpoints serve it. */
  readonly delegationSet?: string | undefined;
  /** The set that was asked for, where the API made it: its name servers are those of `delegationSet`. */
  readonly reusableSet?: string | undefined;
  readonly nameServers: readonly string[];
  /** DNSSEC signing is enabled. No operation enables it yet. */
  readonly signing?: boolean | undefined;
}

/** A delegation set that the API made. */
export interface ReusableSetBody {
  readonly callerReference: string;
  /** The set of the configuration that it is a second name of. */
  readonly declared: string;
  readonly nameServers: readonly string[];
}

/** Where the queries for a zone are logged. */
export interface QueryLogBody {
  readonly zone: string;
  /** Of the log group. */
  readonly arn: string;
}

/** A key-signing key; its place among those of its zone is that of its making. */
export interface SigningKeyBody {
  readonly name: string;
  readonly callerReference: string;
  /** Of the key in KMS that it was asked for with: there is no KMS here, and it is only shown. */
  readonly kmsArn: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  /** As a DNSKEY has it, in base64. */
  readonly publicKey: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** The change that made it. */
  readonly change: string;
}

export interface SigningSecretBody {
  /** PKCS #8, in base64. */
  readonly privateKey: string;
}

export interface VpcRef {
  readonly id: string;
  readonly region: string;
}

/** A record set as it was given, with name and type as Route 53 writes them. */
export interface SetBody extends RecordSetInput {
  /** The instance of a traffic policy that it is made for, and that alone changes it. */
  readonly trafficPolicyInstanceId?: string | undefined;
}

/** A traffic policy; its place among others is that of its making. */
export interface TrafficPolicyBody {
  readonly name: string;
  readonly type: string;
  /** The version that was made last, deleted or not: it counts up from 1. */
  readonly last: number;
  /** Those that are not deleted, ascending. */
  readonly versions: readonly number[];
}

/** A version of a traffic policy, which is its parent. It can be read when it is deleted. */
export interface TrafficPolicyVersionBody {
  readonly document: string;
  readonly comment?: string | undefined;
}

/** A traffic policy in force at a name of a zone; its place among others is that of its zone, name and type. */
export interface TrafficPolicyInstanceBody {
  readonly zone: string;
  /** As Route 53 writes it. */
  readonly name: string;
  readonly ttl: number;
  readonly policy: string;
  readonly version: number;
  readonly type: string;
  /** What it is made of. */
  readonly sets: readonly SetBody[];
}

export interface ChangeBody {
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
  readonly comment?: string | undefined;
}

/** A health check; its place among others is that of its making. */
export interface HealthCheckBody {
  readonly callerReference: string;
  /** Counts up from 1. */
  readonly version: number;
  /** In the API's words, with all that holds by default. */
  readonly config: HealthCheckConfig;
}

/** A CIDR collection; its place among others is that of its making. */
export interface CollectionBody {
  readonly name: string;
  readonly callerReference: string;
  /** Counts up from 1. */
  readonly version: number;
  /** Blocks by location, none of which is empty. */
  readonly locations: Readonly<Record<string, readonly string[]>>;
}

export type HealthCheckResource = Resource<HealthCheckBody>;
export type CollectionResource = Resource<CollectionBody>;
export type SigningKeyResource = Resource<SigningKeyBody>;
export type ZoneResource = Resource<ZoneBody>;

/** The id of a record set: there is one of each name, type and SetIdentifier in a zone. */
export function setId(zone: string, sort: string): string {
  return `${zone} ${sort}`;
}

/** Where the groups of traffic policies' rules stand in a zone. */
export function policyNamesOf({ body }: ZoneResource): Name {
  const { name } = body;
  // The root has no other name for what is below it.
  return nameFromRoute53(`${POLICY_LABEL}.${name === '.' ? '' : name}`);
}

/** @param name that of `body`, which is a set of the zone */
export function putSet(zone: ZoneResource, name: Name, body: SetBody): PutItem {
  const sort = recordSetOrder(name, body.type, body.setIdentifier);
  const { id: parent, account } = zone;
  return { action: 'put', kind: KIND.set, id: setId(parent, sort), account, parent, sort, body };
}

/** The zone with this id, or undefined where there is none. */
export function zoneOf(state: Reads, id: string): ZoneResource | undefined {
  return state.get<ZoneBody>(KIND.zone, id);
}
