/** The two resolvers that are compared, on the same servers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TYPE } from '../../../src/wire/constants.ts';
import { isAtOrBelow, labelCount, nameEquals, nameKey, suffixOf } from '../../../src/wire/name.ts';
import { rdataToText } from '../../../src/wire/rdata/table.ts';
import { AuthorityZone, authority } from '../authority.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import type { Packet } from '../packet.ts';
import { freePort, isFree } from '../ports.ts';
import { serve } from '../serve.ts';
import { type DnsServer, startNsd, startUnbound } from '../servers.ts';
import type { Behaviour } from '../simnet.ts';
import { forge } from './forgeries.ts';
import type { Leaf } from './leaf.ts';
import type { Tree } from './tree.ts';

export interface Peers {
  readonly causeway: Daemon;
  readonly unbound: DnsServer;
  stop(): Promise<void>;
}

export const SERVERS = ['127.60.0.1', '127.60.0.2', '127.60.0.3', '127.60.0.4'] as const;

export async function startPeers(tree: Tree): Promise<Peers> {
  const running: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(started: T): T => {
    running.push(started);
    return started;
  };
  const stop = async (): Promise<void> => {
    for (const each of running.reverse()) await each.stop();
  };
  const folder = mkdtempSync(join(tmpdir(), 'causeway-differential-'));
  running.push({ stop: async () => rmSync(folder, { recursive: true, force: true }) });
  try {
    const port = (await isFree(SERVERS[0], DNS_PORT)) ? DNS_PORT : await freePort(SERVERS[0]);
    const all = [tree.root, ...tree.tlds, ...tree.cases.flatMap(({ zones }) => zones)];
    for (const address of SERVERS.slice(0, 3)) {
      const zones = all.filter((zone) => zone.server === address);
      const file = writeZones(join(folder, address), zones);
      keep(
        await startNsd({
          address,
          port,
          zones: {},
          extra: ['tcp-count: 400', 'zonefiles-check: no', `include: "${file}"`],
        }),
      );
    }
    keep(await serve(liar(tree), { address: SERVERS[3], port }));
    const hints = join(folder, 'hints');
    writeFileSync(hints, HINTS);
    const anchor = `. 300 IN DS ${rdataToText(TYPE.DS, tree.root.ds[0]!)}`;
    const causeway = keep(
      await startDaemon({ config: configOf(port), files: { hints: HINTS, anchors: `${anchor}\n` } }),
    );
    const unbound = keep(
      await startUnbound({
        // Unbound follows referrals to port 53 only.
        stub:
          port === DNS_PORT
            ? {}
            : Object.fromEntries(all.map((zone) => [zone.name, [{ address: zone.server, port }]])),
        extra: [
          ...UNBOUND,
          `trust-anchor: "${anchor}"`,
          ...(port === DNS_PORT ? [`root-hints: "${hints}"`] : []),
        ],
      }),
    );
    return { causeway, unbound, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One server for all zones that are lied about: honest of their children, and of them as their kind tells. */
function liar(tree: Tree): Behaviour {
  const stranger = new AuthorityZone(tree.cases[0]!.zones[0]!.origin, tree.cases[0]!.zones[0]!.records);
  const lies = new Map<string, { kind: string; zones: AuthorityZone[] }>();
  for (const { kind, zones } of tree.cases)
    if (zones[0]!.server === SERVERS[3])
      lies.set(nameKey(zones[0]!.origin), {
        kind,
        zones: zones.map(({ origin, records }) => new AuthorityZone(origin, records)),
      });
  return (query) => {
    const { name, type } = query.message.question!;
    const found = labelCount(name) > 1 ? lies.get(nameKey(suffixOf(name, 2))) : undefined;
    const zones = found?.zones ?? [];
    const edit = (packet: Packet): Packet => {
      const isChilds = zones
        .slice(1)
        .some(({ origin }) => isAtOrBelow(name, origin) && (type !== TYPE.DS || !nameEquals(name, origin)));
      if (found === undefined || isChilds) return packet;
      return forge(found.kind, packet, { zone: zones[0]!, name, type, stranger });
    };
    authority(zones, { edit })(query);
  };
}

/** Zone files and the list of them, in a configuration file of its own: names with odd octets are not waited for. */
function writeZones(folder: string, zones: readonly Leaf[]): string {
  mkdirSync(folder);
  const clauses = zones.map((zone, i) => {
    const file = join(folder, `${i}.zone`);
    writeFileSync(file, zone.zoneFile);
    return `zone:\n  name: "${zone.name}"\n  zonefile: "${file}"\n`;
  });
  const list = join(folder, 'zones.conf');
  writeFileSync(list, clauses.join(''));
  return list;
}

const DNS_PORT = 53;
const HINTS = `. 300 NS ns.\nns. 300 A ${SERVERS[0]}\n`;
const UNBOUND = [
  'module-config: "validator iterator"',
  'trust-anchor-signaling: no',
  'log-queries: no',
  'aggressive-nsec: no',
  'harden-below-nxdomain: no',
  'val-log-level: 2',
  'do-ip6: no',
  'outgoing-range: 4096',
  'num-queries-per-thread: 2048',
  'msg-cache-size: 64m',
  'rrset-cache-size: 128m',
  'key-cache-size: 32m',
  'neg-cache-size: 32m',
  'so-rcvbuf: 1m',
];

function configOf(port: number): string {
  return `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, cache: 128MB, metrics: off, rateLimit: off }
recursion: { hints: hints, anchors: anchors, port: ${port}, loopbackServers: on, ipv6: off, rfc5011: off, keyTagSignal: off }
vpcs:
  - { id: vpc-test, region: eu-central-1, cidrs: [127.0.0.0/8], rebinding: off, dnssec: validate }
endpoints:
  inbound:
    - { id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8] }
  outbound: []
`;
}
