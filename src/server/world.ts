import { VARIANT, VIEWS_MAX } from '../cache/answers.ts';
import { Firewall } from '../policy/firewall.ts';
import { Rebinding } from '../policy/rebinding.ts';
import { assert } from '../util/assert.ts';
import { CidrTable } from '../util/cidr.ts';
import type { Dependencies, Dependency } from '../util/deps.ts';
import { HealthBits } from '../util/healthbits.ts';
import type { Snapshot, ViewData } from '../view/snapshot.ts';
import { View } from '../view/view.ts';
import type { Name } from '../wire/name.ts';
import { lookupCompute } from '../zone/compute.ts';
import { dependencyHash } from '../zone/dependency.ts';
import { Domains } from '../zone/domains.ts';
import { Locations } from '../zone/geo/locations.ts';
import { Rtt } from '../zone/geo/rtt.ts';
import type { Zone } from '../zone/image.ts';
import { lookup, type ZoneResult } from '../zone/lookup.ts';
import { openZone } from '../zone/patch.ts';
import type { Facts } from '../zone/routing/policy.ts';
import type { Dns64Rules } from './dns64.ts';
import type { Client } from './handler.ts';
import { AddressLocator, RegionLocator } from './locators.ts';
import { LoggedViews } from './loggedviews.ts';
import { type Locators, Routing } from './routing.ts';

/** How a view's answers are made, ready to be read. */
export interface ViewSettings {
  /** AD may be set. */
  readonly validates: boolean;
  /** DO and CD of the client count, and signatures are shown. */
  readonly showsDnssec: boolean;
  /** What of VARIANT its answers differ by. */
  readonly variants: number;
  readonly rebinding: Rebinding | undefined;
  readonly dns64: Dns64Rules | undefined;
  readonly firewall: Firewall | undefined;
}

type Lists = ReadonlyMap<string, Domains | undefined>;

function settingsOf({ serves, dnssec, rebinding, dns64, firewall }: ViewData, lists: Lists): ViewSettings {
  // CD is of no concern to an authority (RFC 4035 section 3.1.6), and what its zones say is the same under DO.
  const showsDnssec = serves === 'resolver' && dnssec !== 'route53';
  return {
    validates: dnssec === 'validate',
    showsDnssec,
    variants: showsDnssec ? VARIANT.DO | VARIANT.CD : 0,
    rebinding: rebinding && new Rebinding(CidrTable.from(rebinding.blocked), rebinding.exempt),
    dns64: dns64 && { ...dns64, exclude: CidrTable.from(dns64.exclude) },
    firewall:
      firewall &&
      new Firewall(
        firewall,
        firewall.rules.map(({ list }) => lists.get(list)),
      ),
  };
}

function domainsOf({ domainLists }: Snapshot): Lists {
  return new Map(domainLists.map(({ id, table }) => [id, table && Domains.from(table)]));
}

function factsOf({ collections, geo }: Snapshot): Facts {
  return {
    collections: collections.map((each) => each && CidrTable.from(each.table)),
    roundTrips: geo.rtt && Rtt.from(geo.rtt),
  };
}

function locatorsOf({ views, zones, node, geo }: Snapshot): Locators {
  const regions = views.map(({ region }) => new RegionLocator(region));
  const databases = geo.locations.map((buffer) => Locations.from(buffer));
  const byAddress = new AddressLocator(databases, new RegionLocator(node.region));
  return (zone, view) => (zones[zone]!.clientsBy === 'address' ? byAddress : regions[view]);
}

/**
 * A snapshot, ready to be read: tables over its shared buffers, made once when it arrives and swapped as one
 * reference between queries. A query keeps the world it began in.
 */
export class World {
  readonly snapshot: Snapshot;
  readonly #views: readonly View[];
  readonly #settings: readonly ViewSettings[];
  readonly #lists: Lists;
  /** Opened when they are asked first: most are not before the next snapshot comes. */
  readonly #zones: (Zone | undefined)[];
  readonly #clients: CidrTable;
  readonly #allow: readonly CidrTable[];
  readonly #clientSubnet: readonly CidrTable[];
  readonly #proxies: readonly (CidrTable | undefined)[];
  readonly #deps: Dependencies;
  readonly routing: Routing;
  readonly logged: LoggedViews;

