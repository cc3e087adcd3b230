import * as z from 'zod';
import { SettingError } from './problem.ts';
import {
  type AddressAndPort,
  cidr,
  duration,
  parseAddressAndPort,
  setting,
  size,
  text,
  word,
} from './setting.ts';

/** NSID may be of any length; this fits a name and a place and keeps replies small. */
const NSID_OCTETS_MAX = 64;

const name = setting(
  text((input) => {
    if (/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(input)) return input;
    throw new SettingError(`"${input}" is not a node name`, 'write letters, digits, - and ., at most 63');
  }),
  {
    description: 'Name of this node in logs, metrics and `causeway status`.',
    range: 'letters, digits, `-` and `.`, at most 63',
    example: 'edge-1',
  },
);

/** `eu-central-1`; also what own sites are called. */
export function region() {
  return text((input) => {
    if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(input)) return input;
    throw new SettingError(
      `"${input}" is not a region`,
      'write lower-case letters, digits and -, such as eu-central-1',
    );
  });
}

const state = setting(z.string().min(1), {
  description:
    'Folder for the control socket and everything that must outlive a restart; made where it is missing. Relative paths start at the folder of the configuration file.',
  range: 'a path',
  example: '/var/lib/causeway',
});

const rulesFolder = setting(z.string().min(1), {
  description:
    'Folder of files `*.yaml`, each with `rules` as here (a rule may leave out `vpcs` where there is one VPC) and `search`, domains for the search list of this host: for clients of VPNs, which come and go. Read at each reload, in the order of their names.',
  range: 'a path',
  example: 'rules.d',
  absent: 'there is none',
});

const WORKERS_MAX = 64;
const workers = setting(z.union([z.literal('auto'), z.int().min(1).max(WORKERS_MAX)]), {
  description:
    'Threads that answer queries; `auto` is one for each CPU. Where an endpoint speaks DNS over TLS or HTTPS, as many more serve these clients and step back behind the others.',
  range: `auto, or a number from 1 to ${WORKERS_MAX}`,
  example: '4',
});

const cache = setting(size('8MB', '64GB'), {
  description:
    'Memory of the caches of all workers together; where TLS is first spoken after a reload, a fifth comes on top until the next start. 1MB is 1024 × 1024 octets.',
  range: 'a size from 8MB to 64GB',
  example: '1GB',
});

const metrics = setting(
  text((input): AddressAndPort | 'off' =>
    input === 'off' ? 'off' : parseAddressAndPort(input, METRICS_PORT),
  ),
  {
    description:
      'Address and port of the Prometheus metrics and of `/healthz` and `/readyz`. They have no password: keep them on loopback or a management network.',
    range: 'an address with or without a port (default 9153), or off',
    example: '127.0.0.1:9153',
  },
);
const METRICS_PORT = 9153;

const logLevel = setting(word(['error', 'warn', 'info', 'debug', 'trace']), {
  description: 'Least severity of the lines that are logged.',
  range: 'error, warn, info, debug or trace',
  example: 'info',
});

const nsid = setting(
  text((input) => {
    const octets = new TextEncoder().encode(input);
    if (octets.length > 0 && octets.length <= NSID_OCTETS_MAX) return octets;
    throw new SettingError(`a text of ${octets.length} octets`, `write 1 to ${NSID_OCTETS_MAX} octets`);
  }),
  {
    description:
      'Text that tells clients which node answered when they ask with NSID (`dig +nsid`, RFC 5001).',
    range: `a text of 1 to ${NSID_OCTETS_MAX} octets`,
    example: 'edge-1.fra',
    absent: 'NSID is not answered',
  },
);

const cookies = z.strictObject({
  secretFile: setting(z.string().min(1), {
    description:
      'File with the secret of DNS server cookies (RFC 9018), 32 hexadecimal digits in a line. A second line is the secret before it, which is still taken. Nodes that answer on one address need the same file.',
    range: 'a path; relative ones start at the folder of the configuration file',
    example: '/etc/causeway/cookie.secret',
    absent: 'a secret is drawn at each start',
  }).optional(),
});

