import { CidrTable, parseAddress } from '../../../util/cidr.ts';
import { type EndpointAddress, type EndpointBody, sourcesOf } from '../../hosted/resolver.ts';
import type { IpAddressRequest, UpdateIpAddresses } from '../models/route53resolver.ts';
import { invalidParameter, newId, notFound, type ResolverMeans } from './means.ts';
import { familyOf, readAddress } from './targets.ts';

/** Throws ApiError InvalidParameterException. */
export function readIpAddress(
  means: ResolverMeans,
  { SubnetId: subnet, Ip, Ipv6 }: IpAddressRequest,
  type: EndpointBody['type'],
): EndpointAddress {
  const ip = Ip === undefined ? undefined : readAddress(Ip, 'IPV4', 'IpAddresses');
  const ipv6 = Ipv6 === undefined ? undefined : readAddress(Ipv6, 'IPV6', 'IpAddresses');
  const address = { id: newId(means.prng, 'rni'), subnet, ip, ipv6 };
  checkFamily(address, type);
  return address;
}

/** Throws ApiError where an endpoint of the type cannot have the address. */
export function checkFamily(address: EndpointAddress, type: EndpointBody['type']): void {
  const alien = sourcesOf({ addresses: [address] }).find((each) => type !== familyOf({ address: each }));
  if (alien !== undefined && type !== 'DUALSTACK')
    throw invalidParameter('IpAddresses', `An endpoint of type ${type} cannot have the address ${alien}.`);
}

/** With IPv6 addresses for some. Throws ApiError ResourceNotFoundException for one that is not there. */
export function withUpdates(addresses: readonly EndpointAddress[], updates: UpdateIpAddresses = []) {
  const unknown = updates.find(({ IpId }) => !addresses.some(({ id }) => id === IpId));
  if (unknown !== undefined)
    throw notFound('ip address', `The endpoint has no IP address with ID '${unknown.IpId}'.`);
  return addresses.map((address): EndpointAddress => {
    const update = updates.find(({ IpId }) => IpId === address.id);
    if (update === undefined) return address;
    return { ...address, ipv6: readAddress(update.Ipv6, 'IPV6', 'UpdateIpAddresses') };
  });
}

/** The VPC whose clients have the first address that lies in one. */
export function vpcOf(means: ResolverMeans, addresses: readonly EndpointAddress[]): string | undefined {
  const { vpcs } = means.config();
  const table = CidrTable.build(
    vpcs.flatMap(({ cidrs }, value) => cidrs.map((cidr) => ({ ...cidr, value }))),
  );
  const found = sourcesOf({ addresses }).map((address) => table.lookup(parseAddress(address)));
  return vpcs[found.find((index) => index >= 0) ?? -1]?.id;
}
