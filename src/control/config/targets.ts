import { createHash, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { ForwardTarget, SecureProtocol, SecureTarget, TlsPeer } from '../../resolver/path.ts';
import { AddressError, addressToText, parseAddress } from '../../util/cidr.ts';
import { type Files, fileFault } from './files.ts';
import { SettingError } from './problem.ts';
import {
  type AddressAndPort,
  DNS_PORT,
  hostAddress,
  parseAddressAndPort,
  refuseUnusable,
  setting,
  text,
  word,
} from './setting.ts';
import { TLS_VERSION_MIN } from './tls.ts';

/** RFC 7858 section 3.1, RFC 8484 section 3. */
export const SECURE_PORTS: Readonly<Record<SecureProtocol, number>> = { dot: 853, doh: 443 };
export const DOH_PATH = '/dns-query';
/** Addresses of one server. */
const ADDRESSES_MAX = 4;
/** The pin of its key, that of the next one, and some. */
const PINS_MAX = 8;
const PIN_OCTETS = 32;
const PATH_OCTETS_MAX = 255;

export interface PlainTargetConfig extends AddressAndPort {
  readonly protocol: 'do53';
}

export interface SecureTargetConfig {
  readonly protocol: SecureProtocol;
  readonly address: string | readonly string[];
  readonly port?: number | undefined;
  readonly serverName?: string | undefined;
  readonly pins?: readonly string[] | undefined;
  readonly ca?: string | undefined;
  readonly path?: string | undefined;
}

export type TargetConfig = PlainTargetConfig | SecureTargetConfig;

/** A server, all of it in one text. */
function targetText() {
  return text((input): TargetConfig => {
    const [, scheme, rest] = /^([a-z0-9+.-]+):\/\/(.*)$/i.exec(input) ?? [];
    if (scheme !== undefined && rest !== undefined) return readUrl(input, scheme.toLowerCase(), rest);
    if (isName(input) && /[a-z]/i.test(input))
      throw new SettingError(
        `"${input}" is a name`,
        'write the address of the server, such as 192.0.2.53 or 192.0.2.53:5300',
      );
    return { ...readPlace(input, DNS_PORT), protocol: 'do53' };
  });
}

const FORMS = 'tls://192.0.2.53#dns.example, https://192.0.2.53/dns-query#dns.example, or 192.0.2.53:53';

function readUrl(input: string, scheme: string, rest: string): SecureTargetConfig {
  const protocol = scheme === 'tls' ? 'dot' : scheme === 'https' ? 'doh' : undefined;
  if (protocol === undefined)
    throw new SettingError(`targets are not asked by "${scheme}://"`, `write for example ${FORMS}`);
  const [, place, path, name] = /^([^/#]*)(\/[^#]*)?(?:#(.*))?$/.exec(rest) ?? [];
  if (place === undefined || (path !== undefined && protocol === 'dot'))
    throw new SettingError(`"${input}" is no server`, `write for example ${FORMS}`);
  if (isName(place.replace(/:[0-9]*$/, '')) && /[a-z]/i.test(place))
    throw new SettingError(
      `"${input}" has a name where its address has to be`,
      `write the address of the server, and its name behind it: ${scheme}://192.0.2.53#${place}`,
    );
  return {
    protocol,
    ...readPlace(place, SECURE_PORTS[protocol]),
    ...(path === undefined ? {} : { path: readPath(path) }),
    ...(name === undefined ? {} : { serverName: readServerName(name) }),
  };
}

function readPlace(input: string, port: number): AddressAndPort {
  const found = parseAddressAndPort(input, port);
  refuseUnusable(input, parseAddress(found.address));
  return found;
}

function isName(input: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.?$/i.test(input);
}

/** What a certificate is for: a name of a host, without a final dot, or an address. Throws SettingError. */
export function readServerName(input: string): string {
  const name = input.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const isHost = name.length <= 253 && labels.every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label));
  if (isHost && !/^[0-9]+$/.test(labels.at(-1)!)) return name;
  try {
    return addressToText(parseAddress(input));
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new SettingError(
      `"${input}" is no name that a certificate could be for`,
      'write the name of the server, such as dns.example',
    );
  }
}

function readPath(input: string): string {
  if (/^\/[!-~]*$/.test(input) && !/[#{}\\]/.test(input) && input.length <= PATH_OCTETS_MAX) return input;
  throw new SettingError(`"${input}" is no path`, `write for example ${DOH_PATH}`);
}

function readPin(input: string): string {
  const octets = Buffer.from(input, 'base64');
  if (octets.length === PIN_OCTETS && octets.toString('base64') === input) return input;
  throw new SettingError(
    `"${input}" is no pin`,
    'write the SHA-256 of the public key in base64: openssl x509 -pubkey -noout -in CERTIFICATE | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64',
  );
}

const secureSchema = z.strictObject({
  protocol: setting(word(['dot', 'doh']), {
    description:
      'How the server is asked, and never otherwise: DNS over TLS (RFC 7858) or DNS over HTTPS (RFC 8484, HTTP/2). Plain DNS is an address alone in place of the mapping.',
    range: 'dot or doh',
    example: 'dot',
  }),
  address: setting(z.union([hostAddress(), z.array(hostAddress()).min(1).max(ADDRESSES_MAX)]), {
    description:
      'Its address, or all of them, of both families maybe: the first that connects and is who it is to be is used, and is tried first from then on.',
    range: `an address, or a list of 1 to ${ADDRESSES_MAX}`,
    example: '[192.0.2.53, "2001:db8::53"]',
  }),
  port: setting(z.int().min(1).max(65_535), {
    description: 'The port that it listens on.',
    range: '1 to 65535',
    example: '8853',
    absent: '853 for dot, 443 for doh',
  }).optional(),
  serverName: setting(text(readServerName), {
    description:
      'The name, or address, that its certificate must be for. It is sent to the server, and never looked up.',
    range: 'a name or an address',
    example: 'dns.example',
    absent: 'the address; nothing where there are `pins`',
  }).optional(),
  pins: z
    .array(
      setting(text(readPin), {
        description:
          'The key of its certificate must be one of these (SPKI pins). Without `serverName` the key alone is looked at: neither a name, nor who signed, nor for how long.',
        range: 'the SHA-256 of a public key in base64',
        example: 'YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=',
        absent: 'any key',
      }),
    )
    .min(1)
    .max(PINS_MAX)
    .optional(),
  ca: setting(z.string().min(1), {
    description:
      'File with the certificates in PEM, one of which must have signed. It is read at the start and at each reload.',
    range: 'a path; relative ones start at the folder of the configuration file',
    example: '/etc/ssl/certs/ca-certificates.crt',
    absent: 'those that come with Node.js, and NODE_EXTRA_CA_CERTS',
  }).optional(),
  path: setting(text(readPath), {
    description: 'Path of the URL, of `doh`.',
    range: 'a path that begins with /',
    example: DOH_PATH,
    absent: DOH_PATH,
  }).optional(),
});

/** A server to ask. */
export const targetSchema = setting(z.union([targetText(), secureSchema]), {
  description:
    'Servers to ask, for `forward` and `stub` rules: addresses with or without a port (53). `forward` rules may have targets that are asked through TLS, and only so: `tls://192.0.2.53#dns.example`, `https://192.0.2.53/dns-query#dns.example`, or a mapping. Those of a `forward` rule are all IPv4 or all IPv6, but for such as have addresses of both.',
  range: 'an address, tls:// or https:// with an address, or a mapping',
  example: '192.0.2.53',
  absent: 'none; `forward` and `stub` rules need some',
});

/** All addresses and the port. */
export function placesOf(
  target: Pick<TargetConfig, 'protocol' | 'port'> & Pick<SecureTargetConfig, 'address'>,
): AddressAndPort[] {
  const { address, protocol } = target;
  const port = target.port ?? (protocol === 'do53' ? DNS_PORT : SECURE_PORTS[protocol]);
  const addresses = typeof address === 'string' ? [address] : address;
  return addresses.map((each) => ({ address: each, port }));
}

/** The target as it is asked. `ca` is what its file has. */
export function forwardTarget(target: TargetConfig, ca: TlsPeer['ca']): ForwardTarget {
  if (target.protocol === 'do53') return target;
  const { protocol, serverName, pins = [], path = DOH_PATH } = target;
  const places = placesOf(target);
  const addresses = places.map(({ address }) => address);
  const name = serverName ?? (pins.length > 0 ? undefined : addresses[0]!);
  return secureTarget({ protocol, addresses, port: places[0]!.port, name, pins, ca, path });
}

type SecureParts = Omit<TlsPeer, 'key'> & Pick<SecureTarget, 'protocol' | 'port'>;

export function secureTarget({ protocol, port, ...peer }: SecureParts): SecureTarget {
  const { addresses, name, pins, ca, path } = peer;
  const all = JSON.stringify([protocol, port, addresses, name, pins, ca?.pem, path]);
  const key = createHash('sha256').update(all).digest('base64');
  return { protocol, port, address: addresses[0]!, peer: { key, ...peer } };
}

/** Reads files of certificates, each once. */
export class Authorities {
  readonly #files: Files;
  readonly #read = new Map<string, TlsPeer['ca']>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** @param path absolute. Throws SettingError. */
  of(path: string): TlsPeer['ca'] {
    let known = this.#read.get(path);
    if (known === undefined) this.#read.set(path, (known = { pem: this.#pemOf(path) }));
    return known;
  }

  #pemOf(path: string): string {
    let pem: string;
    try {
      pem = new TextDecoder().decode(this.#files.read(path));
    } catch (error) {
      const { message, remedy } = fileFault(error);
      throw new SettingError(message, remedy);
    }
    try {
      const certificates = pem.match(CERTIFICATE) ?? [];
      for (const each of certificates) new X509Certificate(each);
      if (certificates.length === 0) throw new Error('no certificate');
      const { createSecureContext } = process.getBuiltinModule('node:tls');
      createSecureContext({ ca: pem, minVersion: TLS_VERSION_MIN });
    } catch {
      throw new SettingError(
        `${path} is no file of certificates`,
        'write the path of a file in PEM: -----BEGIN CERTIFICATE-----, those who sign',
      );
    }
    return pem;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
