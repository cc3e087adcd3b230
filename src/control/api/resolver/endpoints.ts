import {
  allOf,
  type EndpointAddress,
  type EndpointBody,
  RESOLVER,
  type RuleBody,
} from '../../hosted/resolver.ts';
import { revisionOrder } from '../../store/order.ts';
import type { PutItem, Reads, Resource } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Call, Caller, ResolverHandlers } from '../handler.ts';
import type { CreateResolverEndpointRequest, Protocol } from '../models/route53resolver.ts';
import { originOf } from '../route53/means.ts';
import { addedAddress, addressNamed, checkFamily, readIpAddress, withUpdates } from './addresses.ts';
import { endpointNamed, endpointsOf, viewOf } from './endpointviews.ts';
import { placed, vpcOf } from './inbound.ts';
import { pageOf } from './lists.ts';
import { invalidRequest, newId, ownOf, quotaOf, type ResolverMeans, traced } from './means.ts';
import { madeBefore, requestOf, requestTaken } from './requests.ts';
import { firstTags, tagsGone } from './tags.ts';

const WHAT = 'Resolver endpoint';
/** Route 53's quota of addresses of one endpoint. */
const ADDRESSES_MAX = 6;

/** Where rules ask from, and where this node is asked. */
export function endpointHandlers(means: ResolverMeans): ResolverHandlers {
  const shown = (resource: Resource<EndpointBody>) => ({
    ResolverEndpoint: viewOf(means, resource).endpoint,
  });
  return {
    async CreateResolverEndpoint(call) {
      const { input, caller } = call;
      const request = requestOf(input);
      const before = madeBefore<EndpointBody>(means.store, RESOLVER.endpoint, WHAT, caller, request);
      if (before !== undefined) return shown(before);
      const id = newId(means.prng, input.Direction === 'OUTBOUND' ? 'rslvr-out' : 'rslvr-in');
      const times = { created: call.at, modified: call.at };
      const statusMessage = traced(means.prng, 'This Resolver Endpoint is operational.');
      const asked: EndpointBody = { ...readEndpoint(means, input), statusMessage, ...times, ...request };
      await means.store.apply((state) => {
        if (madeBefore(state, RESOLVER.endpoint, WHAT, caller, request) !== undefined)
          throw requestTaken(WHAT, request.creatorRequestId);
        refuseTooMany(means, state, caller);
        const body = asked.direction === 'OUTBOUND' ? asked : { ...asked, ...placed(means, state, asked) };
        const put = putEndpoint({ id, account: caller.account, sort: revisionOrder(call.at) }, body);
        const tags = firstTags('resolver-endpoint', id, caller, input.Tags);
        return { origin: originOf(call, `${id}: ${body.direction}`), items: [put, ...tags] };
      });
      return shown(ownEndpoint(means, means.store, id, caller));
    },

    GetResolverEndpoint({ input, caller }) {
      const { endpoint } = endpointNamed(means, means.store, input.ResolverEndpointId, caller);
      return { ResolverEndpoint: endpoint };
    },

    async UpdateResolverEndpoint(call) {
      const { input, caller, at } = call;
      const { ResolverEndpointId: id, Name: name, ResolverEndpointType: type } = input;
      const statusMessage = traced(means.prng, 'This Resolver Endpoint is operational.');
      await means.store.apply((state) => {
        const endpoint = ownEndpoint(means, state, id, caller);
        const { body } = endpoint;
        if (type !== undefined && type !== body.type && [type, body.type].includes('IPV6'))
          throw invalidRequest(`A resolver endpoint of type ${body.type} cannot become one of type ${type}.`);
        const addresses = withUpdates(body.addresses, input.UpdateIpAddresses);
        for (const address of addresses) checkFamily(address, type ?? body.type);
        const protocols = input.Protocols === undefined ? {} : readProtocols(body.direction, input.Protocols);
        const wanted = { ...body, ...protocols, type: type ?? body.type, addresses };
        refuseUnasked(state, id, wanted);
        refuseSuddenly(body, wanted);
        const changed: EndpointBody = {
          ...wanted,
          ...(input.UpdateIpAddresses === undefined ? {} : placedAgain(means, state, id, wanted)),
          name: name ?? body.name,
          modified: at,
          statusMessage,
        };
        return { origin: originOf(call, id), items: [putEndpoint(endpoint, changed)] };
      });
      return shown(ownEndpoint(means, means.store, id, caller));
    },

    async DeleteResolverEndpoint(call) {
      const { input, caller } = call;
      const { ResolverEndpointId: id } = input;
      const { endpoint } = endpointNamed(means, means.store, id, caller);
      await means.store.apply((state) => {
        ownEndpoint(means, state, id, caller);
        const users = [...allOf<RuleBody>(state, RESOLVER.rule)].filter(({ body }) => body.endpoint === id);
        if (users.length > 0)
          throw invalidRequest(
            `Cannot delete resolver endpoint unless its related resolver rules are deleted.  The following rules still exist for this resolver endpoint:  ${users.map((rule) => rule.id).join(',')}`,
          );
        const gone = tagsGone(state, 'resolver-endpoint', id);
        const items = [{ action: 'delete' as const, kind: RESOLVER.endpoint, id }, ...gone];
        return { origin: originOf(call, id), items };
      });
      return { ResolverEndpoint: { ...endpoint, Status: 'DELETING' as const } };
    },

    async AssociateResolverEndpointIpAddress(call) {
      const { IpAddress } = call.input;
      const endpoint = await changeAddresses(means, call, (body, state) => {
        const { type, addresses } = body;
        refuseTooManyAddresses(addresses.length + 1);
        const added = addedAddress(means, IpAddress, type, addresses);
        const wanted = { ...body, addresses: [...addresses, added] };
        return placedAgain(means, state, call.input.ResolverEndpointId, wanted).addresses;
      });
      return shown(endpoint);
    },

    async DisassociateResolverEndpointIpAddress(call) {
      const { IpAddress } = call.input;
      const endpoint = await changeAddresses(means, call, ({ addresses }) => {
        const gone = addressNamed(addresses, IpAddress);
        if (addresses.length === 1)
          throw invalidRequest(
            'A resolver endpoint keeps at least one IP address: delete the endpoint instead.',
          );
        return addresses.filter((address) => address !== gone);
      });
      return shown(endpoint);
    },

    ListResolverEndpoints({ input, caller }) {
      const all = endpointsOf(means, means.store, caller).map(({ place, endpoint }) => ({
        place,
        shown: endpoint,
      }));
      const { shown: endpoints, ...page } = pageOf(all, input, {
        CreatorRequestId: (endpoint) => [endpoint.CreatorRequestId],
        Direction: (endpoint) => [endpoint.Direction],
        HostVPCId: (endpoint) => [endpoint.HostVPCId],
        IpAddressCount: (endpoint) => [endpoint.IpAddressCount],
        Name: (endpoint) => [endpoint.Name],
        SecurityGroupIds: (endpoint) => endpoint.SecurityGroupIds ?? [],
        Status: (endpoint) => [endpoint.Status],
      });
      return { ResolverEndpoints: endpoints, ...page };
    },

    ListResolverEndpointIpAddresses({ input, caller }) {
      const { addresses } = endpointNamed(means, means.store, input.ResolverEndpointId, caller);
      const all = addresses.map((shown, i) => ({ place: String(i).padStart(4, '0'), shown }));
      const { shown: IpAddresses, ...page } = pageOf(all, input);
      return { IpAddresses, ...page };
    },
  };
}

