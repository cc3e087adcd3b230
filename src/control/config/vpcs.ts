import * as z from 'zod';
import { type Cidr, cidrToText, parseCidr } from '../../util/cidr.ts';
import { GROUPS_OF_VPC_MAX } from '../firewall/policy.ts';
import { readAccount } from './api.ts';
import { region } from './node.ts';
import { SettingError } from './problem.ts';
import { cidr, domain, ID_RANGE, id, onOff, setting, text, word } from './setting.ts';

/** RFC 6052 section 2.2. */
const NAT64_BITS: readonly number[] = [32, 40, 48, 56, 64, 96];
const NAT64_RANGE = `an IPv6 block of ${NAT64_BITS.slice(0, -1).join(', ')} or ${NAT64_BITS.at(-1)} bits`;
/** Bits 64 to 71 of an address with an embedded IPv4 address are zero (RFC 6052 section 2.2). */
const RESERVED_OCTET = 8;

/** A block of IPv6 addresses that stand for IPv4 addresses. */
function nat64Prefix() {
  const remedy = `write ${NAT64_RANGE}, such as 64:ff9b::/96`;
  return text((input): Cidr => {
    const block = parseCidr(input);
    if (block.prefix.length !== 16 || !NAT64_BITS.includes(block.length))
      throw new SettingError(`${cidrToText(block)} cannot hold IPv4 addresses`, remedy);
    if (block.prefix[RESERVED_OCTET] !== 0)
      throw new SettingError(
        `${cidrToText(block)} has bits set from 64 to 71, which must be zero (RFC 6052)`,
        'write a block in which they are not set',
      );
    return block;
  });
}

const dns64 = z.strictObject({
  prefix: setting(nat64Prefix(), {
    description: 'The block under which the NAT64 gateway of the VPC takes IPv4 addresses.',
    range: NAT64_RANGE,
    example: '"2001:db8:64::/96"',
  }).prefault('64:ff9b::/96'),
  exclude: z
    .array(
      setting(cidr(), {
        description:
          'AAAA records with such addresses count as none (RFC 6147 section 5.1.4); IPv4-mapped ones always do.',
        range: 'blocks of addresses',
        example: '"2001:db8:dead::/48"',
      }),
    )
    .prefault([]),
});

const rebinding = z.strictObject({
  exempt: z
    .array(
      setting(domain(), {
        description: 'Names that may have such addresses, with all below them.',
        range: 'domain names, no wildcards',
        example: 'home.example.net.',
      }),
    )
    .prefault([]),
  allow: z
    .array(
      setting(cidr(), {
        description: 'Addresses that any name may have.',
        range: 'blocks of addresses',
        example: '10.20.80.0/24',
      }),
    )
    .prefault([]),
});

/** Those of the API are 100 to 9900; the others are for what is to stand before or behind. */
const groupPriority = z.int().min(0).max(0xffff);

/** A VPC: a set of clients that share one view of the name space. */
export const vpcSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the VPC, by which endpoints, rules and zones name it: the one of AWS, or your own.',
    range: ID_RANGE,
    example: 'vpc-corp',
  }),
  region: setting(region(), {
    description: 'Region of the VPC.',
    range: 'lower-case letters, digits and `-`',
    example: 'eu-west-1',
    absent: 'the region of the node',
  }).optional(),
  account: setting(text(readAccount), {
    description:
      'Account that the VPC belongs to: its access keys associate the VPC with private zones. For a zone of another account, that one has to authorise it before.',
    range: 'the id of one of `accounts`, in quotes',
    example: '"111122223333"',
    absent: 'the first account',
  }).optional(),
  cidrs: z.array(
    setting(cidr(), {
      description:
        'Addresses of the clients. A client belongs to the VPC with the longest block that holds its address; a block may stand in one VPC only.',
      range: 'blocks of addresses, or single addresses',
      example: '10.20.0.0/16',
    }),
  ),
  dnssec: setting(word(['validate', 'off', 'route53']), {
    description:
      'Validation of answers from recursion and from a forward rule for "."; other rules say it for themselves, and private zones are never validated. `validate`: what is bogus is SERVFAIL, and clients get AD and, if they ask for them, signatures. `route53`: as AWS does; only recursion is validated, DO and CD count for nothing, AD is never set. `off`: nothing is validated.',
    range: 'validate, off or route53',
    example: 'route53',
  }).prefault('validate'),
  dns64: setting(z.union([word(['off']), dns64]), {
    description:
      'Make AAAA records of the A records of names that have no others (RFC 6147), for clients with IPv6 only.',
    range: 'off, or settings',
    example: '{ prefix: "64:ff9b::/96" }',
  }).prefault('off'),
  rebinding: setting(z.union([onOff(), rebinding]), {
    description:
      'Take private, loopback and link-local addresses out of answers from recursion and from a forward rule for ".", so that a web page cannot reach by a name of its own what only clients of this resolver can.',
    range: 'on, off, or settings',
    example: '{ exempt: [home.example.net.], allow: [10.20.80.0/24] }',
  }).prefault('on'),
  firewall: z
    .strictObject({
      groups: z
        .array(
          z.strictObject({
            group: setting(id(), {
              description: `Id of a rule group. A VPC has at most ${GROUPS_OF_VPC_MAX} of them.`,
              range: 'the id of one of `firewall.groups`',
              example: 'base',
            }),
            priority: setting(groupPriority, {
              description: 'Of several groups the one with the least priority is looked at first.',
              range: 'a whole number from 0 to 65535, unique in the VPC',
              example: '101',
            }),
          }),
        )
        .max(GROUPS_OF_VPC_MAX)
        .prefault([]),
      failOpen: setting(z.boolean(), {
        description:
          'What becomes of queries where a rule cannot be evaluated, as its list cannot be had: with true the rule is passed over, with false they are answered SERVFAIL.',
        range: 'true or false',
        example: 'true',
      }).prefault(false),
    })
    .prefault({}),
  autodefinedReverse: setting(z.boolean(), {
    description:
      'Answer for the reverse names of private addresses and of this VPC (RFC 6303) where no rule and no private zone does. With false they are matched like any other name.',
    range: 'true or false',
    example: 'false',
  }).prefault(true),
});

export type VpcConfig = z.output<typeof vpcSchema>;

export const vpcsExample = `vpcs:
  - id: vpc-corp
    region: eu-central-1
    cidrs: [10.20.0.0/16, "fd00:20::/48"]
    dnssec: validate
    dns64: { prefix: "64:ff9b::/96" }
    rebinding: { exempt: [home.example.net.] }
    firewall: { groups: [{ group: base, priority: 101 }] }
    autodefinedReverse: true
  - { id: vpc-lab, cidrs: [10.30.0.0/16] }
`;
