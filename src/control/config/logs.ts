import * as z from 'zod';
import { SYSLOG_FACILITIES } from '../../view/querylog.ts';
import { FACILITY, readLogDestination } from './logdestination.ts';
import { SettingError } from './problem.ts';
import { domain, ID_RANGE, id, setting, size, text, word } from './setting.ts';

const KEEP_MAX = 10_000;
const DESTINATION_MAX = 512;
const DESTINATION_RANGE = `an ARN, or a name of letters, digits and . _ / # -, at most ${DESTINATION_MAX} characters`;

/** Throws SettingError. */
function readDestination(input: string): string {
  if (input.length <= DESTINATION_MAX && /^(arn:[!-~]+|[\w./#-]+)$/.test(input)) return input;
  throw new SettingError(`"${input}" is not a destination`, `write ${DESTINATION_RANGE}`);
}

const rotate = z.strictObject({
  size: setting(size('64kB', '64GB'), {
    description:
      'A file that would grow beyond this is put aside under its name and the time, as queries.jsonl.20260309T081402.113Z.',
    range: 'a size from 64kB to 64GB',
    example: '64MB',
  }).prefault('64MB'),
  keep: setting(z.int().min(1).max(KEEP_MAX), {
    description: 'How many of the files that were put aside are kept: the newest.',
    range: `a number from 1 to ${KEEP_MAX}`,
    example: '10',
  }).prefault(10),
  compress: setting(z.boolean(), {
    description: 'Compress them (gzip).',
    range: 'true or false',
    example: 'false',
  }).prefault(true),
});

const syslog = z.strictObject({
  facility: setting(word(SYSLOG_FACILITIES), {
    description: 'The facility of its messages. Their severity is informational.',
    range: 'user, daemon, or local0 to local7',
    example: 'local3',
  }).prefault(FACILITY),
});

const http = z.strictObject({
  authorization: setting(z.string().min(1).max(4096), {
    description:
      'File with the value of the Authorization header, as `Bearer …`; best of mode 0600. It is read for each request. Relative paths start at the folder of the configuration file.',
    range: 'a path',
    example: '/etc/causeway/collector.token',
    absent: 'no such header is sent',
  }).optional(),
});

/** A log of queries. */
export const logSchema = z.strictObject({
  id: setting(id(), {
    description: 'Id of the log, by which `causeway log` knows it.',
    range: ID_RANGE,
    example: 'corp-queries',
  }),
  to: setting(text(readLogDestination), {
    description:
      'Where it goes. A file: relative paths start at the state folder, and its folder is made where there is none. `stdout` is the standard output of the daemon, which is never rotated. A syslog server (RFC 5424): `syslog+unix:/dev/log`, or `syslog+udp://` or `syslog+tcp://` with an address and, unless it is 514, a port. An HTTP server, which gets lines by POST, up to 512 kB at a time. For dnstap, the socket of who reads it: `unix:/run/dnstap.sock`, or `tcp://` with address and port.',
    range:
      'a path, stdout, syslog+unix:PATH, syslog+udp://ADDRESS:PORT, syslog+tcp://ADDRESS:PORT, a URL, unix:PATH, or tcp://ADDRESS:PORT',
    example: 'logs/queries.jsonl',
  }),
  format: setting(word(['resolver', 'public', 'dnstap']), {
    description:
      '`resolver`: a JSON object a line, as Route 53 Resolver writes them, of what the clients of `vpcs` ask. `public`: a line of text, as Route 53 writes them for public hosted zones, of what authoritative endpoints are asked for `zones`. `dnstap`: the messages themselves with their times, over Frame Streams: CLIENT_QUERY and CLIENT_RESPONSE of `vpcs`, AUTH_QUERY and AUTH_RESPONSE of `zones`.',
    range: 'resolver, public or dnstap',
    example: 'public',
  }).prefault('resolver'),
  vpcs: z
    .array(
      setting(id(), {
        description: 'VPCs whose queries are logged.',
        range: 'ids of VPCs',
        example: 'vpc-corp',
      }),
    )
    .prefault([]),
  zones: z
    .array(
      setting(id(), {
        description: 'Public zones for which queries are logged.',
        range: 'ids of public zones',
        example: 'example.org.@public',
      }),
    )
    .prefault([]),
  destinations: z
    .array(
      setting(text(readDestination), {
        description:
          'What the APIs call this log: a log group, bucket or delivery stream, by its name or its whole ARN. What they associate with it is logged here too, with the settings of this log.',
        range: DESTINATION_RANGE,
        example: '/aws/route53/example.org',
      }),
    )
    .prefault([]),
  hits: setting(z.boolean(), {
    description:
      'Log also what is answered from a cache. Route 53 Resolver does not: its log has each question when it is asked for the first time, and again when the answer expired.',
    range: 'true or false',
    example: 'true',
    absent: 'false for `resolver`, true for `public` and `dnstap`',
  }).optional(),
  sample: setting(z.number().gt(0).max(1), {
    description:
      'The share of queries that is logged, drawn by chance. A larger sample holds all of a smaller one.',
    range: 'a number over 0 and up to 1',
    example: '0.01',
  }).prefault(1),
  names: z
    .array(
      setting(domain(), {
        description: 'Log only queries for these names and what is below them.',
        range: 'domain names, no wildcards',
        example: 'corp.example.',
      }),
    )
    .prefault([]),
  rcodes: z
    .array(
      setting(word(['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN']), {
        description: 'Log only queries that were answered so.',
        range: 'NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED or YXDOMAIN',
        example: 'SERVFAIL',
      }),
    )
    .prefault([]),
  firewallActions: z
    .array(
      setting(word(['ALERT', 'BLOCK']), {
        description: 'Log only queries for which a rule of the firewall did this.',
        range: 'ALERT or BLOCK',
        example: 'BLOCK',
      }),
    )
    .prefault([]),
  rotate: rotate.prefault({}),
  syslog: syslog.prefault({}),
  http: http.prefault({}),
});

export type LogConfig = z.output<typeof logSchema>;

export const logsExample = `logs:
  - id: corp-queries
    to: logs/queries.jsonl
    vpcs: [vpc-corp]
    hits: false
    sample: 1
    rotate: { size: 64MB, keep: 10, compress: true }
  - { id: failures, to: stdout, vpcs: [vpc-corp, vpc-lab], rcodes: [SERVFAIL], names: [corp.example.] }
  - id: example-org
    to: logs/example.org.log
    format: public
    zones: [example.org.@public]
    destinations: [/aws/route53/example.org]
  - { id: to-syslog, to: "syslog+udp://192.0.2.10", vpcs: [vpc-corp], syslog: { facility: local3 } }
  - id: to-collector
    to: https://logs.example.net/in
    vpcs: [vpc-corp]
    http: { authorization: /etc/causeway/collector.token }
  - { id: tap, to: "unix:/run/dnstap/causeway.sock", format: dnstap, vpcs: [vpc-lab], zones: [example.org.@public] }
`;
