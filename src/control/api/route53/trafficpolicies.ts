import { uuid } from '../../../util/uuid.ts';
import {
  KIND,
  type TrafficPolicyBody,
  type TrafficPolicyInstanceBody,
  type TrafficPolicyVersionBody,
} from '../../hosted/bodies.ts';
import { allOf } from '../../hosted/resolver.ts';
import { nameFromRoute53 } from '../../records/names.ts';
import { checkSets } from '../../records/rules.ts';
import { readRecordSet } from '../../records/set.ts';
import { revisionOrder } from '../../store/order.ts';
import { type Item, LIST_MAX, type PutItem, type Reads, type Resource } from '../../store/store.ts';
import { setsOfPolicy } from '../../traffic/compile.ts';
import { type Document, DocumentError, readDocument } from '../../traffic/document.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { RRType, TrafficPolicy, TrafficPolicySummary } from '../models/route53.ts';
import { type Means, originOf, pageSize, quotaOf } from './means.ts';

const PAGE_MAX = 100;
/** Of one policy (route53-semantics 4.8). */
const VERSIONS_MAX = 1000;

type PolicyResource = Resource<TrafficPolicyBody>;

/** Documents of policies and their versions; instances put them in force. */
export function trafficPolicyHandlers(means: Means): Route53Handlers {
  return {
    async CreateTrafficPolicy(call) {
      const { input, caller } = call;
      const { Name: name, Document: document, Comment: comment } = input;
      const id = uuid(means.prng);
      await means.store.apply((state, revision) => {
        const { RecordType: type } = checkedDocument(means, state, caller, document);
        const own = ownPolicies(state, caller);
        if (own.some(({ body }) => body.name === name))
          throw apiError('TrafficPolicyAlreadyExists', `A traffic policy named ${name} already exists.`);
        const most = quotaOf(means, caller, 'trafficPolicies');
        if (own.length >= most)
          throw apiError('TooManyTrafficPolicies', `An account has at most ${most} traffic policies.`);
        const at = { id, account: caller.account, sort: revisionOrder(revision) };
        const policy = putPolicy(at, { name, type, last: 1, versions: [1] });
        const items = [policy, putVersion(at, 1, { document, comment })];
        return { origin: originOf(call, `${id}: ${name}`), items };
      });
      return created(means, id, 1, caller);
    },

    async CreateTrafficPolicyVersion(call) {
      const { input, caller } = call;
      const { Id: id, Document: document, Comment: comment } = input;
      let made = 0;
      await means.store.apply((state) => {
        const policy = ownPolicy(state, id, caller);
        const { body } = policy;
        const { RecordType: type } = checkedDocument(means, state, caller, document);
        if (type !== body.type)
          throw apiError(
            'InvalidTrafficPolicyDocument',
            `RecordType: the other versions of the policy are of type ${body.type}, and this one is of type ${type}`,
          );
        if (body.last >= VERSIONS_MAX)
          throw apiError(
            'TooManyTrafficPolicyVersionsForCurrentPolicy',
            `A traffic policy has at most ${VERSIONS_MAX} versions: make a new one.`,
          );
        made = body.last + 1;
        const next = { ...body, last: made, versions: [...body.versions, made] };
        const items = [putPolicy(policy, next), putVersion(policy, made, { document, comment })];
        return { origin: originOf(call, `${id}: version ${made}`), items };
      });
      return created(means, id, made, caller);
    },

    GetTrafficPolicy: ({ input, caller }) => ({
      TrafficPolicy: shown(means.store, input.Id, input.Version, caller),
    }),

    async UpdateTrafficPolicyComment(call) {
      const { input, caller } = call;
      const { Id: id, Version: number, Comment: comment } = input;
      await means.store.apply((state) => {
        const policy = ownPolicy(state, id, caller);
        const { body } = versionOf(state, policy, number);
        const items = [putVersion(policy, number, { ...body, comment })];
        return { origin: originOf(call, `${id}: comment of version ${number}`), items };
      });
      return { TrafficPolicy: shown(means.store, id, number, caller) };
    },

    async DeleteTrafficPolicy(call) {
      const { input, caller } = call;
      const { Id: id, Version: number } = input;
      await means.store.apply((state) => {
        const policy = ownPolicy(state, id, caller);
        const { body } = policy;
        if (!body.versions.includes(number)) throw noSuchPolicy(id, number);
        const users = instancesOf(state, caller).filter(
          (instance) => instance.body.policy === id && instance.body.version === number,
        );
        if (users.length > 0)
          throw apiError(
            'TrafficPolicyInUse',
            `Version ${number} of the traffic policy ${id} is in use by ${users.map((each) => each.id).join(', ')}.`,
          );
        // Its document stays: GetTrafficPolicy tells it.
        const next = { ...body, versions: body.versions.filter((version) => version !== number) };
        const items: Item[] = [putPolicy(policy, next)];
        return { origin: originOf(call, `${id}: version ${number}`), items };
      });
      return {};
    },

    ListTrafficPolicies({ input, caller }) {
      const all = ownPolicies(means.store, caller);
      const start = input.TrafficPolicyIdMarker;
      const first = start === undefined ? 0 : all.findIndex(({ id }) => id === start);
      if (first < 0)
        throw apiError('InvalidInput', `The marker ${start} is no traffic policy of the account.`);
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const next = all[first + limit];
      return {
        TrafficPolicySummaries: all.slice(first, first + limit).map(summaryOf),
        IsTruncated: next !== undefined,
        TrafficPolicyIdMarker: next?.id ?? '',
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    ListTrafficPolicyVersions({ input, caller }) {
      const { body, id } = ownPolicy(means.store, input.Id, caller);
      if (body.versions.length === 0) throw noSuchPolicy(id);
      const start = Number(input.TrafficPolicyVersionMarker ?? 1);
      if (!Number.isInteger(start))
        throw apiError('InvalidInput', 'The marker is not the number of a version.');
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const rest = body.versions.filter((version) => version >= start);
      const next = rest[limit];
      return {
        TrafficPolicies: rest.slice(0, limit).map((version) => shown(means.store, id, version, caller)),
        IsTruncated: next !== undefined,
        TrafficPolicyVersionMarker: next === undefined ? '' : String(next),
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },
  };
}

/** All instances of an account, zone by zone, in the order of record sets. */
export function instancesOf(state: Reads, { account }: Caller): Resource<TrafficPolicyInstanceBody>[] {
  return state.list<TrafficPolicyInstanceBody>({
    kind: KIND.trafficPolicyInstance,
    account,
    limit: LIST_MAX,
  });
}

/** A version that may be put in force. Throws ApiError NoSuchTrafficPolicy. */
export function policyDocument(state: Reads, id: string, number: number, caller: Caller): Document {
  const policy = ownPolicy(state, id, caller);
  if (!policy.body.versions.includes(number)) throw noSuchPolicy(id, number);
  return readDocument(versionOf(state, policy, number).body.document);
}

/** Throws ApiError NoSuchTrafficPolicy. */
export function ownPolicy(state: Reads, id: string, { account }: Caller): PolicyResource {
  const policy = state.get<TrafficPolicyBody>(KIND.trafficPolicy, id);
  if (policy?.account === account) return policy;
  throw noSuchPolicy(id);
}

function noSuchPolicy(id: string, version?: number) {
  const which = version === undefined ? '' : `version ${version} of `;
  return apiError('NoSuchTrafficPolicy', `There is no ${which}traffic policy with ID ${id}.`);
}

/**
 * A document that record sets can be made of. Health checks that it names need not be there before it is put in force.
 * Throws ApiError InvalidTrafficPolicyDocument.
 */
function checkedDocument(means: Means, state: Reads, { account }: Caller, json: string): Document {
  try {
    const document = readDocument(json);
    const example = { id: 'i', zone: 'example.com.', name: 'www.example.com.', ttl: 60 };
    const zone = { name: nameFromRoute53(example.zone), id: 'Z' };
    const resources = means.resources(state, account);
    const said: string[] = [];
    const drafts = setsOfPolicy(document, example).map((set) => {
      const report = (code: string, _field: unknown, message: string): void => {
        if (!code.startsWith('NoSuch')) said.push(message);
      };
      return readRecordSet({ zone, resources, action: 'CREATE', report }, set);
    });
    if (said.length === 0) said.push(...checkSets(zone, drafts).map(({ message }) => message));
    if (said.length > 0) throw new DocumentError(said.join('; '));
    return document;
  } catch (error) {
    if (error instanceof DocumentError) throw apiError('InvalidTrafficPolicyDocument', error.message);
    throw error;
  }
}

/** Those that have versions, in the order of their making. */
function ownPolicies(state: Reads, { account }: Caller): PolicyResource[] {
  const all = [...allOf<TrafficPolicyBody>(state, KIND.trafficPolicy, account)];
  return all.filter(({ body }) => body.versions.length > 0);
}

/** Throws ApiError NoSuchTrafficPolicy. */
function versionOf(
  state: Reads,
  { id }: Pick<PolicyResource, 'id'>,
  number: number,
): Resource<TrafficPolicyVersionBody> {
  const found = state.get<TrafficPolicyVersionBody>(KIND.trafficPolicyVersion, versionId(id, number));
  if (found !== undefined) return found;
  throw noSuchPolicy(id, number);
}

function versionId(policy: string, number: number): string {
  return `${policy} ${number}`;
}

type Place = Pick<Resource, 'id' | 'account' | 'sort'>;

function putPolicy({ id, account, sort }: Place, body: TrafficPolicyBody): PutItem {
  return { action: 'put', kind: KIND.trafficPolicy, id, account, sort, body };
}

function putVersion({ id: parent, account }: Place, number: number, body: TrafficPolicyVersionBody): PutItem {
  const at = { id: versionId(parent, number), sort: revisionOrder(number) };
  const { document, comment } = body;
  const stored = comment === undefined ? { document } : { document, comment };
  return { action: 'put', kind: KIND.trafficPolicyVersion, ...at, account, parent, body: stored };
}

function created(means: Means, id: string, version: number, caller: Caller) {
  return {
    TrafficPolicy: shown(means.store, id, version, caller),
    Location: locationOf(`trafficpolicy/${id}/${version}`),
  };
}

function shown(state: Reads, id: string, number: number, caller: Caller): TrafficPolicy {
  const policy = ownPolicy(state, id, caller);
  const { document, comment } = versionOf(state, policy, number).body;
  const { name, type } = policy.body;
  return {
    Id: id,
    Version: number,
    Name: name,
    Type: type as RRType,
    Document: document,
    Comment: comment,
  };
}

function summaryOf({ id, body }: PolicyResource): TrafficPolicySummary {
  const { name, type, versions } = body;
  return {
    Id: id,
    Name: name,
    Type: type as RRType,
    LatestVersion: versions.at(-1)!,
    TrafficPolicyCount: versions.length,
  };
}
