import { hostAddresses } from '../../server/addresses.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { addressToText } from '../../util/cidr.ts';
import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { RpcError } from '../../util/rpc.ts';
import type { Ask, MissingSocket } from '../../view/channel.ts';
import type { Explanation } from '../../view/explain.ts';
import type { Snapshot } from '../../view/snapshot.ts';
import { nameToText } from '../../wire/name.ts';
import { apiError } from '../api/errors.ts';
import type { Handlers } from '../api/handler.ts';
import type { ResolverMeans } from '../api/resolver/means.ts';
import type { Means, ZoneQuestion } from '../api/route53/means.ts';
import { endpointOwner } from '../compile/owners.ts';
import { resourcesOf } from '../compile/resources.ts';
import { hostHasOf } from '../compile/sources.ts';
import type { Config, ResourceNames } from '../config/load.ts';
import { isServed } from '../config/served.ts';
import type { HealthDesk } from '../health/desk.ts';
import { HttpFault } from '../http.ts';
import type { Resources } from '../records/input.ts';
import { StoreError } from '../store/errors.ts';
import type { Reads, Revision, Store, Watch } from '../store/store.ts';
import { type CollectionBody, type HealthCheckBody, KIND, type ZoneResource } from './bodies.ts';
import { isFirewallKind, withFirewall } from './firewall.ts';
import { withInbound } from './inbound.ts';
import { isLogKind, logAt, withLogs } from './logs.ts';
import { type Hosted, NamedResources, NOTHING_HOSTED, withNamed } from './named.ts';
import { broughtByProfiles, isProfileKind, withProfileZones } from './profiles.ts';
import { Propagation } from './propagation.ts';
import { isResolverKind, withResolver } from './resolver.ts';
import type { VpcMeans } from './vpcdesk.ts';
import { VPC_KIND, withVpcs } from './vpcs.ts';
import { HostedZones, type Slots } from './zones.ts';

export interface HostedOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly prng: Prng;
  readonly metrics: Pick<Metrics, 'propagation'>;
  /** Opens the store of a state folder, unless it is open. Throws StoreError, which is logged. */
  readonly open: (folder: string) => Store;
  /** Something is there that workers do not serve yet. */
  readonly changed: () => void;
  readonly health: Pick<HealthDesk, 'report'>;
  /** Asks a worker what it answers. Rejects with RpcError, or undefined where there is none. */
  readonly explain: (ask: Extract<Ask, { readonly ask: 'explain' }>) => Promise<Explanation | undefined>;
}

type Facts = Pick<Snapshot, 'health' | 'collections'>;

/**
 * The part of control that has to do with what the API makes: the store, what of it is served, and the handlers by
 * which it is made. The store is opened with the first configuration.
 */
export class HostedDesk {
  readonly #o: HostedOptions;
  #store: Store | undefined;
  #zones: HostedZones | undefined;
  #named: NamedResources | undefined;
  #watch: Watch | undefined;
  /** Why the store cannot be opened, or can no longer be relied on. */
  #fault: StoreError | undefined;
  /** The daemon was started without its store. */
  #isWithout = false;
  #config: Config | undefined;
  #before: Facts | undefined;
  #latest = NOTHING_HOSTED;
  #built: Revision = 0;
  #served: Revision = 0;
  readonly #propagation = new Propagation();
  /** Sockets of endpoints that the API made, which cannot be opened at the moment. */
  missing: readonly MissingSocket[] = [];

  constructor(options: HostedOptions) {
    this.#o = options;
  }

