import type { Path } from '../../resolver/path.ts';
import { unreachable } from '../../util/assert.ts';
import type { Candidate, ViewData, ZoneData } from '../../view/snapshot.ts';
import { type Name, ROOT } from '../../wire/name.ts';
import { NameTable, NameTableBuilder } from '../../zone/nametable.ts';
import type { Config, Rule } from '../config/load.ts';
import { type ContextRegistry, zoneFingerprint } from './contexts.ts';
import { compileDns64 } from './dns64.ts';
import { compileFirewall } from './firewall.ts';
import { stableKey } from './key.ts';
import { type Asks, NOBODY, type Owner } from './owners.ts';
import { AUTODEFINED_RECURSION, Paths, type Trust } from './paths.ts';
import { compileRebinding } from './rebinding.ts';

/** A zone that is to stand in a view: its number in the snapshot, and how it stands there. */
export interface Association {
  readonly zone: number;
  readonly overlay: 'none' | 'nxdomain' | 'nodata';
}

/** All that the views of a snapshot are made of. */
export interface ViewParts {
  readonly config: Config;
  readonly contexts: ContextRegistry;
  readonly trust: Trust;
  readonly zones: readonly ZoneData[];
  /** By id of the owner; hosted zones first. */
  readonly associations: ReadonlyMap<string, readonly Association[]>;
  /** Those of the snapshot before. */
  readonly before: readonly ViewData[];
}

/** Compiles one view per owner of `order`, and the paths of the VPCs' rules. */
export function compileViews(
  parts: ViewParts,
  order: readonly (Owner | undefined)[],
): { views: ViewData[]; paths: readonly Path[] } {
  const { config, contexts } = parts;
  const rules = byVpc(config.rules);
  const delegates = byVpc(config.delegates);
  const paths = new Paths(config, contexts, parts.trust);
  const views = order.map((owner, index) => {
    if (owner === undefined) return emptyView(index);
    const view = new ViewBuilder(contexts, owner.id, seedOf(parts.before[index], owner));
    const zones = parts.associations.get(owner.id) ?? [];
    const asks = owner.kind === 'vpc' ? owner.vpc : owner.asks;
    const vpcId = owner.kind === 'vpc' ? owner.id : (owner.vpc ?? NOBODY);
    const firstPath = paths.list.length;
    for (const rule of rules.get(vpcId) ?? []) view.add(rule.domain, candidateOf(paths, rule, asks, index));
    for (const each of zones) view.addZone(parts.zones[each.zone]!, each);
    if (!view.hasWayOut)
      view.add(ROOT, {
        kind: 'recursive',
        rule: AUTODEFINED_RECURSION,
        path: paths.addAutodefined(asks, index),
      });
    paths.link(firstPath);
    if (owner.kind === 'endpoint')
      return view.finish(index, { ...NO_SETTINGS, serves: 'authority', region: owner.region });
    const { vpc } = owner;
    return view.finish(index, {
      serves: 'resolver',
      region: vpc.region ?? config.node.region,
      dnssec: vpc.dnssec,
      dns64: compileDns64(vpc.dns64),
      rebinding: compileRebinding(vpc),
      firewall: compileFirewall(config.firewall, vpc.id),
      delegates: (delegates.get(vpc.id) ?? []).map((rule) => paths.delegate(rule, vpc)),
    });
  });
  return { views, paths: paths.list };
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

  addZone(zone: ZoneData, { zone: index, overlay }: Association): void {
    const context = this.#contexts.of(zoneFingerprint(this.#owner, zone));
    if (zone.kind !== 'local')
      this.add(zone.name, { kind: 'zone', id: zone.id, zone: index, context, overlay });
    else this.add(zone.name, { kind: 'local', id: zone.id, zone: index, context });
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
