import { createHash } from 'node:crypto';
import type { Logger } from '../../../telemetry/log.ts';
import { isoFromWall } from '../../../telemetry/text.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Prng } from '../../../util/prng.ts';
import type { Config } from '../../config/load.ts';
import { type QuotaName, quotasOf } from '../../config/quotas.ts';
import type { AddressAndPort } from '../../config/setting.ts';
import type { Made } from '../../hosted/resolver.ts';
import type { Reads, Resource, Revision, Store } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Caller } from '../handler.ts';

/** What the handlers of Resolver need of the control thread. */
export interface ResolverMeans {
  readonly store: Store;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Logger, 'error'>;
  readonly prng: Prng;
  /** Of the store, as all workers serve it. */
  served(): Revision;
  /** The configuration in force as it was declared, with the VPCs of the store. */
  config(): Config;
  /** Whether the host has an address to send from. */
  hostHas(address: string): boolean;
  /** Why an address of an endpoint that the API made is not listened on; undefined where it is, or is not wanted. */
  missing(listen: AddressAndPort): string | undefined;
}

/** How many of something the caller's account may have. */
export function quotaOf(means: Pick<ResolverMeans, 'config'>, { account }: Caller, name: QuotaName): number {
  return quotasOf(means.config(), account)[name];
}

const ID_DIGITS = 17;

/** `rslvr-rr-` and seventeen hexadecimal digits. */
export function newId(prng: Prng, prefix: string): string {
  return `${prefix}-${hexOf(prng, ID_DIGITS)}`;
}

/** The id of what is not made but there: always the same. */
export function derivedId(prefix: string, of: string): string {
  return `${prefix}-${createHash('sha256').update(of).digest('hex').slice(0, ID_DIGITS)}`;
}

/** As AWS says that something was done. */
export function traced(prng: Prng, message: string): string {
  return `[Trace id: 1-${hexOf(prng, 8)}-${hexOf(prng, 24)}] ${message}`;
}

function hexOf(prng: Prng, digits: number): string {
  return Array.from({ length: digits }, () => prng.below(16).toString(16)).join('');
}

export type Tagged =
  | 'resolver-rule'
  | 'resolver-endpoint'
  | 'resolver-config'
  | 'resolver-dnssec-config'
  | 'firewall-rule-group'
  | 'firewall-rule-group-association'
  | 'firewall-domain-list'
  | 'resolver-query-log-config';

export function arnOf(means: ResolverMeans, account: string, type: Tagged, id: string): string {
  return `arn:aws:route53resolver:${means.config().node.region}:${account}:${type}/${id}`;
}

/** When it was made and changed. */
export function timesOf({ created, modified }: Made): { CreationTime: string; ModificationTime: string } {
  return { CreationTime: isoFromWall(created), ModificationTime: isoFromWall(modified) };
}

export function isServed(means: Pick<ResolverMeans, 'served'>, { revision }: Resource): boolean {
  return means.served() >= revision;
}

/** A resource of the caller's account; those of others are as if they were not there. */
export function ownOf<Body>(
  state: Reads,
  kind: string,
  id: string,
  { account }: Pick<Caller, 'account'>,
): Resource<Body> | undefined {
  const resource = state.get<Body>(kind, id);
  return resource?.account === account ? resource : undefined;
}

export function notFound(type: string, message: string): ApiError {
  return apiError('ResourceNotFoundException', message, { ResourceType: type });
}

export function invalidParameter(field: string, message: string): ApiError {
  return apiError('InvalidParameterException', message, { FieldName: field });
}

export function invalidRequest(message: string): ApiError {
  return apiError('InvalidRequestException', message);
}

/** A VPC of an account; undefined for those of others. */
export function ownVpc(means: Pick<ResolverMeans, 'config'>, id: string, account: string) {
  const { vpcs, accounts } = means.config();
  return vpcs.find((vpc) => vpc.id === id && (vpc.account ?? accounts[0]!.id) === account);
}

/** A caller's are those of its account. Throws ApiError InvalidParameterException, in AWS's words. */
export function refuseUnknownVpc(means: ResolverMeans, id: string, field: string, caller?: Caller): void {
  const known =
    caller === undefined
      ? means.config().vpcs.some((vpc) => vpc.id === id)
      : ownVpc(means, id, caller.account) !== undefined;
  if (known) return;
  throw invalidParameter(field, `The vpc ID '${id}' does not exist`);
}
