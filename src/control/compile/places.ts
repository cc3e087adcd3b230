/**
 * Numbers for the members of a list, so that what names a member by its number stays as it is while others come and go:
 * each has the number that it had in the list before, as far as this one is as long; the rest have what is free.
 *
 * @param before what tells the members of the list before apart, in the order of their numbers
 * @param after the same of this list, in any order; one that is there twice is two members
 * @returns by place in `after`, the number: each of 0 to `after.length` - 1 once
 */
export function steadyPlaces<Key>(before: readonly Key[], after: readonly Key[]): number[] {
  const numbers = new Map(before.map((key, number) => [key, number]));
  const taken = new Uint8Array(after.length);
  const places = after.map((key) => {
    const number = numbers.get(key);
    if (number === undefined || number >= taken.length || taken[number] === 1) return -1;
    taken[number] = 1;
    return number;
  });
  let free = 0;
  return places.map((number) => {
    if (number >= 0) return number;
    while (taken[free] === 1) free++;
    return free++;
  });
}

/** The list in the order of its numbers. */
export function inPlaces<T>(list: readonly T[], places: readonly number[]): T[] {
  const placed = new Array<T>(list.length);
  list.forEach((each, i) => {
    placed[places[i]!] = each;
  });
  return placed;
}
