import * as z from 'zod';
import { SettingError } from './problem.ts';
import { quotasSchema } from './quotas.ts';
import { parseAddressAndPort, setting, text, word } from './setting.ts';
import { tlsSchema } from './tls.ts';

const PORT = 8053;
export const DEFAULT_ACCOUNT = '000000000000';
const ACCOUNTS_MAX = 1000;

/** Where and how AWS's own clients drive this node. */
export const apiSchema = z.strictObject({
  listen: setting(
    text((input) => parseAddressAndPort(input, PORT)),
    {
      description:
        'Address and port of the APIs of Route 53, Route 53 Resolver and Route 53 Profiles, all three on one. Requests are signed, and encrypted only with `tls`: without it keep the address on loopback, or behind something that ends TLS and leaves the Host header as it is.',
      range: `an address with or without a port (default ${PORT})`,
      example: '127.0.0.1:8053',
    },
  ).prefault(`127.0.0.1:${PORT}`),
  unknownVpcs: setting(word(['refuse', 'register']), {
    description:
      'What becomes of a VPC that a client calls its own and nobody knows, as in CreateHostedZone. `register`: it is known from then on as the account’s, without addresses until `causeway vpc create` gives it some. Only ids such as vpc-0a1b2c3d are taken.',
    range: 'refuse or register',
    example: 'register',
  }).prefault('refuse'),
  /** HTTPS in the place of HTTP. */
  tls: tlsSchema.optional(),
  rateLimit: z
    .strictObject({
      rate: setting(z.int().min(1).max(1_000_000), {
        description:
          'Requests that an account may make in a second; Route 53 itself allows five. More get `Throttling`.',
        range: 'a number from 1 to 1000000',
        example: '5',
      }).prefault(2000),
      burst: setting(z.int().min(1).max(1_000_000), {
        description: 'Requests that it may make at once after a pause.',
        range: 'a number from 1 to 1000000',
        example: '50',
      }).prefault(4000),
    })
    .prefault({}),
  imports: setting(z.string().min(1), {
    description:
      'Folder of the files that `ImportFirewallDomains` may read, in the place of S3: `s3://BUCKET/KEY` is `BUCKET/KEY` in it, and a `file://` URL names a file of it by its path. No link may lead out. A file has one domain a line and at most 250,000 lines. Relative paths start at the folder of the configuration file.',
    range: 'a path',
    example: '/var/lib/causeway/imports',
    absent: 'nothing is imported',
  }).optional(),
});

export type ApiConfig = z.output<typeof apiSchema>;

export const apiExample = `api:
  listen: 127.0.0.1:8053
  unknownVpcs: refuse
  rateLimit: { rate: 2000, burst: 4000 }
  imports: /var/lib/causeway/imports
`;

/** Throws SettingError. */
export function readAccount(input: string): string {
  if (/^\d{12}$/.test(input)) return input;
  throw new SettingError(`"${input}" is not an account`, 'write 12 digits in quotes, such as "111122223333"');
}

export const accountSchema = z.strictObject({
  id: setting(text(readAccount), {
    description: 'Id of the account. Each access key belongs to one, and so does what is made with it.',
    range: '12 digits, in quotes',
    example: '"111122223333"',
  }),
  name: setting(z.string().min(1).max(50), {
    description: 'What the account is called.',
    range: '1 to 50 characters',
    example: 'network',
    absent: 'the id is the name',
  }).optional(),
  quotas: quotasSchema,
});

export const accountsSchema = z
  .array(accountSchema)
  .min(1)
  .max(ACCOUNTS_MAX)
  .prefault([{ id: DEFAULT_ACCOUNT, name: 'default' }]);

export const accountsExample = `accounts:
  - { id: "000000000000", name: default }
  - { id: "111122223333", name: network, quotas: { hostedZones: 2000, recordsPerZone: 50000 } }
`;
