import * as z from 'zod';
import { type Cidr, cidrToText, parseCidr } from '../../util/cidr.ts';
import { SettingError } from './problem.ts';
import { ID_RANGE, id, setting, text } from './setting.ts';

/** Route 53's bounds; a whole family is what the location `*` of record sets is for. */
const BITS_MAX = { v4: 24, v6: 48 };
const BLOCK_RANGE = `an IPv4 block of /1 to /${BITS_MAX.v4} or an IPv6 block of /1 to /${BITS_MAX.v6}`;

/** Throws SettingError, AddressError. */
export function readBlock(input: string): Cidr {
  const cidr = parseCidr(input);
  const most = cidr.prefix.length === 4 ? BITS_MAX.v4 : BITS_MAX.v6;
  if (cidr.length >= 1 && cidr.length <= most) return cidr;
  const why = cidr.length === 0 ? 'every address' : `a block longer than /${most}`;
  throw new SettingError(`${cidrToText(cidr)} is ${why}`, `write ${BLOCK_RANGE}`);
}

/** As the API has them: CollectionName and CidrLocationNameDefaultNotAllowed. */
function nameUpTo(length: number) {
  const range = `letters, digits, _ and -, at most ${length}`;
  return text((input) => {
    if (input.length <= length && /^[0-9A-Za-z_-]+$/.test(input)) return input;
    throw new SettingError(`"${input}" is not a name`, `write ${range}`);
  });
}

export const COLLECTION_NAME_MAX = 64;
export const LOCATION_NAME_MAX = 16;

const location = z.strictObject({
  name: setting(nameUpTo(LOCATION_NAME_MAX), {
    description: 'Name of the location, as `cidrRoutingConfig` of record sets says it.',
    range: `letters, digits, \`_\` and \`-\`, at most ${LOCATION_NAME_MAX}`,
    example: 'office',
  }),
  cidrs: z
    .array(
      setting(text(readBlock), {
        description:
          'Blocks of addresses that are this location; of nested ones the longest counts. One that is longer than the prefix that a query tells of its client (ECS) does not hold the client.',
        range: BLOCK_RANGE,
        example: '203.0.113.0/24',
      }),
    )
    .min(1),
});

/** A CIDR collection, for IP-based routing. */
export const collectionSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the collection, as `cidrRoutingConfig` of record sets says it.',
    range: ID_RANGE,
    example: 'networks',
  }),
  name: setting(nameUpTo(COLLECTION_NAME_MAX), {
    description: 'Name of the collection.',
    range: `letters, digits, \`_\` and \`-\`, at most ${COLLECTION_NAME_MAX}`,
    example: 'our-networks',
    absent: 'the id is the name',
  }).optional(),
  locations: z.array(location).prefault([]),
});

export const collectionsExample = `cidrCollections:
  - id: networks
    name: our-networks
    locations:
      - { name: office, cidrs: [203.0.113.0/24, "2001:db8:100::/40"] }
      - { name: partner, cidrs: [198.51.100.0/24] }
`;
