import { CidrTable, parseAddress } from '../../util/cidr.ts';
import type { AuthoritativeConfig, InboundConfig } from '../config/endpoints.ts';
import type { Config } from '../config/load.ts';
import type { AddressAndPort } from '../config/setting.ts';
import type { Reads } from '../store/store.ts';
import { allOf, type EndpointBody, RESOLVER, sourcesOf } from './resolver.ts';

/** An address that an inbound endpoint made by the API may have. */
export interface OfferedAddress {
  readonly listen: AddressAndPort;
  /** Undefined: it is in none. */
  readonly vpc: string | undefined;
  /** Undefined: any. */
  readonly subnet: string | undefined;
}

/** `endpoints.api.addresses`, each with the VPC that it is in. */
export function offeredAddresses({ endpoints, vpcs }: Pick<Config, 'endpoints' | 'vpcs'>): OfferedAddress[] {
  const vpcAt = vpcFinder(vpcs);
  return endpoints.api.addresses.map(({ listen, vpc, subnet }) => ({
    listen,
    vpc: vpc ?? vpcAt(listen.address),
    subnet,
  }));
}

/** Which VPC has the longest block that holds an address (canonical text). */
export function vpcFinder(vpcs: Config['vpcs']): (address: string) => string | undefined {
  const table = CidrTable.build(
    vpcs.flatMap(({ cidrs }, value) => cidrs.map((cidr) => ({ ...cidr, value }))),
  );
  return (address) => vpcs[table.lookup(parseAddress(address))]?.id;
}

/** Where an endpoint listens: at those of its addresses that its VPC is still offered at. */
function listenOf(
  { addresses, vpc }: Pick<EndpointBody, 'addresses' | 'vpc'>,
  offered: readonly OfferedAddress[],
): AddressAndPort[] {
  return sourcesOf({ addresses }).flatMap((address) =>
    offered.flatMap(({ listen, vpc: of }) =>
      listen.address === address && of !== undefined && of === vpc ? listen : [],
    ),
  );
}

/** The configuration with the endpoints of the store that listen, as if they were declared. */
export function withInbound(config: Config, state: Reads): Config {
  const { endpoints } = config;
  const { inbound, authoritative } = inboundOf(config, state);
  return {
    ...config,
    endpoints: {
      ...endpoints,
      inbound: [...endpoints.inbound, ...inbound],
      authoritative: [...endpoints.authoritative, ...authoritative],
    },
  };
}

const PROTOCOLS = { Do53: 'do53', DoH: 'doh' } as const;

/** Where an endpoint that has one of `endpoints.api.addresses` answers DNS over HTTPS there. */
export function dohAt({ endpoints }: Pick<Config, 'endpoints'>, { address }: AddressAndPort): AddressAndPort {
  return { address, port: endpoints.api.dohPort };
}

/** INBOUND and INBOUND_DELEGATION ones of the store, where their VPC is known and has addresses for them. */
export function inboundOf(
  config: Config,
  state: Reads,
): { inbound: InboundConfig[]; authoritative: AuthoritativeConfig[] } {
  const { allow, outside, rateLimit, credentials } = config.endpoints.api;
  const offered = offeredAddresses(config);
  const vpcs = new Map(config.vpcs.map((vpc) => [vpc.id, vpc]));
  const inbound: InboundConfig[] = [];
  const authoritative: AuthoritativeConfig[] = [];
  for (const { id, body } of allOf<EndpointBody>(state, RESOLVER.endpoint)) {
    const vpc = vpcs.get(body.vpc ?? '');
    const listen = listenOf(body, offered);
    if (body.direction === 'OUTBOUND' || vpc === undefined || listen.length === 0) continue;
    const common = { id, listen, vpc: vpc.id, outside, rateLimit, isMade: true as const };
    const clients = [...vpc.cidrs, ...allow];
    if (body.direction === 'INBOUND') {
      const { protocols = ['Do53'] } = body;
      const doh = listen.map((each) => dohAt(config, each));
      const spoken = protocols.map((each) => PROTOCOLS[each]);
      inbound.push({ ...common, protocols: spoken, doh, dohJson: false, credentials, allow: clients });
    } else authoritative.push({ ...common, allow: clients });
  }
  return { inbound, authoritative };
}
