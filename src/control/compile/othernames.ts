import { type Name, nameKey } from '../../wire/name.ts';
import type { Rr } from '../../wire/record.ts';
import type { OtherRecords } from '../records/members.ts';
import type { Draft } from '../records/set.ts';

/** `*` as a label of a key. */
const WILDCARD = '\x01*';

/**
 * What the text of a zone has at the names that its record sets speak of, gathered while the text is read: a zone
 * file may have millions of others.
 */
export class OtherNames implements OtherRecords {
  /** False: something of the text could not be read, so that what is missing may be there. */
  isWhole = true;
  readonly #zoneKey: string;
  /** By the key of each name that is spoken of: its types in the text, undefined while it is not there. */
  readonly #types = new Map<string, Set<number> | undefined>();

  constructor(zone: Name, drafts: readonly (Draft | undefined)[]) {
    this.#zoneKey = nameKey(zone);
    for (const draft of drafts) {
      if (draft?.name !== undefined) this.#types.set(nameKey(draft.name), undefined);
      if (draft?.content?.kind === 'alias' && draft.content.where === 'zone')
        this.#follow(draft.content.target);
    }
  }

  /** A target is found at its own name, or at the wildcard below the next name above it that exists. */
  #follow(target: Name): void {
    let key = nameKey(target);
    this.#types.set(key, undefined);
    while (key.length > this.#zoneKey.length) {
      key = parentKey(key);
      this.#types.set(key, undefined);
      this.#types.set(WILDCARD + key, undefined);
    }
  }

  /** Takes a record of the text. */
  add({ name, type }: Rr): void {
    if (this.#types.size === 0) return;
    const own = nameKey(name);
    for (let key = own; key.length >= this.#zoneKey.length; key = parentKey(key)) {
      if (!this.#types.has(key)) continue;
      const types = this.#types.get(key) ?? new Set();
      this.#types.set(key, types);
      if (key === own) types.add(type);
    }
  }

  types(key: string): Iterable<number> {
    return this.#types.get(key) ?? [];
  }

  has(key: string, type: number): boolean {
    return this.#types.get(key)?.has(type) ?? false;
  }

  exists(key: string): boolean {
    return this.#types.get(key) !== undefined;
  }
}

function parentKey(key: string): string {
  return key.slice(key.charCodeAt(0) + 1);
}
