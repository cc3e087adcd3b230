import { type Name, nameKey } from '../../wire/name.ts';
import { typeFromText } from '../../wire/rdata/table.ts';
import type { Resources, ZoneIdentity } from '../records/input.ts';
import type { OtherRecords } from '../records/members.ts';
import { nameFromRoute53 } from '../records/names.ts';
import { type Draft, readRecordSet } from '../records/set.ts';
import { nameOrder, recordSetStart } from '../store/order.ts';
import { LIST_MAX, type Reads, type Resource } from '../store/store.ts';
import { KIND, type SetBody } from './bodies.ts';

/** Reads a stored set again: it was right when it was stored, and what it names may be gone since. */
export function draftOf(zone: ZoneIdentity, body: SetBody, resources: Resources): Draft {
  return readRecordSet({ zone, resources, action: 'UPSERT', report: () => undefined }, body);
}

/** The stored sets at one name, of all types. A name has no more than 100 of each type. */
export function setsAt(state: Reads, zone: string, name: Name): Resource<SetBody>[] {
  const start = recordSetStart(name);
  return [...setsBetween(state, zone, start, `${start.slice(0, -1)}!`)];
}

/** Sets of a zone from a place on and before another: a few at first, then more at a time. */
function* setsBetween(
  state: Reads,
  zone: string,
  sort: string,
  below: string,
): Generator<Resource<SetBody>, void> {
  let from: { sort: string; id?: string } = { sort };
  for (let limit = FIRST_PAGE; ; limit = PAGE) {
    const page = state.list<SetBody>({ kind: KIND.set, parent: zone, from, below, limit });
    for (const set of page) if (set.id !== from.id) yield set;
    const last = page.at(-1);
    if (page.length < limit || last === undefined) return;
    from = { sort: last.sort, id: last.id };
  }
}

/** Most names have few sets, and most questions are answered by the first. */
const FIRST_PAGE = 4;
const PAGE = 256;

/** All sets of a zone in the order of lists, a page at a time. */
export function* setsOf(state: Reads, zone: string): Generator<Resource<SetBody>, void> {
  let from: { sort: string; id: string } | undefined;
  for (;;) {
    const page = state.list<SetBody>({ kind: KIND.set, parent: zone, from, limit: LIST_MAX });
    for (const set of page) if (set.id !== from?.id) yield set;
    const last = page.at(-1);
    if (page.length < LIST_MAX || last === undefined) return;
    from = { sort: last.sort, id: last.id };
  }
}

/** Behind all that begins so: every character of a sort key is less. */
function belowPrefix(prefix: string): string {
  return `${prefix}\x7f`;
}

/** Whether any name at or below this one has sets. */
export function existsAtOrBelow(state: Reads, zone: string, name: Name): boolean {
  const prefix = nameOrder(name);
  const query = {
    kind: KIND.set,
    parent: zone,
    from: { sort: prefix },
    below: belowPrefix(prefix),
    limit: 1,
  };
  return state.list(query).length > 0;
}

/** The name that a set stands at, by its id. */
export function nameOfSet(zone: string, id: string): Name {
  const labels = id
    .slice(zone.length + 1)
    .split(' ', 1)[0]!
    .split('.')
    .slice(0, -1);
  return nameFromRoute53(`${labels.reverse().join('.')}.`);
}

/** Names of the store that a batch does not speak of, as the rules for record sets ask for them. */
export class StoredNames implements OtherRecords {
  readonly isWhole = true;
  readonly #state: Reads;
  readonly #zone: string;
  /** Keys of the names whose sets are in the batch's own copy. */
  readonly #touched: ReadonlySet<string>;
  readonly #types = new Map<string, ReadonlySet<number>>();

  constructor(state: Reads, zone: string, touched: ReadonlySet<string>) {
    this.#state = state;
    this.#zone = zone;
    this.#touched = touched;
  }

  types(key: string): ReadonlySet<number> {
    if (this.#touched.has(key)) return NO_TYPES;
    let types = this.#types.get(key);
    if (types === undefined) {
      const sets = setsAt(this.#state, this.#zone, nameOfKey(key));
      types = new Set(sets.map(({ body }) => typeFromText(body.type)!));
      this.#types.set(key, types);
    }
    return types;
  }

  has(key: string, type: number): boolean {
    return this.types(key).has(type);
  }

  exists(key: string): boolean {
    const prefix = nameOrder(nameOfKey(key));
    for (const { body } of setsBetween(this.#state, this.#zone, prefix, belowPrefix(prefix)))
      if (!this.#touched.has(nameKey(nameFromRoute53(body.name)))) return true;
    return false;
  }
}

const NO_TYPES: ReadonlySet<number> = new Set();

/** The name whose `nameKey` this is. */
export function nameOfKey(key: string): Name {
  return Uint8Array.from(key, (character) => character.charCodeAt(0));
}
