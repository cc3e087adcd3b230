import { readBlock } from '../config/collections.ts';
import type { Config, ResourceNames } from '../config/load.ts';
import {
  LIST_MAX,
  type Reads,
  type Resource,
  type Revision,
  type Store,
  type Watch,
} from '../store/store.ts';
import { type CollectionBody, type HealthCheckBody, KIND } from './bodies.ts';
import { declaredCheck } from './checks.ts';
import type { HostedZone } from './zones.ts';

/** What the API has made, as it is compiled into a snapshot behind what the configuration declares. */
export interface Hosted {
  readonly zones: readonly HostedZone[];
  readonly healthChecks: Config['healthChecks'];
  readonly cidrCollections: Config['cidrCollections'];
}

export const NOTHING_HOSTED: Hosted = { zones: [], healthChecks: [], cidrCollections: [] };

type Named = Omit<Hosted, 'zones'>;

/**
 * The health checks and CIDR collections of the store, which record sets name. In the order in which they were made: so
 * each keeps the slot that it was promised when others come behind it.
 */
export class NamedResources {
  readonly #store: Store;
  readonly #checks = new Readings(KIND.healthCheck, ({ id, body }: Resource<HealthCheckBody>) =>
    declaredCheck(id, body.config),
  );
  readonly #collections = new Readings(KIND.collection, ({ id, body }: Resource<CollectionBody>) => ({
    id,
    name: body.name,
    locations: Object.entries(body.locations).map(([name, blocks]) => ({
      name,
      cidrs: blocks.map(readBlock),
    })),
  }));
  #watch: Watch | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Tells of each change of one of them. */
  follow(changed: () => void): void {
    this.#watch = this.#store.watch(this.#store.revision, ({ items }) => {
      const kinds = new Set(items.map(({ kind }) => kind));
      const isCheck = kinds.has(KIND.healthCheck) && this.#checks.forgetList();
      const isCollection = kinds.has(KIND.collection) && this.#collections.forgetList();
      if (isCheck || isCollection) changed();
    });
  }

  close(): void {
    this.#watch?.close();
  }

  /** All of them as the store has them now, but for those whose id the configuration has. */
  read({ resources }: Pick<Config, 'resources'>): Named {
    const checks = new Set(resources.healthChecks);
    const collections = new Set(resources.cidrCollections.map(({ id }) => id));
    return {
      healthChecks: this.#checks.list(this.#store).filter(({ id }) => !checks.has(id)),
      cidrCollections: this.#collections.list(this.#store).filter(({ id }) => !collections.has(id)),
    };
  }
}

/** All resources of a kind, each read once as long as it does not change. */
class Readings<Body, T> {
  readonly #kind: string;
  readonly #read: (resource: Resource<Body>) => T;
  #list: readonly T[] | undefined;
  #known = new Map<string, { readonly revision: Revision; readonly value: T }>();

  constructor(kind: string, read: (resource: Resource<Body>) => T) {
    this.#kind = kind;
    this.#read = read;
  }

  forgetList(): true {
    this.#list = undefined;
    return true;
  }

  list(state: Reads): readonly T[] {
    this.#list ??= this.#readAll(state);
    return this.#list;
  }

  #readAll(state: Reads): readonly T[] {
    const known = new Map<string, { readonly revision: Revision; readonly value: T }>();
    for (const resource of allOf<Body>(state, this.#kind)) {
      const { id, revision } = resource;
      const was = this.#known.get(id);
      known.set(id, was?.revision === revision ? was : { revision, value: this.#read(resource) });
    }
    this.#known = known;
    return [...known.values()].map(({ value }) => value);
  }
}

/** All resources of a kind that are part of nothing, of all accounts, in their order. */
export function* allOf<Body>(state: Reads, kind: string): Generator<Resource<Body>, void> {
  let from: { sort: string; id: string } | undefined;
  for (;;) {
    const page = state.list<Body>({ kind, from, limit: LIST_MAX });
    for (const each of page) if (each.id !== from?.id) yield each;
    const last = page.at(-1);
    if (page.length < LIST_MAX || last === undefined) return;
    from = { sort: last.sort, id: last.id };
  }
}

/** What record sets may name with those of the store; any location, which may have no block at the moment. */
export function withNamed(declared: ResourceNames, { healthChecks, cidrCollections }: Named): ResourceNames {
  return {
    ...declared,
    healthChecks: [...declared.healthChecks, ...healthChecks.map(({ id }) => id)],
    cidrCollections: [
      ...declared.cidrCollections,
      ...cidrCollections.map(({ id }) => ({ id, locations: undefined })),
    ],
  };
}
