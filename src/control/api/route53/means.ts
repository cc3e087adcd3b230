import type { Clock } from '../../../util/clock.ts';
import type { Prng } from '../../../util/prng.ts';
import type { Explanation } from '../../../view/explain.ts';
import type { HealthReport } from '../../../view/health.ts';
import type { Name } from '../../../wire/name.ts';
import type { Config } from '../../config/load.ts';
import { type QuotaName, quotasOf } from '../../config/quotas.ts';
import { type ChangeBody, KIND, type ZoneResource, zoneOf } from '../../hosted/bodies.ts';
import type { Resources } from '../../records/input.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Origin, PutItem, Reads, Revision, Store } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Call, Caller } from '../handler.ts';
import type { ChangeInfo } from '../models/route53.ts';

/** What the handlers of Route 53 need of the control thread. */
export interface Means {
  readonly store: Store;
  readonly clock: Clock;
  readonly prng: Prng;
  /** What record sets of an account may name. */
  resources(state: Reads, account: string): Resources;
  /** Of the configuration in force. */
  declared(): Pick<Config, 'accounts' | 'healthChecks' | 'routingControls' | 'node'>;
  /** What was found of a health check; undefined: it is not made yet. Rejects with ApiError. */
  healthReport(id: string): Promise<HealthReport | undefined>;
  /** Of the store, as all workers serve it. */
  served(): Revision;
  /** Whether a VPC may have private zones, or be made known so. */
  knowsVpc(id: string): boolean;
  /** Whose VPC it is; undefined where it is not known. */
  vpcAccount(id: string): string | undefined;
  /**
   * What a worker answers a client of a public zone, or one of whom nothing is known; undefined where no endpoint
   * serves the zone, or no worker answers.
   */
  answer(zone: ZoneResource, question: ZoneQuestion): Promise<Explanation | undefined>;
  /** Whether there is somewhere to log to that has this ARN. */
  hasLogGroup(arn: string): boolean;
  /** Delegation sets of the configuration, the default one first. */
  delegationSets(): readonly { readonly id: string; readonly nameServers: readonly string[] }[];
}

export interface ZoneQuestion {
  readonly name: Name;
  readonly type: number;
  readonly client: ZoneClient | undefined;
}

/** A client, or the network that it is in. */
export interface ZoneClient {
  readonly address: Uint8Array;
  /** How many leading bits of it are known. */
  readonly bits: number;
}

/** Digits and letters; six of them are drawn at once, as 36^6 is less than 2^32. */
const ID_LETTERS = 36;
const ID_DRAWN = 6;
const ID_LENGTH = 20;

/** `Z`, `C` or `N` and twenty letters and digits, as AWS's ids are. */
export function newId(prng: Prng, first: 'Z' | 'C' | 'N'): string {
  let id = '';
  while (id.length < ID_LENGTH)
    id += prng
      .below(ID_LETTERS ** ID_DRAWN)
      .toString(ID_LETTERS)
      .padStart(ID_DRAWN, '0');
  return first + id.slice(0, ID_LENGTH).toUpperCase();
}

/** How many of something the caller's account may have. */
export function quotaOf(means: Pick<Means, 'declared'>, { account }: Caller, name: QuotaName): number {
  return quotasOf(means.declared(), account)[name];
}

/** A zone of the caller's account. Throws ApiError NoSuchHostedZone, also for those of others. */
export function ownZone(state: Reads, id: string, { account }: Caller): ZoneResource {
  const zone = zoneOf(state, id);
  if (zone === undefined || zone.account !== account)
    throw apiError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`);
  return zone;
}

export function originOf(call: Call<unknown>, summary: string): Origin {
  const { caller, source, operation } = call;
  return { account: caller.account, accessKey: caller.accessKeyId, source, operation, summary };
}

/** The record of a change, by which GetChange knows it. */
export function putChange(id: string, { caller, at }: Call<unknown>, comment?: string): PutItem {
  const body: ChangeBody = { submittedAt: at, ...(comment === undefined ? {} : { comment }) };
  return {
    action: 'put',
    kind: KIND.change,
    id,
    account: caller.account,
    sort: revisionOrder(at),
    body,
    expect: 'absent',
  };
}

/** PENDING until every worker serves the change. */
export function changeInfo(means: Means, id: string, body: ChangeBody, revision: Revision): ChangeInfo {
  return {
    Id: `/change/${id}`,
    Status: means.served() >= revision ? 'INSYNC' : 'PENDING',
    SubmittedAt: body.submittedAt,
    Comment: body.comment,
  };
}

/** `maxitems` as it is asked for, up to `most`; what is no number was refused before. Throws ApiError InvalidInput. */
export function pageSize(text: string | undefined, most: number): number {
  if (text === undefined) return most;
  const size = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (size < 1)
    throw apiError(
      'InvalidInput',
      `1 validation error detected: Value '${text}' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  return Math.min(size, most);
}
