import { unreachable } from '../../../util/assert.ts';
import { fold, type Name } from '../../../wire/name.ts';
import { hears, listenText } from '../../config/check/endpoints.ts';
import { everyListen } from '../../config/endpoints.ts';
import { SettingError } from '../../config/problem.ts';
import { TARGETS_MAX } from '../../config/rules.ts';
import { DNS_PORT, hostAddress } from '../../config/setting.ts';
import { readServerName, SECURE_PORTS } from '../../config/targets.ts';
import { inboundOf } from '../../hosted/inbound.ts';
import type { RuleSettings, RuleTarget } from '../../hosted/resolver.ts';
import { nameFromRoute53, nameToRoute53 } from '../../records/names.ts';
import { FatalProblem } from '../../records/problem.ts';
import type { Reads } from '../../store/store.ts';
import { apiError } from '../errors.ts';
import type { Caller } from '../handler.ts';
import type { ResolverEndpoint, TargetAddress, TargetList } from '../models/route53resolver.ts';
import { endpointNamed } from './endpointviews.ts';
import { invalidParameter, invalidRequest, type ResolverMeans } from './means.ts';

/** `example.com.`, as Route 53 writes it. Throws ApiError InvalidParameterException. */
export function readDomain(text: string, field: string): string {
  let name: Name;
  try {
    name = fold(nameFromRoute53(text));
  } catch (error) {
    if (error instanceof FatalProblem) throw invalidParameter(field, error.message);
    throw error;
  }
  if (name[0] === 1 && name[1] === 0x2a)
    throw invalidParameter(field, `'${text}' is a wildcard: rules hold for a name and all below it.`);
  return nameToRoute53(name);
}

/** Throws ApiError where an address is none, or no server can be asked so. */
export function readTargets(list: TargetList): RuleTarget[] {
  if (list.length > TARGETS_MAX)
    throw apiError('LimitExceededException', `A rule has at most ${TARGETS_MAX} target IP addresses.`, {
      ResourceType: 'target ip',
    });
  const targets = list.map(readTarget);
  const texts = targets.map((target) => `${target.protocol ?? 'Do53'} ${listenText(target)}`);
  const twice = texts.find((text, i) => texts.indexOf(text) < i);
  if (twice !== undefined) throw invalidParameter('TargetIps', `The target ${twice} is given twice.`);
  if (new Set(targets.map(familyOf)).size > 1)
    throw invalidParameter('TargetIps', 'A rule cannot have both IPv4 and IPv6 target IP addresses.');
  return targets;
}

function readTarget({ Ip, Ipv6, Port, Protocol, ServerNameIndication }: TargetAddress): RuleTarget {
  if ((Ip === undefined) === (Ipv6 === undefined))
    throw invalidParameter('TargetIps', 'Each target needs either Ip or Ipv6.');
  if (Protocol === 'DoH-FIPS')
    throw invalidRequest('The protocol DoH-FIPS is for inbound endpoints only: targets have Do53 or DoH.');
  if (Protocol !== 'DoH' && ServerNameIndication !== undefined && ServerNameIndication !== '')
    throw invalidRequest('ServerNameIndication can only be specified for targets with the protocol DoH.');
  if (Port === 0) throw invalidParameter('TargetIps', 'The port 0 of a target is none: write 1 to 65535.');
  const address = readAddress((Ip ?? Ipv6)!, Ip === undefined ? 'IPV6' : 'IPV4', 'TargetIps');
  if (Protocol !== 'DoH') return { address, port: Port ?? DNS_PORT };
  const name =
    ServerNameIndication === undefined || ServerNameIndication === ''
      ? {}
      : { serverName: readSni(ServerNameIndication) };
  return { address, port: Port ?? SECURE_PORTS.doh, protocol: 'DoH', ...name };
}

/** It is sent, and the certificate must be for it. Throws ApiError InvalidParameterException. */
function readSni(text: string): string {
  try {
    return readServerName(text);
  } catch (error) {
    if (error instanceof SettingError) throw invalidParameter('ServerNameIndication', `${error.message}.`);
    throw error;
  }
}

/** Canonical text. Throws ApiError InvalidParameterException. */
export function readAddress(text: string, family: 'IPV4' | 'IPV6', field: string): string {
  const read = hostAddress().safeParse(text);
  if (!read.success) throw invalidParameter(field, `${read.error.issues[0]!.message}.`);
  const address = { address: read.data };
  if (familyOf(address) !== family)
    throw invalidParameter(field, `'${text}' is no ${family === 'IPV4' ? 'IPv4' : 'IPv6'} address.`);
  return read.data;
}

export function familyOf({ address }: Pick<RuleTarget, 'address'>): 'IPV4' | 'IPV6' {
  return address.includes(':') ? 'IPV6' : 'IPV4';
}

/** What a rule of its type has to have and cannot have, whatever else there is. Throws ApiError. */
export function checkSettings(
  means: ResolverMeans,
  state: Reads,
  caller: Caller,
  { type, targets, endpoint }: RuleSettings,
): void {
  switch (type) {
    case 'SYSTEM':
      if (targets.length > 0 || endpoint !== undefined)
        throw invalidRequest('Resolver rules of type SYSTEM have no TargetIps and no ResolverEndpointId.');
      return;
    case 'DELEGATE':
      if (targets.length > 0) throw invalidRequest('Resolver rules of type DELEGATE have no TargetIps.');
      outboundNamed(means, state, caller, type, endpoint);
      return;
    case 'FORWARD': {
      if (targets.length === 0)
        throw invalidRequest('Resolver rules of type FORWARD need TargetIps, the servers to ask.');
      const {
        Id: id,
        ResolverEndpointType: families,
        Protocols: protocols = [],
      } = outboundNamed(means, state, caller, type, endpoint);
      for (const { protocol = 'Do53' } of targets)
        if (!protocols.includes(protocol))
          throw invalidRequest(
            `Resolver endpoint '${id}' has the protocols ${protocols.join(', ')}: it asks no targets by ${protocol}.`,
          );
      const family = familyOf(targets[0]!);
      if (families !== 'DUALSTACK' && families !== family)
        throw invalidRequest(
          `Resolver endpoint '${id}' is of type ${families}: it asks no ${family} targets.`,
        );
      const config = means.config();
      const { inbound } = inboundOf(config, state);
      const heard = [...config.endpoints.inbound, ...inbound].map((each) => ({ listen: everyListen(each) }));
      const circle = targets.find((target) => hears(heard, target));
      if (circle !== undefined)
        throw invalidRequest(
          `The target ${listenText(circle)} is an inbound endpoint of this node: queries would go in a circle.`,
        );
      return;
    }
    default:
      unreachable(type);
  }
}

function outboundNamed(
  means: ResolverMeans,
  state: Reads,
  caller: Caller,
  type: string,
  id: string | undefined,
): ResolverEndpoint {
  if (id === undefined)
    throw invalidRequest(`Resolver rules of type ${type} need a ResolverEndpointId, an outbound endpoint.`);
  const { endpoint } = endpointNamed(means, state, id, caller);
  if (endpoint.Direction !== 'OUTBOUND')
    throw invalidRequest(`Resolver endpoint '${id}' is ${endpoint.Direction}: rules need an outbound one.`);
  return endpoint;
}
