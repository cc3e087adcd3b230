import { KIND, type ReusableSetBody, type ZoneBody } from '../../hosted/bodies.ts';
import { LIST_MAX, type Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { DelegationSet } from '../models/route53.ts';
import { type Means, newId, originOf, pageSize, quotaOf } from './means.ts';

const PAGE_MAX = 100;

/**
 * A delegation set that zones may name: one of the configuration, which is there for all accounts, or one that an
 * account has made. What was made is served where the set of the configuration is of which it has the name servers.
 */
export interface KnownSet {
  readonly id: string;
  readonly nameServers: readonly string[];
  /** The set of the configuration. */
  readonly declared: string;
  readonly callerReference: string;
}

/** By default the first of the configuration, or none. Throws ApiError NoSuchDelegationSet. */
export function delegationSetFor(
  means: Means,
  state: Reads,
  { account }: Caller,
  id: string | undefined,
): KnownSet | undefined {
  const sets = declaredSets(means);
  if (id === undefined) return sets[0];
  const known = sets.find((each) => each.id === id) ?? madeSet(state, account, id);
  if (known !== undefined) return known;
  throw apiError('NoSuchDelegationSet', `A reusable delegation set with ID ${id} does not exist.`);
}

/** Refuses one zone more than a made set may have. Throws ApiError LimitsExceeded. */
export function refuseFullSet(means: Means, state: Reads, caller: Caller, { id, declared }: KnownSet): void {
  if (id === declared) return;
  if (zonesOf(state, caller, id) < quotaOf(means, caller, 'zonesPerDelegationSet')) return;
  throw apiError('LimitsExceeded', 'Limits Exceeded: MAX_ZONES_BY_REUSABLE_DELEGATION_SET');
}

/** The id of the set by which the API knows a zone's. */
export function setOfZone({ reusableSet, delegationSet }: ZoneBody): string | undefined {
  return reusableSet ?? delegationSet;
}

/** Reusable delegation sets. */
export function delegationSetHandlers(means: Means): Route53Handlers {
  const known = (state: Reads, caller: Caller, id: string): KnownSet =>
    delegationSetFor(means, state, caller, id)!;
  return {
    async CreateReusableDelegationSet(call) {
      const { input, caller } = call;
      const { account } = caller;
      const id = newId(means.prng, 'N');
      const reference = `${account} delegation-set ${input.CallerReference}`;
      const [first] = declaredSets(means);
      await means.store.apply((state) => {
        if (input.HostedZoneId !== undefined) refuseSetOf(state, account, input.HostedZoneId);
        if (first === undefined)
          throw apiError(
            'DelegationSetNotAvailable',
            'The configuration has no delegation set whose name servers it could have.',
          );
        if (state.get(KIND.reference, reference) !== undefined)
          throw apiError(
            'DelegationSetAlreadyCreated',
            'A delegation set with the same owner and caller reference combination has already been created.',
          );
        const made = state.count({ kind: KIND.delegationSet, account });
        if (made >= quotaOf(means, caller, 'delegationSets'))
          throw apiError('LimitsExceeded', 'Limits Exceeded: MAX_REUSABLE_DELEGATION_SETS_BY_OWNER');
        const { declared, nameServers } = first;
        const body: ReusableSetBody = { callerReference: input.CallerReference, declared, nameServers };
        const common = { action: 'put' as const, account, expect: 'absent' as const };
        return {
          origin: originOf(call, id),
          items: [
            { ...common, kind: KIND.delegationSet, id, sort: id, body },
            { ...common, kind: KIND.reference, id: reference, sort: '', body: { delegationSet: id } },
          ],
        };
      });
      return {
        DelegationSet: asDelegationSet(known(means.store, caller, id)),
        Location: locationOf(`delegationset/${id}`),
      };
    },

    GetReusableDelegationSet: ({ input, caller }) => ({
      DelegationSet: asDelegationSet(known(means.store, caller, input.Id)),
    }),

    ListReusableDelegationSets({ input, caller }) {
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const made = means.store
        .list<ReusableSetBody>({ kind: KIND.delegationSet, account: caller.account, limit: LIST_MAX })
        .map(({ id, body }) => ({ id, ...body }));
      const from = input.Marker ?? '';
      const rest = [...declaredSets(means), ...made]
        .filter(({ id }) => id >= from)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const next = rest[limit];
      return {
        DelegationSets: rest.slice(0, limit).map(asDelegationSet),
        Marker: from,
        IsTruncated: next !== undefined,
        NextMarker: next?.id,
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    async DeleteReusableDelegationSet(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const { id, declared } = known(state, caller, input.Id);
        if (id === declared)
          throw apiError('DelegationSetInUse', `The delegation set ${id} is one of the configuration.`);
        if (zonesOf(state, caller, id) > 0)
          throw apiError('DelegationSetInUse', `The delegation set ${id} is associated with hosted zones.`);
        const items = [{ action: 'delete' as const, kind: KIND.delegationSet, id }];
        return { origin: originOf(call, id), items };
      });
      return {};
    },

    GetReusableDelegationSetLimit({ input, caller }) {
      const { id, declared } = known(means.store, caller, input.DelegationSetId);
      // Those of the configuration take all that an account may have.
      const most = quotaOf(means, caller, id === declared ? 'hostedZones' : 'zonesPerDelegationSet');
      return { Limit: { Type: input.Type, Value: most }, Count: zonesOf(means.store, caller, id) };
    },
  };
}

/** A zone of the API has a set of the configuration, which is reusable, or one that was made so, or none. */
function refuseSetOf(state: Reads, account: string, id: string): void {
  const zone = state.get<ZoneBody>(KIND.zone, id);
  if (zone === undefined || zone.account !== account)
    throw apiError('HostedZoneNotFound', `The specified HostedZone ${id} cannot be found.`);
  if (zone.body.vpcs.length > 0)
    throw apiError('InvalidInput', `The hosted zone ${id} is private: it has no delegation set.`);
  const set = setOfZone(zone.body);
  if (set === undefined)
    throw apiError('DelegationSetNotAvailable', `The hosted zone ${id} has no delegation set.`);
  throw apiError(
    'DelegationSetAlreadyReusable',
    `The delegation set ${set} of the hosted zone ${id} has already been marked as reusable.`,
  );
}

function declaredSets(means: Means): KnownSet[] {
  return means.delegationSets().map(({ id, nameServers }) => ({
    id,
    nameServers,
    declared: id,
    callerReference: id,
  }));
}

function madeSet(state: Reads, account: string, id: string): KnownSet | undefined {
  const made = state.get<ReusableSetBody>(KIND.delegationSet, id);
  return made?.account === account ? { id, ...made.body } : undefined;
}

/** How many zones of the account have the set. */
function zonesOf(state: Reads, { account }: Caller, set: string): number {
  const zones = state.list<ZoneBody>({ kind: KIND.zone, account, limit: LIST_MAX });
  return zones.filter(({ body }) => setOfZone(body) === set).length;
}

/** As the API gives it. */
export function asDelegationSet({
  id,
  callerReference,
  nameServers,
}: Pick<KnownSet, 'nameServers'> & {
  readonly id?: string | undefined;
  readonly callerReference?: string;
}): DelegationSet {
  return {
    ...(id === undefined ? {} : { Id: `/delegationset/${id}` }),
    CallerReference: callerReference,
    NameServers: nameServers.map((server) => server.replace(/\.$/, '')),
  };
}
