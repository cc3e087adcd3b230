/** A world for tests of the pipeline: views, zones in zone-file form and forward rules, without sockets or config. */

import { listedDomain, readDomain } from '../../src/control/firewall/domain.ts';
import type { FirewallRule } from '../../src/policy/firewall.ts';
import type { Path } from '../../src/resolver/path.ts';
import type { RecursionSettings } from '../../src/resolver/settings.ts';
import { World } from '../../src/server/world.ts';
import { CidrTable, parseAddress, parseCidr } from '../../src/util/cidr.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { NO_HEALTH_CHECKS } from '../../src/view/health.ts';
import type { Candidate, Overlay, Snapshot, ViewData } from '../../src/view/snapshot.ts';
import { type Name, nameFromText, nameKey } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { Domains } from '../../src/zone/domains.ts';
import { ZoneBuilder } from '../../src/zone/image.ts';
import { NameTable } from '../../src/zone/nametable.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';

export interface ZoneSpec {
  readonly text: string;
  readonly overlay?: Overlay;
  readonly sets?: readonly RecordSet[];
}

export interface ViewSpec {
  readonly cidrs: readonly string[];
  /** Zone name → zone-file text; SOA and NS are added unless the text has an SOA. */
  readonly zones?: Readonly<Record<string, string | ZoneSpec>>;
  /** Domains with a forward rule, each to `192.0.2.53:53`; the rule's id is the domain. */
  readonly forward?: readonly string[];
  /** Domains that are asked of authoritative servers: the root with hints, others as stubs at `192.0.2.1:53`. */
  readonly recursive?: readonly string[];
  /** Default `off`. With `validate`, the paths for the root validate. */
  readonly dnssec?: ViewData['dnssec'];
  /** `64:ff9b::/96`; ::ffff:0:0/96 and what `exclude` says counts as no address. */
  readonly dns64?: { readonly prefix: string; readonly exclude?: readonly string[] } | undefined;
  readonly rebinding?:
    | { readonly blocked: readonly string[]; readonly exempt?: readonly string[] }
    | undefined;
  readonly firewall?: FirewallSpec | undefined;
}

/** The rules of one group, each with a list of its own: `undefined` for one that cannot be had. */
export interface FirewallSpec {
  readonly failOpen?: boolean;
  readonly rules: readonly (Partial<FirewallRule> & { readonly domains: readonly string[] | undefined })[];
}

function firewallOf(vpc: string, { failOpen = false, rules }: FirewallSpec): ViewData['firewall'] {
  const made = rules.map(({ domains: _, ...rule }, i): FirewallRule => {
    const action = { kind: 'block', response: 'nxdomain' } as const;
    return { group: 'g', list: `${vpc} ${i}`, qtype: undefined, action, redirection: 'inspect', ...rule };
  });
  return { failOpen, rules: made };
}

function listsOf(views: Readonly<Record<string, ViewSpec>>): Snapshot['domainLists'] {
  return Object.entries(views).flatMap(([vpc, { firewall }]) =>
    (firewall?.rules ?? []).map(({ domains }, i) => ({
      id: `${vpc} ${i}`,
      version: String(domains),
      table: domains && Domains.build(domains.map((domain) => listedDomain(readDomain(domain)!))),
    })),
  );
}

/** Blocks as a table whose values mean nothing. */
export function blocksOf(blocks: readonly string[]): SharedArrayBuffer {
  return CidrTable.build(blocks.map((block) => ({ ...parseCidr(block), value: 0 }))).buffer;
}

function dns64Of({ prefix, exclude = [] }: NonNullable<ViewSpec['dns64']>): ViewData['dns64'] {
  const [address = '', bits] = prefix.split('/');
  return {
    prefix: parseAddress(address),
    prefixBits: Number(bits),
    exclude: blocksOf(['::ffff:0:0/96', ...exclude]),
  };
}

/** No anchors: a test that validates brings its own. */
export const RECURSION: RecursionSettings = {
  qnameMinimisation: 'relaxed',
  ednsPayload: 1232,
  priming: true,
  ipv4: true,
  ipv6: 'on',
  loopbackServers: true,
  port: 53,
  aggressiveNsec: true,
  sha1: false,
  anchors: [],
  ntas: [],
  keyTagSignal: false,
  keySentinel: false,
};

const APEX = '@ 900 SOA ns hostmaster 1 7200 900 1209600 300\n@ 900 NS ns\nns 900 A 192.0.2.254\n';

export function imageOf(name: string, text: string, sets: readonly RecordSet[] = []): SharedArrayBuffer {
  const origin = nameFromText(name);
  const records: Rr[] = [];
  const errors = parseZone(/\bSOA\b/.test(text) ? text : APEX + text, {
    origin,
    file: 'test',
    defaultTtl: 300,
    onRecord: (rr) => records.push(rr),
  });
  if (errors.length > 0) throw new Error(errors.map((e) => `${e.line}:${e.column}: ${e.message}`).join('\n'));
  const builder = new ZoneBuilder(origin);
  for (const record of records) builder.add(record);
  for (const set of sets) builder.addSet(set);
  const built = builder.finish();
  if (built.errors !== undefined) throw new Error(JSON.stringify(built.errors));
  return built.image;
}