type Settings = Pick<
  EndpointBody,
  'name' | 'direction' | 'type' | 'addresses' | 'securityGroups' | 'vpc' | 'protocols'
>;

function readEndpoint(means: ResolverMeans, input: CreateResolverEndpointRequest): Settings {
  const { Direction: direction, ResolverEndpointType: type = 'IPV4', IpAddresses: list } = input;
  const protocols = readProtocols(direction, input.Protocols);
  if (input.OutpostArn !== undefined || input.PreferredInstanceType !== undefined)
    throw invalidRequest('There are no Outposts here: leave OutpostArn and PreferredInstanceType out.');
  refuseTooManyAddresses(list.length);
  const addresses = list.map((each) => readIpAddress(means, each, type));
  const { Name: name, SecurityGroupIds: securityGroups } = input;
  const vpc = direction === 'OUTBOUND' ? vpcOf(means, addresses) : undefined;
  return { name, direction, type, addresses, securityGroups, vpc, ...protocols };
}

/** One that is there, with addresses that it did not have: what listens has to have a place for each. */
function placedAgain(
  means: ResolverMeans,
  state: Reads,
  id: string,
  body: EndpointBody,
): Pick<EndpointBody, 'addresses' | 'vpc'> {
  return body.direction === 'OUTBOUND' ? body : placed(means, state, body, id);
}

