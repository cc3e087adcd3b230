import { isIP } from 'node:net';
import { LOOPBACK_PORT } from './world.ts';

/** Route 53's quota, and that of a rule here. */
const TARGETS_MAX = 6;

/**
 * A configuration for a host that nothing else was said about: it asks whom the host asked before, all of them of one
 * family. They are not expected to pass on signatures, and their names may well have private addresses.
 */
export function hostConfigText(address: string, uplinks: readonly string[]): string {
  const usable = uplinks.filter((each) => isIP(each) !== 0 && !each.includes('%') && each !== address);
  const family = isIP(usable[0] ?? '');
  const targets = usable.filter((each) => isIP(each) === family).slice(0, TARGETS_MAX);
  const quoted = targets.map((each) => (each.includes(':') ? `"${each}"` : each)).join(', ');
  const [trust, rule] =
    targets.length === 0
      ? ['dnssec: validate', '{ id: uplink, domain: ".", type: recursive, vpcs: [vpc-host] }']
      : [
          'dnssec: off, rebinding: off',
          `{ id: uplink, domain: ".", type: forward, targets: [${quoted}], policy: ordered, vpcs: [vpc-host] }`,
        ];
  return `# The resolver of this host, as \`causeway install-host\` found it. Every setting is in docs/configuration.md.
node:
  name: host
  state: /var/lib/causeway
  # Files of VPN clients: \`rules\` and \`search\`, as docs/operations.md shows.
  rulesFolder: rules.d

vpcs:
  - { id: vpc-host, cidrs: [127.0.0.0/8, "::1/128"], ${trust} }

endpoints:
  inbound:
    - { id: host, listen: ["${address}:${LOOPBACK_PORT}"], vpc: vpc-host, allow: [127.0.0.0/8] }

rules:
  - ${rule}
`;
}
