import { ZoneBuilder } from '../../zone/image.ts';
import type { RecordSet } from '../../zone/recordset.ts';
import type { Resources, ZoneIdentity } from '../records/input.ts';
import { nameFromRoute53, nameToRoute53 } from '../records/names.ts';
import { asRecordSet } from '../records/set.ts';
import type { Reads, Revision } from '../store/store.ts';
import type { ZoneResource } from './bodies.ts';
import { draftOf, setsOf } from './sets.ts';

/** A hosted zone's image, or why there is none: what was served before goes on then. */
export type ZoneImage =
  | { readonly image: SharedArrayBuffer; readonly fault?: undefined }
  | { readonly image?: undefined; readonly fault: string };

interface ParsedSet {
  readonly revision: Revision;
  readonly set: RecordSet | undefined;
}

/**
 * Makes images of hosted zones out of the store. What was read of a set is kept while it does not change: one change
 * in a zone of ten thousand sets is not ten thousand sets read.
 */
export class ZoneImages {
  /** By zone, then by id. */
  readonly #sets = new Map<string, Map<string, ParsedSet>>();

  build(state: Reads, zone: ZoneResource, resources: Resources): ZoneImage {
    const identity = { name: nameFromRoute53(zone.body.name), id: zone.id };
    const known = this.#sets.get(zone.id);
    const kept = new Map<string, ParsedSet>();
    const builder = new ZoneBuilder(identity.name, { danglingAliases: 'empty' });
    for (const { id, revision, body } of setsOf(state, zone.id)) {
      let parsed = known?.get(id);
      if (parsed?.revision !== revision)
        parsed = { revision, set: asRecordSet(draftOf(identity, body, resources)) };
      kept.set(id, parsed);
      if (parsed.set !== undefined && !builder.addSet(parsed.set)) break;
    }
    this.#sets.set(zone.id, kept);
    const { image, errors } = builder.finish();
    if (image !== undefined) return { image };
    const [first] = errors as [(typeof errors & object)[number]];
    return { fault: `${nameToRoute53(first.name)}: ${first.message}` };
  }

  /** What the sets name has changed its slot or place: all are read again. */
  forgetSets(): void {
    this.#sets.clear();
  }

  forget(zone: string): void {
    this.#sets.delete(zone);
  }
}

export type { ZoneIdentity };
