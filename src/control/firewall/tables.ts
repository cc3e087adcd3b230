import { Worker } from 'node:worker_threads';
import type { Logger } from '../../telemetry/log.ts';
import { cryptoPrng } from '../../util/prng.ts';
import type { DomainListData } from '../../view/snapshot.ts';
import { type Difference, Domains } from '../../zone/domains.ts';
import { StoreError } from '../store/errors.ts';
import { listedDomain } from './domain.ts';
import type { DomainList, FirewallPolicy } from './policy.ts';

/** Lists of fewer domains are compiled at once: that takes less than the start of a thread. */
const THREAD_DOMAINS = 20_000;
/** Ends of names that may change before all answers of a VPC are looked at anew: an eighth of all slots of dependencies. */
export const CHANGES_MAX = 8_192;
/** V8's heap only: tables are outside of it. */
const LIMITS = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 32 };

/** What a thread is to make of a list. */
export interface TableTask {
  /** One a line, as `readDomain` gives them. */
  readonly text: string;
  /** See `seedFor`. */
  readonly seed: number;
  /** What it was before. */
  readonly before: SharedArrayBuffer | undefined;
}

export interface TableMade {
  readonly table: SharedArrayBuffer;
  /** From what was before; undefined where nothing was. */
  readonly difference: Difference | undefined;
}

/** Where the tables of lists come from. */
export interface Tables {
  /** Undefined where the list cannot be had. @param seed see `seedFor` */
  tableOf(list: DomainList, seed: number): SharedArrayBuffer | undefined;
}

export const AT_ONCE: Tables = {
  tableOf: ({ domains }, seed) => domains && Domains.build(each(domains(), listedDomain), seed),
};

const SEED = cryptoPrng.u32();

/**
 * What all tables are seeded with, so that a name is hashed once for all lists of a firewall: as those that there are,
 * of a control thread that died as well.
 */
export function seedFor(before: readonly DomainListData[]): number {
  const table = before.find((list) => list.table !== undefined)?.table;
  return table === undefined ? SEED : Domains.from(table).seed;
}

/** The lists that rules of a VPC name. */
export function usedLists({ lists, groups, associations }: FirewallPolicy): DomainList[] {
  const associated = new Set(associations.map(({ group }) => group));
  const used = new Set(
    groups.filter(({ id }) => associated.has(id)).flatMap(({ rules }) => rules.map(({ list }) => list)),
  );
  return lists.filter(({ id }) => used.has(id));
}

/**
 * Tables of lists. Those of large ones are made in a thread that steps back behind the workers, before the rest is
 * compiled: a list of 250,000 domains would keep control, and a core, for half a second.
 */
export class ListTables implements Tables {
  readonly #log: Logger;
  /** By id. */
  #made = new Map<string, DomainListData>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Makes what is large and is none of those that there are. Never rejects: `tableOf` makes what is missing. */
  async prepare(policy: FirewallPolicy, before: readonly DomainListData[]): Promise<void> {
    const known = new Map(before.map((list) => [list.id, list]));
    const made = new Map<string, DomainListData>();
    const seed = seedFor(before);
    for (const list of usedLists(policy)) {
      const { id, version, domains } = list;
      if (domains === undefined || known.get(id)?.version === version) continue;
      const all = textsOf(domains);
      if (all === undefined || all.length < THREAD_DOMAINS) continue;
      const was = known.get(id)?.table;
      const result = await this.#inThread({ text: all.join('\n'), seed, before: was });
      if (result === undefined) continue;
      made.set(id, { id, version, table: result.table });
      if (was !== undefined && result.difference !== undefined)
        differences.set(result.table, { from: was, difference: result.difference });
    }
    this.#made = made;
  }

  tableOf(list: DomainList, seed: number): SharedArrayBuffer | undefined {
    const made = this.#made.get(list.id);
    return made?.version === list.version ? made.table : AT_ONCE.tableOf(list, seed);
  }

  async #inThread(task: TableTask): Promise<TableMade | undefined> {
    const suffix = import.meta.filename.endsWith('.ts') ? '.ts' : '.js';
    const file = new URL(`./tablethread${suffix}`, import.meta.url);
    const worker = new Worker(file, { workerData: task, resourceLimits: LIMITS, name: 'domains' });
    const { promise, resolve } = Promise.withResolvers<TableMade | undefined>();
    worker.once('message', resolve);
    worker.once('error', (error) => this.#log.error({ error }, 'a list of domains cannot be compiled apart'));
    worker.once('exit', () => resolve(undefined));
    return promise;
  }
}

/** Undefined where the store cannot be read: who compiles is told. */
function textsOf(domains: () => Iterable<string>): string[] | undefined {
  try {
    return [...domains()];
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

export function* each<A, B>(all: Iterable<A>, make: (one: A) => B): Generator<B, void> {
  for (const one of all) yield make(one);
}

/** By table: the one before it, and what a thread has found to differ. */
const differences = new WeakMap<
  SharedArrayBuffer,
  { readonly from: SharedArrayBuffer; readonly difference: Difference }
>();

/** As a thread has found, if it was asked; else it is found now. */
export function differenceOf(from: SharedArrayBuffer, to: SharedArrayBuffer): Difference {
  const known = differences.get(to);
  if (known?.from === from) return known.difference;
  return Domains.difference(Domains.from(from), Domains.from(to), CHANGES_MAX);
}
