import { apiError } from '../errors.ts';
import type { Filters } from '../models/route53resolver.ts';
import { invalidParameter } from './means.ts';

/** Something that is listed, and its place in the list. */
export interface Listed<Shown> {
  readonly place: string;
  readonly shown: Shown;
}

interface Asked {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
  readonly Filters?: Filters | undefined;
}

export interface Page<Shown> {
  readonly shown: readonly Shown[];
  readonly NextToken?: string;
  readonly MaxResults: number;
}

/** Where no MaxResults is given. */
export const PAGE = 100;

/** Members by which a list can be filtered: what it has of each. */
export type FilterValues<Shown> = Readonly<Record<string, (shown: Shown) => readonly unknown[]>>;

/**
 * The part of a list that is asked for. A token says at which place the next part begins, also where what was there is
 * gone since. Throws ApiError InvalidParameterException, InvalidNextTokenException.
 */
export function pageOf<Shown>(
  all: readonly Listed<Shown>[],
  { MaxResults: size = PAGE, NextToken: token, Filters: filters = [] }: Asked,
  values: FilterValues<Shown> = {},
): Page<Shown> {
  const passes = filtersOf(filters, values);
  const from = token === undefined ? '' : placeOf(token);
  const rest = all
    .filter(({ place, shown }) => place >= from && passes(shown))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
  const next = rest[size];
  const shown = rest.slice(0, size).map((each) => each.shown);
  return { shown, MaxResults: size, ...(next === undefined ? {} : { NextToken: tokenOf(next.place) }) };
}

/** Says where the next part of a list begins. */
export function tokenOf(place: string): string {
  return Buffer.from(` ${place}`).toString('base64url');
}

/** Throws ApiError InvalidNextTokenException. */
export function placeOf(token: string): string {
  const place = Buffer.from(token, 'base64url').toString();
  if (!place.startsWith(' ') || tokenOf(place.slice(1)) !== token)
    throw apiError('InvalidNextTokenException', 'Invalid value passed for the NextToken parameter');
  return place.slice(1);
}

/** Names of filters are those of members, or the same in capitals: `DomainName`, `DOMAIN_NAME`. */
function filtersOf<Shown>(filters: Filters, values: FilterValues<Shown>): (shown: Shown) => boolean {
  const known = new Map(Object.entries(values).map(([name, of]) => [filterKey(name), of]));
  const tests = filters.map(({ Name: name = '', Values: wanted = [] }) => {
    const of = known.get(filterKey(name));
    if (of === undefined)
      throw invalidParameter(
        'Filters',
        `The filter '${name}' is invalid; the filters of this list are ${Object.keys(values).join(', ')}`,
      );
    return (shown: Shown) => of(shown).some((value) => value !== undefined && wanted.includes(String(value)));
  });
  return (shown) => tests.every((test) => test(shown));
}

function filterKey(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
