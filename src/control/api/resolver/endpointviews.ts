import { BY_SOURCE, type InboundConfig } from '../../config/endpoints.ts';
import {
  allOf,
  type EndpointAddress,
  type EndpointBody,
  type EndpointProtocol,
  RESOLVER,
  sourcesOf,
} from '../../hosted/resolver.ts';
import type { Reads, Resource } from '../../store/store.ts';
import type { Caller } from '../handler.ts';
import type {
  IpAddressResponse,
  ResolverEndpoint,
  ResolverEndpointDirection,
} from '../models/route53resolver.ts';
import { faultOf } from './inbound.ts';
import { arnOf, derivedId, isServed, notFound, ownOf, type ResolverMeans, timesOf } from './means.ts';

/** An endpoint as it is shown, the configuration's as those that the API made. */
export interface EndpointView {
  /** Where it stands in lists: those of the configuration are first. */
  readonly place: string;
  readonly endpoint: ResolverEndpoint;
  readonly addresses: readonly IpAddressResponse[];
}

/** All that a caller sees. */
export function endpointsOf(means: ResolverMeans, state: Reads, { account }: Caller): EndpointView[] {
  const made = [...allOf<EndpointBody>(state, RESOLVER.endpoint, account)];
  return [...declaredEndpoints(means, account), ...made.map((resource) => viewOf(means, resource))];
}

/** Throws ApiError ResourceNotFoundException. */
export function endpointNamed(means: ResolverMeans, state: Reads, id: string, caller: Caller): EndpointView {
  const made = ownOf<EndpointBody>(state, RESOLVER.endpoint, id, caller);
  if (made !== undefined) return viewOf(means, made);
  const declared = declaredEndpoints(means, caller.account).find(({ endpoint }) => endpoint.Id === id);
  if (declared !== undefined) return declared;
  throw notFound('resolver endpoint', `Resolver endpoint with ID '${id}' does not exist`);
}

export function viewOf(means: ResolverMeans, resource: Resource<EndpointBody>): EndpointView {
  const { id, account, sort, body } = resource;
  const addresses = body.addresses.map((address) => addressView(means, resource, address));
  const endpoint: ResolverEndpoint = {
    Id: id,
    CreatorRequestId: body.creatorRequestId,
    Arn: arnOf(means, account, 'resolver-endpoint', id),
    Name: body.name,
    SecurityGroupIds: body.securityGroups,
    Direction: body.direction,
    IpAddressCount: body.addresses.length,
    HostVPCId: body.vpc,
    ...statusOf(means, resource, addresses),
    ...timesOf(body),
    ResolverEndpointType: body.type,
    Protocols: [...(body.protocols ?? (['Do53'] as const))],
  };
  return { place: `1 ${sort} ${id}`, endpoint, addresses };
}

function statusOf(
  means: ResolverMeans,
  resource: Resource<EndpointBody>,
  addresses: readonly IpAddressResponse[],
): Pick<ResolverEndpoint, 'Status' | 'StatusMessage'> {
  const { created, modified, statusMessage } = resource.body;
  if (!isServed(means, resource))
    return { Status: created === modified ? 'CREATING' : 'UPDATING', StatusMessage: statusMessage };
  const faults = addresses.flatMap(({ Status, StatusMessage = '' }) =>
    Status === 'FAILED_CREATION' ? StatusMessage : [],
  );
  if (faults.length === 0) return { Status: 'OPERATIONAL', StatusMessage: statusMessage };
  return { Status: 'ACTION_NEEDED', StatusMessage: faults.join(' ') };
}

function addressView(
  means: ResolverMeans,
  resource: Resource<EndpointBody>,
  address: EndpointAddress,
): IpAddressResponse {
  const { body } = resource;
  const { id: IpId, subnet: SubnetId, ip: Ip, ipv6: Ipv6 } = address;
  return { IpId, SubnetId, Ip, Ipv6, ...addressStatus(means, resource, address), ...timesOf(body) };
}