  /** What answers requests, the store opened or not; see `handlersOf`. */
  async handlers(): Promise<Handlers> {
    const { handlersOf } = await import('./handlers.ts');
    return handlersOf(this.#means(), this.#resolverMeans());
  }

  /** What operators do with VPCs. */
  get vpcs(): VpcMeans {
    const desk = this;
    return {
      get store() {
        return desk.#store;
      },
      get declared() {
        return desk.#config;
      },
    };
  }

  /**
   * What the store has now, for a configuration that is to be compiled after `before`. It is served whether the API is or
   * not. A daemon whose store cannot be opened at its start does without; later on, StoreError is thrown, so that what
   * is served stays.
   */
  hostedFor(config: Config, before: Facts | undefined): Hosted {
    this.#config = config;
    this.#before = before;
    this.#zones ??= this.#open(config.stateFolder);
    if (this.#zones === undefined || this.#named === undefined) {
      this.#isWithout ||= before === undefined;
      if (this.#isWithout || this.#fault === undefined) return NOTHING_HOSTED;
      throw this.#fault;
    }
    if (this.#fault !== undefined) throw this.#fault;
    try {
      return this.#build(this.#zones, this.#named, config, before);
    } catch (error) {
      // What is made from now on could not be served, and might not be there after a restart.
      if (error instanceof StoreError && error.fault === 'corrupt') this.#fault = error;
      throw error;
    }
  }

  #build(hosted: HostedZones, declared: NamedResources, config: Config, before: Facts | undefined): Hosted {
    const named = declared.read(config);
    const resources = resourcesOf(withNamed(config.resources, named), before);
    const { zones, revision } = hosted.build(resources, slotsIn(config.resources, named, resources));
    this.#built = revision;
    const brought = broughtByProfiles(this.#withVpcs(config), this.#store!);
    this.#latest = { zones: withProfileZones(zones, brought), ...named };
    return this.#latest;
  }

  /**
   * A configuration with the rules of the store, and all else of Resolver, as if they were declared, and with what is
   * logged: the very same as long as they are.
   */
  amended(config: Config): Config {
    if (this.#store === undefined) return config;
    const known = this.#withVpcs(config);
    const host = hostAddresses();
    const kept = this.#amended;
    if (kept?.known === known && sameTexts(kept.host, host)) return kept.config;
    const brought = broughtByProfiles(known, this.#store);
    const resolved = withResolver(known, this.#store, hostHasOf(host), brought);
    const firewall = withFirewall(known.firewall, this.#store, brought);
    const inbound = { ...withInbound(resolved, this.#store), firewall };
    const amended = withLogs(inbound, this.#store, brought.queryLogs);
    // What Profiles bring depends on which zones there are too.
    this.#amended = brought.profiles.size > 0 ? undefined : { known, host, config: amended };
    return amended;
  }
  /** What was amended last, and of what. */
  #amended: { readonly known: Config; readonly host: readonly string[]; readonly config: Config } | undefined;

  /** A configuration with the VPCs of the store: the same as long as they are. */
  #withVpcs(declared: Config): Config {
    if (this.#store === undefined) return declared;
    if (this.#known?.declared !== declared)
      this.#known = { declared, config: withVpcs(declared, this.#store) };
    return this.#known.config;
  }
  #known: { readonly declared: Config; readonly config: Config } | undefined;

  /** Something was made at some time. */
  get isUsed(): boolean {
    return this.#store !== undefined && this.#store.revision > 0;
  }

  /** As it was built last. */
  get latest(): Hosted {
    return this.#latest;
  }

  /** Workers serve what was built last. */
  settled(): void {
    this.#served = this.#built;
    const { clock, metrics } = this.#o;
    for (const ms of this.#propagation.served(this.#served, clock.now())) metrics.propagation(ms);
  }

  /** For how long the oldest change has waited that not every worker serves, in milliseconds. */
  get waitingMs(): number {
    return this.#propagation.waitingMs(this.#o.clock.now());
  }

  #changed(store: Store): void {
    this.#propagation.accepted(store.revision, this.#o.clock.now());
    this.#o.changed();
  }

  close(): void {
    this.#watch?.close();
    this.#zones?.close();
    this.#named?.close();
  }

  #open(folder: string): HostedZones | undefined {
    let store: Store;
    try {
      store = this.#o.open(folder);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#fault = error;
      return undefined;
    }
    this.#store = store;
    this.#fault = undefined;
    const changed = (): void => this.#changed(store);
    const zones = new HostedZones(store, this.#o.log);
    zones.follow(changed);
    this.#named = new NamedResources(store);
    this.#named.follow(changed);
    this.#watch = store.watch(store.revision, ({ items }) => {
      const kinds = items.map(({ kind }) => kind);
      if (kinds.includes(VPC_KIND)) this.#known = undefined;
      if (!kinds.some(isAmending)) return;
      this.#amended = undefined;
      changed();
    });
    return zones;
  }

  #opened(): Store {
    if (this.#store !== undefined && this.#fault === undefined) return this.#store;
    throw apiError('ServiceUnavailable', this.#fault?.message ?? 'The store is not open yet.');
  }

  #means(): Means {
    const opened = (): Store => this.#opened();
    return {
      get store() {
        return opened();
      },
      clock: this.#o.clock,
      prng: this.#o.prng,
      resources: (state, account) => this.#resources(state, account),
      declared: () => this.#inForce(),
      healthReport: (id) => this.#healthReport(id),
      served: () => this.#served,
      knowsVpc: (id) => this.#inForce().vpcs.some((vpc) => vpc.id === id),
      vpcAccount: (id) => {
        const { vpcs, accounts } = this.#inForce();
        const vpc = vpcs.find((each) => each.id === id);
        return vpc && (vpc.account ?? accounts[0]!.id);
      },
      answer: (zone, question) => this.#answer(zone, question),
      hasLogGroup: (arn) => logAt(this.#inForce(), 'public', arn) !== undefined,
      delegationSets: () =>
        this.#inForce().delegationSets.map(({ id, nameServers }) => ({
          id,
          nameServers: nameServers.map(nameToText),
        })),
    };
  }

  /** What record sets of an account may name: what is declared, and what is its own. */
  #resources(state: Reads, account: string): Resources {
    const declared = resourcesOf(this.#inForce().resources, this.#before);
    const own = <Body>(kind: string, id: string): Body | undefined => {
      const resource = state.get<Body>(kind, id);
      return resource?.account === account ? resource.body : undefined;
    };
    // Slots are given when zones are built. Until then two are not to be the same.
    const slots = new Map<string, number>();
    const slotOf = (id: string): number => {
      const slot = slots.get(id) ?? NO_SLOT + slots.size;
      slots.set(id, slot);
      return slot;
    };
    return {
      ...declared,
      healthCheck(id) {
        const known = declared.healthCheck(id);
        if (known !== undefined) return known;
        return own<HealthCheckBody>(KIND.healthCheck, id) === undefined ? undefined : slotOf(id);
      },
      cidrCollection(id) {
        const known = declared.cidrCollection(id);
        const body = known === undefined ? own<CollectionBody>(KIND.collection, id) : undefined;
        if (body === undefined) return known;
        return { slot: slotOf(id), hasLocation: (name) => Object.hasOwn(body.locations, name) };
      },
    };
  }

  async #healthReport(id: string) {
    try {
      return await this.#o.health.report(id);
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      throw apiError('ServiceUnavailable', error.message);
    }
  }

  /** By the first endpoint that serves the zone. */
  async #answer(
    { id, body }: ZoneResource,
    { name, type, client }: ZoneQuestion,
  ): Promise<Explanation | undefined> {
    const zone = { id, delegationSet: body.delegationSet };
    const endpoint = this.#inForce().endpoints.authoritative.find((each) => isServed(each, zone));
    if (endpoint === undefined) return undefined;
    const asker = client === undefined ? {} : { client: addressToText(client.address), bits: client.bits };
    const ask = {
      ask: 'explain' as const,
      name,
      type,
      vpc: endpointOwner(endpoint.id),
      live: true,
      ...asker,
    };
    return this.#o.explain(ask).catch((error: unknown) => {
      if (error instanceof RpcError) return undefined;
      throw error;
    });
  }

  #resolverMeans(): ResolverMeans {
    const opened = (): Store => this.#opened();
    return {
      get store() {
        return opened();
      },
      clock: this.#o.clock,
      log: this.#o.log,
      prng: this.#o.prng,
      served: () => this.#served,
      config: () => this.#inForce(),
      hostHas: (address) => hostHasOf()(address),
      missing: ({ address, port }) =>
        this.missing.find((socket) => socket.address === address && socket.port === port)?.why,
    };
  }

  /** As it was declared, with the VPCs of the store. */
  #inForce(): Config {
    if (this.#config !== undefined) return this.#withVpcs(this.#config);
    throw apiError('ServiceUnavailable', 'No configuration is in force yet.');
  }
}

/** Above all slots that there are. */
const NO_SLOT = 2 ** 24;

function slotsIn(
  { healthChecks, cidrCollections }: ResourceNames,
  named: Pick<Hosted, 'healthChecks' | 'cidrCollections'>,
  resources: Resources,
): Slots {
  const declared = JSON.stringify([
    healthChecks.map((id) => [id, resources.healthCheck(id)]),
    cidrCollections.map(({ id, locations }) => [id, resources.cidrCollection(id)?.slot, locations]),
  ]);
  const stored = new Map<string, number | undefined>([
    ...named.healthChecks.map(({ id }) => [id, resources.healthCheck(id)] as const),
    ...named.cidrCollections.map(({ id }) => [id, resources.cidrCollection(id)?.slot] as const),
  ]);
  return { declared, stored };
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** Whether a configuration is amended by resources of this kind. */
function isAmending(kind: string): boolean {
  return (
    kind === VPC_KIND ||
    isResolverKind(kind) ||
    isFirewallKind(kind) ||
    isProfileKind(kind) ||
    isLogKind(kind)
  );
}
