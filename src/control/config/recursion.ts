import * as z from 'zod';
import { domain, instant, onOff, setting, word } from './setting.ts';

/** What RFC 6891 section 6.2.5 advises as the most; the least is what EDNS is for. */
const EDNS_OCTETS_MAX = 4096;
const EDNS_OCTETS_MIN = 512;
/** One file for the root, a few for islands of trust. */
const ANCHOR_FILES_MAX = 16;
/** Each is an exception that somebody looks after. */
const NEGATIVE_ANCHORS_MAX = 256;

const anchorFile = z.string().min(1);

const switched = (description: string, example: 'on' | 'off') =>
  setting(onOff(), { description, range: 'on or off', example });

const negativeTrustAnchor = z.strictObject({
  domain: setting(domain(), {
    description: 'Nothing is validated at this name and below it (RFC 7646).',
    range: 'a domain name, no wildcard',
    example: 'broken.example.',
  }),
  until: setting(instant(), {
    description: 'When it ends, in UTC. It holds no longer, whether it still stands in the file or not.',
    range: 'a time such as 2026-12-31 or 2026-12-31T18:00Z',
    example: '2026-12-31T18:00Z',
    absent: 'it holds for as long as it stands here',
  }).optional(),
  reason: setting(z.string().min(1).max(200), {
    description: 'Why, for those who find it later; shown by `causeway anchors`.',
    range: 'a text of 1 to 200 characters',
    example: '"signatures expired, ticket 4711"',
  }),
});

/** How this node asks authoritative servers, and what it trusts. */
export const recursionSchema = z.strictObject({
  hints: setting(z.string().min(1), {
    description:
      'Zone file with the names and addresses of the servers of the root, for a root of your own. Relative paths start at the folder of the configuration file.',
    range: 'a path',
    example: 'private-root.hints',
    absent: 'the `config/root.hints` that comes with the program: the public root',
  }).optional(),
  anchors: setting(z.union([anchorFile, z.array(anchorFile).min(1).max(ANCHOR_FILES_MAX)]), {
    description:
      'Files with trust anchors: DS or DNSKEY records in the syntax of zone files, of the root and of any zone below it. They take the place of those that come with the program.',
    range: 'a path, or a list of paths',
    example: '[private-root.key, corp.key]',
    absent: 'the `config/root.key` that comes with the program: the public root',
  }).optional(),
  localRoot: setting(z.string().min(1), {
    description:
      'Zone file with a copy of the root zone (RFC 8806): names of the root are answered from it and its servers are not asked. It must have the ZONEMD digest of RFC 8976, signed by a key that is trusted. Fetch it anew daily and reload; when its signatures end, the servers are asked again.',
    range: 'a path',
    example: '/var/lib/causeway/root.zone',
    absent: 'the servers of the root are asked',
  }).optional(),
  negativeTrustAnchors: z.array(negativeTrustAnchor).max(NEGATIVE_ANCHORS_MAX).prefault([]),
  rfc5011: switched(
    'Follow the roll-over of trust anchors that the configuration names (RFC 5011); what was learned is kept in the state folder.',
    'off',
  ).prefault('on'),
  ipv4: switched('Ask authoritative servers at their IPv4 addresses.', 'off').prefault('on'),
  ipv6: setting(word(['auto', 'on', 'off']), {
    description: 'Ask them at their IPv6 addresses; `auto`: while this host has a route for IPv6.',
    range: 'auto, on or off',
    example: 'on',
  }).prefault('auto'),
  priming: switched(
    'Ask the servers of the hints file who the servers of the root are, at the start and when that expires (RFC 9609). With off the file is taken as it is.',
    'off',
  ).prefault('on'),
  qnameMinimisation: setting(word(['relaxed', 'strict', 'off']), {
    description:
      'Tell each server no more of the name than it needs (RFC 9156). Where servers have no answer to the shortened name they are asked for the whole; with `relaxed` also where they say that it does not exist, which `strict` believes.',
    range: 'relaxed, strict or off',
    example: 'strict',
  }).prefault('relaxed'),
  case0x20: switched(
    'Mix the case of letters in questions by UDP and check it in replies, against forged replies. Servers that do not keep the case are asked by TCP.',
    'off',
  ).prefault('on'),
  ednsSize: setting(z.int().min(EDNS_OCTETS_MIN).max(EDNS_OCTETS_MAX), {
    description:
      'Size of replies by UDP that servers are told. Larger ones than 1232 octets arrive in fragments, which can be forged.',
    range: `a number from ${EDNS_OCTETS_MIN} to ${EDNS_OCTETS_MAX}`,
    example: '1400',
  }).prefault(1232),
  aggressiveNsec: switched(
    'Answer that names do not exist from validated NSEC and NSEC3 records in the cache (RFC 8198).',
    'off',
  ).prefault('on'),
  sha1: switched(
    'Validate with the algorithms 5 and 7 (RSA with SHA-1). With off what only they sign counts as unsigned (RFC 9905).',
    'on',
  ).prefault('off'),
  keyTagSignal: switched(
    'Tell the servers of zones with a trust anchor which keys this node trusts (RFC 8145).',
    'on',
  ).prefault('off'),
  keySentinel: switched('Answer clients who ask which keys this node trusts (RFC 8509).', 'off').prefault(
    'on',
  ),
  loopbackServers: switched(
    'Ask name servers at 127.0.0.0/8 and ::1 also where a referral names them. For tests: a stranger’s delegation would reach the services of this host. Servers of the hints file and of stub rules are asked wherever they are.',
    'on',
  ).prefault('off'),
  port: setting(z.int().min(1).max(65_535), {
    description: 'Port of authoritative servers. Any other than 53 is for tests.',
    range: 'a number from 1 to 65535',
    example: '5300',
  }).prefault(53),
});

export type RecursionConfig = z.output<typeof recursionSchema>;

export const recursionExample = `recursion:
  ipv6: auto
  qnameMinimisation: relaxed
  negativeTrustAnchors:
    - { domain: broken.example., until: 2026-12-31T18:00Z, reason: "signatures expired, ticket 4711" }
`;
