/**
 * How each server is configured for a benchmark: for production, as one that forwards the bench zone to the same
 * authoritative server. Three networks have a view each, of which the load's client (127.0.0.0/8) has the last, there
 * are access lists, and limits of rate where the program has them, set so high that they count but never bite.
 * DNSSEC is at its default: the bench zone has no chain of trust, and each program is told so where it needs telling.
 */
import { fileURLToPath } from 'node:url';
import { ORIGIN, zoneText } from './zone.ts';

const CAUSEWAY = fileURLToPath(new URL('../../bin/causeway', import.meta.url));
const ECHO = fileURLToPath(new URL('echo.ts', import.meta.url));

/** What a server is to be. */
export interface Setting {
  /** Where it is started; its files are there. */
  readonly folder: string;
  readonly port: number;
  /** For a page of metrics, where the program has one. */
  readonly metricsPort: number;
  /** Port of the authoritative server of the bench zone, on 127.0.0.1. */
  readonly upstream: number;
  /** Threads or workers that answer. */
  readonly threads: number;
  /** Of all its caches together. */
  readonly cacheMb: number;
  /** File of a zone that it serves itself. */
  readonly zone?: { readonly name: string; readonly file: string } | undefined;
}

export interface Recipe {
  readonly name: string;
  readonly program: string;
  /** Its replies have no records. */
  readonly isEcho?: boolean;
  /** It serves `Setting.zone`. */
  readonly servesZones?: boolean;
  /** Configuration files by name. */
  files(setting: Setting): Readonly<Record<string, string>>;
  command(setting: Setting): readonly string[];
}

/** Other clients than the load's, so that there is something to choose from. */
const NETWORKS = { 'vpc-a': '10.1.0.0/16', 'vpc-b': '10.2.0.0/16' } as const;
const CLIENT = '127.0.0.0/8';
const ALLOWED = [...Object.values(NETWORKS), '192.0.2.0/24', CLIENT];
const VIEWS = Object.entries({ ...NETWORKS, 'vpc-bench': CLIENT });
/** Replies a second: more than any server here gives. */
const RATE = 1_000_000;
/** Entries of the caches that count them. */
const ENTRIES_PER_MB = 2_000;
const BARE = ORIGIN.replace(/\.$/, '');

const causeway: Recipe = {
  name: 'causeway',
  program: CAUSEWAY,
  servesZones: true,
  files: ({ port, metricsPort, upstream, threads, cacheMb, zone }) => ({
    'causeway.yaml': `
node:
  name: bench
  state: ./state
  workers: ${threads}
  cache: ${cacheMb}MB
  metrics: 127.0.0.1:${metricsPort}
  rateLimit: { rate: ${RATE}, burst: ${RATE}, exempt: [198.51.100.0/24] }
  stale: { enabled: true }
  prefetch: true
vpcs:
${VIEWS.map(([id, cidr]) => `  - { id: ${id}, cidrs: [${cidr}] }`).join('\n')}
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:${port}"], vpc: by-source, allow: [${ALLOWED.join(', ')}] }]
  outbound: [{ id: out-1 }]
rules:
${VIEWS.map(([id]) => `  - { domain: ${ORIGIN}, type: forward, outbound: out-1, targets: ["127.0.0.1:${upstream}"], vpcs: [${id}] }`).join('\n')}
zones:
  - { name: internal.example., records: "db A 10.1.0.5", vpcs: [${VIEWS.map(([id]) => id).join(', ')}] }
${zone === undefined ? '' : `  - { name: ${zone.name}, file: ${zone.file}, vpcs: [vpc-bench] }`}
`,
  }),
  command: () => [CAUSEWAY, 'serve', '--config', 'causeway.yaml'],
};

/** Causeway with one more zone, in YAML, and the health check `hc-bench`, which is never made. */
export function routed(zone: (vpc: string) => string): Recipe {
  return {
    ...causeway,
    files: (setting) => ({
      'causeway.yaml': `${causeway.files(setting)['causeway.yaml']}${zone('vpc-bench')}
healthChecks:
  - { id: hc-bench, type: TCP, ipAddress: 127.0.0.1, port: 9, disabled: true }
`,
    }),
  };
}

