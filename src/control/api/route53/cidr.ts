import { AddressError, cidrToText } from '../../../util/cidr.ts';
import { uuid } from '../../../util/uuid.ts';
import { locationKey } from '../../../zone/geo/regions.ts';
import { BLOCKS_MAX } from '../../config/check/collections.ts';
import { readBlock } from '../../config/collections.ts';
import { SettingError } from '../../config/problem.ts';
import { type ChangeBody, type CollectionBody, type CollectionResource, KIND } from '../../hosted/bodies.ts';
import { revisionOrder } from '../../store/order.ts';
import { LIST_MAX, type PutItem, type Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { CidrCollection, CidrCollectionChange } from '../models/route53.ts';
import { changeInfo, type Means, newId, originOf, pageSize, putChange, quotaOf } from './means.ts';

const PAGE_MAX = 100;

/** CIDR collections, whose locations record sets name. */
export function cidrHandlers(means: Means): Route53Handlers {
  return {
    async CreateCidrCollection(call) {
      const { input, caller } = call;
      const made = uuid(means.prng);
      const known = sameRequest(means.store, caller, input.Name, input.CallerReference);
      if (known !== undefined) return created(known);
      await means.store.apply((state, revision) => {
        const own = ownCollections(state, caller);
        if (
          own.some(({ body }) => body.name === input.Name || body.callerReference === input.CallerReference)
        )
          throw taken(input.Name);
        const most = quotaOf(means, caller, 'cidrCollections');
        if (own.length >= most)
          throw apiError(
            'LimitsExceeded',
            `Limits Exceeded: an account has at most ${most} CIDR collections.`,
          );
        const body = { name: input.Name, callerReference: input.CallerReference, version: 1, locations: {} };
        const at = { id: made, account: caller.account, sort: revisionOrder(revision) };
        return { origin: originOf(call, `${made}: ${input.Name}`), items: [putCollection(at, body)] };
      });
      return created(ownCollection(means.store, made, caller));
    },

    async ChangeCidrCollection(call) {
      const { input, caller } = call;
      if (input.Changes.reduce((all, { CidrList: { length } }) => all + length, 0) > BLOCKS_MAX)
        throw tooMany();
      const id = newId(means.prng, 'C');
      const record = putChange(id, call);
      const revision = await means.store.apply((state) => {
        const collection = ownCollection(state, input.Id, caller);
        const { body } = collection;
        if (input.CollectionVersion !== undefined && input.CollectionVersion !== body.version)
          throw apiError(
            'CidrCollectionVersionMismatchException',
            `The collection version in the request is ${input.CollectionVersion}, that of the collection ${collection.id} is ${body.version}.`,
          );
        const locations = changed(body, input.Changes);
        const next = { ...body, version: body.version + 1, locations };
        const summary = `${collection.id}: ${input.Changes.length} changes`;
        return { origin: originOf(call, summary), items: [putCollection(collection, next), record] };
      });
      return { Id: changeInfo(means, id, record.body as ChangeBody, revision).Id };
    },

    async DeleteCidrCollection(call) {
      await means.store.apply((state) => {
        const { kind, id, body } = ownCollection(state, call.input.Id, call.caller);
        if (Object.keys(body.locations).length > 0)
          throw apiError(
            'CidrCollectionInUseException',
            `The CIDR collection ${id} is in use: it can be deleted when it has no locations.`,
          );
        return { origin: originOf(call, `${id}: ${body.name}`), items: [{ action: 'delete', kind, id }] };
      });
      return {};
    },

    ListCidrCollections({ input, caller }) {
      const own = ownCollections(means.store, caller).sort(byId);
      const { page, next } = pageOf(own, ({ id }) => id, input);
      return { ...next, CidrCollections: page.map(asCollection) };
    },

    ListCidrLocations({ input, caller }) {
      const { body } = ownCollection(means.store, input.CollectionId, caller);
      const { page, next } = pageOf(Object.keys(body.locations).sort(), (name) => name, input);
      return { ...next, CidrLocations: page.map((name) => ({ LocationName: name })) };
    },

    ListCidrBlocks({ input, caller }) {
      const { id, body } = ownCollection(means.store, input.CollectionId, caller);
      const { LocationName: wanted } = input;
      if (wanted !== undefined && !Object.hasOwn(body.locations, wanted))
        throw apiError('NoSuchCidrLocationException', `The CIDR collection ${id} has no location ${wanted}.`);
      const blocks = Object.entries(body.locations)
        .filter(([name]) => wanted === undefined || name === wanted)
        .flatMap(([name, cidrs]) => cidrs.map((cidr) => ({ CidrBlock: cidr, LocationName: name })))
        .sort((a, b) => (a.CidrBlock < b.CidrBlock ? -1 : 1));
      const { page, next } = pageOf(blocks, ({ CidrBlock }) => CidrBlock, input);
      return { ...next, CidrBlocks: page };
    },
  };
}

/** The collection that the same request has made. */
function sameRequest(
  state: Reads,
  caller: Caller,
  name: string,
  reference: string,
): CollectionResource | undefined {
  const made = ownCollections(state, caller).find(({ body }) => body.callerReference === reference);
  if (made !== undefined && made.body.name !== name) throw taken(name);
  return made;
}

function taken(name: string) {
  return apiError(
    'CidrCollectionAlreadyExistsException',
    `A CIDR collection with the name ${name} or with this caller reference exists already.`,
  );
}

/** Blocks by location once the changes were made, in their order. Throws ApiError. */
function changed(
  { locations }: CollectionBody,
  changes: readonly CidrCollectionChange[],
): CollectionBody['locations'] {
  const owners = new Map<string, string>();
  for (const [name, cidrs] of Object.entries(locations)) for (const cidr of cidrs) owners.set(cidr, name);
  for (const { LocationName: name, Action: action, CidrList: cidrs } of changes)
    for (const text of cidrs) {
      const block = blockOf(text);
      const owner = owners.get(block);
      if (action === 'DELETE_IF_EXISTS') {
        if (owner === name) owners.delete(block);
      } else if (owner === undefined) owners.set(block, name);
      else if (owner !== name)
        throw apiError('CidrBlockInUseException', `The CIDR block ${block} is in the location ${owner}.`);
    }
  if (owners.size > BLOCKS_MAX) throw tooMany();
  return byLocation(owners);
}

/** In a collection, or in one request. */
function tooMany() {
  return apiError('LimitsExceeded', `Limits Exceeded: at most ${BLOCKS_MAX} CIDR blocks are possible.`);
}

function byLocation(owners: ReadonlyMap<string, string>): CollectionBody['locations'] {
  const locations = new Map<string, string[]>();
  for (const [block, name] of owners) {
    const blocks = locations.get(name);
    if (blocks === undefined) locations.set(name, [block]);
    else blocks.push(block);
  }
  const keys = new Map<number, string>();
  for (const name of locations.keys()) {
    const key = locationKey(name);
    const other = keys.get(key);
    // Tables know locations by a number that is made of the name.
    if (other !== undefined)
      throw apiError(
        'InvalidInput',
        `The locations ${other} and ${name} have the same key: give one of them another name.`,
      );
    keys.set(key, name);
  }
  return Object.fromEntries(locations);
}

/** As it is written canonically. Throws ApiError InvalidInput. */
function blockOf(text: string): string {
  try {
    return cidrToText(readBlock(text));
  } catch (error) {
    if (error instanceof SettingError || error instanceof AddressError)
      throw apiError('InvalidInput', `${error.message}: ${error.remedy}`);
    throw error;
  }
}

/** A page of a list whose order is that of `keyOf`; the token is the key that the next one begins with. */
function pageOf<T>(
  all: readonly T[],
  keyOf: (each: T) => string,
  asked: { readonly NextToken?: string | undefined; readonly MaxResults?: string | undefined },
): { page: readonly T[]; next: { NextToken?: string } } {
  const limit = pageSize(asked.MaxResults, PAGE_MAX);
  const rest = all.filter((each) => asked.NextToken === undefined || keyOf(each) >= asked.NextToken);
  const next = rest[limit];
  return { page: rest.slice(0, limit), next: next === undefined ? {} : { NextToken: keyOf(next) } };
}

function created(collection: CollectionResource) {
  return {
    Collection: asCollection(collection),
    Location: locationOf(`cidrcollection/${collection.id}`),
  };
}

function asCollection({ id, body }: CollectionResource): CidrCollection {
  return { Arn: `arn:aws:route53:::cidrcollection/${id}`, Id: id, Name: body.name, Version: body.version };
}

function putCollection(
  { id, account, sort }: Pick<CollectionResource, 'id' | 'account' | 'sort'>,
  body: CollectionBody,
): PutItem {
  return { action: 'put', kind: KIND.collection, id, account, sort, body };
}

/** Throws ApiError NoSuchCidrCollectionException, also for those of others. */
function ownCollection(state: Reads, id: string, { account }: Caller): CollectionResource {
  const collection = state.get<CollectionBody>(KIND.collection, id);
  if (collection === undefined || collection.account !== account)
    throw apiError('NoSuchCidrCollectionException', `A CIDR collection with id ${id} does not exist.`);
  return collection;
}

/** An account has no more than its quota. */
function ownCollections(state: Reads, { account }: Caller): CollectionResource[] {
  return state.list<CollectionBody>({ kind: KIND.collection, account, limit: LIST_MAX });
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