function addressStatus(
  means: ResolverMeans,
  resource: Resource<EndpointBody>,
  address: EndpointAddress,
): Pick<IpAddressResponse, 'Status' | 'StatusMessage'> {
  const operational = { Status: 'ATTACHED', StatusMessage: 'This IP address is operational.' } as const;
  const { body } = resource;
  if (body.direction === 'OUTBOUND') {
    const foreign = sourcesOf({ addresses: [address] }).filter((each) => !means.hostHas(each));
    if (foreign.length === 0) return operational;
    const StatusMessage = `This host does not have ${foreign.join(' and ')}: it asks from an address of its own.`;
    return { Status: 'ATTACHED', StatusMessage };
  }
  if (!isServed(means, resource)) return { Status: 'ATTACHING', StatusMessage: 'This IP address is opened.' };
  const fault = faultOf(means, body, address);
  return fault === undefined ? operational : { Status: 'FAILED_CREATION', StatusMessage: fault };
}

/** The configuration's endpoints: nobody's, and everybody sees them. */
function declaredEndpoints(means: ResolverMeans, account: string): EndpointView[] {
  const { inbound, authoritative, outbound } = means.config().endpoints;
  const heard = (list: readonly { readonly address: string }[]): string[] =>
    list.map(({ address }) => address);
  const view = (
    id: string,
    direction: ResolverEndpointDirection,
    protocols: readonly EndpointProtocol[],
    addresses: readonly string[],
    vpc?: string,
  ) => declaredView(means, account, { id, direction, protocols, addresses, vpc });
  return [
    ...inbound.map(({ id, listen, protocols, vpc, defaultVpc }) =>
      view(id, 'INBOUND', protocolsOf(protocols), heard(listen), vpc === BY_SOURCE ? defaultVpc : vpc),
    ),
    ...authoritative.flatMap(({ id, listen, vpc }) =>
      vpc === undefined ? [] : view(id, 'INBOUND_DELEGATION', ['Do53'], heard(listen), vpc),
    ),
    ...outbound.map(({ id, source }) => view(id, 'OUTBOUND', ['Do53', 'DoH'], source)),
  ];
}

/** Those that Route 53 has: it knows no DNS over TLS. */
function protocolsOf(protocols: InboundConfig['protocols']): EndpointProtocol[] {
  return [
    ...(protocols.includes('do53') ? (['Do53'] as const) : []),
    ...(protocols.includes('doh') ? (['DoH'] as const) : []),
  ];
}

interface Declared {
  readonly id: string;
  readonly direction: ResolverEndpointDirection;
  readonly protocols: readonly EndpointProtocol[];
  readonly addresses: readonly string[];
  readonly vpc: string | undefined;
}

function declaredView(
  means: ResolverMeans,
  account: string,
  { id, direction, protocols, addresses, vpc }: Declared,
): EndpointView {
  return {
    place: `0 ${direction} ${id}`,
    endpoint: {
      Id: id,
      CreatorRequestId: '',
      Arn: arnOf(means, account, 'resolver-endpoint', id),
      Name: id,
      SecurityGroupIds: [],
      Direction: direction,
      IpAddressCount: addresses.length,
      HostVPCId: vpc,
      Status: 'OPERATIONAL',
      StatusMessage: 'This endpoint is declared in the configuration.',
      ResolverEndpointType: typeOf(addresses),
      Protocols: [...protocols],
    },
    addresses: addresses.map((address) => ({
      IpId: derivedId('rni', `${id} ${address}`),
      ...(address.includes(':') ? { Ipv6: address } : { Ip: address }),
      Status: 'ATTACHED',
      StatusMessage: 'This IP address is operational.',
    })),
  };
}

/** Where no address is written the kernel chooses one of either family. */
function typeOf(addresses: readonly string[]): 'IPV4' | 'IPV6' | 'DUALSTACK' {
  const sixes = addresses.filter((address) => address.includes(':')).length;
  if (addresses.length > 0 && sixes === 0) return 'IPV4';
  return addresses.length > 0 && sixes === addresses.length ? 'IPV6' : 'DUALSTACK';
}
