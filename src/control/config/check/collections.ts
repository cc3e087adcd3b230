import { cidrToText } from '../../../util/cidr.ts';
import { locationKey } from '../../../zone/geo/regions.ts';
import type { Path } from '../problem.ts';
import { type CheckContext, type Draft, Once } from './context.ts';

type Collection = NonNullable<NonNullable<Draft['cidrCollections']>[number]>;

/** Route 53's quota. */
export const BLOCKS_MAX = 1000;

export function checkCollections(context: CheckContext): void {
  const ids = new Once();
  const names = new Once();
  context.draft.cidrCollections?.forEach((collection, i) => {
    if (collection === undefined) return;
    const path: Path = ['cidrCollections', i];
    const { id } = collection;
    const first = id && ids.add(id, [...path, 'id']);
    if (first)
      context.error(
        [...path, 'id'],
        `id "${id}" is taken by ${first}`,
        'give each collection an id of its own',
      );
    const name = collection.name ?? (context.has([...path, 'name']) ? undefined : id);
    const named = first ? undefined : name && names.add(name, path);
    if (named)
      context.error(
        path,
        `${named} is called "${name}" already (CidrCollectionAlreadyExistsException)`,
        'give each collection a name of its own',
      );
    checkLocations(context, collection, path);
  });
}

function checkLocations(context: CheckContext, { locations }: Collection, path: Path): void {
  const names = new Once();
  const keys = new Once();
  const blocks = new Once();
  let count = 0;
  locations?.forEach((location, i) => {
    const at: Path = [...path, 'locations', i];
    if (location?.name !== undefined) checkName(context, location.name, names, keys, [...at, 'name']);
    count += location?.cidrs?.length ?? 0;
    location?.cidrs?.forEach((cidr, j) => {
      const first = cidr && blocks.add(cidrToText(cidr), [...at, 'cidrs', j]);
      if (cidr && first)
        context.error(
          [...at, 'cidrs', j],
          `${cidrToText(cidr)} stands at ${first} already (CidrBlockInUseException)`,
          'a block is in one location only: leave it out',
        );
    });
  });
  if (count > BLOCKS_MAX)
    context.error(
      [...path, 'locations'],
      `the collection has ${count} blocks`,
      `write at most ${BLOCKS_MAX}; make two collections, or join neighbouring blocks`,
    );
}

/** Tables know locations by a number that is made of the name, and two in one collection may not share it. */
function checkName(context: CheckContext, name: string, names: Once, keys: Once, path: Path): void {
  const first = names.add(name, path);
  if (first) context.error(path, `location "${name}" stands at ${first} already`, 'put its blocks there');
  const other = first ? undefined : keys.add(String(locationKey(name)), path);
  if (other)
    context.error(
      path,
      `"${name}" and the name at ${other} have the same key`,
      'choose another name for one of them',
    );
}
