import { AddressError, masked, parseAddress } from '../../../util/cidr.ts';
import type { Explanation } from '../../../view/explain.ts';
import { isAtOrBelow, type Name, nameToText } from '../../../wire/name.ts';
import { questionTypeFromText } from '../../../wire/rdata/table.ts';
import type { ZoneResource } from '../../hosted/bodies.ts';
import { nameFromRoute53 } from '../../records/names.ts';
import { FatalProblem } from '../../records/problem.ts';
import { apiError } from '../errors.ts';
import type { Route53Handlers } from '../handler.ts';
import type { TestDNSAnswerRequest } from '../models/route53.ts';
import { type Means, ownZone, type ZoneClient } from './means.ts';

/** As far as resolvers tell of their clients, where the request does not say (route53-semantics 4.7). */
const SUBNET_BITS = { v4: 24, v6: 64 };

/** What clients of a public zone are answered: by a worker, as it would answer them. */
export function testAnswerHandlers(means: Means): Route53Handlers {
  return {
    async TestDNSAnswer({ input, caller }) {
      const zone = ownZone(means.store, input.HostedZoneId, caller);
      const name = nameIn(zone, input.RecordName);
      const type = questionTypeFromText(input.RecordType)!;
      const explanation = await means.answer(zone, { name, type, client: clientOf(input) });
      if (explanation === undefined)
        throw apiError('ServiceUnavailable', `No authoritative endpoint serves the hosted zone ${zone.id}.`);
      return {
        Nameserver: zone.body.nameServers[0]!.replace(/\.$/, ''),
        RecordName: input.RecordName,
        RecordType: input.RecordType,
        RecordData: dataAt(name, explanation),
        ResponseCode: explanation.answer.rcode,
        Protocol: 'UDP',
      };
    },
  };
}

/** Throws ApiError InvalidInput. */
function nameIn({ id, body }: ZoneResource, text: string): Name {
  if (body.vpcs.length > 0)
    throw apiError(
      'InvalidInput',
      `The hosted zone ${id} is private: TestDNSAnswer is for public hosted zones.`,
    );
  try {
    const name = nameFromRoute53(text);
    if (isAtOrBelow(name, nameFromRoute53(body.name))) return name;
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    throw apiError('InvalidInput', error.message);
  }
  throw apiError('InvalidInput', `The record name ${text} is not in the hosted zone ${body.name}`);
}

/** Undefined: somebody whom no table knows. Throws ApiError InvalidInput. */
function clientOf(input: TestDNSAnswerRequest): ZoneClient | undefined {
  const { ResolverIP: resolver, EDNS0ClientSubnetIP: subnet, EDNS0ClientSubnetMask: mask } = input;
  if (subnet === undefined) {
    if (mask !== undefined)
      throw apiError('InvalidInput', 'A mask of a client subnet needs the address of the subnet.');
    if (resolver === undefined) return undefined;
    const address = readAddress(resolver);
    return { address, bits: 8 * address.length };
  }
  const address = readAddress(subnet);
  const most = 8 * address.length;
  const bits = mask === undefined ? usualBits(address) : /^\d{1,3}$/.test(mask) ? Number(mask) : most + 1;
  if (bits > most)
    throw apiError('InvalidInput', `The subnet mask ${mask} of ${subnet} is not a number from 0 to ${most}.`);
  return { address: masked(address, bits), bits };
}

function usualBits(address: Uint8Array): number {
  return address.length === 4 ? SUBNET_BITS.v4 : SUBNET_BITS.v6;
}

function readAddress(text: string): Uint8Array {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw apiError('InvalidInput', error.message);
  }
}

/** The data of the records at the name, and not of what a CNAME leads to. A line is `name ttl IN type data`. */
function dataAt(name: Name, { answer }: Explanation): string[] {
  const owner = nameToText(name).toLowerCase();
  return answer.answer
    .map((line) => line.split(' '))
    .filter(([at]) => at!.toLowerCase() === owner)
    .map((words) => octalEscapes(words.slice(4).join(' ')));
}

/** Zone files have decimal escapes, Route 53 has octal ones. */
function octalEscapes(text: string): string {
  return text.replace(
    /\\(\d{3})/g,
    (_, decimal: string) => `\\${Number(decimal).toString(8).padStart(3, '0')}`,
  );
}
