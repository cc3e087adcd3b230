import { ZoneBuilder } from '../../zone/image.ts';
import type { RecordSet } from '../../zone/recordset.ts';
import type { Resources } from '../records/input.ts';
import { nameFromRoute53, nameToRoute53 } from '../records/names.ts';
import { asRecordSet } from '../records/set.ts';
import type { Reads } from '../store/store.ts';
import type { SetBody, ZoneResource } from './bodies.ts';
import { draftOf, setsOf } from './sets.ts';

/** A hosted zone's image, or why there is none: what was served before goes on then. */
export type ZoneImage =
  | { readonly image: SharedArrayBuffer; readonly fault?: undefined }
  | { readonly image?: undefined; readonly fault: string };

/** A set, and what was read of it: undefined where that was not done yet, or is not to be had. */
interface Held {
  readonly body: SetBody;
  isRead: boolean;
  set: RecordSet | undefined;
}

/**
 * Makes images of hosted zones. The sets of a zone are taken out of the store once and kept up with its changes: one
 * change in a zone of ten thousand sets is not ten thousand sets read.
 */
export class ZoneImages {
  /** By zone, then by id. */
  readonly #zones = new Map<string, Map<string, Held>>();

  /** @param state as it is after all changes that `put` and `remove` were told of */
  build(state: Reads, zone: ZoneResource, resources: Resources): ZoneImage {
    const identity = { name: nameFromRoute53(zone.body.name), id: zone.id };
    const builder = new ZoneBuilder(identity.name, { danglingAliases: 'empty' });
    for (const held of this.#setsOf(state, zone.id).values()) {
      if (!held.isRead) held.set = asRecordSet(draftOf(identity, held.body, resources));
      held.isRead = true;
      if (held.set !== undefined && !builder.addSet(held.set)) break;
    }
    const { image, errors } = builder.finish();
    if (image !== undefined) return { image };
    const [first] = errors as [(typeof errors & object)[number]];
    return { fault: `${nameToRoute53(first.name)}: ${first.message}` };
  }

  /** A set of the zone is there, or another than before. */
  put(zone: string, id: string, body: SetBody): void {
    this.#zones.get(zone)?.set(id, { body, isRead: false, set: undefined });
  }

  remove(zone: string, id: string): void {
    this.#zones.get(zone)?.delete(id);
  }

  /** What sets name is in other slots: all are to be read again. */
  forgetSets(): void {
    this.#zones.clear();
  }

  forget(zone: string): void {
    this.#zones.delete(zone);
  }

  #setsOf(state: Reads, zone: string): Map<string, Held> {
    const known = this.#zones.get(zone);
    if (known !== undefined) return known;
    const sets = new Map<string, Held>();
    for (const { id, body } of setsOf(state, zone)) sets.set(id, { body, isRead: false, set: undefined });
    this.#zones.set(zone, sets);
    return sets;
  }
}
