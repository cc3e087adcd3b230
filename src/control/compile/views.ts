import type { Path } from '../../resolver/path.ts';
import { unreachable } from '../../util/assert.ts';
import type { Candidate, Overlay, Snapshot, ViewData, ZoneData } from '../../view/snapshot.ts';
import { type Name, ROOT } from '../../wire/name.ts';
import { NameTable, NameTableBuilder } from '../../zone/nametable.ts';
import type { Config, Rule } from '../config/load.ts';
import { type ContextRegistry, zoneFingerprint } from './contexts.ts';
import { compileDns64 } from './dns64.ts';
import { compileFirewall } from './firewall.ts';
import { stableKey } from './key.ts';
import { type Asks, NOBODY, type Owner } from './owners.ts';
import { AUTODEFINED_RECURSION, Paths, type Trust } from './paths.ts';
import { inPlaces, steadyPlaces } from './places.ts';
import { compileRebinding } from './rebinding.ts';
import type { ReadRoot } from './root.ts';

/** A zone that is to stand in a view: its number in the snapshot, and how it stands there. */
export interface Association {
  readonly zone: ZoneData;
  readonly number: number;
  readonly overlay: Overlay;
}

/** All that the views of a snapshot are made of. */
export interface ViewParts {
  readonly config: Config;
  /** Zones of the configuration, without those of the store. */
  readonly declared: Config['zones'];
  readonly root: ReadRoot;
  readonly contexts: ContextRegistry;
  readonly trust: Trust;
  /** By id of the owner; hosted zones first. */
  readonly associations: ReadonlyMap<string, readonly Association[]>;
  /** The compilation before. */
  readonly before:
    | { readonly snapshot: Snapshot; readonly compiledViews?: CompiledViews | undefined }
    | undefined;
}

/** By owner. */
export type CompiledViews = ReadonlyMap<string, CompiledView>;

/** A view with its paths. A change of one zone is not to be the compilation of a thousand VPCs. */
interface CompiledView {
  /** All of what it is made, each compared by identity. */
  readonly inputs: readonly unknown[];
  readonly view: ViewData;
  readonly paths: readonly Path[];
  /** The numbers by which its candidates name the paths: of `paths` first, then of the snapshot (`inNewPlaces`). */
  readonly places: readonly number[];
}

/** Compiles one view per owner of `order`, and the paths of the VPCs' rules. What is made of the same as before is as before. */
export function compileViews(
  parts: ViewParts,
  order: readonly (Owner | undefined)[],
): { views: ViewData[]; paths: readonly Path[]; compiledViews: CompiledViews } {
  const { config, contexts, before } = parts;
  const [rules, delegates] = [byVpc(config.rules), byVpc(config.delegates)];
  const { node, recursion, firewall, endpoints } = config;
  const { declared, root, trust } = parts;
  const ofAll = [node, recursion, firewall, endpoints.outbound, declared, root, trust.digest];
  const made = order.map((owner, index): CompiledView => {
    if (owner === undefined) return { inputs: [], view: emptyView(index), paths: [], places: [] };
    const own: Own = {
      rules: rules.get(owner.kind === 'vpc' ? owner.id : (owner.vpc ?? NOBODY)) ?? [],
      delegates: (owner.kind === 'vpc' && delegates.get(owner.id)) || [],
      zones: parts.associations.get(owner.id) ?? [],
    };
    const inputs = [...ofAll, index, ...inputsOf(owner, own)];
    const was = before?.compiledViews?.get(owner.id);
    if (was === undefined || !sameMembers(was.inputs, inputs))
      return compileView(parts, owner, index, own, inputs);
    contexts.keep(owner.id);
    return was;
  });
  const all = made.flatMap(({ paths }) => paths);
  const contextOf = ({ context }: Path): number => context;
  const places = steadyPlaces(before?.snapshot.paths.map(contextOf) ?? [], all.map(contextOf));
  let first = 0;
  const placed = made.map((each) => inNewPlaces(each, places.slice(first, (first += each.paths.length))));
  return {
    views: placed.map(({ view }) => view),
    paths: inPlaces(all, places),
    compiledViews: new Map(placed.map((each) => [each.view.vpc, each])),
  };
}

