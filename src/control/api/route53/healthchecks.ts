import { networkInterfaces } from 'node:os';
import { uuid } from '../../../util/uuid.ts';
import { timestampFromText } from '../../../wire/rdata/time.ts';
import { HEALTH_CHECKS_MAX } from '../../config/health.ts';
import { type HealthCheckBody, type HealthCheckResource, KIND } from '../../hosted/bodies.ts';
import { revisionOrder } from '../../store/order.ts';
import { type Item, LIST_MAX, type PutItem, type Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type {
  HealthCheck,
  HealthCheckConfig,
  HealthCheckObservation,
  HealthCheckObservations,
  HealthCheckRegion,
} from '../models/route53.ts';
import { type Others, readHealthConfig, updatedConfig } from './healthconfig.ts';
import { type Means, originOf, pageSize, quotaOf } from './means.ts';
import { KIND_TAGS, tagsId } from './tags.ts';

const PAGE_MAX = 1000;
/** Of all accounts: with those that a configuration may have, half of the slots stay free. */
const ALL_MAX = HEALTH_CHECKS_MAX;

interface ReferenceBody {
  readonly check: string;
  /** As it was created. */
  readonly config: HealthCheckConfig;
}

/** Health checks: they are made as soon as they are in force. */
export function healthCheckHandlers(means: Means): Route53Handlers {
  return {
    async CreateHealthCheck(call) {
      const { input, caller } = call;
      const reference = `${caller.account} ${KIND.healthCheck} ${input.CallerReference}`;
      const made = uuid(means.prng);
      const again = (state: Reads, config: HealthCheckConfig): HealthCheckResource | undefined => {
        const used = state.get<ReferenceBody>(KIND.reference, reference);
        if (used === undefined) return undefined;
        const check = state.get<HealthCheckBody>(KIND.healthCheck, used.body.check);
        if (check !== undefined && JSON.stringify(used.body.config) === JSON.stringify(config)) return check;
        throw apiError(
          'HealthCheckAlreadyExists',
          `A health check with the caller reference ${input.CallerReference} has already been created.`,
        );
      };
      const read = (state: Reads): HealthCheckConfig =>
        readHealthConfig(input.HealthCheckConfig, othersFor(means, state, caller));
      const known = again(means.store, read(means.store));
      if (known !== undefined) return created(known);
      await means.store.apply((state, revision) => {
        const config = read(state);
        // Another one may have come between: this one is answered as that when it is repeated, which clients do.
        if (again(state, config) !== undefined)
          throw apiError('PriorRequestNotComplete', 'The request is being made already.');
        refuseMore(means, state, caller);
        const referenced: Item = {
          action: 'put',
          kind: KIND.reference,
          id: reference,
          account: caller.account,
          sort: '',
          body: { check: made, config } satisfies ReferenceBody,
          expect: 'absent',
        };
        const body: HealthCheckBody = { callerReference: input.CallerReference, version: 1, config };
        const sort = revisionOrder(revision);
        return {
          origin: originOf(call, `${made}: ${config.Type}`),
          items: [putCheck({ id: made, account: caller.account, sort }, body), referenced],
        };
      });
      return created(ownCheck(means.store, made, caller));
    },

    GetHealthCheck({ input, caller }) {
      return { HealthCheck: asHealthCheck(ownCheck(means.store, input.HealthCheckId, caller)) };
    },

    async UpdateHealthCheck(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const check = ownCheck(state, input.HealthCheckId, caller);
        const { body } = check;
        if (input.HealthCheckVersion !== undefined && input.HealthCheckVersion !== body.version)
          throw apiError(
            'HealthCheckVersionMismatch',
            `The health check version in the request is ${input.HealthCheckVersion}, that of the health check ${check.id} is ${body.version}.`,
          );
        const others = othersFor(means, state, caller);
        const config = readHealthConfig(updatedConfig(body.config, input), others);
        const next = { ...body, version: body.version + 1, config };
        return { origin: originOf(call, check.id), items: [putCheck(check, next)] };
      });
      return { HealthCheck: asHealthCheck(ownCheck(means.store, input.HealthCheckId, caller)) };
    },

    async DeleteHealthCheck(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const { kind, id } = ownCheck(state, input.HealthCheckId, caller);
        const items: Item[] = [{ action: 'delete', kind, id }];
        const tags = tagsId('healthcheck', id);
        if (state.get(KIND_TAGS, tags) !== undefined)
          items.push({ action: 'delete', kind: KIND_TAGS, id: tags });
        return { origin: originOf(call, id), items };
      });
      return {};
    },

    ListHealthChecks({ input, caller }) {
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const { Marker: marker } = input;
      const rest = means.store
        .list<HealthCheckBody>({ kind: KIND.healthCheck, account: caller.account, limit: LIST_MAX })
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .filter(({ id }) => marker === undefined || id >= marker);
      const next = rest[limit];
      return {
        HealthChecks: rest.slice(0, limit).map(asHealthCheck),
        Marker: marker ?? '',
        IsTruncated: next !== undefined,
        ...(next === undefined ? {} : { NextMarker: next.id }),
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    GetHealthCheckCount({ caller }) {
      return { HealthCheckCount: countOf(means.store, caller.account) };
    },

    async GetHealthCheckStatus({ input, caller }) {
      const report = await reportOf(means, input.HealthCheckId, caller);
      const seen = report?.observations ?? [];
      return { HealthCheckObservations: seen.map(({ at, status }) => observation(means, at, status)) };
    },

    async GetHealthCheckLastFailureReason({ input, caller }) {
      const failure = (await reportOf(means, input.HealthCheckId, caller))?.lastFailure;
      const seen: HealthCheckObservations =
        failure === undefined ? [] : [observation(means, failure.at, failure.reason)];
      return { HealthCheckObservations: seen };
    },

    GetCheckerIpRanges() {
      return {
        CheckerIpRanges: ownAddresses().map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
      };
    },
  };
}