const limited = z.strictObject({
  rate: setting(z.int().min(1).max(1_000_000), {
    description:
      'Replies a second to one address by UDP; networks around it have multiples of it. The default is what Route 53 Resolver grants a network interface.',
    range: 'a number from 1 to 1000000',
    example: '1024',
  }).prefault(1024),
  burst: setting(z.int().min(1).max(1_000_000), {
    description: 'Replies at once to an address that was silent before.',
    range: 'a number from 1 to 1000000',
    example: '2048',
  }).prefault(2048),
  slip: setting(z.int().min(0).max(255), {
    description:
      'Each so many of the limited replies is sent truncated, so that an honest client comes back by TCP; 1: each, 0: none.',
    range: 'a number from 0 to 255',
    example: '2',
  }).prefault(2),
  exempt: z
    .array(
      setting(cidr(), {
        description: 'Clients that are never limited. Loopback addresses cannot be forged from outside.',
        range: 'blocks of addresses',
        example: '10.0.0.0/8',
      }),
    )
    .prefault(['127.0.0.0/8', '::1/128']),
});

const rateLimit = setting(z.union([word(['off']), limited]), {
  description:
    'Limit on replies by UDP, so that queries with forged senders do not become a flood at somebody else. TCP and valid cookies are exempt.',
  range: 'off, or settings',
  example: '{ rate: 200, burst: 400 }',
  absent: 'the defaults below',
});

const ttl = z.strictObject({
  floor: setting(duration('0s', '1h'), {
    description:
      'Least time that learned records are kept, whatever their TTL. Above 0s it outlives what their owner allows.',
    range: 'a time from 0s to 1h',
    example: '5s',
  }).prefault('0s'),
  ceiling: setting(duration('1s', '7d'), {
    description: 'Most time that learned records are kept.',
    range: 'a time from 1s to 7d',
    example: '1h',
  }).prefault('1d'),
  negative: setting(duration('0s', '3h'), {
    description: 'Most time that the absence of a name or type is kept (RFC 2308).',
    range: 'a time from 0s to 3h',
    example: '5m',
  }).prefault('1h'),
});

const stale = z.strictObject({
  enabled: setting(z.boolean(), {
    description:
      'Serve expired answers while the servers that know better do not reply (RFC 8767), with EDE 3 or 19.',
    range: 'true or false',
    example: 'true',
  }).prefault(true),
  clientTimeout: setting(duration('0s', '10s'), {
    description: 'How long a client waits for a fresh answer before it gets an expired one.',
    range: 'a time from 0s to 10s',
    example: '500ms',
  }).prefault('1800ms'),
  maxAge: setting(duration('1m', '7d'), {
    description: 'How long after it expired an answer may still be served.',
    range: 'a time from 1m to 7d',
    example: '4h',
  }).prefault('1d'),
});

const prefetch = setting(z.boolean(), {
  description:
    'Ask again for popular records in the last tenth of their life, so that they are always in the cache.',
  range: 'true or false',
  example: 'false',
});

/** The node itself: everything that is no resource of Route 53. */
export const nodeSchema = z.strictObject({
  name: name.prefault('causeway'),
  region: setting(region(), {
    description: 'AWS region, or the name of your own site, of everything that names none.',
    range: 'lower-case letters, digits and `-`',
    example: 'eu-central-1',
  }).prefault('us-east-1'),
  state: state.prefault('./state'),
  rulesFolder: rulesFolder.optional(),
  workers: workers.prefault('auto'),
  cache: cache.prefault('256MB'),
  metrics: metrics.prefault('127.0.0.1:9153'),
  logLevel: logLevel.prefault('info'),
  nsid: nsid.optional(),
  cookies: cookies.prefault({}),
  rateLimit: rateLimit.prefault({}),
  ttl: ttl.prefault({}),
  stale: stale.prefault({}),
  prefetch: prefetch.prefault(true),
});

export type NodeConfig = z.output<typeof nodeSchema>;

export const nodeExample = `node:
  name: edge-1
  region: eu-central-1
  state: /var/lib/causeway
  rulesFolder: rules.d
  workers: auto
  cache: 256MB
  metrics: 127.0.0.1:9153
  logLevel: info
  nsid: edge-1.fra
  rateLimit: { rate: 1024, burst: 2048, slip: 2, exempt: [127.0.0.0/8, "::1/128", 10.0.0.0/8] }
  ttl: { floor: 0s, ceiling: 1d, negative: 1h }
  stale: { enabled: true, clientTimeout: 1800ms, maxAge: 1d }
  prefetch: true
`;