/** Causeway with a log of its clients' queries, in YAML what is special about it; undefined: without. */
export function logged(name: string, more: string | undefined): Recipe {
  const log = `logs: [{ id: queries, to: queries.jsonl, vpcs: [vpc-bench], ${more} }]\n`;
  return {
    ...causeway,
    name,
    files: (setting) => ({
      'causeway.yaml': `${causeway.files(setting)['causeway.yaml']}${more === undefined ? '' : log}`,
    }),
  };
}

const unbound: Recipe = {
  name: 'unbound',
  program: 'unbound',
  servesZones: true,
  files: ({ folder, port, upstream, threads, cacheMb, zone }) => ({
    conf: `
server:
  interface: 127.0.0.1
  port: ${port}
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  so-rcvbuf: 4m
  num-threads: ${threads}
  msg-cache-size: ${Math.floor(cacheMb / 3)}m
  rrset-cache-size: ${Math.floor((2 * cacheMb) / 3)}m
  prefetch: yes
  serve-expired: yes
  ip-ratelimit: ${RATE}
  ratelimit: ${RATE}
  do-not-query-localhost: no
  domain-insecure: "${ORIGIN}"
${ALLOWED.map((block) => `  access-control: ${block} allow`).join('\n')}
${VIEWS.map(([id, cidr]) => `  access-control-view: ${cidr} ${id}`).join('\n')}
remote-control:
  control-enable: no
${VIEWS.map(([id]) => `view:\n  name: ${id}\n  local-zone: "internal.example." static\n  local-data: "db.internal.example. A 10.1.0.5"\n  view-first: yes`).join('\n')}
forward-zone:
  name: "${ORIGIN}"
  forward-addr: 127.0.0.1@${upstream}
${zone === undefined ? '' : `auth-zone:\n  name: "${zone.name}"\n  zonefile: "${zone.file}"\n  for-upstream: no\n  for-downstream: yes`}
`,
  }),
  command: () => ['unbound', '-d', '-p', '-c', 'conf'],
};

const dnsdist: Recipe = {
  name: 'dnsdist',
  program: 'dnsdist',
  files: ({ port, upstream, cacheMb }) => ({
    'dnsdist.conf': `
setLocal('127.0.0.1:${port}')
setACL({${ALLOWED.map((block) => `'${block}'`).join(', ')}})
setSecurityPollSuffix('')
setUDPSocketBufferSizes(4194304, 1048576)
addAction(MaxQPSIPRule(${RATE}), DropAction())
cache = newPacketCache(${cacheMb * ENTRIES_PER_MB}, {maxTTL=86400})
${VIEWS.map(([id]) => `newServer({address='127.0.0.1:${upstream}', name='${id}', pool='${id}', checkName='${ORIGIN}'})\ngetPool('${id}'):setCache(cache)`).join('\n')}
${VIEWS.map(([id, cidr]) => `addAction('${cidr}', PoolAction('${id}'))`).join('\n')}
`,
  }),
  command: () => ['dnsdist', '--supervised', '--disable-syslog', '-C', 'dnsdist.conf'],
};

const recursor: Recipe = {
  name: 'pdns_recursor',
  program: 'pdns_recursor',
  files: ({ folder, port, upstream, threads, cacheMb }) => ({
    'recursor.conf': `
local-address=127.0.0.1
local-port=${port}
allow-from=${ALLOWED.join(',')}
forward-zones=${BARE}=127.0.0.1:${upstream}
dont-query=
threads=${threads}
max-cache-entries=${cacheMb * ENTRIES_PER_MB}
max-packetcache-entries=${cacheMb * ENTRIES_PER_MB}
socket-dir=${folder}
security-poll-suffix=
quiet=yes
daemon=no
disable-syslog=yes
lua-config-file=${folder}/recursor.lua
`,
    'recursor.lua': `addNTA('${BARE}', 'no chain of trust leads to it')\n`,
  }),
  command: ({ folder }) => ['pdns_recursor', `--config-dir=${folder}`],
};

