import { fold, labelCount, type Name } from '../../../wire/name.ts';
import {
  KIND,
  putSet,
  type QueryLogBody,
  type VpcRef,
  type ZoneBody,
  type ZoneResource,
} from '../../hosted/bodies.ts';
import { setsOf } from '../../hosted/sets.ts';
import { nameFromRoute53, nameToRoute53 } from '../../records/names.ts';
import { FatalProblem } from '../../records/problem.ts';
import { nameOrder } from '../../store/order.ts';
import { type Item, LIST_MAX, type Reads, type Resource } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import { type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { DelegationSet, HostedZone, VPC } from '../models/route53.ts';
import { asDelegationSet, delegationSetFor, refuseFullSet, setOfZone } from './delegationsets.ts';
import { changeInfo, type Means, newId, originOf, ownZone, pageSize, putChange, quotaOf } from './means.ts';

const PAGE_MAX = 100;

/** The four name servers of private zones. */
const PRIVATE_NS = [
  'ns-0.awsdns-00.com',
  'ns-512.awsdns-00.net',
  'ns-1024.awsdns-00.org',
  'ns-1536.awsdns-00.co.uk',
];

/** Hosted zones. */
export function zoneHandlers(means: Means): Route53Handlers {
  return {
    async CreateHostedZone(call) {
      const { input, caller } = call;
      const name = readName(input.Name);
      const vpc = input.VPC && readOwnVpc(means, input.VPC, caller);
      const setNow = (state: Reads) =>
        vpc === undefined ? delegationSetFor(means, state, caller, input.DelegationSetId) : undefined;
      const set = setNow(means.store);
      if (vpc !== undefined && input.DelegationSetId !== undefined)
        throw apiError('InvalidInput', 'A private hosted zone cannot have a reusable delegation set.');
      const id = newId(means.prng, 'Z');
      const changeId = newId(means.prng, 'C');
      const record = putChange(changeId, call);
      const body: ZoneBody = {
        name: nameToRoute53(name),
        callerReference: input.CallerReference,
        ...(input.HostedZoneConfig?.Comment === undefined ? {} : { comment: input.HostedZoneConfig.Comment }),
        vpcs: vpc === undefined ? [] : [vpc],
        ...(set === undefined ? {} : { delegationSet: set.declared }),
        ...(set === undefined || set.id === set.declared ? {} : { reusableSet: set.id }),
        nameServers: set?.nameServers ?? PRIVATE_NS,
      };
      const revision = await means.store.apply((state, revision) => {
        refuseTaken(state, caller, input.CallerReference);
        const still = setNow(state);
        if (still !== undefined) refuseFullSet(means, state, caller, still);
        if (
          state.count({ kind: KIND.zone, account: caller.account }) >= quotaOf(means, caller, 'hostedZones')
        )
          throw apiError(
            'TooManyHostedZones',
            `Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.`,
          );
        refuseConflict(state, body);
        const zone: ZoneResource = {
          kind: KIND.zone,
          id,
          account: caller.account,
          sort: nameOrder(name),
          revision,
          body,
        };
        const items: Item[] = [
          { ...putZone(zone, body), expect: 'absent' },
          ...apexSets(zone, name),
          {
            action: 'put',
            kind: KIND.reference,
            id: `${caller.account} hosted-zone ${input.CallerReference}`,
            account: caller.account,
            sort: '',
            body: { zone: id },
            expect: 'absent',
          },
          record,
        ];
        return { origin: originOf(call, `${id}: ${body.name}`), items };
      });
      return {
        HostedZone: asHostedZone(id, body, APEX_SETS),
        ChangeInfo: changeInfo(means, changeId, { submittedAt: call.at }, revision),
        DelegationSet: delegationSet(body),
        VPC: vpc && asVpc(vpc),
        Location: locationOf(`hostedzone/${id}`),
      };
    },

    GetHostedZone({ input, caller }) {
      const zone = ownZone(means.store, input.Id, caller);
      const { vpcs } = zone.body;
      return {
        HostedZone: hostedZone(means.store, zone),
        ...(vpcs.length > 0 ? { VPCs: vpcs.map(asVpc) } : { DelegationSet: delegationSet(zone.body) }),
      };
    },

    async DeleteHostedZone(call) {
      const { input, caller } = call;
      const id = newId(means.prng, 'C');
      const record = putChange(id, call);
      const revision = await means.store.apply((state) => {
        const zone = ownZone(state, input.Id, caller);
        const sets = [...setsOf(state, zone.id)];
        if (sets.length > APEX_SETS)
          throw apiError(
            'HostedZoneNotEmpty',
            'The specified hosted zone contains non-required resource record sets  and so cannot be deleted.',
          );
        if (state.count({ kind: KIND.signingKey, parent: zone.id }) > 0)
          throw apiError(
            'HostedZoneNotEmpty',
            'The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.',
          );
        const items: Item[] = sets.map(({ kind, id }) => ({ action: 'delete', kind, id }));
        items.push(...dependents(state, zone));
        items.push({ action: 'delete', kind: KIND.zone, id: zone.id }, record);
        return { origin: originOf(call, `${zone.id}: ${zone.body.name}`), items };
      });
      return { ChangeInfo: changeInfo(means, id, { submittedAt: call.at }, revision) };
    },

    async UpdateHostedZoneComment(call) {
      const { input, caller } = call;
      await means.store.apply((state) => {
        const zone = ownZone(state, input.Id, caller);
        const { comment: _, ...rest } = zone.body;
        const body = input.Comment === undefined ? rest : { ...rest, comment: input.Comment };
        return { origin: originOf(call, zone.id), items: [putZone(zone, body)] };
      });
      return { HostedZone: hostedZone(means.store, ownZone(means.store, input.Id, caller)) };
    },

    async UpdateHostedZoneFeatures(call) {
      const { input, caller } = call;
      const { EnableAcceleratedRecovery: acceleratedRecovery } = input;
      await means.store.apply((state) => {
        const zone = ownZone(state, input.HostedZoneId, caller);
        if (acceleratedRecovery === undefined)
          throw apiError(
            'InvalidInput',
            'EnableAcceleratedRecovery must be given: there is no other feature.',
          );
        if (zone.body.vpcs.length > 0)
          throw apiError('InvalidInput', 'Accelerated recovery is not for private hosted zones.');
        return {
          origin: originOf(call, zone.id),
          items: [putZone(zone, { ...zone.body, acceleratedRecovery })],
        };
      });
      return {};
    },

    ListHostedZones({ input, caller }) {
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const wanted = allZones(means.store, caller.account)
        .filter(
          ({ body }) => input.DelegationSetId === undefined || setOfZone(body) === input.DelegationSetId,
        )
        .filter(({ body }) => input.HostedZoneType === undefined || body.vpcs.length > 0)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const marker = input.Marker;
      const rest = marker === undefined ? wanted : wanted.filter(({ id }) => id >= marker);
      const next = rest[limit];
      return {
        HostedZones: rest.slice(0, limit).map((zone) => hostedZone(means.store, zone)),
        Marker: marker ?? '',
        IsTruncated: next !== undefined,
        ...(next === undefined ? {} : { NextMarker: next.id }),
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    ListHostedZonesByName({ input, caller }) {
      const limit = pageSize(input.MaxItems, PAGE_MAX);
      const from = input.DNSName === undefined ? '' : nameOrder(readName(input.DNSName));
      const zones = allZones(means.store, caller.account).filter(
        ({ sort, id }) => sort > from || (sort === from && id >= (input.HostedZoneId ?? '')),
      );
      const next = zones[limit];
      return {
        HostedZones: zones.slice(0, limit).map((zone) => hostedZone(means.store, zone)),
        DNSName: input.DNSName,
        HostedZoneId: input.HostedZoneId,
        IsTruncated: next !== undefined,
        ...(next === undefined ? {} : { NextDNSName: next.body.name, NextHostedZoneId: next.id }),
        MaxItems: input.MaxItems ?? String(PAGE_MAX),
      };
    },

    GetHostedZoneCount({ caller }) {
      return { HostedZoneCount: means.store.count({ kind: KIND.zone, account: caller.account }) };
    },

    GetHostedZoneLimit({ input, caller }) {
      const zone = ownZone(means.store, input.HostedZoneId, caller);
      const isRecords = input.Type === 'MAX_RRSETS_BY_ZONE';
      if (!isRecords && zone.body.vpcs.length === 0)
        throw apiError('HostedZoneNotPrivate', `${zone.id} is not a private hosted zone.`);
      return {
        Limit: {
          Type: input.Type,
          Value: quotaOf(means, caller, isRecords ? 'recordsPerZone' : 'vpcsPerZone'),
        },
        Count: isRecords ? means.store.count({ kind: KIND.set, parent: zone.id }) : zone.body.vpcs.length,
      };
    },
  };
}

/** SOA and NS. */
const APEX_SETS = 2;

/** What goes with a zone, as deletions. */
function dependents(state: Reads, { id: parent, account }: ZoneResource): Item[] {
  const authorizations = state.list({ kind: KIND.authorization, parent, limit: LIST_MAX });
  const logs = state.list<QueryLogBody>({ kind: KIND.queryLog, account, limit: LIST_MAX });
  const all = [...authorizations, ...logs.filter(({ body }) => body.zone === parent)];
  return all.map(({ kind, id }) => ({ action: 'delete', kind, id }));
}

export function putZone({ id, account, sort }: ZoneResource, body: ZoneBody) {
  return { action: 'put' as const, kind: KIND.zone, id, account, sort, body };
}

function apexSets(zone: ZoneResource, name: Name): Item[] {
  const servers = zone.body.nameServers.map((server) => (server.endsWith('.') ? server : `${server}.`));
  const common = { name: zone.body.name };
  return [
    putSet(zone, name, { ...common, type: 'NS', ttl: 172_800, values: servers }),
    putSet(zone, name, {
      ...common,
      type: 'SOA',
      ttl: 900,
      values: [`${servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`],
    }),
  ];
}

function readName(text: string): Name {
  let name: Name;
  try {
    name = fold(nameFromRoute53(text));
  } catch (error) {
    if (error instanceof FatalProblem) throw apiError('InvalidDomainName', error.message);
    throw error;
  }
  if (labelCount(name) === 0 || (name[0] === 1 && name[1] === 0x2a))
    throw apiError('InvalidDomainName', `${text} is not a valid domain name for a hosted zone.`);
  return name;
}

/** A VPC that is known. Throws ApiError InvalidVPCId. */
export function readVpc(means: Means, { VPCId: id, VPCRegion: region }: VPC): VpcRef {
  if (id === undefined || region === undefined)
    throw apiError('InvalidVPCId', 'The VPC needs an id and a region.');
  if (!means.knowsVpc(id)) throw notForYou(id, region);
  return { id, region };
}

/** A VPC of the caller's account: zones are made for no other. Throws ApiError InvalidVPCId. */
function readOwnVpc(means: Means, given: VPC, { account }: Caller): VpcRef {
  const vpc = readVpc(means, given);
  if (means.vpcAccount(vpc.id) !== account) throw notForYou(vpc.id, vpc.region);
  return vpc;
}

function notForYou(id: string, region: string): ApiError {
  return apiError(
    'InvalidVPCId',
    `The VPC: ${id} in region ${region} that you provided is not authorized to make the association.`,
  );
}

function refuseTaken(state: Reads, { account }: Caller, reference: string): void {
  if (state.get(KIND.reference, `${account} hosted-zone ${reference}`) === undefined) return;
  throw apiError(
    'HostedZoneAlreadyExists',
    `A hosted zone has already been created with the specified caller reference.`,
  );
}

/** Zones of one name may not be seen by the same VPC, nor served by the same delegation set. */
export function refuseConflict(state: Reads, body: ZoneBody, self?: string): void {
  const sort = nameOrder(nameFromRoute53(body.name));
  const same = state
    .list<ZoneBody>({ kind: KIND.zone, from: { sort }, limit: LIST_MAX })
    .filter((zone) => zone.sort === sort && zone.id !== self);
  for (const { id, body: other } of same) {
    const vpc = body.vpcs.find((each) => other.vpcs.some((theirs) => theirs.id === each.id));
    if (vpc !== undefined)
      throw apiError(
        'ConflictingDomainExists',
        `The VPC ${vpc.id} in region ${vpc.region} has already been associated with the hosted zone ${id} with the same domain name.`,
      );
    if (body.delegationSet !== undefined && body.delegationSet === other.delegationSet)
      throw apiError(
        'ConflictingDomainExists',
        `Cannot create hosted zone with DelegationSetId DelegationSetId:${setOfZone(body)} as the DNSName ${body.name} conflicts with existing ones sharing the delegation set`,
      );
  }
}

/** An account has no more than its quota, which is at most LIST_MAX. */
function allZones(state: Reads, account: string): Resource<ZoneBody>[] {
  return state.list<ZoneBody>({ kind: KIND.zone, account, limit: LIST_MAX });
}

function hostedZone(state: Reads, { id, body }: ZoneResource): HostedZone {
  return asHostedZone(id, body, state.count({ kind: KIND.set, parent: id }));
}

function asHostedZone(id: string, body: ZoneBody, sets: number): HostedZone {
  return {
    Id: `/hostedzone/${id}`,
    Name: body.name,
    CallerReference: body.callerReference,
    Config: { Comment: body.comment, PrivateZone: body.vpcs.length > 0 },
    ResourceRecordSetCount: sets,
    ...(body.acceleratedRecovery === undefined
      ? {}
      : { Features: { AcceleratedRecoveryStatus: body.acceleratedRecovery ? 'ENABLED' : 'DISABLED' } }),
  };
}

function delegationSet(body: ZoneBody): DelegationSet {
  return asDelegationSet({ id: setOfZone(body), nameServers: body.nameServers });
}

export function asVpc({ id, region }: VpcRef): VPC {
  return { VPCId: id, VPCRegion: region as VPC['VPCRegion'] };
}
