import * as z from 'zod';
import type { Credentials } from '../../view/snapshot.ts';
import {
  type AddressAndPort,
  cidr,
  DNS_PORT,
  hostAddress,
  ID_RANGE,
  id,
  listenAddress,
  setting,
  word,
} from './setting.ts';
import { tlsSchema } from './tls.ts';

/** RFC 7858 section 3.1. */
const DOT_PORT = 853;
const HTTPS_PORT = 443;
const PORT_MAX = 65_535;

/** Each takes a UDP and a TCP socket per worker. */
const LISTEN_MAX = 64;

/** No VPC may have it for an id. */
export const BY_SOURCE = 'by-source';

const endpointId = (example: string) =>
  setting(id(), { description: 'Id of the endpoint.', range: ID_RANGE, example });

const listen = z
  .array(
    setting(listenAddress(DNS_PORT), {
      description:
        'Addresses and ports to listen on, by UDP and TCP; port 53 where none is written. `0.0.0.0` and `[::]` stand for each address of the host’s interfaces, also for those that come later: 127.0.0.1 is among them, the rest of 127.0.0.0/8 is not. Put addresses with `:` in quotes.',
      range: 'addresses with or without a port',
      example: '"[::1]:5353"',
    }),
  )
  .min(1)
  .max(LISTEN_MAX);

const outside = setting(word(['drop', 'refuse']), {
  description:
    'What others get: nothing, or REFUSED. A refusal to a forged address is a packet at somebody who did not ask.',
  range: 'drop or refuse',
  example: 'refuse',
}).prefault('drop');

const rateLimit = setting(z.boolean(), {
  description: 'Whether `node.rateLimit` holds for this endpoint.',
  range: 'true or false',
  example: 'false',
}).prefault(true);

const clientSubnet = (absent: string) =>
  setting(z.union([word(['none', 'any']), z.array(cidr())]), {
    description:
      'Clients whose client subnet option (RFC 7871) counts for routing policies: resolvers that ask for others. Of all others it is ignored. It never decides who may ask, nor what is seen.',
    range: 'none, any, or blocks of addresses',
    example: '[192.0.2.0/24]',
    absent,
  }).optional();

/** Where clients ask for whatever they need. */
export const inboundSchema = z.strictObject({
  id: endpointId('in-1'),
  listen,
  protocols: z
    .array(
      setting(word(['do53', 'dot', 'doh'], ['doh-fips', 'doq']), {
        description:
          'Protocols of the endpoint. do53 is plain DNS by UDP and TCP, dot is DNS over TLS (RFC 7858), doh is DNS over HTTPS (RFC 8484) at the path /dns-query, by HTTP/2 or 1.1. dot and doh take `tls`; without it the daemon makes a self-signed certificate and keeps it in the state folder.',
        range: 'do53, dot, doh',
        example: 'dot',
      }),
    )
    .min(1)
    .prefault(['do53']),
  dot: z
    .array(
      setting(listenAddress(DOT_PORT), {
        description:
          'Addresses and ports for DNS over TLS; port 853 where none is written. Without it those are the addresses of `listen` at port 853.',
        range: 'addresses with or without a port',
        example: '"[::1]:8853"',
        absent: 'the addresses of `listen`, at port 853',
      }),
    )
    .min(1)
    .max(LISTEN_MAX)
    .optional(),
  doh: z
    .array(
      setting(listenAddress(HTTPS_PORT), {
        description:
          'Addresses and ports for DNS over HTTPS; port 443 where none is written. Without it those are the addresses of `listen` at port 443.',
        range: 'addresses with or without a port',
        example: '"[::1]:8443"',
        absent: 'the addresses of `listen`, at port 443',
      }),
    )
    .min(1)
    .max(LISTEN_MAX)
    .optional(),
  dohJson: setting(z.boolean(), {
    description:
      'Whether DNS over HTTPS also answers `GET /dns-query?name=www.example.com&type=AAAA` in JSON (application/dns-json), as some public resolvers do. `do=1` and `cd=1` set those flags; Extended DNS Errors are in `extended_dns_errors`, as `info_code` and `extra_text`.',
    range: 'true or false',
    example: 'true',
  }).prefault(false),
  /** What clients of its encrypted protocols are shown. */
  tls: tlsSchema.optional(),
  vpc: setting(id(), {
    description:
      'Whose view clients get: `by-source` finds the VPC of the address they ask from; an id gives all of them that VPC’s, as an inbound endpoint of Route 53 does.',
    range: 'by-source, or the id of a VPC',
    example: 'vpc-corp',
  }).prefault(BY_SOURCE),
  defaultVpc: setting(id(), {
    description: 'With `vpc: by-source`, the VPC of clients whose address is in none.',
    range: 'the id of a VPC',
    example: 'vpc-corp',
    absent: 'such clients get REFUSED',
  }).optional(),
  allow: z
    .array(
      setting(cidr(), {
        description: 'Who may ask. To be open to everybody, write [0.0.0.0/0, "::/0"].',
        range: 'blocks of addresses',
        example: '10.0.0.0/8',
        absent: 'the blocks of all VPCs',
      }),
    )
    .optional(),
  outside,
  rateLimit,
  clientSubnet: clientSubnet('none'),
  proxyProtocol: z
    .strictObject({
      from: z
        .array(
          setting(cidr(), {
            description:
              'Proxies and load balancers that say in front of each connection, and of each query by UDP, whose it is (PROXY protocol, version 1 or 2). Access list, VPC, limits and logs go by the client that they name; without a header they are not heard. Of all others a header is not accepted.',
            range: 'blocks of addresses',
            example: '10.0.0.10',
          }),
        )
        .min(1),
    })
    .optional(),
});

