/** The zone that all resolvers of a benchmark ask for, and the questions of the plain benchmarks. */

export const ORIGIN = 'bench.example.';
/** Addresses at h0, h1 ... of the zone. */
export const HOSTS = 1_000;
/** Below this name anything exists, with all the types of the mixed stream. */
export const WILD = 'm.bench.example.';

/** What a record of each type says: of the lengths that are usual, and with no names that lead to further records. */
const WILD_RECORDS = [
  'A 10.20.30.40',
  'AAAA 2001:db8:20:30::40',
  'HTTPS 1 . alpn="h3,h2" ipv4hint=10.20.30.40 ipv6hint=2001:db8:20:30::40',
  'MX 10 mx1.mail.example.net.',
  'TXT "v=spf1 include:_spf.mail.example.net ip4:192.0.2.0/24 -all"',
];

/** For a zone file. All lives for a day: nothing expires while it is measured. */
export function zoneText(): string {
  const hosts = Array.from({ length: HOSTS }, (_, i) => `h${i} A 10.0.${i >> 8}.${i & 255}`);
  const head = [
    '$TTL 86400',
    `$ORIGIN ${ORIGIN}`,
    '@ SOA ns admin 1 3600 600 86400 300',
    '@ NS ns',
    'ns A 10.1.1.1',
  ];
  return [...head, ...hosts, ...WILD_RECORDS.map((record) => `*.m ${record}`), ''].join('\n');
}

/** Input for dnsperf: the address of each host. */
export function hostQuestions(): string {
  return Array.from({ length: HOSTS }, (_, i) => `h${i}.${ORIGIN} A\n`).join('');
}

/** Input for dnsperf: addresses of `count` names that exist by the wildcard, from number `from` on. */
export function wildQuestions(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => `host-${from + i}.${WILD} A\n`).join('');
}