const kresd: Recipe = {
  name: 'kresd',
  program: 'kresd',
  files: ({ folder, port, upstream, cacheMb }) => ({
    'kresd.conf': `
net.listen('127.0.0.1', ${port}, { kind = 'dns' })
net.ipv6 = false
modules = { 'view', 'serve_stale < cache' }
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('detect_time_skew')
modules.unload('priming')
trust_anchors.remove('.')
option('ALLOW_LOCAL', true)
cache.open(${cacheMb} * MB, 'lmdb://${folder}/cache')
bench = policy.suffix(policy.STUB('127.0.0.1@${upstream}'), policy.todnames({'${BARE}'}))
${ALLOWED.map((block) => `view:addr('${block}', bench)`).join('\n')}
view:addr('0.0.0.0/0', policy.all(policy.DROP))
`,
  }),
  command: ({ folder }) => ['kresd', '-n', '-q', '-c', 'kresd.conf', folder],
};

const named: Recipe = {
  name: 'named',
  program: 'named',
  files: ({ folder, port, upstream, cacheMb }) => ({
    'named.conf': `
options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  dnssec-validation yes;
  trust-anchor-telemetry no;
  allow-query { ${ALLOWED.map((block) => `${block};`).join(' ')} };
  max-cache-size ${cacheMb}m;
  stale-answer-enable yes;
  stale-cache-enable yes;
};
controls { };
${VIEWS.map(
  ([id, cidr]) => `view "${id}" {
  match-clients { ${cidr}; };
  recursion yes;
  zone "${BARE}" { type forward; forward only; forwarders { 127.0.0.1 port ${upstream}; }; };
};`,
).join('\n')}
`,
  }),
  command: ({ threads }) => ['named', '-4', '-g', '-n', String(threads), '-c', 'named.conf'],
};

const dnsmasq: Recipe = {
  name: 'dnsmasq',
  program: 'dnsmasq',
  files: ({ port, upstream, cacheMb }) => ({
    conf: `
port=${port}
listen-address=127.0.0.1
bind-interfaces
user=
pid-file=
no-resolv
no-hosts
server=/${BARE}/127.0.0.1#${upstream}
cache-size=${cacheMb * ENTRIES_PER_MB}
cache-rr=MX,TXT,HTTPS
dns-forward-max=1000
use-stale-cache
`,
  }),
  command: () => ['dnsmasq', '--keep-in-foreground', '--conf-file=conf'],
};

/** An authoritative server: of the bench zone, or of another one, to be measured itself. */
export const nsd: Recipe = {
  name: 'nsd',
  program: 'nsd',
  files: ({ folder, port, zone }) => ({
    'bench.zone': zone === undefined ? zoneText() : '',
    conf: `
server:
  ip-address: 127.0.0.1@${port}
  username: ""
  database: ""
  pidfile: ""
  xfrdfile: ""
  server-count: 1
  rrl-ratelimit: 0
  zonesdir: "${folder}"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
remote-control:
  control-enable: no
zone:
  name: "${zone?.name ?? ORIGIN}"
  zonefile: "${zone?.file ?? 'bench.zone'}"
`,
  }),
  command: () => ['nsd', '-d', '-c', 'conf'],
};

/** A zone of one's own, served by Knot DNS. */
export const knot: Recipe = {
  name: 'knotd',
  program: 'knotd',
  files: ({ folder, port, zone }) => ({
    conf: `
server:
  listen: "127.0.0.1@${port}"
  rundir: "${folder}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${folder}/db"
template:
  - id: default
    storage: "${folder}"
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: "${zone?.name ?? ORIGIN}"
    file: "${zone?.file ?? ''}"
`,
  }),
  command: () => ['knotd', '-c', 'conf'],
};

/** Datagrams sent back by the layer that Causeway uses, and nothing else done: what is left is the kernel's. */
export const echo: Recipe = {
  name: 'echo',
  program: process.execPath,
  isEcho: true,
  files: () => ({}),
  command: ({ port }) => [process.execPath, ECHO, String(port)],
};

/** In the order of the tables. */
export const RESOLVERS: readonly Recipe[] = [causeway, unbound, dnsdist, recursor, kresd, named, dnsmasq];
