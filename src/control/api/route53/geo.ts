import { CONTINENTS, COUNTRIES, US_STATES } from '../../../zone/geo/places.ts';
import { apiError } from '../errors.ts';
import type { Route53Handlers } from '../handler.ts';
import type { GeoLocationDetails } from '../models/route53.ts';
import { pageSize } from './means.ts';

const PAGE_MAX = 100;
/** Where no other location is the client's. */
const DEFAULT: GeoLocationDetails = { CountryCode: '*', CountryName: 'Default' };

/** A location, or where in the list one would be. */
interface Place {
  readonly continent?: string | undefined;
  readonly country?: string | undefined;
  readonly subdivision?: string | undefined;
}

/** What geolocation record sets may name. */
export const geoHandlers: Route53Handlers = {
  ListGeoLocations({ input }) {
    const limit = pageSize(input.MaxItems, PAGE_MAX);
    const start = placeIn(input.StartContinentCode, input.StartCountryCode, input.StartSubdivisionCode);
    const from = order(start);
    const rest = LOCATIONS.filter((each) => order(placeOf(each)) >= from);
    const next = rest[limit];
    return {
      GeoLocationDetailsList: rest.slice(0, limit),
      IsTruncated: next !== undefined,
      NextContinentCode: next?.ContinentCode,
      NextCountryCode: next?.CountryCode,
      NextSubdivisionCode: next?.SubdivisionCode,
      MaxItems: input.MaxItems ?? String(PAGE_MAX),
    };
  },

  GetGeoLocation({ input }) {
    const place = placeIn(input.ContinentCode, input.CountryCode, input.SubdivisionCode);
    if (place.continent === undefined && place.country === undefined)
      throw apiError('InvalidInput', 'Either a continent code or a country code must be given.');
    const wanted = order(place);
    const found = LOCATIONS.find((each) => order(placeOf(each)) === wanted);
    if (found !== undefined) return { GeoLocationDetails: found };
    const { continent, country, subdivision } = place;
    throw apiError(
      'NoSuchGeoLocation',
      `The geographic location ${[continent, country, subdivision].filter(Boolean).join('-')} is not supported.`,
    );
  },
};

/** Throws ApiError InvalidInput for what is the place of nothing. */
function placeIn(continent?: string, country?: string, subdivision?: string): Place {
  if (continent !== undefined && country !== undefined)
    throw apiError('InvalidInput', 'A continent code and a country code cannot be given together.');
  if (subdivision !== undefined && country === undefined)
    throw apiError('InvalidInput', 'A subdivision code needs a country code.');
  return { continent, country, subdivision };
}

function placeOf(location: GeoLocationDetails): Place {
  const { ContinentCode: continent, CountryCode: country, SubdivisionCode: subdivision } = location;
  return { continent, country, subdivision };
}

/** Of the list: countries, each with its subdivisions behind it, then continents. A list begins with no place. */
function order({ continent, country = '', subdivision = '' }: Place): string {
  return continent === undefined ? `1 ${country} ${subdivision}` : `2 ${continent}`;
}

/** All, in the order of the list. */
const LOCATIONS: readonly GeoLocationDetails[] = [
  DEFAULT,
  ...[...COUNTRIES.values()].flatMap(({ code, name }) => {
    const country = { CountryCode: code, CountryName: name };
    return code === 'US' ? [country, ...statesOf(country)] : [country];
  }),
  ...[...CONTINENTS].map(([code, name]) => ({ ContinentCode: code, ContinentName: name })),
];

function statesOf(country: GeoLocationDetails): GeoLocationDetails[] {
  return [...US_STATES].map(([code, name]) => ({
    ...country,
    SubdivisionCode: code,
    SubdivisionName: name,
  }));
}
