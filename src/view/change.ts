import { assert } from '../util/assert.ts';
import { share } from '../util/sharing.ts';
import type { Snapshot, ViewData, ZoneData } from './snapshot.ts';

/**
 * What of a snapshot is otherwise than in the one before. It is posted in its place to whom has that one: a snapshot takes
 * each thread some microseconds for each zone, and most differ from the one before in the records of one among thousands.
 */
export interface SnapshotChange {
  /** Revision of the snapshot that it changes. */
  readonly from: number;
  /** Of the one that this makes of it. */
  readonly revision: number;
  /** Whole parts. */
  readonly parts: Partial<Omit<Snapshot, 'revision' | 'views' | 'zones'>>;
  /** Undefined: as before. */
  readonly views: ListChange<ViewData> | undefined;
  readonly zones: ListChange<ZoneData> | undefined;
}

/** A list, piece by piece: places of the one before from `from` to (without) `to`, or what was not in that. */
type ListChange<T> = readonly (
  | { readonly from: number; readonly to: number }
  | { readonly added: readonly T[] }
)[];

/** A snapshot as it is posted to a thread. */
export type Posted = Snapshot | SnapshotChange;

/**
 * `after`, with all of it that is as in `before` being that very part of `before`. Zones are found by their keys, and have
 * another image where it is another buffer: those of a million records are not compared.
 */
export function shareSnapshot(before: Snapshot, after: Snapshot): Snapshot {
  const byKey = new Map(before.zones.map((zone) => [zone.key, zone]));
  const zones = after.zones.map((zone) => shareZone(byKey.get(zone.key), zone));
  const isSame = zones.length === before.zones.length && zones.every((zone, i) => zone === before.zones[i]);
  const { revision } = after;
  const rest = share({ ...before, zones: undefined, revision }, { ...after, zones: undefined });
  return { ...rest, zones: isSame ? before.zones : zones };
}

function shareZone(before: ZoneData | undefined, after: ZoneData): ZoneData {
  if (before === undefined) return after;
  const name = share(before.name, after.name);
  const keys = Object.keys(after) as (keyof ZoneData)[];
  const isSame =
    name === before.name &&
    keys.length === Object.keys(before).length &&
    keys.every((key) => key === 'name' || before[key] === after[key]);
  return isSame ? before : after;
}

/** How to make `after` of `before`, as far as they share nothing. */
export function changeOf(before: Snapshot, after: Snapshot): SnapshotChange {
  const { revision, views, zones, ...rest } = after;
  const parts: Partial<Record<string, unknown>> = {};
  for (const key of Object.keys({ ...before, ...rest }) as (keyof Snapshot)[])
    if (!NOT_PARTS.has(key) && before[key] !== after[key]) parts[key] = after[key];
  return {
    from: before.revision,
    revision,
    parts: parts as SnapshotChange['parts'],
    views: changeOfList(before.views, views),
    zones: changeOfList(before.zones, zones),
  };
}

const NOT_PARTS: ReadonlySet<string> = new Set(['revision', 'views', 'zones'] satisfies (keyof Snapshot)[]);

function changeOfList<T>(before: readonly T[], after: readonly T[]): ListChange<T> | undefined {
  if (before === after) return undefined;
  const places = new Map(before.map((each, place) => [each, place]));
  const pieces: ({ from: number; to: number } | { added: T[] })[] = [];
  for (const each of after) {
    const place = places.get(each);
    const last = pieces.at(-1);
    if (place === undefined) {
      if (last !== undefined && 'added' in last) last.added.push(each);
      else pieces.push({ added: [each] });
    } else if (last !== undefined && 'to' in last && last.to === place) last.to++;
    else pieces.push({ from: place, to: place + 1 });
  }
  return pieces;
}

/** Whether what was posted can be had of `before`. */
export function fits(posted: Posted, before: Snapshot | undefined): boolean {
  return !('from' in posted) || posted.from === before?.revision;
}

/** The snapshot that was posted to whom has `before`, which it has to fit. */
export function received(posted: Posted, before: Snapshot | undefined): Snapshot {
  if (!('from' in posted)) return posted;
  const { from, revision, parts, views, zones } = posted;
  assert(
    before !== undefined && fits(posted, before),
    `a change of snapshot ${from}, not of ${before?.revision}`,
  );
  return {
    ...before,
    ...parts,
    revision,
    views: changedList(before.views, views),
    zones: changedList(before.zones, zones),
  };
}

function changedList<T>(before: readonly T[], pieces: ListChange<T> | undefined): readonly T[] {
  if (pieces === undefined) return before;
  return pieces.flatMap((piece) => ('added' in piece ? piece.added : before.slice(piece.from, piece.to)));
}
