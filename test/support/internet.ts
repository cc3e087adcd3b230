/**
 * A whole Internet in simulated time: a root, zones below it on their own servers, signed or not, right or wrong in
 * a chosen way, and what is true of every name, for comparison. Nothing here knows how a resolver works.
 *
 *     const internet = new Internet({ seed: 1 });
 *     internet.zone('test.', { sign: {} });
 *     internet.zone('corp.test.', { sign: { denial: {} }, text: 'www A 192.0.2.1' });
 *     internet.break('corp.test.', 'expired');
 *     internet.truth('www.corp.test.', 'A');   // { rcode: 'NOERROR', answer: […], security: 'bogus' }
 */

import type { HintServer } from '../../src/resolver/path.ts';
import type { TrustAnchor } from '../../src/resolver/settings.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import {
  fold,
  isAtOrBelow,
  type Name,
  nameFromText,
  nameKey,
  nameToText,
  parentOf,
} from '../../src/wire/name.ts';
import { type AuthorityOptions, authority } from './authority.ts';
import type { Wrap } from './hostile.ts';
import { withoutProofOf } from './internet-edit.ts';
import { type Fault, type Named, type Signing, type Surroundings, Zone } from './internet-zone.ts';
import type { Packet } from './packet.ts';
import { type Behaviour, SimNet, type SimQuery, type SimServer } from './simnet.ts';
import { type Truth, truthOf } from './truth.ts';

export type { Fault, Signing, Zone } from './internet-zone.ts';

export interface ZoneOptions {
  /** Zone-file text beside SOA, NS and delegations. */
  readonly text?: string;
  readonly sign?: Signing;
  /**
   * Its servers: so many new ones named `ns1`, `ns2`, … in the zone (default 2), or others by their names, which
   * may belong to any zone.
   */
  readonly servers?: number | readonly Host[];
}

export interface HostOptions {
  /** Default 1. */
  readonly ipv4?: number;
  /** Default 0. */
  readonly ipv6?: number;
  /** One way, milliseconds. */
  readonly latency?: number;
}

/** A name server. */
export class Host implements Named {
  readonly name: Name;
  readonly servers: readonly SimServer[];
  readonly zones: Zone[] = [];
  /** How it answers where nothing else is said. */
  options: AuthorityOptions = {};
  /** Instead of the authority, or around it. */
  wrap: Wrap | undefined = undefined;

  constructor(name: Name, servers: readonly SimServer[]) {
    this.name = name;
    this.servers = servers;
  }

  get text(): string {
    return nameToText(this.name);
  }

  get addresses(): string[] {
    return this.servers.map((server) => server.address);
  }

  /** Everything that it was asked, in order. */
  get queries(): SimQuery[] {
    return this.servers.flatMap((server) => server.queries);
  }
}

export class Internet {
  readonly clock: ManualClock;
  readonly net: SimNet;
  readonly prng: Prng;
  readonly root: Zone;
  readonly #zones = new Map<string, Zone>();
  readonly #hosts = new Map<string, Host>();
  #addresses = 0;

  /** The root is signed unless told otherwise. */
  constructor(options: { seed?: number; sign?: Signing | false; rootServers?: number } = {}) {
    const { seed = 1, sign = {}, rootServers = 3 } = options;
    this.clock = new ManualClock();
    this.prng = new SeededPrng(seed);
    this.net = new SimNet(this.clock, new SeededPrng(seed + 1));
    const letters = Array.from({ length: rootServers }, (_, i) => `${'abcdefghijklm'[i]}.root-servers.`);
    this.root = this.zone('.', {
      servers: letters.map((name) => this.host(name)),
      ...(sign === false ? {} : { sign }),
    });
  }

  get zones(): Iterable<Zone> {
    return this.#zones.values();
  }

  get hosts(): Iterable<Host> {
    return this.#hosts.values();
  }