/** Where resolvers ask for what this node's zones have. One of `delegationSet`, `zones` and `vpc` says which those are. */
export const authoritativeSchema = z.strictObject({
  id: endpointId('auth-1'),
  listen,
  delegationSet: setting(id(), {
    description: 'All public zones of this delegation set are served.',
    range: 'the id of a delegation set',
    example: 'set-1',
    absent: '`zones` or `vpc` says what is served',
  }).optional(),
  zones: z
    .array(
      setting(id(), {
        description: 'Public zones that are served, no two of one name.',
        range: 'ids of public zones',
        example: 'example.org.@public',
        absent: '`delegationSet` or `vpc` says what is served',
      }),
    )
    .min(1)
    .optional(),
  vpc: setting(id(), {
    description:
      'The private zones of this VPC are served, to servers that they are delegated to from elsewhere: an INBOUND_DELEGATION endpoint of Route 53.',
    range: 'the id of a VPC',
    example: 'vpc-corp',
    absent: '`delegationSet` or `zones` says what is served',
  }).optional(),
  allow: z
    .array(
      setting(cidr(), {
        description: 'Who may ask.',
        range: 'blocks of addresses',
        example: '192.0.2.0/24',
        absent: 'everybody',
      }),
    )
    .optional(),
  outside,
  rateLimit,
  clientSubnet: clientSubnet('any, as Route 53; none with `vpc`'),
});

/** Where forward rules ask from. */
export const outboundSchema = z.strictObject({
  id: endpointId('out-1'),
  source: z
    .array(
      setting(hostAddress(), {
        description:
          'Addresses to send from, which the host must have; of each family one is picked per query. With an empty list the kernel chooses.',
        range: 'addresses',
        example: '192.0.2.10',
      }),
    )
    .prefault([]),
});

/** Where endpoints made by the API may listen. */
export const apiEndpointsSchema = z.strictObject({
  addresses: z
    .array(
      z.strictObject({
        listen: setting(listenAddress(DNS_PORT), {
          description:
            'Address of this host, and port, that an inbound endpoint made by the API may have. It is opened while one has it.',
          range: 'an address with or without a port (default 53)',
          example: '10.20.0.4',
        }),
        vpc: setting(id(), {
          description: 'The VPC that the address is in: what asks there gets its view.',
          range: 'the id of a VPC',
          example: 'vpc-corp',
          absent: 'the VPC of whose blocks the longest holds the address',
        }).optional(),
        subnet: setting(id(), {
          description: 'The subnet that the address is in: only requests that name it get the address.',
          range: ID_RANGE,
          example: 'subnet-0a1b2c3d',
          absent: 'any subnet that is named has it',
        }).optional(),
      }),
    )
    .max(LISTEN_MAX)
    .prefault([]),
  dohPort: setting(z.int().min(1).max(PORT_MAX), {
    description:
      'Port at which endpoints made by the API with the protocol DoH answer DNS over HTTPS, at each of their addresses.',
    range: `a number from 1 to ${PORT_MAX}`,
    example: '8443',
  }).prefault(HTTPS_PORT),
  /** What clients of their DNS over HTTPS are shown. */
  tls: tlsSchema.optional(),
  allow: z
    .array(
      setting(cidr(), {
        description:
          'Who may ask endpoints made by the API beside the addresses of the VPC: security groups mean nothing here.',
        range: 'blocks of addresses',
        example: '10.99.0.0/16',
      }),
    )
    .prefault([]),
  outside,
  rateLimit,
});