  /**
   * @param health what checks found, shared with the health thread; default: all are healthy
   * @param before what is as in this one is made ready once
   */
  constructor(snapshot: Snapshot, dependencies: Dependencies, health = new HealthBits(), before?: World) {
    assert(snapshot.views.length <= VIEWS_MAX, 'as many views as the answer cache can tell apart');
    this.snapshot = snapshot;
    this.#deps = dependencies;
    const was = before?.snapshot;
    this.#views = snapshot.views.map((view, index) =>
      view === was?.views[index] ? before!.view(index) : new View(snapshot, index),
    );
    const hasLists = snapshot.domainLists === was?.domainLists;
    this.#lists = hasLists ? before!.#lists : domainsOf(snapshot);
    this.#settings = snapshot.views.map((view, index) =>
      hasLists && view === was.views[index] ? before!.settingsAt(index) : settingsOf(view, this.#lists),
    );
    this.#zones = snapshot.zones.map((zone, index) =>
      zone === was?.zones[index] ? before!.#zones[index] : undefined,
    );
    this.#clients = CidrTable.from(snapshot.clients);
    this.#allow = snapshot.endpoints.map((endpoint) => CidrTable.from(endpoint.allow));
    this.#clientSubnet = snapshot.endpoints.map((endpoint) => CidrTable.from(endpoint.clientSubnet));
    this.#proxies = snapshot.endpoints.map(({ proxies }) => proxies && CidrTable.from(proxies));
    this.routing = new Routing(health, factsOf(snapshot), locatorsOf(snapshot));
    this.logged = new LoggedViews(snapshot.logs, snapshot.views.length);
  }

  zone(index: number): Zone {
    return (this.#zones[index] ??= openZone(this.snapshot.zones[index]!));
  }

  /** True if the zone at `index` is still the one whose image has this number. */
  hasImage(index: number, number: number): boolean {
    return index < this.#zones.length && this.zone(index).number === number;
  }

  /** What the zone says; names of instances are computed (Route 53's `ip-10-0-0-1.<region>.compute.internal`). */
  lookup(index: number, qname: Name, qtype: number): ZoneResult {
    const zone = this.zone(index);
    const { compute } = this.snapshot.zones[index]!;
    return compute === undefined ? lookup(zone, qname, qtype) : lookupCompute(zone, compute, qname, qtype);
  }

  view(index: number): View {
    return this.#views[index]!;
  }

  settings(view: View): ViewSettings {
    return this.settingsAt(view.index);
  }

  settingsAt(index: number): ViewSettings {
    return this.#settings[index]!;
  }

  /** The view of the VPC whose addresses hold this one. */
  viewOfAddress(address: Uint8Array): View | undefined {
    return this.#views[this.#clients.lookup(address)];
  }

  viewNamed(vpc: string): View | undefined {
    return this.#views.find((view) => view.vpc === vpc);
  }

  /**
   * The endpoint's ACL: false means that the client gets nothing, or REFUSED where the endpoint says so. A socket
   * may outlive its endpoint for a moment: there nobody is admitted.
   */
  admits(endpoint: number, address: Uint8Array): boolean {
    const allow = this.#allow[endpoint];
    return allow !== undefined && allow.lookup(address) >= 0;
  }

  /** True if this peer says, in front of what it sends, for whom (the PROXY protocol). */
  isProxy(endpoint: number, address: Uint8Array): boolean {
    const proxies = this.#proxies[endpoint];
    return proxies !== undefined && proxies.lookup(address) >= 0;
  }

  /** True if this client may say at the endpoint for which network it asks (RFC 7871). */
  heedsSubnet(endpoint: number, address: Uint8Array): boolean {
    const clients = this.#clientSubnet[endpoint];
    return clients !== undefined && clients.lookup(address) >= 0;
  }

  /** Index of the client's view: the endpoint's own, else by longest match of its address; -1 when there is none. */
  viewOf(client: Client): number {
    const endpoint = this.snapshot.endpoints[client.endpoint]!;
    if (endpoint.view >= 0) return endpoint.view;
    const view = this.#clients.lookup(client.address);
    return view >= 0 ? view : endpoint.defaultView;
  }

  /** The dependency on what stands at `name` in a view. */
  viewDependency(view: View, name: Name): Dependency {
    return this.dependency(dependencyHash(view.key, name));
  }

  /** The dependency of `hash` as of now: to be taken before the data is read. */
  dependency(hash: number): Dependency {
    const slot = this.#deps.slotOf(hash);
    return { slot, generation: this.#deps.generation(slot) };
  }
}
