import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Snapshot } from '../../view/snapshot.ts';
import { nameToText } from '../../wire/name.ts';
import { apiError } from '../api/errors.ts';
import type { Handlers } from '../api/handler.ts';
import { route53Handlers } from '../api/route53/handlers.ts';
import type { Means } from '../api/route53/means.ts';
import { resourcesOf } from '../compile/resources.ts';
import type { Config, ResourceNames } from '../config/load.ts';
import type { Resources } from '../records/input.ts';
import { StoreError } from '../store/errors.ts';
import type { Revision, Store } from '../store/store.ts';
import { type HostedZone, HostedZones } from './zones.ts';

export interface HostedOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly prng: Prng;
  /** Opens the store of a state folder, unless it is open. Throws StoreError, which is logged. */
  readonly open: (folder: string) => Store;
  /** Something is there that workers do not serve yet. */
  readonly changed: () => void;
}

type Facts = Pick<Snapshot, 'health' | 'collections'>;

/**
 * The part of control that has to do with what the API makes: the store, the zones in it, and the handlers by which
 * they are made. The store is opened with the first configuration.
 */
export class HostedDesk {
  readonly #o: HostedOptions;
  #store: Store | undefined;
  #zones: HostedZones | undefined;
  #fault: StoreError | undefined;
  #config: Config | undefined;
  #before: Facts | undefined;
  #latest: readonly HostedZone[] = [];
  #built: Revision = 0;
  #served: Revision = 0;

  constructor(options: HostedOptions) {
    this.#o = options;
  }

  /** What answers requests: all of it at all times, the store opened or not. */
  get handlers(): Handlers {
    return { route53: route53Handlers(this.#means()) };
  }

  /**
   * The zones of the store as they are now, for a configuration that is to be compiled after `before`. They are served
   * whether the API is or not.
   */
  zonesFor(config: Config, before: Facts | undefined): readonly HostedZone[] {
    this.#config = config;
    this.#before = before;
    this.#zones ??= this.#open(config.stateFolder);
    if (this.#zones === undefined) return [];
    const resources = resourcesOf(config.resources, before);
    const { zones, revision } = this.#zones.build(resources, slotsKey(config.resources, resources));
    this.#built = revision;
    this.#latest = zones;
    return zones;
  }

  /** As they were built last. */
  get zones(): readonly HostedZone[] {
    return this.#latest;
  }

  /** Workers serve what was built last. */
  settled(): void {
    this.#served = this.#built;
  }

  close(): void {
    this.#zones?.close();
  }

  #open(folder: string): HostedZones | undefined {
    try {
      this.#store = this.#o.open(folder);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#fault = error;
      return undefined;
    }
    const zones = new HostedZones(this.#store, this.#o.log);
    zones.follow(this.#o.changed);
    return zones;
  }

  #opened(): Store {
    if (this.#store !== undefined) return this.#store;
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
      resources: () => resourcesOf(this.#inForce().resources, this.#before),
      served: () => this.#served,
      knowsVpc: (id) => this.#inForce().vpcs.some((vpc) => vpc.id === id),
      delegationSets: () =>
        this.#inForce().delegationSets.map(({ id, nameServers }) => ({
          id,
          nameServers: nameServers.map(nameToText),
        })),
    };
  }

  #inForce(): Config {
    if (this.#config !== undefined) return this.#config;
    throw apiError('ServiceUnavailable', 'No configuration is in force yet.');
  }
}

/** Equal where all that record sets name is in the same slots. */
function slotsKey({ healthChecks, cidrCollections }: ResourceNames, resources: Resources): string {
  return JSON.stringify([
    healthChecks.map((id) => [id, resources.healthCheck(id)]),
    cidrCollections.map(({ id, locations }) => [id, resources.cidrCollection(id)?.slot, locations]),
  ]);
}