/** The same with the views and paths of the snapshot, so that the next one has those very objects and compares none. */
export function asShared(compiled: CompiledViews, { views, paths }: Snapshot): CompiledViews {
  const shared = ({ inputs, view, places }: CompiledView): CompiledView => ({
    inputs,
    view: views[view.index]!,
    paths: places.map((place) => paths[place]!),
    places,
  });
  return new Map(Array.from(compiled, ([owner, each]) => [owner, shared(each)]));
}

/** What stands in the view of one owner. */
interface Own {
  readonly rules: readonly Rule[];
  readonly delegates: Config['delegates'];
  readonly zones: readonly Association[];
}

function inputsOf(owner: Owner, { rules, delegates, zones }: Own): unknown[] {
  const ofOwner = owner.kind === 'vpc' ? [owner.vpc] : [owner.region, owner.vpc, owner.asks.dnssec];
  const inputs = [...ofOwner, rules.length, ...rules, delegates.length, ...delegates];
  // An image is not the view's; name and kind are the configuration's, or go with the id for ever.
  for (const { zone, number, overlay } of zones) inputs.push(zone.id, number, overlay);
  return inputs;
}

function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function compileView(
  parts: ViewParts,
  owner: Owner,
  index: number,
  { rules, delegates, zones }: Own,
  inputs: readonly unknown[],
): CompiledView {
  const { config, contexts, before } = parts;
  const paths = new Paths(config, contexts, parts.trust);
  const view = new ViewBuilder(contexts, owner.id, seedOf(before?.snapshot.views[index], owner));
  const asks = owner.kind === 'vpc' ? owner.vpc : owner.asks;
  for (const rule of rules) view.add(rule.domain, candidateOf(paths, rule, asks, index));
  for (const each of zones) view.addZone(each);
  if (!view.hasWayOut)
    view.add(ROOT, {
      kind: 'recursive',
      rule: AUTODEFINED_RECURSION,
      path: paths.addAutodefined(asks, index),
    });
  const settings: ViewSettings =
    owner.kind === 'endpoint'
      ? { ...NO_SETTINGS, serves: 'authority', region: owner.region }
      : {
          serves: 'resolver',
          region: owner.vpc.region ?? config.node.region,
          dnssec: owner.vpc.dnssec,
          dns64: compileDns64(owner.vpc.dns64),
          rebinding: compileRebinding(owner.vpc),
          firewall: compileFirewall(config.firewall, owner.id),
          delegates: delegates.map((rule) => paths.delegate(rule, owner.vpc)),
        };
  const linked = paths.linked();
  return { inputs, view: view.finish(index, settings), paths: linked, places: linked.map((_, i) => i) };
}

/** The same with candidates that name its paths by these numbers. */
function inNewPlaces(compiled: CompiledView, places: readonly number[]): CompiledView {
  const { view, places: before } = compiled;
  if (sameMembers(before, places)) return compiled;
  const moved = new Map(before.map((number, i) => [number, places[i]!]));
  const groups = view.groups.map((group) =>
    group.some((candidate) => 'path' in candidate)
      ? group.map((each) => ('path' in each ? { ...each, path: moved.get(each.path)! } : each))
      : group,
  );
  return { ...compiled, view: { ...view, groups }, places };
}

/** What a view's table was seeded with: with another seed it would not be the same octets where nothing changed. */
function seedOf(before: ViewData | undefined, owner: Owner): number | undefined {
  return before?.vpc === owner.id ? NameTable.from(before.table).seed : undefined;
}

