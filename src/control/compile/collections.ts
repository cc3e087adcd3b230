import { CidrTable } from '../../util/cidr.ts';
import type { CidrCollection, Snapshot } from '../../view/snapshot.ts';
import { locationKey } from '../../zone/geo/regions.ts';
import type { Config } from '../config/load.ts';

type Collections = readonly (CidrCollection | undefined)[];
type Declared = Config['cidrCollections'][number];

/**
 * Gives each collection its slot: zones name a collection by that. As with views, one keeps its slot, and that of one
 * that went stays empty for one snapshot.
 */
export function collectionSlots(ids: readonly string[], before: Collections = []): Map<string, number> {
  const slots = new Map<string, number>();
  before.forEach((was, slot) => {
    if (was !== undefined && ids.includes(was.id)) slots.set(was.id, slot);
  });
  const free = before.flatMap((was, slot) => (was === undefined ? slot : []));
  let next = before.length;
  for (const id of ids) if (!slots.has(id)) slots.set(id, free.shift() ?? next++);
  return slots;
}

/** The collections of a configuration, each in its slot. */
export function compileCollections(
  { cidrCollections: declared }: Pick<Config, 'cidrCollections'>,
  before: Collections = [],
): Collections {
  const ids = declared.map(({ id }) => id);
  const slots = collectionSlots(ids, before);
  const compiled: (CidrCollection | undefined)[] = [];
  for (const each of declared) {
    const slot = slots.get(each.id)!;
    const was = before[slot];
    compiled[slot] = compileCollection(each, was?.id === each.id ? was : undefined);
  }
  return Array.from(compiled);
}

/** `was` itself where nothing changed. */
function compileCollection({ id, name = id, locations }: Declared, was?: CidrCollection): CidrCollection {
  const { buffer: table } = CidrTable.build(
    locations.flatMap(({ name, cidrs }) => cidrs.map((cidr) => ({ ...cidr, value: locationKey(name) }))),
  );
  const names = locations.map((location) => location.name);
  const isSame =
    was?.name === name && String(was.locations) === String(names) && sameOctets(was.table, table);
  return isSame ? was : { id, name, table, locations: names };
}

function sameOctets(a: SharedArrayBuffer, b: SharedArrayBuffer): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

/** For the operator, one change a line. */
export function diffCollections(old: Snapshot, next: Snapshot, changes: string[]): void {
  const present = (collections: Collections): CidrCollection[] => collections.flatMap((each) => each ?? []);
  const before = new Map(present(old.collections).map((each) => [each.id, each]));
  for (const each of present(next.collections)) {
    const was = before.get(each.id);
    before.delete(each.id);
    if (was === undefined) changes.push(`CIDR collection ${each.id}: added`);
    else if (was.name !== each.name || !sameOctets(was.table, each.table))
      changes.push(`CIDR collection ${each.id}: changed`);
  }
  for (const id of before.keys()) changes.push(`CIDR collection ${id}: removed`);
}
