import { unreachable } from '../../util/assert.ts';
import type { Candidate, Snapshot, ViewData, ZoneData } from '../../view/snapshot.ts';
import { type Name, nameToText, ROOT } from '../../wire/name.ts';
import { dependencyHash, nameServersHash } from '../../zone/dependency.ts';
import { diffPatched, diffZones, sameNameServers } from '../../zone/diff.ts';
import { NameTable } from '../../zone/nametable.ts';
import { openZone } from '../../zone/patch.ts';
import { originOf } from '../hosted/merging.ts';
import { diffCollections } from './collections.ts';
import { diffRecursion, diffRest, diffSettings, sameSettings, touchAll } from './diffsettings.ts';
import { diffFirewalls } from './firewall.ts';
import { NOBODY } from './owners.ts';
import { AUTODEFINED_RECURSION } from './paths.ts';

/** What a new snapshot changes. */
export interface SnapshotDiff {
  /**
   * `dependencyHash`es of what stored answers may depend on and is no longer as it was: bump their slots once every
   * worker serves the new snapshot. Answers that depend on none of them stay.
   */
  readonly touched: readonly number[];
  /** For the operator, one change a line; empty when nothing changed that answers depend on. */
  readonly changes: readonly string[];
}

export function diffSnapshots(old: Snapshot, next: Snapshot): SnapshotDiff {
  const touched = new Set<number>();
  const changes: string[] = [];
  const replaced = diffZoneData(old, next, touched, changes);
  diffViews(old, next, replaced, touched, changes);
  diffFirewalls(old, next, touched, changes);
  diffRecursion(old, next, touched, changes);
  diffCollections(old, next, changes);
  diffRest(old, next, changes);
  return { touched: [...touched], changes };
}

/** Touches changed owner names; returns the keys of the zones that changed as a whole. */
function diffZoneData(
  old: Snapshot,
  next: Snapshot,
  touched: Set<number>,
  changes: string[],
): ReadonlySet<number> {
  const replaced = new Set<number>();
  const before = new Map(old.zones.map((zone) => [zone.key, zone]));
  for (const zone of next.zones) {
    const was = before.get(zone.key);
    before.delete(zone.key);
    if (was === zone) continue;
    if (was === undefined) {
      if (zone.kind !== 'local') changes.push(`zone ${zone.id}: added`);
      continue;
    }
    // What is made up depends on the name of the zone alone.
    if (!sameSettings(was.compute, zone.compute)) touched.add(dependencyHash(zone.key, zone.name));
    if (was.image === zone.image && was.patch === zone.patch) continue;
    const [from, to] = [openZone(was), openZone(zone)];
    const merged = originOf(zone.image);
    const isOfSame = was.image === zone.image || merged?.image === was.image;
    const names = isOfSame ? diffPatched(from, to, merged?.patch) : diffZones(from, to);
    if (!sameNameServers(from, to)) touched.add(nameServersHash(zone.key, zone.name));
    if (names === 'all') replaced.add(zone.key);
    else for (const name of names) touched.add(dependencyHash(zone.key, name));
    if (names.length > 0) changes.push(`zone ${zone.id}: ${describe(names)}`);
  }
  for (const zone of before.values()) if (zone.kind !== 'local') changes.push(`zone ${zone.id}: removed`);
  return replaced;
}

/** Names shown of a change. */
const NAMES_SHOWN = 3;

function describe(names: readonly Name[] | 'all'): string {
  if (names === 'all') return 'replaced';
  const shown = names.slice(0, NAMES_SHOWN).map(nameToText).join(', ');
  return names.length > NAMES_SHOWN ? `${names.length} names changed: ${shown}, …` : `changed: ${shown}`;
}

function diffViews(
  old: Snapshot,
  next: Snapshot,
  replaced: ReadonlySet<number>,
  touched: Set<number>,
  changes: string[],
): void {
  const before = new Map(old.views.map((view) => [view.vpc, view]));
  const rerouted = otherPaths(old, next);
  for (const view of next.views) {
    const was = before.get(view.vpc);
    before.delete(view.vpc);
    if (view.vpc === NOBODY) continue;
    if (was === undefined) tell(view, 'added', changes);
    else if (was !== view || rerouted.has(view.index) || holdsAny(next, view, replaced)) {
      diffSettings(old, was, view, touched, changes);
      diffView(old, was, next, view, replaced, touched, changes);
    }
  }
  for (const view of before.values()) {
    if (view.vpc === NOBODY) continue;
    tell(view, 'removed', changes);
    touchAll(view, touched);
  }
}

