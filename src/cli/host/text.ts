import { isIP } from 'node:net';
import { LOOPBACK_PORT } from './world.ts';

/** Route 53's quota, and that of a rule here. */
const TARGETS_MAX = 6;

const RULES_FOLDER = 'rules.d';
const UPLINK_NAME = 'uplink.yaml';
/** Where the rule is that follows the network. */
export const UPLINK_RULES = `/etc/causeway/${RULES_FOLDER}/${UPLINK_NAME}`;

/** The servers of a network that can be asked, all of them of one family. */
function targetsOf(address: string, uplinks: readonly string[]): readonly string[] {
  const usable = uplinks.filter((each) => isIP(each) !== 0 && !each.includes('%') && each !== address);
  const family = isIP(usable[0] ?? '');
  return usable.filter((each) => isIP(each) === family).slice(0, TARGETS_MAX);
}

function forwardRule(targets: readonly string[]): string {
  const quoted = targets.map((each) => (each.includes(':') ? `"${each}"` : each)).join(', ');
  return `{ id: uplink, domain: ".", type: forward, targets: [${quoted}], policy: ordered, vpcs: [vpc-host] }`;
}

/** The rule that asks the servers of the network, as a file of the rules folder; undefined where there are none. */
export function uplinkText(address: string, uplinks: readonly string[]): string | undefined {
  const targets = targetsOf(address, uplinks);
  if (targets.length === 0) return undefined;
  return `# The servers of the network. \`causeway install-host\` keeps this up to date until it is changed by hand.\nrules:\n  - ${forwardRule(targets)}\n`;
}

/**
 * A configuration for a host that nothing else was said about: it asks whom the host asked before. They are not expected
 * to pass on signatures, and their names may well have private addresses.
 *
 * @param follows the rule is in a file of its own
 */
export function hostConfigText(address: string, uplinks: readonly string[], follows = false): string {
  const targets = targetsOf(address, uplinks);
  const trust = targets.length === 0 ? 'dnssec: validate' : 'dnssec: off, rebinding: off';
  const rule =
    targets.length === 0
      ? '{ id: uplink, domain: ".", type: recursive, vpcs: [vpc-host] }'
      : forwardRule(targets);
  const rules = follows
    ? `# Whom it asks is in ${RULES_FOLDER}/${UPLINK_NAME}, which follows the network.\n`
    : `rules:\n  - ${rule}\n`;
  return `# The resolver of this host, as \`causeway install-host\` found it. Every setting is in docs/configuration.md.
node:
  name: host
  state: /var/lib/causeway
  # Files of VPN clients: \`rules\` and \`search\`, as docs/operations.md shows.
  rulesFolder: ${RULES_FOLDER}

vpcs:
  - { id: vpc-host, cidrs: [127.0.0.0/8, "::1/128"], ${trust} }

endpoints:
  inbound:
    - { id: host, listen: ["${address}:${LOOPBACK_PORT}"], vpc: vpc-host, allow: [127.0.0.0/8] }

${rules}`;
}