export const endpointsSchema = z.strictObject({
  inbound: z.array(inboundSchema).prefault([]),
  authoritative: z.array(authoritativeSchema).prefault([]),
  outbound: z.array(outboundSchema).prefault([]),
  api: apiEndpointsSchema.prefault({}),
});

/** `isMade`: by the API. What cannot be listened on is no reason then to refuse all else. */
interface Making {
  readonly isMade?: true;
}

export type InboundConfig = z.output<typeof inboundSchema> &
  Making & {
    /** What `tls` names; undefined without it, until the node has put its own there. */
    readonly credentials?: Credentials | undefined;
  };
export type AuthoritativeConfig = z.output<typeof authoritativeSchema> & Making;
export type OutboundConfig = z.output<typeof outboundSchema>;

export interface EndpointsConfig {
  readonly inbound: readonly InboundConfig[];
  readonly authoritative: readonly AuthoritativeConfig[];
  readonly outbound: readonly OutboundConfig[];
  readonly api: z.output<typeof apiEndpointsSchema> & {
    /** What `tls` names; undefined without it. */
    readonly credentials?: Credentials | undefined;
  };
}

/** Where an endpoint is asked in plain text. */
export function plainListen({
  protocols,
  listen,
}: Pick<InboundConfig, 'protocols' | 'listen'>): readonly AddressAndPort[] {
  return protocols.includes('do53') ? listen : [];
}

/** Where it is asked by TLS: unless that is said, at each of its addresses. */
export function dotListen({
  protocols,
  listen,
  dot,
}: Pick<InboundConfig, 'protocols' | 'listen' | 'dot'>): readonly AddressAndPort[] {
  return protocols.includes('dot') ? (dot ?? atEncryptedPort('dot', listen)) : [];
}

/** Where it is asked by HTTPS: likewise. */
export function dohListen({
  protocols,
  listen,
  doh,
}: Pick<InboundConfig, 'protocols' | 'listen' | 'doh'>): readonly AddressAndPort[] {
  return protocols.includes('doh') ? (doh ?? atEncryptedPort('doh', listen)) : [];
}

/** Where it is asked at all. */
export function everyListen(
  endpoint: Pick<InboundConfig, 'protocols' | 'listen' | 'dot' | 'doh'>,
): readonly AddressAndPort[] {
  return [...plainListen(endpoint), ...dotListen(endpoint), ...dohListen(endpoint)];
}

export type EncryptedProtocol = 'dot' | 'doh';

/** The same addresses, each once, at the port of an encrypted protocol. */
export function atEncryptedPort(
  protocol: EncryptedProtocol,
  listen: readonly AddressAndPort[],
): AddressAndPort[] {
  const port = protocol === 'dot' ? DOT_PORT : HTTPS_PORT;
  const addresses = new Set(listen.map(({ address }) => address));
  return [...addresses].map((address) => ({ address, port }));
}

export const endpointsExample = `endpoints:
  inbound:
    - id: in-1
      listen: ["10.20.0.2:53", "[fd00:20::2]:53"]
      protocols: [do53]
      vpc: by-source
      allow: [10.20.0.0/16, "fd00:20::/48"]
      outside: drop
    - { id: in-lab, listen: ["10.30.0.2"], vpc: vpc-lab }
  authoritative:
    - { id: auth-1, listen: ["198.51.100.2", "[2001:db8::2]"], delegationSet: set-1 }
    - { id: deleg-1, listen: ["10.20.0.3"], vpc: vpc-corp, allow: [10.0.0.0/8] }
  outbound:
    - { id: out-1, source: [10.20.0.2, "fd00:20::2"] }
  api:
    addresses:
      - { listen: 10.20.0.4, subnet: subnet-0a1b2c3d }
      - { listen: "10.20.1.4:53", vpc: vpc-corp }
    dohPort: 443
    allow: [10.99.0.0/16]
`;
