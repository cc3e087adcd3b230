import { assert } from '../util/assert.ts';
import { systemClock } from '../util/clock.ts';
import { shareSnapshot } from '../view/change.ts';
import type { Snapshot, ZoneData } from '../view/snapshot.ts';
import { configuredAnchors } from './compile/anchors.ts';
import { compileCollections } from './compile/collections.ts';
import {
  ContextRegistry,
  type Contexts,
  delegateFingerprint,
  pathFingerprint,
  trustDigest,
  zoneFingerprint,
} from './compile/contexts.ts';
import { diffSnapshots } from './compile/diff.ts';
import { compileClients, compileEndpoints, compileNode } from './compile/endpoints.ts';
import { compileDomainLists } from './compile/firewall.ts';
import { missingGeoFiles } from './compile/geofiles.ts';
import { compileHealth, HealthSlots } from './compile/health.ts';
import { stableKey } from './compile/key.ts';
import { LocalZones } from './compile/local.ts';
import { compileLogs } from './compile/logs.ts';
import { endpointOwner, orderOwners, ownersOf } from './compile/owners.ts';
import { inPlaces, steadyPlaces } from './compile/places.ts';
import { compileRecursion, expiredAnchors, hintServers } from './compile/recursion.ts';
import { resourcesOf } from './compile/resources.ts';
import { type ReadRoot, readRoot } from './compile/root.ts';
import { missingSources } from './compile/sources.ts';
import { type Association, asShared, type CompiledViews, compileViews } from './compile/views.ts';
import { type CompiledZone, compileZone, isEmptied } from './compile/zones.ts';
import { type Files, systemFiles } from './config/files.ts';
import { type Config, type FileEntries, type Loaded, loadConfig } from './config/load.ts';
import { type ConfigProblem, sortProblems } from './config/problem.ts';
import { isServed } from './config/served.ts';
import type { Tables } from './firewall/tables.ts';
import { type Hosted, NOTHING_HOSTED } from './hosted/named.ts';

/** A configuration as workers take it, and what the next compilation needs of this one. */
export interface Compiled {
  readonly snapshot: Snapshot;
  /** `dependencyHash`es to bump when every worker serves the snapshot; none for the first. */
  readonly touched: readonly number[];
  /** What changed since `previous`, one change a line. */
  readonly changes: readonly string[];
  readonly warnings: readonly ConfigProblem[];
  readonly contexts: Contexts;
  readonly localZones?: LocalZones | undefined;
  /** By id. */
  readonly zones: ReadonlyMap<string, CompiledZone>;
  /** Undefined after `resume`. */
  readonly compiledViews?: CompiledViews | undefined;
  /** What recursion begins with; undefined after `resume`. */
  readonly root?: ReadRoot | undefined;
}

export interface CompileOptions {
  /** What does not come from the configuration that is read. */
  readonly hosted?: ((config: Config) => Hosted) | undefined;
  /** The configuration with what the API has added to it; asked after `hosted`. */
  readonly amended?: ((config: Config) => Config) | undefined;
  /** Default: tables of lists are made at once. */
  readonly tables?: Tables | undefined;
  /** Default: none. */
  readonly given?: Given | undefined;
  /** The configuration, where it is loaded already; asked by `readConfig`. */
  readonly loaded?: Loaded | undefined;
}

/** Numbers that snapshots had which came to nothing: whoever has taken one all the same must not take another for it. */
export interface Given {
  readonly revision: number;
  /** The least number of a context that none of them had. */
  readonly nextContext: number;
}

