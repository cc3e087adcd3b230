import * as z from 'zod';
import { region } from './node.ts';
import { cidr, ID_RANGE, id, setting, word } from './setting.ts';

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
  cidrs: z.array(
    setting(cidr(), {
      description:
        'Addresses of the clients. A client belongs to the VPC with the longest block that holds its address; a block may stand in one VPC only.',
      range: 'blocks of addresses, or single addresses',
      example: '10.20.0.0/16',
    }),
  ),
  dnssec: setting(word(['off', 'validate']), {
    description:
      'Validation of answers from public recursion. As in Route 53, private zones and forwarded answers are never validated; as this release has no recursion, `validate` has no effect yet.',
    range: 'off or validate',
    example: 'validate',
  }).prefault('off'),
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
    autodefinedReverse: true
  - { id: vpc-lab, cidrs: [10.30.0.0/16] }
`;
