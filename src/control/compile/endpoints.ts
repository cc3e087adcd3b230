import { type Cidr, CidrTable, parseCidr } from '../../util/cidr.ts';
import type { InboundEndpoint, NodeSettings, ViewData } from '../../view/snapshot.ts';
import { BY_SOURCE, dohListen, dotListen, type InboundConfig, plainListen } from '../config/endpoints.ts';
import type { Config } from '../config/load.ts';
import { designationOf } from './designation.ts';
import { endpointOwner } from './owners.ts';

/** Client address → index of its view. */
export function compileClients(config: Config, views: readonly ViewData[]): SharedArrayBuffer {
  const indexes = new Map(views.map(({ vpc, index }) => [vpc, index]));
  const entries = config.vpcs.flatMap(({ id, cidrs }) =>
    cidrs.map((cidr) => ({ ...cidr, value: indexes.get(id)! })),
  );
  return CidrTable.build(entries).buffer;
}

export function compileEndpoints(config: Config, views: readonly ViewData[]): InboundEndpoint[] {
  const indexes = new Map(views.map(({ vpc, index }) => [vpc, index]));
  const everyVpc = config.vpcs.flatMap(({ cidrs }) => cidrs);
  const { inbound, authoritative } = config.endpoints;
  const resolvers = inbound.map((endpoint) => ({
    serves: 'resolver' as const,
    id: endpoint.id,
    listen: plainListen(endpoint),
    protocols: endpoint.protocols,
    encrypted: encryptedOf(endpoint),
    view: endpoint.vpc === BY_SOURCE ? -1 : indexes.get(endpoint.vpc)!,
    defaultView: endpoint.defaultVpc === undefined ? -1 : indexes.get(endpoint.defaultVpc)!,
    allow: setOf(endpoint.allow ?? everyVpc),
    outside: endpoint.outside,
    rateLimited: endpoint.rateLimit,
    clientSubnet: clientsOf(endpoint.clientSubnet ?? 'none'),
    proxies: endpoint.proxyProtocol && setOf(endpoint.proxyProtocol.from),
    mayBeClosed: endpoint.isMade === true,
  }));
  const authorities = authoritative.map((endpoint) => ({
    serves: 'authority' as const,
    id: endpoint.id,
    listen: endpoint.listen,
    protocols: ['do53' as const],
    view: indexes.get(endpointOwner(endpoint.id))!,
    defaultView: -1,
    allow: setOf(endpoint.allow ?? EVERYBODY),
    outside: endpoint.outside,
    rateLimited: endpoint.rateLimit,
    clientSubnet: clientsOf(endpoint.clientSubnet ?? (endpoint.vpc === undefined ? 'any' : 'none')),
    mayBeClosed: endpoint.isMade === true,
  }));
  return [...resolvers, ...authorities];
}

function encryptedOf(endpoint: InboundConfig): InboundEndpoint['encrypted'] {
  const { credentials, dohJson: json } = endpoint;
  const [dot, doh] = [dotListen(endpoint), dohListen(endpoint)];
  if (credentials === undefined || dot.length + doh.length === 0) return undefined;
  return { dot, doh, json, credentials, designation: designationOf({ dot, doh, credentials }) };
}

const EVERYBODY = [parseCidr('0.0.0.0/0'), parseCidr('::/0')];

function clientsOf(clients: 'none' | 'any' | readonly Cidr[]): SharedArrayBuffer {
  switch (clients) {
    case 'none':
      return setOf([]);
    case 'any':
      return setOf(EVERYBODY);
    default:
      return setOf(clients);
  }
}

export function compileNode({ node, cookies }: Config): NodeSettings {
  const { ttl, stale, rateLimit } = node;
  return {
    name: node.name,
    region: node.region,
    nsid: node.nsid,
    cacheBytes: node.cache,
    cookies,
    rateLimit:
      rateLimit === 'off'
        ? undefined
        : {
            ratePerSecond: rateLimit.rate,
            burst: rateLimit.burst,
            slip: rateLimit.slip,
            exempt: setOf(rateLimit.exempt),
          },
    // Down, so that 500ms is no second: nothing is kept longer than it was told to.
    ttl: {
      floorSeconds: Math.floor(ttl.floor / 1000),
      ceilingSeconds: Math.floor(ttl.ceiling / 1000),
      negativeSeconds: Math.floor(ttl.negative / 1000),
    },
    stale: {
      enabled: stale.enabled,
      clientTimeoutMs: stale.clientTimeout,
      maxSeconds: Math.floor(stale.maxAge / 1000),
    },
    prefetch: node.prefetch,
  };
}

/** Blocks without values of their own. */
function setOf(
  cidrs: readonly { readonly prefix: Uint8Array; readonly length: number }[],
): SharedArrayBuffer {
  return CidrTable.build(cidrs.map((cidr) => ({ ...cidr, value: 0 }))).buffer;
}