/** Indexes of views that name by some number another path than before. */
function otherPaths({ paths: before }: Snapshot, { paths }: Snapshot): ReadonlySet<number> {
  const views = new Set<number>();
  for (let i = 0; i < paths.length; i++) if (paths[i] !== before[i]) views.add(paths[i]!.view);
  return views;
}

/** Whether one of these zones stands in the view. */
function holdsAny({ zones }: Snapshot, { groups }: ViewData, keys: ReadonlySet<number>): boolean {
  if (keys.size === 0) return false;
  return groups.some((group) => group.some((each) => 'zone' in each && keys.has(zones[each.zone]!.key)));
}

/** Of an authoritative endpoint that came or went it is told as of an endpoint. */
function tell({ serves, vpc }: ViewData, what: string, changes: string[]): void {
  if (serves === 'resolver') changes.push(`VPC ${vpc}: ${what}`);
}

/**
 * Touches the names at which something else stands than before. An answer depends on the names at which its
 * candidates stand, so one that stands at a new name touches what was the longest suffix above it until now.
 */
function diffView(
  old: Snapshot,
  was: ViewData,
  next: Snapshot,
  view: ViewData,
  replaced: ReadonlySet<number>,
  touched: Set<number>,
  changes: string[],
): void {
  const before = NameTable.from(was.table);
  const after = NameTable.from(view.table);
  const note = (name: Name, what: string, group: readonly Candidate[]): void => {
    if (view.serves === 'authority') changes.push(`${view.vpc}: ${nameToText(name)} ${what}`);
    // Autodefined ones go without saying.
    if (group.some((candidate) => 'rule' in candidate && candidate.rule !== AUTODEFINED_RECURSION))
      changes.push(`VPC ${view.vpc}: rule for ${nameToText(name)} ${what}`);
  };
  for (const [name, index] of after) {
    const group = view.groups[index]!;
    const at = before.lookup(name);
    if (at < 0) {
      note(name, 'added', group);
      touched.add(dependencyHash(view.key, longestSuffix(before, name)));
    } else if (signature(old, was.groups[at]!, replaced) !== signature(next, group, NOTHING)) {
      note(name, 'changed', [...was.groups[at]!, ...group]);
      touched.add(dependencyHash(view.key, name));
    }
  }
  for (const [name, index] of before) {
    if (after.lookup(name) >= 0) continue;
    note(name, 'removed', was.groups[index]!);
    touched.add(dependencyHash(view.key, name));
  }
}

const NOTHING: ReadonlySet<number> = new Set();

/** The longest suffix of `name` in the table, or the root: that is what answers without a match depend on. */
function longestSuffix(table: NameTable, name: Name): Name {
  for (let off = 0; off < name.length; off += name[off]! + 1)
    if (table.lookup(name, off) >= 0) return name.subarray(off);
  return ROOT;
}

/** Equal for groups that give equal answers. A zone of `replaced` is never equal. */
function signature(snapshot: Snapshot, group: readonly Candidate[], replaced: ReadonlySet<number>): string {
  return group.map((candidate) => candidateSignature(snapshot, candidate, replaced)).join();
}

function candidateSignature(snapshot: Snapshot, candidate: Candidate, replaced: ReadonlySet<number>): string {
  switch (candidate.kind) {
    case 'forward':
    case 'recursive':
      return `${candidate.kind} ${snapshot.paths[candidate.path]!.context}`;
    case 'system':
      return 'system';
    case 'zone':
      return `zone ${zoneSignature(snapshot.zones[candidate.zone]!, replaced)} ${candidate.overlay}`;
    case 'local':
      return `local ${zoneSignature(snapshot.zones[candidate.zone]!, replaced)}`;
    default:
      return unreachable(candidate);
  }
}

function zoneSignature(zone: ZoneData, replaced: ReadonlySet<number>): string {
  return replaced.has(zone.key) ? 'replaced' : String(zone.key);
}