  /** A machine with new addresses. Its address records are in whichever zone its name belongs to. */
  host(name: string, options: HostOptions = {}): Host {
    const { ipv4 = 1, ipv6 = 0, latency = 5 } = options;
    const addresses = [
      ...Array.from({ length: ipv4 }, () => this.#nextAddress(4)),
      ...Array.from({ length: ipv6 }, () => this.#nextAddress(6)),
    ];
    const handle = (query: SimQuery): void => this.#handle(host, query);
    const servers = addresses.map((address) => this.net.server(address, handle, latency));
    const host = new Host(nameFromText(name), servers);
    this.#hosts.set(nameKey(host.name), host);
    this.#owner(host.name)?.changed();
    return host;
  }

  hostOf(name: string): Host {
    const host = this.#hosts.get(nameKey(nameFromText(name)));
    if (host === undefined) throw new Error(`no such host: ${name}`);
    return host;
  }

  /** Adds a zone below the deepest one that there is, and the delegation there. */
  zone(name: string, options: ZoneOptions = {}): Zone {
    const { text = '', sign, servers = 2 } = options;
    const hosts =
      typeof servers === 'number'
        ? Array.from({ length: servers }, (_, i) => this.host(`ns${i + 1}.${name === '.' ? '' : name}`))
        : servers;
    const parent = this.#owner(nameFromText(name));
    const rest = { text, signing: sign, ns: hosts.map((host) => host.text) };
    const zone = new Zone(name, parent, rest, (of) => this.#surroundings(of));
    this.#zones.set(nameKey(zone.origin), zone);
    for (const host of hosts) host.zones.push(zone);
    parent?.changed();
    return zone;
  }

  zoneOf(name: string): Zone {
    const zone = this.#zones.get(nameKey(nameFromText(name)));
    if (zone === undefined) throw new Error(`no such zone: ${name}`);
    return zone;
  }

  /** What is wrong with the zone of that name; undefined also where there is none. */
  faultOf(name: string): Fault | undefined {
    return this.#zones.get(nameKey(nameFromText(name)))?.fault;
  }

  hostsOf(zone: Zone | string): Host[] {
    const of = typeof zone === 'string' ? this.zoneOf(zone) : zone;
    return [...this.#hosts.values()].filter((host) => host.zones.includes(of));
  }

  /** Makes a zone's DNSSEC wrong; undefined mends it. */
  break(name: string, fault: Fault | undefined): void {
    const zone = this.zoneOf(name);
    zone.fault = fault;
    zone.changed();
    zone.parent?.changed();
  }

  /** Puts something around all servers of a zone; undefined takes it away. */
  misbehave(name: string, wrap: Wrap | undefined): void {
    for (const host of this.hostsOf(name)) host.wrap = wrap;
  }

  /** The parent forgets the zone. Its servers go on. */
  undelegate(name: string): void {
    const zone = this.zoneOf(name);
    zone.isDelegated = false;
    zone.parent?.changed();
  }

  truth(name: string, type: string): Truth {
    return truthOf(this, name, type);
  }

  /** The deepest zone that the name is in, among those that are delegated. DS is the parent's. */
  owner(name: Name, above = false): Zone {
    const zone = this.#owner(name, above, true);
    if (zone === undefined) throw new Error(`nobody has ${nameToText(name)}`);
    return zone;
  }

  #owner(name: Name, above = false, delegated = false): Zone | undefined {
    for (let at = above ? parentOf(name) : name; ; at = parentOf(at)) {
      const zone = this.#zones.get(nameKey(at));
      if (zone !== undefined && (zone.isDelegated || !delegated)) return zone;
      if (at.length === 1) return undefined;
    }
  }

  get hints(): HintServer[] {
    return this.hostsOf(this.root).map((host) => ({
      name: host.name,
      addresses: host.addresses.map((address) => ({ address, port: 53, protocol: 'do53' })),
    }));
  }

  /** None where the root is not signed. */
  get anchors(): TrustAnchor[] {
    return this.root.ds.length === 0 ? [] : [{ zone: this.root.origin, ds: this.root.ds, dnskey: [] }];
  }

  /** Queries that reached servers so far. */
  get packets(): number {
    let packets = 0;
    for (const host of this.#hosts.values())
      for (const server of host.servers) packets += server.queries.length;
    return packets;
  }

  #handle(host: Host, query: SimQuery): void {
    const plain: Behaviour = (asked) => this.#answer(host, asked);
    (host.wrap === undefined ? plain : host.wrap(plain))(query);
  }

  #answer(host: Host, query: SimQuery): void {
    const name = query.message.question?.name ?? new Uint8Array(1);
    const zones = host.zones.filter((zone) => isAtOrBelow(name, zone.origin));
    const edit = (packet: Packet, asked: SimQuery): Packet | undefined => {
      for (const zone of this.#zones.values())
        if (zone.fault === 'missing-ds-proof') withoutProofOf(zone.origin, packet);
      return host.options.edit === undefined ? packet : host.options.edit(packet, asked);
    };
    authority(
      zones.map((zone) => zone.data),
      { ...host.options, edit },
    )(query);
  }

  #surroundings(zone: Zone): Surroundings {
    return {
      own: [...this.#hosts.values()].filter((host) => this.#owner(host.name) === zone),
      hostOf: (name) => this.#hosts.get(nameKey(fold(nameFromText(name)))),
      children: [...this.#zones.values()].filter((each) => each.parent === zone && each.isDelegated),
      now: Math.floor(this.clock.wall() / 1000),
    };
  }

  /** 198.18.0.0/15 and 2001:2::/48 are for tests of networks (RFC 2544, RFC 5180), so that no filter minds them. */
  #nextAddress(family: 4 | 6): string {
    const n = ++this.#addresses;
    if (family === 6) return `2001:2::${n.toString(16)}`;
    return `198.${18 + (n >>> 16)}.${(n >>> 8) & 255}.${n & 255}`;
  }
}
