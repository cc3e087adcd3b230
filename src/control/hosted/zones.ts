import type { Logger } from '../../telemetry/log.ts';
import { type Name, nameKey } from '../../wire/name.ts';
import type { ZonePatch } from '../../zone/patch.ts';
import type { Resources } from '../records/input.ts';
import { nameFromRoute53 } from '../records/names.ts';
import type { AppliedChange, Reads, Revision, Store, Watch } from '../store/store.ts';
import { LIST_MAX } from '../store/store.ts';
import { KIND, type ZoneBody, type ZoneResource } from './bodies.ts';
import { type Names, ZoneImages } from './images.ts';
import { Merging } from './merging.ts';
import { nameOfSet } from './sets.ts';

/** A hosted zone as it is compiled into a snapshot. */
export interface HostedZone {
  readonly id: string;
  readonly name: Name;
  /** Ids of VPCs, of a private zone. */
  readonly vpcs: readonly string[] | undefined;
  readonly delegationSet: string | undefined;
  readonly image: SharedArrayBuffer;
  /** What of the zone is otherwise than in the image. */
  readonly patch: ZonePatch | undefined;
}

/** In which slots stands what record sets name. */
export interface Slots {
  /** Equal where all that the configuration declares is the same, in the same slots. */
  readonly declared: string;
  /** Of the store, by id: an id is never used again, so that no set names one that is yet to come. */
  readonly stored: ReadonlyMap<string, number | undefined>;
}

/**
 * The hosted zones of the store on their way to the workers: which have changed, and what image each has. A zone that
 * cannot be built keeps the image that it had.
 */
export class HostedZones {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #images: ZoneImages;
  readonly #merging: Merging;
  readonly #built = new Map<string, HostedZone>();
  /** Zones that are not as they were built, with the names that have changed; undefined: nobody has looked at any. */
  #dirty: Map<string, Map<string, Name>> | undefined;
  /** What `follow` was given. */
  #changed: () => void = () => {};
  #slots: Slots = { declared: '', stored: new Map() };
  #watch: Watch | undefined;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#merging = new Merging(log, () => this.#changed());
    this.#images = new ZoneImages(this.#merging);
  }

  /** Tells of each change that answers may depend on. */
  follow(changed: () => void): void {
    this.#changed = changed;
    this.#watch = this.#store.watch(this.#store.revision, (change) => {
      if (this.#note(change)) changed();
    });
  }

  close(): void {
    this.#watch?.close();
    this.#merging.close();
  }

  /**
   * All zones as the store has them now, and the revision of that. Where something has left its slot all are built
   * anew.
   */
  build(resources: Resources, slots: Slots): { zones: readonly HostedZone[]; revision: Revision } {
    const before = this.#slots;
    this.#slots = slots;
    if (!isKept(before, slots)) {
      this.#images.forgetSets();
      this.#dirty = undefined;
    }
    const dirty = this.#dirty;
    this.#dirty = new Map();
    try {
      return this.#buildChanged(dirty, resources);
    } catch (error) {
      // Nobody knows what of it was read: it is read again, all of it.
      this.#images.forgetSets();
      this.#dirty = undefined;
      throw error;
    }
  }

  #buildChanged(
    dirty: Map<string, Map<string, Name>> | undefined,
    resources: Resources,
  ): { zones: readonly HostedZone[]; revision: Revision } {
    using state = this.#store.snapshot();
    const { revision } = state;
    const there = new Set<string>();
    for (const zone of zonesOf(state)) {
      there.add(zone.id);
      const changed = dirty === undefined ? NO_NAMES : dirty.get(zone.id);
      if (changed !== undefined || this.#images.isAhead(zone.id))
        this.#build(state, zone, resources, changed ?? NO_NAMES);
    }
    for (const id of this.#built.keys()) if (!there.has(id)) this.#forget(id);
    return { zones: [...this.#built.values()], revision };
  }

  #build(state: Reads, zone: ZoneResource, resources: Resources, changed: Names): void {
    const { id, body } = zone;
    const { fault, ...made } = this.#images.build(state, zone, resources, changed);
    const kept = made.image === undefined ? this.#built.get(id) : made;
    if (fault !== undefined)
      this.#log.error({ zone: id, fault }, 'a hosted zone cannot be built; it stays as it was');
    if (kept === undefined) return;
    const isPrivate = body.vpcs.length > 0;
    this.#built.set(id, {
      id,
      name: nameFromRoute53(body.name),
      vpcs: isPrivate ? body.vpcs.map((vpc) => vpc.id) : undefined,
      delegationSet: body.delegationSet,
      image: kept.image,
      patch: kept.patch,
    });
  }

  #forget(id: string): void {
    this.#built.delete(id);
    this.#images.forget(id);
  }

  #note({ items }: AppliedChange): boolean {
    let isOurs = false;
    for (const { kind, id, parent } of items) {
      const zone = kind === KIND.zone ? id : PARTS.has(kind) ? parent : undefined;
      if (zone === undefined) continue;
      isOurs = true;
      const names = this.#dirty?.get(zone) ?? new Map<string, Name>();
      this.#dirty?.set(zone, names);
      if (kind !== KIND.set) continue;
      const name = nameOfSet(zone, id);
      names.set(nameKey(name), name);
    }
    return isOurs;
  }
}

const NO_NAMES: Names = new Map();

/** What a zone is built of, beside itself: its records, and the keys that it is to be signed with. */
const PARTS: ReadonlySet<string> = new Set([KIND.set, KIND.signingKey]);

/** Whether everything is where it was; there may be more. */
function isKept(before: Slots, after: Slots): boolean {
  if (before.declared !== after.declared) return false;
  for (const [id, slot] of before.stored) if (after.stored.get(id) !== slot) return false;
  return true;
}

/** All hosted zones of all accounts. */
export function* zonesOf(state: Reads): Generator<ZoneResource, void> {
  let from: { sort: string; id: string } | undefined;
  for (;;) {
    const page = state.list<ZoneBody>({ kind: KIND.zone, from, limit: LIST_MAX });
    for (const zone of page) if (zone.id !== from?.id) yield zone;
    const last = page.at(-1);
    if (page.length < LIST_MAX || last === undefined) return;
    from = { sort: last.sort, id: last.id };
  }
}