export interface Faults {
  readonly snapshot?: undefined;
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Turns a configuration into a snapshot, reading its zone files, hints and anchors. What is as it was in `previous` stays: images of
 * unchanged zones, numbers of contexts, zones and paths, indexes of views. With any error there is no snapshot, and all errors are
 * returned.
 */
export function compile(
  config: Config,
  previous?: Compiled,
  options: CompileOptions = {},
): Compiled | Faults {
  const read = readFiles(config, previous);
  if (read.errors.length > 0)
    return { errors: sortProblems(read.errors), warnings: sortProblems(read.warnings) };
  const hosted = options.hosted?.(config) ?? NOTHING_HOSTED;
  return assemble(options.amended?.(config) ?? config, previous, read, hosted, options);
}

/**
 * The configuration in force with something else hosted: no file is read. `previous` must have been compiled of the same
 * configuration, and not be one that was resumed.
 */
export function recompile(
  config: Config,
  previous: Compiled,
  hosted: Hosted,
  options: Pick<CompileOptions, 'tables' | 'given'> = {},
): Compiled {
  const { zones, root } = previous;
  assert(root !== undefined, 'what was compiled, not what was resumed');
  return assemble(config, previous, { zones, root, warnings: [] }, hosted, options);
}

/** What of a configuration stands in files. */
interface FilesRead {
  readonly zones: ReadonlyMap<string, CompiledZone>;
  readonly root: ReadRoot;
  readonly warnings: readonly ConfigProblem[];
}

function assemble(
  declared: Config,
  previous: Compiled | undefined,
  { zones, root, warnings }: FilesRead,
  hosted: Hosted,
  { tables, given }: Pick<CompileOptions, 'tables' | 'given'>,
): Compiled {
  const config = withHosted(declared, hosted);
  const healthIds = config.healthChecks.map(({ id }) => id);
  const healthSlots = new HealthSlots(healthIds, previous?.snapshot.health);
  const contexts = new ContextRegistry(previous?.contexts, given?.nextContext);
  const localZones = new LocalZones(previous?.localZones);
  const { data, associations } = associate(
    config,
    hostedZoneData(config, hosted, zones),
    localZones,
    previous?.snapshot.zones ?? [],
  );
  const recursion = compileRecursion(config, root);
  const trust = { servers: hintServers(config, root), digest: trustDigest(recursion) };
  const order = orderOwners(ownersOf(config), previous?.snapshot.views);
  const parts = { config, declared: declared.zones, root, contexts, trust, associations, before: previous };
  const { views, paths, compiledViews } = compileViews(parts, order);
  const revision = Math.max(previous?.snapshot.revision ?? 0, given?.revision ?? 0) + 1;
  const endpoints = compileEndpoints(config, views);
  const compiled: Snapshot = {
    revision,
    node: compileNode(config),
    clients: compileClients(config, views),
    views,
    zones: data,
    paths,
    geo: previous?.snapshot.geo ?? { locations: [], rtt: undefined },
    collections: compileCollections(config, previous?.snapshot.collections),
    domainLists: compileDomainLists(config.firewall, previous?.snapshot.domainLists, tables),
    recursion,
    endpoints,
    health: compileHealth(config, healthSlots, previous?.snapshot.health),
    logs: compileLogs(config, { revision, views, zones: data, endpoints }, previous?.snapshot.logs),
    nextContext: contexts.next,
  };
  const snapshot = previous === undefined ? compiled : shareSnapshot(previous.snapshot, compiled);
  const diff =
    previous === undefined ? { touched: [], changes: [] } : diffSnapshots(previous.snapshot, snapshot);
  const kept = { contexts, localZones, zones, root, compiledViews: asShared(compiledViews, snapshot) };
  return { snapshot, ...diff, warnings: sortProblems(warnings), ...kept };
}

/**
 * What the compilation of `snapshot` gave, as far as a snapshot tells: a control thread that takes over from one
 * that died goes on from here. Zones are read and compared anew at the next compilation.
 */
export function resume(snapshot: Snapshot): Compiled {
  const fingerprints = new Map<string, Map<string, number>>(
    snapshot.views.map(({ vpc }) => [vpc, new Map()]),
  );
  const trust = trustDigest({ ...snapshot.recursion, anchors: configuredAnchors(snapshot) });
  for (const path of snapshot.paths)
    fingerprints.get(snapshot.views[path.view]!.vpc)!.set(pathFingerprint(path, trust), path.context);
  for (const view of snapshot.views) {
    const own = fingerprints.get(view.vpc)!;
    for (const rule of view.delegates) own.set(delegateFingerprint(rule), rule.context);
    for (const candidate of view.groups.flat())
      if (candidate.kind === 'zone' || candidate.kind === 'local')
        own.set(zoneFingerprint(snapshot.zones[candidate.zone]!), candidate.context);
  }
  const contexts = { fingerprints, next: snapshot.nextContext };
  return { snapshot, touched: [], changes: [], warnings: [], contexts, zones: new Map() };
}

export type ReadConfig =
  | {
      readonly config: Config;
      readonly compiled: Compiled;
      readonly errors?: undefined;
      readonly warnings: readonly ConfigProblem[];
    }
  | (Faults & { readonly config?: undefined; readonly compiled?: undefined });

/**
 * Loads and compiles the configuration at `path`. All errors of it and of the files that it names are told at once.
 */
export function readConfig(
  path: string,
  previous?: Compiled,
  files: Files = systemFiles,
  now: number = systemClock.wall(),
  options: CompileOptions = {},
): ReadConfig {
  const loaded = options.loaded ?? loadConfig(path, files);
  if (loaded.config === undefined) {
    const files = loaded.entries && readFiles(loaded.entries, previous);
    return {
      errors: sortProblems([...loaded.errors, ...(files?.errors ?? [])]),
      warnings: sortProblems([...loaded.warnings, ...(files?.warnings ?? [])]),
    };
  }
  const compiled = compile(loaded.config, previous, options);
  const doubts = [
    ...missingSources(loaded.config),
    ...missingGeoFiles(loaded.config),
    ...expiredAnchors(loaded.config, now),
  ];
  const warnings = sortProblems([...loaded.warnings, ...doubts, ...compiled.warnings]);
  if (compiled.snapshot === undefined) return { errors: compiled.errors, warnings };
  return { config: loaded.config, compiled, warnings };
}

/** Everything that is wrong with the configuration at `path`, or may be: `causeway check`. */
export function checkConfig(
  path: string,
  files: Files = systemFiles,
): { errors: readonly ConfigProblem[]; warnings: readonly ConfigProblem[] } {
  const { errors = [], warnings } = readConfig(path, undefined, files);
  return { errors, warnings };
}

/** What stands in the files that the configuration names. */
function readFiles(
  entries: FileEntries,
  previous: Compiled | undefined,
): ReturnType<typeof compileZones> & { root: ReadRoot } {
  const { zones, errors, warnings } = compileZones(entries, previous);
  const root = readRoot(entries, systemClock.wall());
  return { zones, root, errors: [...root.errors, ...errors], warnings: [...root.warnings, ...warnings] };
}

function compileZones(
  entries: FileEntries,
  previous: Compiled | undefined,
): { zones: Map<string, CompiledZone>; errors: ConfigProblem[]; warnings: ConfigProblem[] } {
  const zones = new Map<string, CompiledZone>();
  const errors: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  const resources = resourcesOf(entries.resources, previous?.snapshot);
  entries.zones.forEach((zone, i) => {
    if (zone === undefined) return;
    const { id } = zone;
    const before = previous?.zones.get(id);
    const result = compileZone(entries, zone, i, resources, before);
    if (result.zone === undefined) {
      errors.push(...result.errors);
      return;
    }
    zones.set(id, result.zone);
    warnings.push(...result.zone.warnings);
    // The file is the operator's word and is done; an API that makes zones will ask before it empties one.
    if (before !== undefined && isEmptied(before.image, result.zone.image))
      warnings.push(
        entries.problemAt(
          ['zones', i],
          `zone ${id} had names and now has none but its own`,
          'restore its records if this was not meant',
        ),
      );
  });
  return { zones, errors, warnings };
}

/**
 * With what is hosted as if it were declared, and behind that: what files name has the slot that it has without. Where a
 * VPC is not known, nobody sees a zone there.
 */
function withHosted(config: Config, hosted: Hosted): Config {
  const known = new Set(config.vpcs.map(({ id }) => id));
  const zones = hosted.zones.map(({ id, name, vpcs, delegationSet }) => ({
    id,
    name,
    vpcs: vpcs?.filter((vpc) => known.has(vpc)),
    delegationSet,
    overlay: 'none' as const,
    ttl: 0,
    apex: 'own' as const,
  }));
  return {
    ...config,
    zones: [...config.zones, ...zones],
    healthChecks: [...config.healthChecks, ...hosted.healthChecks],
    cidrCollections: [...config.cidrCollections, ...hosted.cidrCollections],
  };
}

/** The zones of the configuration and of the store, in their order. */
function hostedZoneData(config: Config, hosted: Hosted, zones: FilesRead['zones']): ZoneData[] {
  const hostedById = new Map(hosted.zones.map((zone) => [zone.id, zone]));
  return config.zones.map(({ id, name, vpcs, clientsBy }) => {
    const kind = vpcs === undefined ? 'public' : 'private';
    return {
      id,
      key: stableKey('zone', id),
      name,
      kind,
      clientsBy: clientsBy ?? (kind === 'public' ? 'address' : 'vpc'),
      image: (hostedById.get(id) ?? zones.get(id)!).image,
      patch: hostedById.get(id)?.patch,
      compute: undefined,
    };
  });
}

/**
 * All zones, those that were there `before` under the numbers that they had, and which of them each VPC sees and each
 * authoritative endpoint serves.
 */
function associate(
  config: Config,
  hostedZones: readonly ZoneData[],
  localZones: LocalZones,
  before: readonly ZoneData[],
): { data: ZoneData[]; associations: Map<string, Association[]> } {
  const locals = config.vpcs.map((vpc) => localZones.of(vpc, config.node.region));
  const all = [...hostedZones, ...new Set(locals.flat())];
  const keyOf = ({ key }: ZoneData): number => key;
  const places = steadyPlaces(before.map(keyOf), all.map(keyOf));
  // One for all that have the zone: each of a thousand VPCs has some twenty local ones.
  const plain = new Map(
    all.map((zone, i): [ZoneData, Association] => [zone, { zone, number: places[i]!, overlay: 'none' }]),
  );
  const associations = new Map<string, Association[]>(ownersOf(config).map(({ id }) => [id, []]));
  config.zones.forEach(({ vpcs, overlay }, i) => {
    const association = { ...plain.get(hostedZones[i]!)!, overlay };
    for (const vpc of vpcs ?? []) associations.get(vpc)!.push(association);
  });
  for (const endpoint of config.endpoints.authoritative)
    config.zones.forEach((each, i) => {
      // Nothing comes behind the zones of an authority.
      if (isServed(endpoint, each))
        associations.get(endpointOwner(endpoint.id))!.push(plain.get(hostedZones[i]!)!);
    });
  config.vpcs.forEach(({ id }, i) => {
    const seen = associations.get(id)!;
    for (const zone of locals[i]!) seen.push(plain.get(zone)!);
  });
  return { data: inPlaces(all, places), associations };
}
