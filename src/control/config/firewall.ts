import * as z from 'zod';
import { typeFromText } from '../../wire/rdata/table.ts';
import { DOMAIN_REMEDY, readDomain } from '../firewall/domain.ts';
import { RULES_MAX } from '../firewall/policy.ts';
import { SettingError } from './problem.ts';
import { domain, duration, ID_RANGE, id, setting, text, word } from './setting.ts';

const PRIORITY_MAX = 0xffff_ffff;

const listSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the list, by which rules name it.',
    range: ID_RANGE,
    example: 'malware',
  }),
  file: setting(z.string().min(1), {
    description:
      'Text file with a domain in each line; `#` begins a comment. Relative paths start at the folder of the configuration file.',
    range: 'a path',
    example: 'lists/malware.txt',
    absent: 'the list has the domains of `domains`',
  }).optional(),
  domains: z
    .array(
      setting(text(listed), {
        description:
          'A name, which is that name alone; `*.` and a name, which is all below it without the name; `*`, which is all.',
        range: 'domains',
        example: '"*.ads.example"',
        absent: 'the list has the domains of `file`',
      }),
    )
    .optional(),
});

function listed(input: string): string {
  const read = readDomain(input);
  if (read === undefined) throw new SettingError(`"${input}" is not a domain of a list`, DOMAIN_REMEDY);
  return read;
}

function qtype() {
  return text((input) => {
    const type = typeFromText(input);
    if (type !== undefined) return type;
    throw new SettingError(`"${input}" is not an RR type`, 'write a type such as AAAA, or TYPE65');
  });
}

const ruleSchema = z.strictObject({
  priority: setting(z.int().min(0).max(PRIORITY_MAX), {
    description: `The rule with the least priority is looked at first, and the first that matches decides. A group has at most ${RULES_MAX} rules.`,
    range: 'a whole number, unique in the group',
    example: '10',
  }),
  list: setting(id(), {
    description: 'The domains that it is for.',
    range: 'the id of one of `firewall.lists`',
    example: 'malware',
  }),
  qtype: setting(qtype(), {
    description: 'The type of question that it is for.',
    range: 'an RR type',
    example: 'AAAA',
    absent: 'all types',
  }).optional(),
  action: setting(word(['allow', 'alert', 'block']), {
    description:
      '`allow` lets the query pass and ends the search. `alert` does so too, and tells of it. `block` answers what `response` says, and tells of it.',
    range: 'allow, alert or block',
    example: 'block',
  }),
  response: setting(word(['nodata', 'nxdomain', 'override']), {
    description: 'What is answered by a rule that blocks.',
    range: 'nodata, nxdomain or override',
    example: 'override',
    absent: 'nodata',
  }).optional(),
  override: z
    .strictObject({
      domain: setting(domain(), {
        description: 'Where clients are led to, by a CNAME.',
        range: 'a domain name',
        example: 'sinkhole.corp.example.',
      }),
      ttl: setting(duration('0s', '604800s'), {
        description: 'TTL of the CNAME.',
        range: 'a time from 0s to 1w',
        example: '1m',
      }).prefault('0s'),
    })
    .optional(),
  redirection: setting(word(['inspect', 'trust']), {
    description:
      'What of a chain of aliases is looked at: with `inspect` each name on its own, so that a list of allowed names has to hold all of them; with `trust` the name that was asked for alone.',
    range: 'inspect or trust',
    example: 'trust',
  }).prefault('inspect'),
});

/** DNS Firewall: what VPCs associate themselves with. */
export const firewallSchema = z.strictObject({
  lists: z.array(listSchema).prefault([]),
  groups: z
    .array(
      z.strictObject({
        id: setting(id(), {
          description: 'Id of the rule group, by which VPCs name it.',
          range: ID_RANGE,
          example: 'base',
        }),
        rules: z.array(ruleSchema).max(RULES_MAX).prefault([]),
      }),
    )
    .prefault([]),
});

export type FirewallConfig = z.output<typeof firewallSchema>;
export type FirewallRuleConfig = z.output<typeof ruleSchema>;

export const firewallExample = `firewall:
  lists:
    - { id: allowed, domains: [www.partner.example, "*.partner.example"] }
    - { id: malware, file: lists/malware.txt }
    - { id: everything, domains: ["*"] }
  groups:
    - id: base
      rules:
        - { priority: 10, list: allowed, action: allow, redirection: trust }
        - priority: 20
          list: malware
          action: block
          response: override
          override: { domain: sinkhole.corp.example., ttl: 1m }
        - { priority: 30, list: everything, qtype: TXT, action: alert }
`;
