import { dohAt, type OfferedAddress, offeredAddresses, vpcFinder } from '../../hosted/inbound.ts';
import {
  allOf,
  type EndpointAddress,
  type EndpointBody,
  RESOLVER,
  sourcesOf,
} from '../../hosted/resolver.ts';
import type { Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import { invalidRequest, type ResolverMeans } from './means.ts';
import { familyOf } from './targets.ts';

const SETTING = 'endpoints.api.addresses of the configuration';

type Family = 'IPV4' | 'IPV6';
type Placed = Pick<EndpointBody, 'addresses' | 'vpc'>;

/**
 * The addresses of an inbound endpoint, each one that this node is configured to have and that no other endpoint has;
 * where none is given for a subnet, one that is free. All of them are in one VPC, whose the endpoint is. Throws ApiError.
 *
 * @param id of the endpoint, if it is there already
 */
export function placed(
  means: ResolverMeans,
  state: Reads,
  endpoint: Pick<EndpointBody, 'type' | 'addresses' | 'vpc'>,
  id?: string,
): Placed {
  const places = new Places(offeredAddresses(means.config()), takenBy(state, id), endpoint.vpc);
  for (const address of endpoint.addresses) places.claim(address);
  const addresses = endpoint.addresses.map((address) => places.completed(address, endpoint.type));
  return { addresses, vpc: places.vpc };
}

/** Why an address of an inbound endpoint is not listened on; undefined where it is, once that is served. */
export function faultOf(
  means: ResolverMeans,
  { vpc, protocols = ['Do53'] }: Pick<EndpointBody, 'vpc' | 'protocols'>,
  address: EndpointAddress,
): string | undefined {
  const config = means.config();
  if (!config.vpcs.some(({ id }) => id === vpc)) return `The VPC with ID '${vpc}' does not exist any more.`;
  const offered = offeredAddresses(config).filter((offer) => offer.vpc === vpc);
  const faults = sourcesOf({ addresses: [address] }).flatMap((each) => {
    const offer = offered.find(({ listen }) => listen.address === each);
    if (offer === undefined) return `${each} is not among ${SETTING} for this VPC any more.`;
    const sockets = protocols.map((protocol) =>
      protocol === 'DoH' ? dohAt(config, offer.listen) : offer.listen,
    );
    const why = sockets.flatMap((socket) => means.missing(socket) ?? []);
    return why.map((each) => `This node cannot listen on ${offer.listen.address}: ${each}.`);
  });
  return faults.length === 0 ? undefined : faults.join(' ');
}

/** The VPC whose clients have the first address that lies in one. */
export function vpcOf(means: ResolverMeans, addresses: readonly EndpointAddress[]): string | undefined {
  return sourcesOf({ addresses })
    .map(vpcFinder(means.config().vpcs))
    .find((vpc) => vpc !== undefined);
}

/** The addresses of the other endpoints that listen, of all accounts. */
function takenBy(state: Reads, id: string | undefined): Set<string> {
  const others = [...allOf<EndpointBody>(state, RESOLVER.endpoint)].filter(
    (endpoint) => endpoint.id !== id && endpoint.body.direction !== 'OUTBOUND',
  );
  return new Set(others.flatMap(({ body }) => sourcesOf(body)));
}

/** The addresses that the node offers, as one endpoint takes some of them. */
class Places {
  readonly #offered: readonly OfferedAddress[];
  readonly #taken: Set<string>;
  vpc: string | undefined;

  constructor(offered: readonly OfferedAddress[], taken: Set<string>, vpc: string | undefined) {
    this.#offered = offered;
    this.#taken = taken;
    this.vpc = vpc;
  }

  /** Takes those that are asked for by name. */
  claim(address: EndpointAddress): void {
    const { subnet } = address;
    for (const wanted of sourcesOf({ addresses: [address] })) {
      const offer = this.#offered.find(({ listen }) => listen.address === wanted);
      if (offer === undefined || (offer.subnet ?? subnet) !== subnet)
        throw invalidRequest(
          `IP address '${wanted}' is either not in subnet '${subnet}' CIDR range or is reserved: it is not among ${SETTING} for that subnet.`,
        );
      if (this.#taken.has(wanted))
        throw apiError(
          'ResourceExistsException',
          `The IP address '${wanted}' in subnet '${subnet}' is already in use`,
          { ResourceType: 'ip address' },
        );
      if (offer.vpc === undefined)
        throw invalidRequest(`IP address '${wanted}' is in no VPC: say in ${SETTING} which is meant.`);
      if (this.vpc !== undefined && this.vpc !== offer.vpc)
        throw invalidRequest(
          `IP address '${wanted}' is in VPC '${offer.vpc}', others of the endpoint are in '${this.vpc}'.`,
        );
      this.#take(offer);
    }
  }

  /** With one of each family that the type has, as far as they are free, where none is given. */
  completed(address: EndpointAddress, type: EndpointBody['type']): EndpointAddress {
    if (address.ip !== undefined || address.ipv6 !== undefined) return address;
    const ip = type === 'IPV6' ? undefined : this.#pick('IPV4', address.subnet);
    const ipv6 = type === 'IPV4' ? undefined : this.#pick('IPV6', address.subnet);
    if (ip !== undefined || ipv6 !== undefined) return { ...address, ip, ipv6 };
    throw invalidRequest(
      `Subnet '${address.subnet}' has no free IP address of this type: there is none left among ${SETTING}.`,
    );
  }

  #pick(family: Family, subnet: string): string | undefined {
    const free = this.#offered.filter(
      ({ listen, vpc, subnet: only }) =>
        familyOf(listen) === family &&
        (only ?? subnet) === subnet &&
        vpc !== undefined &&
        (this.vpc ?? vpc) === vpc &&
        !this.#taken.has(listen.address),
    );
    // What is for this subnet alone goes first.
    const offer = free.find(({ subnet: only }) => only !== undefined) ?? free[0];
    return offer && this.#take(offer);
  }

  #take({ listen, vpc }: OfferedAddress): string {
    this.#taken.add(listen.address);
    this.vpc ??= vpc;
    return listen.address;
  }
}
