import { assert } from '../util/assert.ts';
import type { Cidr } from '../util/cidr.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import type { Rr } from '../wire/record.ts';
import { parseZone } from '../wire/text/zonefile.ts';
import { type ComputeNames, computeNames } from './compute.ts';
import { buildZone } from './image.ts';

/**
 * Zones that every resolver serves itself, so that questions about private addresses and special names neither
 * leak nor wait for the Internet. A rule or private zone of the same name comes before them.
 */
export interface LocalZone {
  readonly name: Name;
  readonly image: SharedArrayBuffer;
  readonly group: LocalGroup;
  /** The names of instances that are made up when asked for: see compute.ts. */
  readonly compute: ComputeNames | undefined;
}

/**
 * `special-use`: by RFC, wherever a resolver stands. `autodefined`: by Route 53 Resolver, in every VPC.
 * `autodefined-reverse`: those of it that a VPC may switch off (AutodefinedReverseFlag).
 */
export type LocalGroup = 'special-use' | 'autodefined' | 'autodefined-reverse';

/** SOA and NS of an empty zone as RFC 6303 section 3 has them. */
const APEX = '@ 10800 SOA @ nobody.invalid. 1 3600 1200 604800 10800\n@ 10800 NS @\n';

/** RFC 6761 section 6.3: localhost and all names below it are the loopback addresses. */
const LOCALHOST = '@ A 127.0.0.1\n@ AAAA ::1\n* A 127.0.0.1\n* AAAA ::1\n';
const LOCALDOMAIN = 'localhost A 127.0.0.1\nlocalhost AAAA ::1\n';
const LOOPBACK_REVERSE = '1.0.0 PTR localhost.\n';
const LOOPBACK_REVERSE_V6 = '@ PTR localhost.\n';

const IP6_ZERO = '0.'.repeat(31);

/** Numbers `from` to `to` in front of `rest`. */
function range(from: number, to: number, rest: string): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}.${rest}`);
}

interface Family {
  readonly group: LocalGroup;
  readonly zones: readonly string[];
  /** Records besides SOA and NS. */
  readonly text?: string;
  /** Every name exists, and has no records. */
  readonly allExist?: true;
}

const FAMILIES: readonly Family[] = [
  // RFC 6303 section 4.1: the private addresses of RFC 1918, which Route 53 Resolver autodefines as well.
  { group: 'autodefined-reverse', zones: ['10.in-addr.arpa.', '168.192.in-addr.arpa.'] },
  { group: 'autodefined-reverse', zones: range(16, 31, '172.in-addr.arpa.') },
  // Instance metadata.
  { group: 'autodefined-reverse', zones: ['254.169.254.169.in-addr.arpa.'] },
  // RFC 6303 section 4.2: "this network", link local, documentation, broadcast.
  {
    group: 'special-use',
    zones: [
      '0.in-addr.arpa.',
      '254.169.in-addr.arpa.',
      '2.0.192.in-addr.arpa.',
      '100.51.198.in-addr.arpa.',
      '113.0.203.in-addr.arpa.',
      '255.255.255.255.in-addr.arpa.',
    ],
  },
  // RFC 7793: addresses shared by carriers.
  { group: 'special-use', zones: range(64, 127, '100.in-addr.arpa.') },
  // RFC 6303 section 4.3 to 4.6: unspecified, unique local, link local, documentation.
  {
    group: 'special-use',
    zones: [
      'd.f.ip6.arpa.',
      '8.e.f.ip6.arpa.',
      '9.e.f.ip6.arpa.',
      'a.e.f.ip6.arpa.',
      'b.e.f.ip6.arpa.',
      '8.b.d.0.1.0.0.2.ip6.arpa.',
    ],
  },
  { group: 'autodefined', zones: [`0.${IP6_ZERO}ip6.arpa.`] },
  { group: 'autodefined', zones: [`1.${IP6_ZERO}ip6.arpa.`], text: LOOPBACK_REVERSE_V6 },
  { group: 'autodefined', zones: ['127.in-addr.arpa.'], text: LOOPBACK_REVERSE },
  { group: 'autodefined', zones: ['localhost.'], text: LOCALHOST },
  { group: 'autodefined', zones: ['localdomain.'], text: LOCALDOMAIN },
  // RFC 6761 section 6.2 and 6.4, RFC 7686, RFC 9476, RFC 8375.
  { group: 'special-use', zones: ['test.', 'invalid.', 'onion.', 'alt.', 'home.arpa.'] },
  // RFC 9462 section 4: NODATA says that this resolver designates no other.
  { group: 'special-use', zones: ['resolver.arpa.'], allExist: true },
];

/** The locally served zones that are the same for every VPC. */
export function localZones(): LocalZone[] {
  return FAMILIES.flatMap((family) => family.zones.map((zone) => build(nameFromText(zone), family)));
}

/**
 * The locally served zones of one VPC: its names of instances, and the reverse zones of its IPv4 blocks, on whole
 * octets (10.0.0.0/23 has 0.0.10.in-addr.arpa and 1.0.10.in-addr.arpa).
 */
export function vpcLocalZones(vpc: {
  readonly region: string;
  readonly cidrs: readonly Cidr[];
}): LocalZone[] {
  const compute = computeNames(vpc.region, vpc.cidrs);
  const reverse = new Set(vpc.cidrs.filter(({ prefix }) => prefix.length === 4).flatMap(octetZones));
  return [
    build(compute.suffix, { group: 'autodefined', zones: [] }, compute),
    ...[...reverse].map((zone) =>
      build(nameFromText(zone), { group: 'autodefined-reverse', zones: [] }, compute),
    ),
  ];
}

/** At most 256: what is between two octets is counted out to the next one. */
function octetZones({ prefix, length }: Cidr): string[] {
  const octets = Math.min(3, Math.max(1, Math.ceil(length / 8)));
  const count = 1 << Math.max(0, 8 * octets - length);
  const above = [...prefix.subarray(0, octets - 1)].reverse().map((octet) => `${octet}.`);
  const first = prefix[octets - 1]!;
  return range(first, first + count - 1, `${above.join('')}in-addr.arpa.`);
}

function build(name: Name, family: Family, compute?: ComputeNames): LocalZone {
  const records: Rr[] = [];
  const faults = parseZone(APEX + (family.text ?? ''), {
    origin: name,
    file: 'local',
    defaultTtl: 10800,
    onRecord: (record) => records.push(record),
  });
  const emptyNodes = family.allExist ? [nameFromText('*', name)] : [];
  // The seed is no secret: nobody but this file chooses the names.
  const { image } = buildZone(name, records, { emptyNodes, seed: 0 });
  assert(faults.length === 0 && image !== undefined, 'local zones are well-formed');
  return { name, image, group: family.group, compute };
}
