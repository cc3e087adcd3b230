import { uuid } from '../../../util/uuid.ts';
import { type BatchChange, BatchError, decideBatch } from '../../hosted/batch.ts';
import {
  KIND,
  type SetBody,
  type TrafficPolicyInstanceBody,
  type ZoneResource,
} from '../../hosted/bodies.ts';
import { nameFromRoute53, nameToRoute53 } from '../../records/names.ts';
import { FatalProblem } from '../../records/problem.ts';
import { recordSetOrder } from '../../store/order.ts';
import type { Item, PutItem, Reads, Resource } from '../../store/store.ts';
import { setsOfPolicy } from '../../traffic/compile.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { RRType, TrafficPolicyInstance } from '../models/route53.ts';
import { type Means, originOf, ownZone, pageSize, quotaOf } from './means.ts';
import { instancesOf, ownPolicy, policyDocument } from './trafficpolicies.ts';

const PAGE_MAX = 100;

type InstanceResource = Resource<TrafficPolicyInstanceBody>;
type Settings = Pick<TrafficPolicyInstanceBody, 'zone' | 'name' | 'ttl' | 'policy' | 'version'>;

/** Traffic policies in force: each is a tree of record sets, which comes, changes and goes as a whole. */
export function trafficInstanceHandlers(means: Means): Route53Handlers {
  /** The body of an instance, and what it takes to get from the sets that were there to its own. */
  const decide = (
    state: Reads,
    id: string,
    settings: Settings,
    caller: Caller,
    before: readonly SetBody[],
  ) => {
    const zone = ownZone(state, settings.zone, caller);
    const document = policyDocument(state, settings.policy, settings.version, caller);
    const { name, ttl } = settings;
    const sets = setsOfPolicy(document, { id, zone: zone.body.name, name, ttl });
    const changes: BatchChange[] = [
      ...before.map((set) => ({ action: 'DELETE' as const, set })),
      ...sets.map((set) => ({ action: 'CREATE' as const, set })),
    ];
    const items = batchOf(means, state, zone, changes, caller);
    const body: TrafficPolicyInstanceBody = { ...settings, type: document.RecordType, sets };
    return { items, body };
  };

  return {
    async CreateTrafficPolicyInstance(call) {
      const { input, caller } = call;
      const id = uuid(means.prng);
      const settings: Settings = {
        zone: input.HostedZoneId,
        name: readName(input.Name),
        ttl: input.TTL,
        policy: input.TrafficPolicyId,
        version: input.TrafficPolicyVersion,
      };
      await means.store.apply((state) => {
        ownZone(state, settings.zone, caller);
        const own = instancesOf(state, caller);
        const { RecordType: type } = policyDocument(state, settings.policy, settings.version, caller);
        const isThere = own.some(
          ({ body }) => body.zone === settings.zone && body.name === settings.name && body.type === type,
        );
        if (isThere)
          throw apiError(
            'TrafficPolicyInstanceAlreadyExists',
            `There is a traffic policy instance of type ${type} at ${settings.name} already.`,
          );
        const most = quotaOf(means, caller, 'trafficPolicyInstances');
        if (own.length >= most)
          throw apiError(
            'TooManyTrafficPolicyInstances',
            `An account has at most ${most} traffic policy instances.`,
          );
        const { items, body } = decide(state, id, settings, caller, []);
        return {
          origin: originOf(call, `${id}: ${settings.name}`),
          items: [...items, put(id, caller.account, body)],
        };
      });
      return {
        TrafficPolicyInstance: shown(means, ownInstance(means.store, id, caller)),
        Location: locationOf(`trafficpolicyinstance/${id}`),
      };
    },

    GetTrafficPolicyInstance: ({ input, caller }) => ({
      TrafficPolicyInstance: shown(means, ownInstance(means.store, input.Id, caller)),
    }),

    async UpdateTrafficPolicyInstance(call) {
      const { input, caller } = call;
      const { Id: id, TTL: ttl, TrafficPolicyId: policy, TrafficPolicyVersion: version } = input;
      await means.store.apply((state) => {
        const { body: before } = ownInstance(state, id, caller);
        const { zone, name } = before;
        const { RecordType: type } = policyDocument(state, policy, version, caller);
        if (type !== before.type)
          throw apiError(
            'ConflictingTypes',
            `The instance is of type ${before.type}, and the policy is of type ${type}.`,
          );
        const { items, body } = decide(state, id, { zone, name, ttl, policy, version }, caller, before.sets);
        return { origin: originOf(call, `${id}: ${name}`), items: [...items, put(id, caller.account, body)] };
      });
      return { TrafficPolicyInstance: shown(means, ownInstance(means.store, id, caller)) };
    },

    async DeleteTrafficPolicyInstance(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const { id, kind, body } = ownInstance(state, input.Id, caller);
        const zone = ownZone(state, body.zone, caller);
        const changes = body.sets.map((set): BatchChange => ({ action: 'DELETE', set }));
        const sets = batchOf(means, state, zone, changes, caller);
        const items: Item[] = [...sets, { action: 'delete', kind, id }];
        return { origin: originOf(call, `${id}: ${body.name}`), items };
      });
      return {};
    },

    GetTrafficPolicyInstanceCount: ({ caller }) => ({
      TrafficPolicyInstanceCount: instancesOf(means.store, caller).length,
    }),

    ListTrafficPolicyInstances({ input, caller }) {
      const { HostedZoneIdMarker: zone } = input;
      const { page, next, common } = pageOf(means, instancesOf(means.store, caller), zone, input);
      return { ...page, ...(next === undefined ? {} : { HostedZoneIdMarker: next.zone }), ...common };
    },

    ListTrafficPolicyInstancesByHostedZone({ input, caller }) {
      const { id } = ownZone(means.store, input.HostedZoneId, caller);
      const all = instancesOf(means.store, caller).filter(({ body }) => body.zone === id);
      const { page, common } = pageOf(means, all, id, input);
      return { ...page, ...common };
    },

    ListTrafficPolicyInstancesByPolicy({ input, caller }) {
      const { id } = ownPolicy(means.store, input.TrafficPolicyId, caller);
      const all = instancesOf(means.store, caller).filter(
        ({ body }) => body.policy === id && body.version === input.TrafficPolicyVersion,
      );
      const { page, next, common } = pageOf(means, all, input.HostedZoneIdMarker, input);
      return { ...page, ...(next === undefined ? {} : { HostedZoneIdMarker: next.zone }), ...common };
    },
  };
}

