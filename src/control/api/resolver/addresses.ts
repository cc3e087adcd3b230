import { type EndpointAddress, type EndpointBody, sourcesOf } from '../../hosted/resolver.ts';
import { apiError } from '../errors.ts';
import type { IpAddressRequest, IpAddressUpdate, UpdateIpAddresses } from '../models/route53resolver.ts';
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

/** One more for an endpoint. Throws ApiError. */
export function addedAddress(
  means: ResolverMeans,
  { IpId, SubnetId, Ip, Ipv6 }: IpAddressUpdate,
  type: EndpointBody['type'],
  addresses: readonly EndpointAddress[],
): EndpointAddress {
  if (IpId !== undefined)
    throw invalidParameter('IpId', 'An IP address gets its ID when it is associated: leave IpId out.');
  if (SubnetId === undefined)
    throw invalidParameter('SubnetId', 'An IP address to associate needs a SubnetId.');
  const added = readIpAddress(means, { SubnetId, Ip, Ipv6 }, type);
  const there = sourcesOf({ addresses });
  const twice = sourcesOf({ addresses: [added] }).find((address) => there.includes(address));
  if (twice !== undefined)
    throw apiError('ResourceExistsException', `The endpoint has the IP address ${twice} already.`, {
      ResourceType: 'ip address',
    });
  return added;
}

/** The one by its ID, or that has all else that is given. Throws ApiError, also where several have. */
export function addressNamed(
  addresses: readonly EndpointAddress[],
  { IpId, SubnetId, Ip, Ipv6 }: IpAddressUpdate,
): EndpointAddress {
  if ([IpId, SubnetId, Ip, Ipv6].every((each) => each === undefined))
    throw invalidParameter(
      'IpAddress',
      'Say by IpId, or by SubnetId, Ip or Ipv6, which IP address is meant.',
    );
  const ip = Ip === undefined ? undefined : readAddress(Ip, 'IPV4', 'IpAddress');
  const ipv6 = Ipv6 === undefined ? undefined : readAddress(Ipv6, 'IPV6', 'IpAddress');
  const found = addresses.filter(
    (address) =>
      (IpId ?? address.id) === address.id &&
      (SubnetId ?? address.subnet) === address.subnet &&
      (ip ?? address.ip) === address.ip &&
      (ipv6 ?? address.ipv6) === address.ipv6,
  );
  const [only, another] = found;
  if (only === undefined) throw notFound('ip address', 'The endpoint has no such IP address.');
  if (another !== undefined)
    throw invalidParameter(
      'IpAddress',
      `The endpoint has ${found.length} such IP addresses: say by IpId which is meant.`,
    );
  return only;
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