function created(check: HealthCheckResource) {
  return { HealthCheck: asHealthCheck(check), Location: locationOf(`healthcheck/${check.id}`) };
}

function asHealthCheck({ id, body }: HealthCheckResource): HealthCheck {
  return {
    Id: id,
    CallerReference: body.callerReference,
    HealthCheckConfig: body.config,
    HealthCheckVersion: body.version,
  };
}

function putCheck(
  { id, account, sort }: Pick<HealthCheckResource, 'id' | 'account' | 'sort'>,
  body: HealthCheckBody,
): PutItem {
  return { action: 'put', kind: KIND.healthCheck, id, account, sort, body };
}

/** Throws ApiError NoSuchHealthCheck, also for those of others. */
function ownCheck(state: Reads, id: string, { account }: Caller): HealthCheckResource {
  const check = state.get<HealthCheckBody>(KIND.healthCheck, id);
  if (check === undefined || check.account !== account)
    throw apiError('NoSuchHealthCheck', `A health check with id ${id} does not exist.`);
  return check;
}

/** @param account undefined: of all */
function countOf(state: Reads, account?: string): number {
  return state.count({ kind: KIND.healthCheck, account });
}

function refuseMore(means: Means, state: Reads, caller: Caller): void {
  const isFull = countOf(state, caller.account) >= quotaOf(means, caller, 'healthChecks');
  if (!isFull && countOf(state) < ALL_MAX) return;
  throw apiError(
    'TooManyHealthChecks',
    'Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more health checks.',
  );
}

function othersFor(means: Means, state: Reads, { account }: Caller): Others {
  return {
    typeOf(id) {
      const declared = means.declared().healthChecks.find((each) => each.id === id);
      if (declared !== undefined) return declared.type;
      const check = state.get<HealthCheckBody>(KIND.healthCheck, id);
      return check?.account === account ? check.body.config.Type : undefined;
    },
    hasControl: (name) => means.declared().routingControls.some((each) => each.name === name),
  };
}

function reportOf(means: Means, id: string, caller: Caller) {
  const { body } = ownCheck(means.store, id, caller);
  if (body.config.Type === 'CALCULATED')
    throw apiError('InvalidInput', 'The status of a calculated health check cannot be retrieved.');
  return means.healthReport(id);
}

/** The only checker is this node, wherever it is. */
function observation(means: Means, at: string, status: string): HealthCheckObservation {
  return {
    Region: means.declared().node.region as HealthCheckRegion,
    IPAddress: ownAddresses()[0],
    StatusReport: { Status: status, CheckedTime: wallOf(at) },
  };
}

/** Milliseconds since 1970 of `2026-03-09T08:14:02.113Z`. */
function wallOf(iso: string): number {
  return 1000 * timestampFromText(iso.slice(0, 19).replace(/[-:T]/g, ''))! + Number(iso.slice(20, 23));
}

/** Addresses that checks may come from, IPv4 first. One without any asks itself only. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outer = all.filter(({ internal }) => !internal);
  return (outer.length === 0 ? all : outer)
    .filter(({ address }) => !/^fe[89ab]/i.test(address))
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
}