export function snapshotOf(views: Readonly<Record<string, ViewSpec>>, revision = 1): Snapshot {
  const zones: Snapshot['zones'][number][] = [];
  const paths: Path[] = [];
  const clients: (ReturnType<typeof parseCidr> & { value: number })[] = [];
  const data = Object.entries(views).map(([vpc, spec], index): ViewData => {
    for (const cidr of spec.cidrs) clients.push({ ...parseCidr(cidr), value: index });
    const groups = new Map<string, { name: Name; candidates: Candidate[] }>();
    const add = (text: string, candidate: Candidate): void => {
      const name = nameFromText(text);
      const key = nameKey(name);
      const group = groups.get(key) ?? { name, candidates: [] };
      group.candidates.push(candidate);
      groups.set(key, group);
    };
    for (const domain of spec.forward ?? []) {
      add(domain, { kind: 'forward', rule: domain, path: paths.length });
      paths.push({
        kind: 'forward',
        context: 1000 + paths.length,
        rule: domain,
        domain: nameFromText(domain),
        view: index,
        policy: 'ordered',
        targets: [{ address: '192.0.2.53', port: 53, protocol: 'do53' }],
        sources: [],
        serveStale: true,
        case0x20: true,
        validate: spec.dnssec === 'validate' && domain === '.',
      });
    }
    for (const domain of spec.recursive ?? []) {
      // A stub hides behind a SYSTEM rule as a forward rule does; the root does not.
      add(domain, { kind: domain === '.' ? 'recursive' : 'forward', rule: domain, path: paths.length });
      const address = { address: '192.0.2.1', port: 53, protocol: 'do53' } as const;
      paths.push({
        kind: 'recursive',
        context: 1000 + paths.length,
        rule: domain,
        domain: nameFromText(domain),
        view: index,
        origin: nameFromText(domain),
        servers: [{ name: nameFromText('ns.root.test.'), addresses: [address] }],
        hints: domain === '.',
        sources: [],
        serveStale: true,
        case0x20: true,
        validate: spec.dnssec === 'validate' && domain === '.',
      });
    }
    for (const [name, zone] of Object.entries(spec.zones ?? {})) {
      const { text, overlay = 'none', sets = [] } = typeof zone === 'string' ? { text: zone } : zone;
      const number = zones.length;
      zones.push({
        id: name,
        key: number + 1,
        name: nameFromText(name),
        kind: 'private',
        clientsBy: 'vpc',
        image: imageOf(name, text, sets),
        compute: undefined,
      });
      add(name, { kind: 'zone', id: name, zone: number, context: 1 + number, overlay });
    }
    const list = [...groups.values()];
    const table = NameTable.build(
      list.map(({ name }, i) => [name, i] as const),
      7,
    );
    return {
      vpc,
      serves: 'resolver',
      region: 'eu-central-1',
      index,
      key: 100 + index,
      table: table.buffer as SharedArrayBuffer,
      groups: list.map(({ candidates }) => candidates),
      dnssec: spec.dnssec ?? 'off',
      dns64: spec.dns64 && dns64Of(spec.dns64),
      rebinding: spec.rebinding && {
        blocked: blocksOf(spec.rebinding.blocked),
        exempt: (spec.rebinding.exempt ?? []).map((text) => nameFromText(text)),
      },
      firewall: spec.firewall && firewallOf(vpc, spec.firewall),
      delegates: [],
    };
  });
  const all = CidrTable.build([
    { ...parseCidr('0.0.0.0/0'), value: 0 },
    { ...parseCidr('::/0'), value: 0 },
  ]);
  return {
    revision,
    node: {
      name: 'test',
      region: 'eu-central-1',
      nsid: new TextEncoder().encode('test-1'),
      cacheBytes: 1 << 22,
      cookies: undefined,
      rateLimit: undefined,
      ttl: { floorSeconds: 0, ceilingSeconds: 86_400, negativeSeconds: 10_800 },
      stale: { enabled: true, clientTimeoutMs: 1800, maxSeconds: 86_400 },
      prefetch: true,
    },
    clients: CidrTable.build(clients).buffer,
    views: data,
    zones,
    paths,
    recursion: RECURSION,
    endpoints: [
      {
        id: 'in-1',
        serves: 'resolver',
        listen: [{ address: '127.0.0.1', port: 53 }],
        protocols: ['do53'],
        view: -1,
        defaultView: -1,
        allow: all.buffer,
        outside: 'drop',
        rateLimited: true,
        clientSubnet: CidrTable.build([]).buffer,
      },
    ],
    health: NO_HEALTH_CHECKS,
    collections: [],
    domainLists: listsOf(views),
    geo: { locations: [], rtt: undefined },
    nextContext: 1_000_000,
  };
}

/** With an endpoint that serves the zones of the view of that name to everybody, in place of the resolver's. */
export function withAuthority(snapshot: Snapshot, vpc: string, clientSubnet = ['0.0.0.0/0']): Snapshot {
  const { index } = snapshot.views.find((view) => view.vpc === vpc)!;
  const endpoints = snapshot.endpoints.map((endpoint) => ({
    ...endpoint,
    serves: 'authority' as const,
    view: index,
    clientSubnet: blocksOf(clientSubnet),
  }));
  const views = snapshot.views.map((view) =>
    view.vpc === vpc ? { ...view, serves: 'authority' as const } : view,
  );
  return { ...snapshot, views, endpoints };
}

export function worldOf(views: Readonly<Record<string, ViewSpec>>, dependencies = new Dependencies()): World {
  return new World(snapshotOf(views), dependencies);
}

/** The forward rule of that id is a SYSTEM rule instead. */
export function withSystemRule(snapshot: Snapshot, id: string): Snapshot {
  const changed = (candidate: Candidate): Candidate =>
    candidate.kind === 'forward' && candidate.rule === id ? { kind: 'system', rule: id } : candidate;
  const views = snapshot.views.map((view) => ({
    ...view,
    groups: view.groups.map((group) => group.map(changed)),
  }));
  return { ...snapshot, views };
}
