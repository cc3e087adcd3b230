/** Geolocation's places: complete, and on the continents on which AWS has them. */
import t from 'tap';
import {
  CONTINENTS,
  COUNTRIES,
  continentOf,
  isContinent,
  isCountry,
  isSubdivision,
  US_STATES,
} from '../../../src/zone/geo/places.ts';

t.test("continents where AWS differs from others' view", async (t) => {
  for (const [continent, countries] of [
    ['EU', ['CY', 'TR', 'RU']],
    ['AS', ['AM', 'AZ', 'GE', 'KZ']],
    ['AN', ['GS', 'TF']],
    ['NA', ['GL']],
    ['OC', ['UM']],
  ] as const)
    for (const country of countries) t.equal(continentOf(country), continent, country);
  t.equal(continentOf('ZZ'), undefined);
});

t.test('all of ISO 3166-1, each once, and Kosovo', async (t) => {
  t.equal(COUNTRIES.size, 250);
  const codes = [...COUNTRIES.keys()];
  t.same(codes, [...codes].sort());
  t.ok([...COUNTRIES.values()].every(({ code, name }) => /^[A-Z]{2}$/.test(code) && /^\p{Lu}/u.test(name)));
  t.same(new Set([...COUNTRIES.values()].map(({ continent }) => continent)), new Set(CONTINENTS.keys()));
  // An own list from the Unicode data: a name other than the code means that the code is assigned.
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  for (const code of codes) t.ok(names.of(code), code);
});

t.test('51 states, and what is none', async (t) => {
  t.equal(US_STATES.size, 51);
  t.ok(isSubdivision('US', 'DC'));
  t.ok(isSubdivision('US', 'WY'));
  t.notOk(isSubdivision('US', 'PR'), 'a country of its own');
  t.ok(isCountry('PR'));
  t.notOk(isSubdivision('CA', 'BC'));
  t.notOk(isCountry('*'));
  t.notOk(isCountry('de'));
  t.ok(isContinent('AN'));
  t.notOk(isContinent('US'));
});
