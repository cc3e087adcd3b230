import { isAtOrBelow, type Name, nameKey, parentOf, prepend } from '../../wire/name.ts';
import { Zone, ZoneBuilder } from '../../zone/image.ts';
import { buildPatch, type PatchedName, type ZonePatch } from '../../zone/patch.ts';
import type { RecordSet } from '../../zone/recordset.ts';
import type { Resources, ZoneIdentity } from '../records/input.ts';
import { nameFromRoute53, nameToRoute53 } from '../records/names.ts';
import { asRecordSet } from '../records/set.ts';
import type { Reads } from '../store/store.ts';
import type { ZoneResource } from './bodies.ts';
import type { Merging } from './merging.ts';
import { draftOf, existsAtOrBelow, setsAt, setsOf } from './sets.ts';

/** A hosted zone's image, or why there is none: what was served before goes on then. */
export type ZoneImage =
  | { readonly image: SharedArrayBuffer; readonly patch?: ZonePatch | undefined; readonly fault?: undefined }
  | { readonly image?: undefined; readonly fault: string };

/** By `nameKey`. */
export type Names = ReadonlyMap<string, Name>;

/**
 * Names of a patch before it is merged into the image, at least and at most, and beside the names of the image. Each
 * snapshot makes the patch anew, at some microseconds a name; merging copies the image, a tenth of a microsecond for each name
 * of it (one or two where names are gone), and large ones have a thread that takes as long to start.
 */
const PATCH_NAMES_MIN = 512;
const PATCH_NAMES_MAX = 4_096;
const PATCH_SHARE = 1 / 16;

function patchNamesMax({ nodeCount }: Zone): number {
  return Math.min(Math.max(PATCH_NAMES_MIN, PATCH_SHARE * nodeCount), PATCH_NAMES_MAX);
}

/** A zone as it was built last. */
interface Built {
  /** Without its patch. */
  zone: Zone;
  /** RRsets of the image when it was built of the store. Merging leaves those behind that were replaced. */
  readonly rrsets: number;
  /** Names that are not as in the image. */
  readonly patched: Map<string, PatchedName>;
  /** Names on which it depends where an alias of the zone leads: their changes are not for patches. */
  readonly aliased: ReadonlySet<string>;
  isMerging: boolean;
  /** Its image is another than was returned last. */
  isAhead: boolean;
}

/**
 * Makes images of hosted zones, and patches of these where a few names have changed: one change in a zone of a million
 * sets is not a million sets read. What grows too long for a patch is merged into the image, where nobody waits for it.
 */
export class ZoneImages {
  readonly #merging: Merging;
  /** By zone. */
  readonly #built = new Map<string, Built>();

  constructor(merging: Merging) {
    this.#merging = merging;
  }

  /** The zone as `state` has it. @param changed names whose sets are not as they were when it was built last */
  build(state: Reads, zone: ZoneResource, resources: Resources, changed: Names): ZoneImage {
    const identity = { name: nameFromRoute53(zone.body.name), id: zone.id };
    const built = this.#built.get(zone.id);
    const read = (name: Name): PatchedName => ({ name, sets: readAt(state, identity, resources, name) });
    if (built === undefined || !this.#isPatchable(built, changed))
      return this.#anew(state, identity, resources);
    built.isAhead = false;
    for (const [key, name] of changed) built.patched.set(key, read(name));
    const { image } = built.zone;
    if (built.patched.size === 0) return { image };
    const patch = buildPatch(built.zone, [...built.patched.values()], (name) =>
      existsAtOrBelow(state, zone.id, name),
    );
    if (patch === undefined) return this.#anew(state, identity, resources);
    if (built.patched.size > patchNamesMax(built.zone)) this.#merge(zone.id, built, patch);
    return { image, patch };
  }

  /** Whether there is more of a zone than was taken: a patch is merged. */
  isAhead(zone: string): boolean {
    return this.#built.get(zone)?.isAhead === true;
  }

  /** What sets name is in other slots: all are to be read again. */
  forgetSets(): void {
    this.#built.clear();
  }

  forget(zone: string): void {
    this.#built.delete(zone);
  }

  #isPatchable({ aliased, zone, rrsets }: Built, changed: Names): boolean {
    if (zone.rrsetCount > 2 * rrsets + 2 * patchNamesMax(zone)) return false;
    if (aliased.size === 0) return true;
    // A name below the target of an alias makes that exist, or not: a wildcard may stand for it then.
    for (const name of changed.values())
      for (let each = name; each.length > zone.origin.length; each = parentOf(each))
        if (aliased.has(nameKey(each))) return false;
    return !changed.has(nameKey(zone.origin)) || !aliased.has(nameKey(zone.origin));
  }

  #anew(state: Reads, { name: origin, id }: ZoneIdentity, resources: Resources): ZoneImage {
    const builder = new ZoneBuilder(origin, { danglingAliases: 'empty' });
    const targets: Name[] = [];
    for (const { body } of setsOf(state, id)) {
      const set = asRecordSet(draftOf({ name: origin, id }, body, resources));
      if (set === undefined) continue;
      const { content } = set;
      if (content.kind === 'alias' && content.where === 'zone') targets.push(content.target);
      if (!builder.addSet(set)) break;
    }
    const { image, errors } = builder.finish();
    if (image === undefined) {
      const [first] = errors as [(typeof errors & object)[number]];
      this.#built.delete(id);
      return { fault: `${nameToRoute53(first.name)}: ${first.message}` };
    }
    const zone = Zone.from(image);
    const aliased = aliasedNames(origin, targets);
    this.#built.set(id, {
      zone,
      rrsets: zone.rrsetCount,
      patched: new Map(),
      aliased,
      isMerging: false,
      isAhead: false,
    });
    return { image };
  }

  /** Names that change while it is merged are in the patch of the merged image too. */
  #merge(id: string, built: Built, patch: ZonePatch): void {
    if (built.isMerging) return;
    built.isMerging = true;
    const merged = [...built.patched];
    this.#merging.merge(built.zone, patch, (image) => {
      built.isMerging = false;
      if (this.#built.get(id) !== built) return;
      if (image === undefined) {
        this.#built.delete(id);
        return;
      }
      built.zone = Zone.from(image);
      built.isAhead = true;
      for (const [key, name] of merged) if (built.patched.get(key) === name) built.patched.delete(key);
    });
  }
}

function readAt(state: Reads, zone: ZoneIdentity, resources: Resources, name: Name): RecordSet[] {
  const sets = setsAt(state, zone.id, name).map(({ body }) => asRecordSet(draftOf(zone, body, resources)));
  return sets.filter((set) => set !== undefined);
}

/** The targets, what is above them in the zone, and wildcards there: they may come to stand for a target. */
function aliasedNames(origin: Name, targets: readonly Name[]): Set<string> {
  const names = new Set<string>();
  for (const target of targets)
    for (let name = target; isAtOrBelow(name, origin); name = parentOf(name)) {
      names.add(nameKey(name));
      const wildcard = prepend(ASTERISK, name);
      if (wildcard !== undefined) names.add(nameKey(wildcard));
      if (name.length === origin.length) break;
    }
  return names;
}

const ASTERISK = new TextEncoder().encode('*');