/** Decides and stores in one transaction which addresses an endpoint has from now on. */
async function changeAddresses(
  means: ResolverMeans,
  call: Call<{ readonly ResolverEndpointId: string }>,
  decide: (body: EndpointBody, state: Reads) => readonly EndpointAddress[],
): Promise<Resource<EndpointBody>> {
  const { input, caller, at } = call;
  const { ResolverEndpointId: id } = input;
  const statusMessage = traced(means.prng, 'This Resolver Endpoint is operational.');
  await means.store.apply((state) => {
    const endpoint = ownEndpoint(means, state, id, caller);
    const changed = {
      ...endpoint.body,
      addresses: decide(endpoint.body, state),
      modified: at,
      statusMessage,
    };
    return { origin: originOf(call, id), items: [putEndpoint(endpoint, changed)] };
  });
  return ownEndpoint(means, means.store, id, caller);
}

function refuseTooManyAddresses(count: number): void {
  if (count <= ADDRESSES_MAX) return;
  const text = `A resolver endpoint has at most ${ADDRESSES_MAX} IP addresses.`;
  throw apiError('LimitExceededException', text, { ResourceType: 'ip address' });
}

/** What an outbound endpoint asks by, or an inbound one is asked by. */
function readProtocols(
  direction: EndpointBody['direction'],
  protocols: readonly Protocol[] = ['Do53'],
): Pick<EndpointBody, 'protocols'> {
  const known = protocols.filter((protocol) => protocol !== 'DoH-FIPS');
  if (known.length < protocols.length)
    throw invalidRequest(
      direction === 'OUTBOUND'
        ? 'The protocol DoH-FIPS is for inbound endpoints only.'
        : 'The protocol DoH-FIPS is not supported: the cryptography of this node is not validated by FIPS 140. Use DoH.',
    );
  if (direction === 'INBOUND_DELEGATION' && known.includes('DoH'))
    throw invalidRequest('An inbound delegation endpoint has the protocol Do53 only.');
  return { protocols: [...new Set(known)] };
}

/** As Route 53: clients of an inbound endpoint are given both for a while, so that none stands there without. */
function refuseSuddenly(
  { direction, protocols: before = ['Do53'] }: EndpointBody,
  { protocols: wanted = ['Do53'] }: Pick<EndpointBody, 'protocols'>,
): void {
  if (direction === 'OUTBOUND' || before.includes('DoH') || wanted.includes('Do53')) return;
  throw invalidRequest(
    'The protocol of an inbound endpoint cannot change from Do53 to DoH at once: enable both first, then remove Do53.',
  );
}

/** A rule of an endpoint has no targets by protocols that the endpoint does not have. */
function refuseUnasked(state: Reads, id: string, { direction, protocols = ['Do53'] }: EndpointBody): void {
  if (direction !== 'OUTBOUND') return;
  for (const { id: rule, body } of allOf<RuleBody>(state, RESOLVER.rule))
    for (const { protocol = 'Do53' } of body.endpoint === id ? body.targets : [])
      if (!protocols.includes(protocol))
        throw invalidRequest(`The resolver rule '${rule}' of this endpoint has targets by ${protocol}.`);
}

function refuseTooMany(means: ResolverMeans, state: Reads, caller: Caller): void {
  const { account } = caller;
  if (state.count({ kind: RESOLVER.endpoint, account }) < quotaOf(means, caller, 'resolverEndpoints')) return;
  throw apiError('LimitExceededException', `Account '${account}' has exceeded 'max-endpoints'`, {
    ResourceType: 'resolver endpoint',
  });
}

/** One that the API made. Throws ApiError; InvalidRequestException for those of the configuration. */
function ownEndpoint(means: ResolverMeans, state: Reads, id: string, caller: Caller): Resource<EndpointBody> {
  const made = ownOf<EndpointBody>(state, RESOLVER.endpoint, id, caller);
  if (made !== undefined) return made;
  endpointNamed(means, state, id, caller);
  throw invalidRequest(`Resolver endpoint '${id}' is declared in the configuration: change it there.`);
}

function putEndpoint(endpoint: Pick<Resource, 'id' | 'account' | 'sort'>, body: EndpointBody): PutItem {
  const { id, account, sort } = endpoint;
  return { action: 'put', kind: RESOLVER.endpoint, id, account, sort, body };
}
