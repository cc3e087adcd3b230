import { quotasOf } from '../../config/quotas.ts';
import { KIND, type VpcRef, type ZoneResource, zoneOf } from '../../hosted/bodies.ts';
import { zonesOf } from '../../hosted/zones.ts';
import type { Reads, Revision } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Call, Caller, Route53Handlers } from '../handler.ts';
import type { ChangeInfo, VPC } from '../models/route53.ts';
import { changeInfo, type Means, newId, originOf, ownZone, pageSize, putChange } from './means.ts';
import { asVpc, putZone, readVpc, refuseConflict } from './zones.ts';

const AUTHORIZATIONS_MAX = 1000;
const AUTHORIZATIONS_PAGE_MAX = 50;
const ZONES_PAGE_MAX = 100;

type Association = Call<{
  readonly HostedZoneId: string;
  readonly VPC: VPC;
  readonly Comment?: string | undefined;
}>;

/**
 * Which VPCs see a private zone. A VPC is associated by the account that it belongs to: with a zone of its own, or with
 * one of an account that has authorised it before.
 */
export function associationHandlers(means: Means): Route53Handlers {
  const change = async (
    call: Association,
    decide: (state: Reads) => { zone: ZoneResource; vpcs: readonly VpcRef[] },
  ): Promise<{ ChangeInfo: ChangeInfo }> => {
    const { VPC: vpc, Comment: comment } = call.input;
    const id = newId(means.prng, 'C');
    const record = putChange(id, call, comment);
    const revision: Revision = await means.store.apply((state) => {
      const { zone, vpcs } = decide(state);
      const items = [putZone(zone, { ...zone.body, vpcs }), record];
      return { origin: originOf(call, `${zone.id}: ${vpc.VPCId}`), items };
    });
    return { ChangeInfo: changeInfo(means, id, { submittedAt: call.at, comment }, revision) };
  };

  return {
    AssociateVPCWithHostedZone: (call) =>
      change(call, (state) => {
        const vpc = readVpc(means, call.input.VPC);
        const zone = associableZone(means, state, call, vpc);
        const { id, body } = zone;
        if (body.vpcs.length === 0)
          throw apiError(
            'PublicZoneVPCAssociation',
            `The hosted zone ${id} is public: no VPC can be associated with it.`,
          );
        const vpcs = [...body.vpcs.filter((each) => each.id !== vpc.id), vpc];
        const isMore = vpcs.length > body.vpcs.length;
        if (isMore && vpcs.length > quotasOf(means.declared(), zone.account).vpcsPerZone)
          throw apiError('LimitsExceeded', 'Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE');
        refuseConflict(state, { ...body, vpcs }, id);
        return { zone, vpcs };
      }),

    DisassociateVPCFromHostedZone: (call) =>
      change(call, (state) => {
        const { HostedZoneId: id, VPC: vpc } = call.input;
        const zone = dissociableZone(means, state, call);
        const vpcs = zone.body.vpcs.filter((each) => each.id !== vpc.VPCId);
        if (vpcs.length === zone.body.vpcs.length)
          throw apiError(
            'VPCAssociationNotFound',
            `The VPC: ${vpc.VPCId} is not associated with the hosted zone ${id}.`,
          );
        if (vpcs.length === 0)
          throw apiError(
            'LastVPCAssociation',
            'The VPC that you are trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone.',
          );
        return { zone, vpcs };
      }),

    ListHostedZonesByVPC({ input, caller }) {
      const { VPCId: vpc, VPCRegion: vpcRegion } = input;
      if (means.vpcAccount(vpc) !== caller.account)
        throw apiError(
          'AccessDenied',
          `The VPC: ${vpc} in region ${vpcRegion} is not one of the account ${caller.account}.`,
        );
      const limit = pageSize(input.MaxItems, ZONES_PAGE_MAX);
      const from = input.NextToken ?? '';
      const zones = [...zonesOf(means.store)]
        .filter(({ body }) => body.vpcs.some(({ id, region }) => id === vpc && region === vpcRegion))
        .filter(({ id }) => id >= from)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const next = zones[limit];
      return {
        HostedZoneSummaries: zones.slice(0, limit).map(({ id, body, account }) => ({
          HostedZoneId: id,
          Name: body.name,
          Owner: { OwningAccount: account },
        })),
        MaxItems: input.MaxItems ?? String(ZONES_PAGE_MAX),
        ...(next === undefined ? {} : { NextToken: next.id }),
      };
    },
  };
}

