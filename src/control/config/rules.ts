import * as z from 'zod';
import { domain, ID_RANGE, id, setting, word } from './setting.ts';
import { targetSchema } from './targets.ts';

/** Route 53's quota of targets of a rule. */
export const TARGETS_MAX = 6;

const targets = z.array(targetSchema).min(1).max(TARGETS_MAX);

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
    absent: 'an error, but for `delegate` rules, which have none',
  }).optional(),
  type: setting(word(['forward', 'recursive', 'stub', 'system', 'delegate']), {
    description:
      '`forward` asks the targets, which are resolvers, and nobody else. `recursive` resolves from the root on, as `recursion` says; a VPC without a rule for "." has one. `stub` resolves from the targets on, which are the authoritative servers of the domain. `system` makes a hole in a forward rule above it: names are resolved as if there were no forward rule. `delegate` follows referrals to servers whose names are at or below `delegationRecord`.',
    range: 'forward, recursive, stub, system or delegate',
    example: 'forward',
  }),
  delegationRecord: setting(domain(), {
    description:
      'Of `delegate` rules: the name of the name servers that a private zone or a forwarded answer refers to, or a name above it. It is not the name of the zone that they serve.',
    range: 'a domain name, no wildcard',
    example: 'ns.example.net.',
    absent: 'none; `delegate` rules need one',
  }).optional(),
  dnssec: setting(word(['validate', 'off']), {
    description:
      'Whether answers are validated. With off the domain has a negative trust anchor, which `causeway anchors` lists. It counts in VPCs with `dnssec: validate`; with `route53` it can only switch recursion off.',
    range: 'validate or off',
    example: 'validate',
    absent:
      'as the VPC says for `recursive` rules and a `forward` rule for "."; off for other `forward` and `stub` rules',
  }).optional(),
  outbound: setting(id(), {
    description: 'The outbound endpoint from which servers are asked.',
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
      'Which target is asked first: a random one (Route 53’s way), the first that works, the one with the shortest round trip, or that and a second one when the first takes longer than usual. Of `forward` rules.',
    range: 'random, ordered, fastest or hedged',
    example: 'ordered',
  }).prefault('random'),
  case0x20: setting(z.boolean(), {
    description:
      'Mix the case of letters in questions and check it in replies, against forged replies. Targets that do not keep the case are asked by TCP.',
    range: 'true or false',
    example: 'false',
    absent: 'true for `forward` rules, `recursion.case0x20` for others',
  }).optional(),
  stale: setting(z.boolean(), {
    description:
      'Whether expired answers of this rule may be served while no server replies; see `node.stale`.',
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
  - { domain: lab.example.net., type: stub, targets: [10.20.0.54], vpcs: [vpc-corp], dnssec: validate }
  - { type: delegate, delegationRecord: ns.example.net., outbound: out-1, vpcs: [vpc-corp] }
  - domain: partner.example.
    type: forward
    targets:
      - tls://192.0.2.53#dns.partner.example
      - { protocol: doh, address: [192.0.2.54, "2001:db8::54"], serverName: dns.partner.example }
    vpcs: [vpc-corp]
  - { id: rr-internet, domain: ".", type: recursive, vpcs: [vpc-corp] }
  - { id: rr-lab, domain: ".", type: forward, targets: [192.0.2.1], vpcs: [vpc-lab], dnssec: off }
`;
