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

interface AskedInOrder extends Asked {
  readonly SortBy?: string | undefined;
  readonly SortOrder?: 'ASCENDING' | 'DESCENDING' | undefined;
}

export interface CountedPage<Shown> {
  readonly shown: readonly Shown[];
  readonly NextToken?: string;
  readonly TotalCount: number;
  readonly TotalFilteredCount: number;
}

/**
 * The same for lists that can be sorted by what they can be filtered by, and tell how long they are. Throws likewise.
 */
export function sortedPageOf<Shown>(
  all: readonly Listed<Shown>[],
  { SortBy: by, SortOrder: order = 'ASCENDING', Filters: filters = [], ...asked }: AskedInOrder,
  values: FilterValues<Shown>,
): CountedPage<Shown> {
  const rankOf = by === undefined ? () => '' : valuesOf('SortBy', by, values);
  const passing = all.filter(({ shown }) => filtersOf(filters, values)(shown));
  const sorted = passing
    .map(({ place, shown }) => ({ rank: `${textOf(rankOf(shown)[0])} ${place}`, shown }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  if (order === 'DESCENDING') sorted.reverse();
  // Places are those in this order, whichever it is.
  const from = asked.NextToken === undefined ? undefined : placeOf(asked.NextToken);
  const isBehind = ({ rank }: { rank: string }): boolean =>
    from === undefined || (order === 'ASCENDING' ? rank >= from : rank <= from);
  const rest = sorted.filter(isBehind);
  const size = asked.MaxResults ?? PAGE;
  const next = rest[size];
  return {
    shown: rest.slice(0, size).map(({ shown }) => shown),
    TotalCount: all.length,
    TotalFilteredCount: passing.length,
    ...(next === undefined ? {} : { NextToken: tokenOf(next.rank) }),
  };
}

/** Numbers sort as numbers do. */
function textOf(value: unknown): string {
  return typeof value === 'number' ? String(value).padStart(NUMBER_DIGITS, '0') : String(value ?? '');
}

const NUMBER_DIGITS = 12;

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
  const tests = filters.map(({ Name: name = '', Values: wanted = [] }) => {
    const of = valuesOf('Filters', name, values);
    return (shown: Shown) => of(shown).some((value) => value !== undefined && wanted.includes(String(value)));
  });
  return (shown) => tests.every((test) => test(shown));
}

function valuesOf<Shown>(
  field: 'Filters' | 'SortBy',
  name: string,
  values: FilterValues<Shown>,
): FilterValues<Shown>[string] {
  const known = Object.entries(values).find(([each]) => filterKey(each) === filterKey(name));
  if (known !== undefined) return known[1];
  const what = field === 'Filters' ? 'filter' : 'key';
  throw invalidParameter(
    field,
    `The ${what} '${name}' is invalid; the ${what}s of this list are ${Object.keys(values).join(', ')}`,
  );
}

function filterKey(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