interface Markers {
  readonly TrafficPolicyInstanceNameMarker?: string | undefined;
  readonly TrafficPolicyInstanceTypeMarker?: string | undefined;
  readonly MaxItems?: string | undefined;
}

/** A page that begins with the instance of the markers, and that of the next one. */
function pageOf(means: Means, all: readonly InstanceResource[], zone: string | undefined, asked: Markers) {
  const { TrafficPolicyInstanceNameMarker: name, TrafficPolicyInstanceTypeMarker: type = '' } = asked;
  const start = name === undefined ? (zone ?? '') : orderOf(zone ?? '', readName(name), type);
  const limit = pageSize(asked.MaxItems, PAGE_MAX);
  const rest = all.filter(({ sort }) => sort >= start);
  const next = rest[limit]?.body;
  return {
    page: { TrafficPolicyInstances: rest.slice(0, limit).map((instance) => shown(means, instance)) },
    next,
    common: {
      IsTruncated: next !== undefined,
      MaxItems: asked.MaxItems ?? String(PAGE_MAX),
      ...(next === undefined
        ? {}
        : {
            TrafficPolicyInstanceNameMarker: next.name,
            TrafficPolicyInstanceTypeMarker: next.type as RRType,
          }),
    },
  };
}

function orderOf(zone: string, name: string, type: string): string {
  return `${zone} ${recordSetOrder(nameFromRoute53(name), type)}`;
}

/** As Route 53 writes it. Throws ApiError InvalidInput. */
function readName(text: string): string {
  try {
    return nameToRoute53(nameFromRoute53(text));
  } catch (error) {
    if (error instanceof FatalProblem) throw apiError('InvalidInput', error.message);
    throw error;
  }
}

/** What does not go into the zone is no matter of a batch here. */
function batchOf(
  means: Means,
  state: Reads,
  zone: ZoneResource,
  changes: readonly BatchChange[],
  caller: Caller,
): Item[] {
  const resources = means.resources(state, caller.account);
  try {
    return decideBatch(state, zone, changes, resources, quotaOf(means, caller, 'recordsPerZone'));
  } catch (error) {
    if (error instanceof BatchError) throw apiError('InvalidInput', error.message);
    throw error;
  }
}

/** Throws ApiError NoSuchTrafficPolicyInstance. */
function ownInstance(state: Reads, id: string, { account }: Caller): InstanceResource {
  const instance = state.get<TrafficPolicyInstanceBody>(KIND.trafficPolicyInstance, id);
  if (instance?.account === account) return instance;
  throw apiError('NoSuchTrafficPolicyInstance', `There is no traffic policy instance with ID ${id}.`);
}

function put(id: string, account: string, body: TrafficPolicyInstanceBody): PutItem {
  const sort = orderOf(body.zone, body.name, body.type);
  return { action: 'put', kind: KIND.trafficPolicyInstance, id, account, sort, body };
}

function shown(means: Means, { id, body, revision }: InstanceResource): TrafficPolicyInstance {
  return {
    Id: id,
    HostedZoneId: body.zone,
    Name: body.name,
    TTL: body.ttl,
    State: means.served() >= revision ? 'Applied' : 'Creating',
    Message: '',
    TrafficPolicyId: body.policy,
    TrafficPolicyVersion: body.version,
    TrafficPolicyType: body.type as RRType,
  };
}