/** What a rule is at its name. A stub rule hides behind a SYSTEM rule as a forward rule does: both name servers. */
function candidateOf(paths: Paths, rule: Rule, vpc: Asks, view: number): Candidate {
  switch (rule.type) {
    case 'forward':
    case 'stub':
      return { kind: 'forward', rule: rule.id, path: paths.add(rule.type, rule, vpc, view) };
    case 'recursive':
      return { kind: 'recursive', rule: rule.id, path: paths.add(rule.type, rule, vpc, view) };
    case 'system':
      return { kind: 'system', rule: rule.id };
    default:
      return unreachable(rule.type);
  }
}

/** What a view has beside its names. */
type ViewSettings = Pick<
  ViewData,
  'serves' | 'region' | 'dnssec' | 'dns64' | 'rebinding' | 'firewall' | 'delegates'
>;

const NO_SETTINGS: ViewSettings = {
  serves: 'resolver',
  region: '',
  dnssec: 'off',
  dns64: undefined,
  rebinding: undefined,
  firewall: undefined,
  delegates: [],
};

function emptyView(index: number): ViewData {
  const { buffer } = NameTable.build([], 0);
  const table = buffer as SharedArrayBuffer;
  return { vpc: NOBODY, index, key: 0, table, groups: [], ...NO_SETTINGS };
}

function byVpc<R extends { readonly vpcs: readonly string[] }>(rules: readonly R[]): Map<string, R[]> {
  const lists = new Map<string, R[]>();
  for (const rule of rules)
    for (const vpc of rule.vpcs) {
      const list = lists.get(vpc);
      if (list === undefined) lists.set(vpc, [rule]);
      else list.push(rule);
    }
  return lists;
}

/** Collects the candidates of one view, name by name. */
class ViewBuilder {
  readonly #table: NameTableBuilder;
  readonly #groups: Candidate[][] = [];
  readonly #contexts: ContextRegistry;
  readonly #owner: string;
  #hasWayOut = false;

  /** @param seed of its table; default: a random one */
  constructor(contexts: ContextRegistry, owner: string, seed?: number) {
    this.#table = new NameTableBuilder(seed);
    this.#contexts = contexts;
    this.#owner = owner;
  }

  /** True if a rule leads out for names that nothing else has. A SYSTEM rule leaves that to recursion. */
  get hasWayOut(): boolean {
    return this.#hasWayOut;
  }

  addZone({ zone: { id, name, kind }, number: zone, overlay }: Association): void {
    const context = this.#contexts.of(this.#owner, zoneFingerprint({ id, name }));
    this.add(
      name,
      kind === 'local' ? { kind, id, zone, context } : { kind: 'zone', id, zone, context, overlay },
    );
  }

  add(name: Name, candidate: Candidate): void {
    const index = this.#table.add(name);
    this.#table.set(index, index);
    if (name.length === 1 && 'path' in candidate) this.#hasWayOut = true;
    const group = this.#groups[index];
    if (group === undefined) this.#groups[index] = [candidate];
    else group.push(candidate);
  }

  finish(index: number, settings: ViewSettings): ViewData {
    for (const group of this.#groups) if (group.length > 1) group.sort((a, b) => rankOf(a) - rankOf(b));
    const table = new SharedArrayBuffer(this.#table.byteLength);
    this.#table.writeTo(table, 0);
    const key = stableKey('view', this.#owner);
    return { vpc: this.#owner, index, key, table, groups: this.#groups, ...settings };
  }
}

/** At the same name a rule comes before a hosted zone, that before an autodefined one, recursion by default last. */
function rankOf(candidate: Candidate): number {
  switch (candidate.kind) {
    case 'forward':
    case 'system':
      return 0;
    case 'recursive':
      return candidate.rule === AUTODEFINED_RECURSION ? 3 : 0;
    case 'zone':
      return 1;
    case 'local':
      return 2;
    default:
      return unreachable(candidate);
  }
}
