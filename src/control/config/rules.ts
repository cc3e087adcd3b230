import * as z from 'zod';
import { domain, ID_RANGE, id, setting, target, word } from './setting.ts';

/** Route 53's quota of targets of a rule. */
export const TARGETS_MAX = 6;

const targets = z
  .array(
    setting(target(), {
      description:
        'Servers to ask, for `forward` rules: addresses with or without a port (53), all IPv4 or all IPv6. `tls://` and `https://` come in a later release.',
      range: `1 to ${TARGETS_MAX} addresses`,
      example: '192.0.2.53',
      absent: 'none; `forward` rules need some',
    }),
  )
  .min(1)
  .max(TARGETS_MAX);

/** How a VPC's questions for a domain are resolved. */
export const ruleSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the rule, shown in EDE texts and by `causeway explain`.',
    range: ID_RANGE,
    example: 'rr-corp',
    absent: 'made of the domain and the first VPC: corp.example.@vpc-corp',
  }).optional(),
  domain: setting(domain(), {
    description:
      'The rule holds for this name and all below it, unless a rule or zone with a longer name does. "." is every name.',
    range: 'a domain name, no wildcard',
    example: 'corp.example.',
  }),
  type: setting(word(['forward', 'system'], ['recursive', 'delegate']), {
    description:
      '`forward` asks the targets and nobody else. `system` makes a hole in a forward rule above it: names are resolved as if there were no forward rule. Recursion comes in a later release; until then a forward rule for "." is the way to the Internet.',
    range: 'forward or system',
    example: 'forward',
  }),
  outbound: setting(id(), {
    description: 'The outbound endpoint from which targets are asked.',
    range: 'the id of an outbound endpoint',
    example: 'out-1',
    absent: 'the kernel chooses the source address',
  }).optional(),
  targets: targets.optional(),
  vpcs: z
    .array(
      setting(id(), {
        description: 'VPCs that the rule is associated with.',
        range: 'one or more ids of VPCs',
        example: 'vpc-corp',
      }),
    )
    .min(1),
  policy: setting(word(['random', 'ordered', 'fastest', 'hedged']), {
    description:
      'Which target is asked first: a random one (Route 53’s way), the first that works, the one with the shortest round trip, or that and a second one when the first takes longer than usual.',
    range: 'random, ordered, fastest or hedged',
    example: 'ordered',
  }).prefault('random'),
  case0x20: setting(z.boolean(), {
    description:
      'Mix the case of letters in questions and check it in replies, against forged replies. Targets that do not keep the case are asked by TCP.',
    range: 'true or false',
    example: 'false',
  }).prefault(true),
  stale: setting(z.boolean(), {
    description:
      'Whether expired answers of this rule may be served while no target replies; see `node.stale`.',
    range: 'true or false',
    example: 'false',
  }).prefault(true),
});

export type RuleConfig = z.output<typeof ruleSchema>;

export const rulesExample = `rules:
  - domain: corp.example.
    type: forward
    outbound: out-1
    targets: [10.20.0.53, "10.20.1.53:5300"]
    vpcs: [vpc-corp, vpc-lab]
    policy: ordered
  - { domain: public.corp.example., type: system, vpcs: [vpc-corp] }
  - { id: rr-internet, domain: ".", type: forward, targets: [192.0.2.1], vpcs: [vpc-corp] }
`;