/** VPCs of other accounts that may be associated with a zone, by its owner's leave. */
export function authorizationHandlers(means: Means): Route53Handlers {
  return {
    async CreateVPCAssociationAuthorization(call) {
      const { input, caller } = call;
      const vpc = readVpc(means, input.VPC);
      await means.store.apply((state) => {
        const zone = privateZone(state, input.HostedZoneId, caller);
        const id = authorizationId(zone, vpc.id);
        const isNew = state.get(KIND.authorization, id) === undefined;
        if (isNew && state.count({ kind: KIND.authorization, parent: zone.id }) >= AUTHORIZATIONS_MAX)
          throw apiError(
            'TooManyVPCAssociationAuthorizations',
            `The hosted zone ${zone.id} has ${AUTHORIZATIONS_MAX} authorizations already.`,
          );
        const { account } = zone;
        const item = { action: 'put' as const, kind: KIND.authorization, id, account, parent: zone.id };
        return { origin: originOf(call, id), items: [{ ...item, sort: vpc.id, body: vpc }] };
      });
      return { HostedZoneId: input.HostedZoneId, VPC: asVpc(vpc) };
    },

    async DeleteVPCAssociationAuthorization(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const zone = privateZone(state, input.HostedZoneId, caller);
        const id = authorizationId(zone, input.VPC.VPCId ?? '');
        if (state.get(KIND.authorization, id) === undefined)
          throw apiError(
            'VPCAssociationAuthorizationNotFound',
            `The VPC: ${input.VPC.VPCId} has no authorization for the hosted zone ${zone.id}.`,
          );
        return { origin: originOf(call, id), items: [{ action: 'delete', kind: KIND.authorization, id }] };
      });
      return {};
    },

    ListVPCAssociationAuthorizations({ input, caller }) {
      const { id: parent } = privateZone(means.store, input.HostedZoneId, caller);
      const limit = pageSize(input.MaxResults, AUTHORIZATIONS_PAGE_MAX);
      const from = { sort: input.NextToken ?? '' };
      const kind = KIND.authorization;
      const page = means.store.list<VpcRef>({ kind, parent, from, limit: limit + 1 });
      return {
        HostedZoneId: parent,
        VPCs: page.slice(0, limit).map(({ body }) => asVpc(body)),
        NextToken: page[limit]?.sort,
      };
    },
  };
}

function authorizationId({ id }: ZoneResource, vpc: string): string {
  return `${id} ${vpc}`;
}

/** Throws ApiError NotAuthorizedException, also for the owner of a zone who names the VPC of another. */
function associableZone(
  means: Means,
  state: Reads,
  { input, caller }: Association,
  vpc: VpcRef,
): ZoneResource {
  const zone = zoneOf(state, input.HostedZoneId) ?? ownZone(state, input.HostedZoneId, caller);
  const isOwner = zone.account === caller.account;
  const isAuthorised = isOwner || state.get(KIND.authorization, authorizationId(zone, vpc.id)) !== undefined;
  if (isAuthorised && means.vpcAccount(vpc.id) === caller.account) return zone;
  throw apiError(
    'NotAuthorizedException',
    `The VPC: ${vpc.id} has not authorized to associate with your hosted zone.`,
  );
}

/** The owner of the zone may, and so may the owner of the VPC. Throws ApiError NoSuchHostedZone. */
function dissociableZone(means: Means, state: Reads, { input, caller }: Association): ZoneResource {
  const { VPCId: vpc } = input.VPC;
  const zone = zoneOf(state, input.HostedZoneId);
  const isSeen = zone?.body.vpcs.some(({ id }) => id === vpc) && means.vpcAccount(vpc!) === caller.account;
  return isSeen ? zone! : ownZone(state, input.HostedZoneId, caller);
}

function privateZone(state: Reads, id: string, caller: Caller): ZoneResource {
  const zone = ownZone(state, id, caller);
  if (zone.body.vpcs.length > 0) return zone;
  throw apiError('InvalidInput', `The hosted zone ${id} is public: no VPC can be associated with it.`);
}
