/**
 * The two sides of `examples/corporate` as processes of this host: the example's own files, with its networks
 * 10.20.0.0/16 and 10.99.0.0/16 moved to 127.20.0.0/16 and 127.99.0.0/16, so that access lists and source addresses
 * are what they are there, and with ports that need no privileges.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort } from './ports.ts';
import { sumOf, timeoutsOf } from './scrape.ts';
import { ask, type DnsServer, type Recipe, start, startNsd } from './servers.ts';

const FOLDER = join(import.meta.dirname, '../../examples/corporate');
const ROOT_KEY = join(import.meta.dirname, '../../config/root.key');
/** A root server that is not there: no test asks the public ones. */
const NO_ROOT = '. 3600 NS ns.invalid.\nns.invalid. 3600 A 127.0.0.9\n';

/** Below the corporate domain, so that Causeway forwards it back: a circle. */
const LOST = 'lost.corp.example';

export const KINDS = { named: 'named.conf', unbound: 'unbound.conf', dnsmasq: 'dnsmasq.conf' } as const;
export type Kind = keyof typeof KINDS;

/** Where the example's servers and clients are here. */
const CLIENTS = { VPC: '127.20.0.9', corporate: '127.99.0.9' } as const;
const IN_VPC = '127.20.0.2';
const IN_CORP = '127.20.0.3';
/** BIND listens at addresses of interfaces only, and of 127.0.0.0/8 that is this one. */
const RESOLVER: Record<Kind, string> = { named: '127.0.0.1', unbound: '127.99.0.53', dnsmasq: '127.99.0.53' };
/** Where all of them ask from. */
const FROM = '127.99.0.53';
const AUTHORITY = '127.99.0.10';

interface Ports {
  readonly inVpc: number;
  readonly inCorp: number;
  readonly resolver: number;
  readonly authority: number;
  readonly metrics: number;
}

export const exampleFile = (name: string): string => join(FOLDER, name);

/** A file of the example with the addresses of its hosts, but not those in records, moved to loopback. */
function moved(name: string): string {
  return readFileSync(exampleFile(name), 'utf8').replace(/\b10\.(20|99)\.(0\.\d+|1\.53)\b/g, '127.$1.$2');
}

/** Each pair has to be found, so that a changed example is not tested as something else. */
function substitute(text: string, pairs: readonly (readonly [RegExp, string])[]): string {
  return pairs.reduce((from, [pattern, to]) => {
    const result = from.replace(pattern, to);
    if (result === from) throw new Error(`${pattern} is not in the example any more`);
    return result;
  }, text);
}

/** The corporate server of `corp.example`, with a wildcard for names that no cache has. */
const CORP_ZONE = `@ 900 SOA ns hostmaster 1 7200 900 1209600 30
@ NS ns
ns A 10.99.0.10
www A 10.99.2.80
portal CNAME web.cloud.corp.example.
*.any 60 A 10.99.2.90
`;
const REVERSE_ZONE =
  '@ 900 SOA ns.corp.example. h 1 7200 900 1209600 30\n@ NS ns.corp.example.\n80.2 PTR www.corp.example.\n';

function startAuthority(port: number): Promise<DnsServer> {
  const zones = { 'corp.example.': CORP_ZONE, '99.10.in-addr.arpa.': REVERSE_ZONE };
  return startNsd({ address: AUTHORITY, port, zones });
}

/** Causeway with the example's configuration, beside a corporate resolver. */
function startCauseway(kind: Kind, ports: Ports): Promise<Daemon> {
  const settings = `state: ./state\n  workers: 2\n  cache: 32MB\n  metrics: 127.0.0.1:${ports.metrics}`;
  const config = substitute(moved('causeway.yaml'), [
    [/state: \/var\/lib\/causeway/, settings],
    [/listen: \[127\.20\.0\.2\]/, `listen: ["${IN_VPC}:${ports.inVpc}"]`],
    [/listen: \[127\.20\.0\.3\]/, `listen: ["${IN_CORP}:${ports.inCorp}"]`],
    [
      /targets: \[127\.99\.0\.53, 127\.99\.1\.53\]/g,
      `targets: ["${RESOLVER[kind]}:${ports.resolver}", "127.99.1.53:9"]`,
    ],
  ]);
  return startDaemon({ config: `${config}\nrecursion: { priming: off, rfc5011: off }\n` });
}

/** A corporate resolver with the example's configuration. It forwards `LOST` to Causeway too. */
function startResolver(kind: Kind, ports: Ports): Promise<DnsServer> {
  return start({ address: RESOLVER[kind], port: ports.resolver }, RECIPES[kind](ports));
}

/** A refusal is an answer: who asks here is none of its clients. */
const ready: Recipe['ready'] = async (address, port) =>
  (await ask(address, port, 'corp.example')) !== undefined;

