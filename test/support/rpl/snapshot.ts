/** A scenario's configuration as a snapshot: one view for everybody, with a path for each zone that it names. */
import type { ForwardPath, HintServer, Path, RecursivePath } from '../../../src/resolver/path.ts';
import { CidrTable, parseCidr } from '../../../src/util/cidr.ts';
import { NO_HEALTH_CHECKS } from '../../../src/view/health.ts';
import type { Candidate, NodeSettings, Snapshot, ViewData, ZoneData } from '../../../src/view/snapshot.ts';
import {
  isAtOrBelow,
  type Name,
  nameEquals,
  nameFromText,
  nameToText,
  ROOT,
} from '../../../src/wire/name.ts';
import { localZones } from '../../../src/zone/local.ts';
import { NameTable } from '../../../src/zone/nametable.ts';
import type { Config, ZoneServers } from './config.ts';

const PORT = 53;
/** Contexts of locally served zones; those of paths are above. */
const LOCAL_CONTEXT = 1;
const PATH_CONTEXT = 1000;

interface Group {
  readonly name: Name;
  readonly candidates: Candidate[];
}

export function snapshotOf(config: Config): Snapshot {
  const paths = pathsOf(config);
  const zones = localZonesOf(config);
  const groups: Group[] = [];
  const add = (name: Name, candidate: Candidate): void => {
    const group = groups.find((each) => nameEquals(each.name, name));
    if (group === undefined) groups.push({ name, candidates: [candidate] });
    else group.candidates.push(candidate);
  };
  paths.forEach((path, index) => {
    add(path.domain, { kind: path.kind, rule: path.rule, path: index });
  });
  zones.forEach(({ id, name }, index) => {
    add(name, { kind: 'local', id, zone: index, context: LOCAL_CONTEXT + index });
  });
  const { buffer } = CidrTable.build(['0.0.0.0/0', '::/0'].map((cidr) => ({ ...parseCidr(cidr), value: 0 })));
  return {
    revision: 1,
    node: nodeOf(config),
    clients: buffer,
    views: [viewOf(groups)],
    zones,
    domainLists: [],
    paths,
    recursion: config.recursion,
    endpoints: [
      {
        id: 'in-1',
        serves: 'resolver',
        listen: [{ address: '127.0.0.1', port: PORT }],
        protocols: ['do53'],
        view: 0,
        defaultView: 0,
        allow: buffer,
        outside: 'drop',
        rateLimited: false,
        clientSubnet: CidrTable.build([]).buffer,
      },
    ],
    health: NO_HEALTH_CHECKS,
    collections: [],
    geo: { locations: [], rtt: undefined },
    nextContext: PATH_CONTEXT + paths.length,
  };
}

/** In the order of the configuration; each knows the nearest one above it, which is made first. */
function pathsOf(config: Config): Path[] {
  const paths: Path[] = [];
  const made: Path[] = [];
  const shortestFirst = [...config.zones.entries()].sort(([, a], [, b]) => a.name.length - b.name.length);
  for (const [index, zone] of shortestFirst) {
    const above = made.findLast(({ domain }) => isBelow(zone.name, domain));
    const path = { ...pathOf(zone, index, config), ...(above && { above }) };
    made.push(path);
    paths[index] = path;
  }
  return paths;
}

function isBelow(name: Name, other: Name): boolean {
  return name.length > other.length && isAtOrBelow(name, other);
}

/** A stub zone for the root is the root hints, as in Unbound's own scenarios: they are primed. */
function pathOf({ kind, name, addresses }: ZoneServers, index: number, config: Config): Path {
  const base = {
    context: PATH_CONTEXT + index,
    rule: nameToText(name),
    domain: name,
    view: 0,
    sources: [],
    serveStale: config.serveStale,
    case0x20: config.case0x20,
    validate: true,
  };
  const targets = addresses.map((address) => ({ address, port: PORT, protocol: 'do53' }) as const);
  if (kind === 'forward')
    return { ...base, kind: 'forward', policy: 'ordered', targets } satisfies ForwardPath;
  const isRoot = nameEquals(name, ROOT);
  const servers = targets.map((target, at): HintServer => {
    const server = isRoot ? nameFromText(`hint-${at}.invalid.`) : ROOT;
    return { name: server, addresses: [target] };
  });
  return { ...base, kind: 'recursive', origin: name, servers, hints: isRoot } satisfies RecursivePath;
}

/** Made once: there are many scenarios, and images take a while. */
const LOCAL_ZONES = localZones();

function localZonesOf({ withoutLocal }: Config): ZoneData[] {
  return LOCAL_ZONES.filter((zone) => !withoutLocal.some((name) => nameEquals(name, zone.name))).map(
    ({ name, image }, index) => ({
      id: nameToText(name),
      key: 1 + index,
      name,
      kind: 'local',
      clientsBy: 'vpc',
      image,
      compute: undefined,
    }),
  );
}

function viewOf(groups: readonly Group[]): ViewData {
  const table = NameTable.build(
    groups.map(({ name }, index) => [name, index] as const),
    7,
  );
  return {
    vpc: 'vpc-scenario',
    serves: 'resolver',
    region: 'eu-central-1',
    index: 0,
    key: 1,
    table: table.buffer as SharedArrayBuffer,
    groups: groups.map(({ candidates }) => candidates),
    dnssec: 'validate',
    dns64: undefined,
    rebinding: undefined,
    firewall: undefined,
    delegates: [],
  };
}

function nodeOf({ ttl, prefetch, serveStale }: Config): NodeSettings {
  return {
    name: 'scenario',
    region: 'eu-central-1',
    nsid: undefined,
    cacheBytes: 1 << 22,
    cookies: undefined,
    rateLimit: undefined,
    ttl: {
      floorSeconds: ttl.floor,
      ceilingSeconds: ttl.ceiling,
      negativeSeconds: ttl.negativeCeiling,
    },
    stale: { enabled: serveStale, clientTimeoutMs: 1800, maxSeconds: 86_400 },
    prefetch,
  };
}
