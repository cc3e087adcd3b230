import { BatchError, decideBatch } from '../../hosted/batch.ts';
import {
  type ChangeBody,
  KIND,
  policyNamesOf,
  type SetBody,
  type ZoneResource,
} from '../../hosted/bodies.ts';
import { nameFromRoute53 } from '../../records/names.ts';
import { FatalProblem, type Fault } from '../../records/problem.ts';
import { nameOrder, recordSetStart } from '../../store/order.ts';
import type { Reads, Resource } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Route53Handlers } from '../handler.ts';
import type { ChangeBatch } from '../models/route53.ts';
import { changeInfo, type Means, newId, originOf, ownZone, pageSize, putChange, quotaOf } from './means.ts';
import { inputOf, outputOf } from './recordset.ts';

/** Of one request; UPSERT counts twice (route53-semantics 4.5). */
const RECORDS_MAX = 1000;
const VALUE_CHARS_MAX = 32_000;
const PAGE_MAX = 300;

/** Record sets of hosted zones, and what becomes of changes. */
export function recordHandlers(means: Means): Route53Handlers {
  return {
    async ChangeResourceRecordSets(call) {
      const { HostedZoneId: zoneId, ChangeBatch: batch } = call.input;
      checkSize(batch);
      const id = newId(means.prng, 'C');
      const record = putChange(id, call, batch.Comment);
      const changes = batch.Changes.map((change) => ({
        action: change.Action,
        set: inputOf(change.ResourceRecordSet),
      }));
      const revision = await means.store.apply((state) => {
        const zone = ownZone(state, zoneId, call.caller);
        const resources = means.resources(state, call.caller.account);
        const most = quotaOf(means, call.caller, 'recordsPerZone');
        const items = told(() => decideBatch(state, zone, changes, resources, most));
        return { origin: originOf(call, summaryOf(zoneId, batch)), items: [...items, record] };
      });
      return { ChangeInfo: changeInfo(means, id, record.body as ChangeBody, revision) };
    },

    ListResourceRecordSets(call) {
      const { input } = call;
      const zone = ownZone(means.store, input.HostedZoneId, call.caller);
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const from = startOf(input);
      const sets = listedSets(means.store, zone, from, limit + 1);
      const next = sets[limit]?.body;
      return {
        ResourceRecordSets: sets.slice(0, limit).map(({ body }) => outputOf(body)),
        IsTruncated: next !== undefined,
        ...(next === undefined
          ? {}
          : {
              NextRecordName: next.name,
              NextRecordType: outputOf(next).Type,
              NextRecordIdentifier: next.setIdentifier,
            }),
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    GetChange({ input, caller }) {
      const change = means.store.get<ChangeBody>(KIND.change, input.Id) as Resource<ChangeBody> | undefined;
      if (change === undefined || change.account !== caller.account)
        throw apiError('NoSuchChange', `A change with ID ${input.Id} does not exist.`);
      return { ChangeInfo: changeInfo(means, change.id, change.body, change.revision) };
    },
  };
}

/** Sets from a place on; those that rules of traffic policies are made of stand together, and are left out. */
function listedSets(
  state: Reads,
  zone: ZoneResource,
  from: { readonly sort: string } | undefined,
  limit: number,
): Resource<SetBody>[] {
  const hidden = nameOrder(policyNamesOf(zone));
  const found: Resource<SetBody>[] = [];
  for (let place = from; ; ) {
    const page = state.list<SetBody>({ kind: KIND.set, parent: zone.id, from: place, limit });
    found.push(...page.filter(({ sort }) => !sort.startsWith(hidden)));
    if (found.length >= limit || page.length < limit) return found.slice(0, limit);
    const last = page.at(-1)!;
    // Behind all that begins so: every character of a sort key is less.
    place = last.sort.startsWith(hidden) ? { sort: `${hidden}\x7f` } : { sort: `${last.sort}\0` };
  }
}

function summaryOf(zone: string, { Changes: changes }: ChangeBatch): string {
  const [first] = changes;
  const more = changes.length === 1 ? '' : ` and ${changes.length - 1} more`;
  return `${zone}: ${first!.Action} ${first!.ResourceRecordSet.Name} ${first!.ResourceRecordSet.Type}${more}`;
}

function checkSize({ Changes: changes }: ChangeBatch): void {
  let records = 0;
  let characters = 0;
  for (const { Action: action, ResourceRecordSet: set } of changes) {
    const times = action === 'UPSERT' ? 2 : 1;
    for (const { Value: value } of set.ResourceRecords ?? []) {
      records += times;
      characters += times * value.length;
    }
  }
  if (records > RECORDS_MAX)
    throw apiError('InvalidChangeBatch', `[Number of records limit of ${RECORDS_MAX} exceeded.]`);
  if (characters > VALUE_CHARS_MAX)
    throw apiError(
      'InvalidChangeBatch',
      `[Maximum total length of values (${VALUE_CHARS_MAX} characters) exceeded.]`,
    );
}

/** The faults of a batch as one error: those that are not of the batch as a whole go first, as in AWS. */
function told<T>(decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    if (error instanceof BatchError) throw asApiError(error.faults);
    throw error;
  }
}

function asApiError(faults: readonly Fault[]): ApiError {
  const constraints = faults.filter(({ code }) => code === 'Constraint');
  if (constraints.length > 0) {
    const errors =
      constraints.length === 1 ? '1 validation error' : `${constraints.length} validation errors`;
    return apiError(
      'InvalidInput',
      `${errors} detected: ${constraints.map(({ message }) => message).join('; ')}`,
    );
  }
  const other = faults.find(({ code }) => code !== 'InvalidChangeBatch');
  if (other !== undefined && other.code !== 'Constraint' && other.code !== 'InvalidChangeBatch')
    return apiError(other.code, other.message);
  return apiError('InvalidChangeBatch', `[${faults.map(({ message }) => message).join(', ')}]`);
}

/** Where a list begins. Throws ApiError InvalidInput. */
function startOf(input: {
  readonly StartRecordName?: string | undefined;
  readonly StartRecordType?: string | undefined;
  readonly StartRecordIdentifier?: string | undefined;
}): { sort: string } | undefined {
  const { StartRecordName: name, StartRecordType: type, StartRecordIdentifier: identifier } = input;
  if (name === undefined) {
    if (type === undefined && identifier === undefined) return undefined;
    throw apiError('InvalidInput', 'The record type or identifier is specified, and the record name is not.');
  }
  if (type === undefined && identifier !== undefined)
    throw apiError('InvalidInput', 'The record identifier is specified, and the record type is not.');
  try {
    return { sort: recordSetStart(nameFromRoute53(name), type, identifier) };
  } catch (error) {
    if (error instanceof FatalProblem) throw apiError('InvalidInput', error.message);
    throw error;
  }
}