const RECIPES: Record<Kind, (ports: Ports) => Recipe> = {
  named: (ports) => ({
    program: 'named',
    args: (folder) => ['-4', '-g', '-n', '1', '-c', join(folder, 'conf')],
    config: (folder) => {
      writeFileSync(join(folder, 'root.hints'), NO_ROOT);
      const text = substitute(moved(KINDS.named), [
        [
          /directory "[^"]*";/,
          `directory "${folder}"; pid-file none; session-keyfile none; max-cache-size 32m;`,
        ],
        [
          /listen-on \{[^}]*\}/,
          `listen-on-v6 { none; };\n  listen-on port ${ports.resolver} { ${RESOLVER.named}; }`,
        ],
        [/forwarders \{ 127\.20\.0\.3;/g, `forwarders { ${IN_CORP} port ${ports.inCorp};`],
        [/forwarders \{ 127\.99\.0\.10;/g, `forwarders { ${AUTHORITY} port ${ports.authority};`],
      ]);
      const lost = `zone "${LOST}" { type forward; forward only; forwarders { ${IN_CORP} port ${ports.inCorp}; }; };\n`;
      return `controls { };\nzone "." { type hint; file "root.hints"; };\n${text}${lost}`;
    },
    ready,
  }),
  unbound: (ports) => ({
    program: 'unbound',
    args: (folder) => ['-d', '-p', '-c', join(folder, 'conf')],
    config: (folder) => {
      writeFileSync(join(folder, 'root.hints'), NO_ROOT);
      const server = [
        `server:\n  port: ${ports.resolver}\n  directory: "${folder}"\n  username: ""\n  chroot: ""\n  pidfile: ""`,
        '  use-syslog: no\n  do-daemonize: no\n  do-not-query-localhost: no',
        `  root-hints: "${folder}/root.hints"\n  trust-anchor-file: "${ROOT_KEY}"\n`,
      ].join('\n');
      const text = substitute(moved(KINDS.unbound), [
        [/forward-addr: 127\.20\.0\.3/g, `forward-addr: ${IN_CORP}@${ports.inCorp}`],
        [/stub-addr: 127\.99\.0\.10/g, `stub-addr: ${AUTHORITY}@${ports.authority}`],
      ]);
      const lost = `forward-zone:\n  name: "${LOST}"\n  forward-addr: ${IN_CORP}@${ports.inCorp}\n`;
      return `${server}${text}${lost}remote-control:\n  control-enable: no\n`;
    },
    ready,
  }),
  dnsmasq: (ports) => ({
    program: 'dnsmasq',
    args: (folder) => ['--keep-in-foreground', '--conf-file=' + join(folder, 'conf')],
    config: () => {
      const text = substitute(moved(KINDS.dnsmasq), [
        [/127\.20\.0\.3@/g, `${IN_CORP}#${ports.inCorp}@`],
        [/127\.99\.0\.10@/g, `${AUTHORITY}#${ports.authority}@`],
      ]);
      const lost = `server=/${LOST}/${IN_CORP}#${ports.inCorp}@${FROM}\n`;
      return `${text}port=${ports.resolver}\nuser=\npid-file=\nno-resolv\nno-hosts\n${lost}`;
    },
    ready,
  }),
};

async function freePorts(): Promise<Ports> {
  return {
    inVpc: await freePort(IN_VPC),
    inCorp: await freePort(IN_CORP),
    resolver: await freePort('0.0.0.0'),
    authority: await freePort(AUTHORITY),
    metrics: await freePort('127.0.0.1'),
  };
}

type Side = keyof typeof CLIENTS;

interface Packets {
  readonly received: number;
  readonly sent: number;
  /** Of those that were sent. */
  readonly timeouts: number;
  readonly loops: number;
}

/** Both sides, running, and what a test does with them. */
export interface Site {
  /** The arguments of dig for a client of each side, and for one that has no business at the inbound endpoint. */
  readonly ask: Record<Side | 'stranger', string[]>;
  /** Where the load of a client of each side goes, and from where. */
  readonly load: Record<Side, { address: string; port: number; from: string }>;
  /** For a test's own files. */
  readonly folder: string;
  readonly restart: Record<'causeway' | 'resolver', () => Promise<void>>;
  /** What Causeway has counted since it was started. */
  packets(): Promise<Packets>;
}

export async function startSite(t: { teardown(end: () => unknown): void }, kind: Kind): Promise<Site> {
  const ports = await freePorts();
  const authority = await startAuthority(ports.authority);
  t.teardown(() => authority.stop());
  let resolver = await startResolver(kind, ports);
  t.teardown(() => resolver.stop());
  let causeway = await startCauseway(kind, ports);
  t.teardown(() => causeway.stop());
  const load = {
    corporate: { address: RESOLVER[kind], port: ports.resolver, from: CLIENTS.corporate },
    VPC: { address: IN_VPC, port: ports.inVpc, from: CLIENTS.VPC },
  };
  const asking = (from: string, address: string, port: number): string[] => [
    `@${address}`,
    '-b',
    from,
    '-p',
    String(port),
  ];
  return {
    ask: {
      corporate: asking(CLIENTS.corporate, RESOLVER[kind], ports.resolver),
      VPC: asking(CLIENTS.VPC, IN_VPC, ports.inVpc),
      stranger: asking(CLIENTS.corporate, IN_CORP, ports.inCorp),
    },
    load,
    folder: authority.folder,
    restart: {
      causeway: async () => {
        await causeway.stop();
        causeway = await startCauseway(kind, ports);
      },
      resolver: async () => {
        await resolver.stop();
        resolver = await startResolver(kind, ports);
      },
    },
    packets: () => packetsOf(ports.metrics),
  };
}

async function packetsOf(metrics: number): Promise<Packets> {
  const [received, sent, timeouts, loops] = await Promise.all([
    sumOf(metrics, 'causeway_queries_total'),
    sumOf(metrics, 'causeway_upstream_queries_total'),
    timeoutsOf(metrics),
    sumOf(metrics, 'causeway_loops_total'),
  ]);
  return { received, sent, timeouts, loops };
}
