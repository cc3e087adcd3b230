import type { ForwardPath } from '../../resolver/path.ts';
import { unreachable } from '../../util/assert.ts';
import type { Candidate, ViewData, ZoneData } from '../../view/snapshot.ts';
import type { Name } from '../../wire/name.ts';
import { NameTable, NameTableBuilder } from '../../zone/nametable.ts';
import type { Config } from '../config/load.ts';
import { type ContextRegistry, forwardFingerprint, zoneFingerprint } from './contexts.ts';
import { stableKey } from './key.ts';

type Vpc = Config['vpcs'][number];
type Rule = Config['rules'][number];

/** A zone that is to stand in a view: its number in the snapshot, and how it stands there. */
export interface Association {
  readonly zone: number;
  readonly overlay: 'none' | 'nxdomain' | 'nodata';
}

/** All that the views of a snapshot are made of. */
export interface ViewParts {
  readonly config: Config;
  readonly contexts: ContextRegistry;
  readonly zones: readonly ZoneData[];
  /** By VPC id; private zones first. */
  readonly associations: ReadonlyMap<string, readonly Association[]>;
}

/** `vpc` of a view that is nobody's. */
export const NOBODY = '';

/** Compiles one view per VPC of `order`, and the paths of their forward rules. */
export function compileViews(
  parts: ViewParts,
  order: readonly (Vpc | undefined)[],
): { views: ViewData[]; paths: ForwardPath[] } {
  const paths: ForwardPath[] = [];
  const rules = rulesByVpc(parts.config.rules);
  const sources = new Map(parts.config.endpoints.outbound.map(({ id, source }) => [id, source]));
  const views = order.map((vpc, index) => {
    if (vpc === undefined) return emptyView(index);
    const view = new ViewBuilder(parts.contexts, vpc.id);
    for (const rule of rules.get(vpc.id) ?? []) {
      if (rule.type === 'forward') {
        const path = forwardPath(parts, rule, vpc, index, sources.get(rule.outbound ?? '') ?? []);
        view.add(rule.domain, { kind: 'forward', rule: rule.id, path: paths.push(path) - 1 });
      } else view.add(rule.domain, { kind: 'system', rule: rule.id });
    }
    for (const each of parts.associations.get(vpc.id) ?? []) view.addZone(parts.zones[each.zone]!, each);
    return view.finish(vpc, index, parts.config.node.region);
  });
  return { views, paths };
}

const NO_DNSSEC = { dnssec: 'off', dns64: undefined, rebinding: undefined, delegates: [] } as const;

function emptyView(index: number): ViewData {
  const { buffer } = NameTable.build([]);
  const table = buffer as SharedArrayBuffer;
  return { vpc: NOBODY, region: '', index, key: 0, table, groups: [], ...NO_DNSSEC };
}

function rulesByVpc(rules: readonly Rule[]): Map<string, Rule[]> {
  const byVpc = new Map<string, Rule[]>();
  for (const rule of rules)
    for (const vpc of rule.vpcs) {
      const list = byVpc.get(vpc);
      if (list === undefined) byVpc.set(vpc, [rule]);
      else list.push(rule);
    }
  return byVpc;
}

/** The way out of a forward rule for one VPC. */
function forwardPath(
  { config, contexts }: ViewParts,
  rule: Rule,
  vpc: Vpc,
  view: number,
  sources: readonly string[],
): ForwardPath {
  const { domain, targets = [] } = rule;
  return {
    kind: 'forward',
    context: contexts.of(forwardFingerprint(vpc.id, { domain, targets, sources })),
    rule: rule.id,
    domain,
    view,
    policy: rule.policy,
    targets,
    sources,
    serveStale: rule.stale && config.node.stale.enabled,
    case0x20: rule.case0x20,
    validate: false,
  };
}

/** Collects the candidates of one view, name by name. */
class ViewBuilder {
  readonly #table = new NameTableBuilder();
  readonly #groups: Candidate[][] = [];
  readonly #contexts: ContextRegistry;
  readonly #vpc: string;

  constructor(contexts: ContextRegistry, vpc: string) {
    this.#contexts = contexts;
    this.#vpc = vpc;
  }

  addZone(zone: ZoneData, { zone: index, overlay }: Association): void {
    const context = this.#contexts.of(zoneFingerprint(this.#vpc, zone));
    if (zone.kind === 'private')
      this.add(zone.name, { kind: 'zone', id: zone.id, zone: index, context, overlay });
    else this.add(zone.name, { kind: 'local', id: zone.id, zone: index, context });
  }

  add(name: Name, candidate: Candidate): void {
    const index = this.#table.add(name);
    this.#table.set(index, index);
    const group = this.#groups[index];
    if (group === undefined) this.#groups[index] = [candidate];
    else group.push(candidate);
  }

  finish(vpc: Vpc, index: number, region: string): ViewData {
    for (const group of this.#groups) if (group.length > 1) group.sort((a, b) => rankOf(a) - rankOf(b));
    const table = new SharedArrayBuffer(this.#table.byteLength);
    this.#table.writeTo(table, 0);
    const key = stableKey('view', vpc.id);
    const { dnssec } = vpc;
    return {
      ...{ vpc: vpc.id, region: vpc.region ?? region, index, key, table, groups: this.#groups },
      ...{ ...NO_DNSSEC, dnssec },
    };
  }
}

/** At the same name a rule comes before a private zone, and that before an autodefined one. */
function rankOf(candidate: Candidate): number {
  switch (candidate.kind) {
    case 'forward':
    case 'recursive':
    case 'system':
      return 0;
    case 'zone':
      return 1;
    case 'local':
      return 2;
    default:
      return unreachable(candidate);
  }
}
