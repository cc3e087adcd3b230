/** The configuration that most end-to-end tests start from; `PORT` is replaced by the daemon's. */
export interface E2eConfig {
  readonly node?: string;
  readonly vpcs?: readonly string[];
  readonly rules?: readonly string[];
  readonly zones?: readonly string[];
  readonly inbound?: string;
}

const LINES = (items: readonly string[] | undefined): string =>
  (items ?? []).map((item) => `  - ${item}\n`).join('');

export function configOf(options: E2eConfig): string {
  return `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off, rateLimit: off${
    options.node === undefined ? '' : `, ${options.node}`
  } }
vpcs:
${LINES(options.vpcs ?? ['{ id: vpc-test, region: eu-central-1, cidrs: [127.0.0.0/8] }'])}endpoints:
  inbound:
    - ${options.inbound ?? '{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8] }'}
  outbound:
    - { id: out-1, source: [] }
${options.rules === undefined ? '' : `rules:\n${LINES(options.rules)}`}${
  options.zones === undefined ? '' : `zones:\n${LINES(options.zones)}`
}`;
}

/** `{ domain: corp.test., type: forward, … }` to servers of this host. */
export function forwardRule(
  domain: string,
  servers: readonly { address: string; port: number }[],
  more = '',
): string {
  const targets = servers.map((server) => `"${server.address}:${server.port}"`).join(', ');
  return `{ domain: ${domain}, type: forward, outbound: out-1, targets: [${targets}], vpcs: [vpc-test]${more} }`;
}

export const APEX =
  '$TTL 300\n@ 900 SOA ns hostmaster 1 7200 900 1209600 300\n@ 900 NS ns\nns 900 A 192.0.2.254\n';
