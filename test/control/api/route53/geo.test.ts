/** Locations as geolocation record sets name them: their order and pages, asked by a client of AWS. */
import {
  type GeoLocationDetails,
  GetAccountLimitCommand,
  GetGeoLocationCommand,
  ListGeoLocationsCommand,
  type ListGeoLocationsCommandInput,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { startRoute53 } from '../../../support/route53.ts';

/** Some codes are those of a country and of a continent. */
const short = ({ ContinentCode: continent, CountryCode, SubdivisionCode }: GeoLocationDetails): string =>
  continent === undefined ? [CountryCode, SubdivisionCode].filter(Boolean).join('-') : `${continent}:`;

t.test('locations', async (t) => {
  const { ours, close } = await startRoute53();
  t.teardown(close);
  const page = (input: ListGeoLocationsCommandInput) => ours.send(new ListGeoLocationsCommand(input));

  t.test(
    'pages of any size are the whole list, each country before its states, continents last',
    async (t) => {
      for (const size of [1, 7, 100]) {
        const seen: string[] = [];
        let input: ListGeoLocationsCommandInput = { MaxItems: size };
        for (;;) {
          const { GeoLocationDetailsList: list = [], IsTruncated, MaxItems, ...next } = await page(input);
          t.equal(MaxItems, size);
          t.ok(list.length === size || !IsTruncated);
          seen.push(...list.map(short));
          if (!IsTruncated) break;
          input = {
            MaxItems: size,
            StartContinentCode: next.NextContinentCode,
            StartCountryCode: next.NextCountryCode,
            StartSubdivisionCode: next.NextSubdivisionCode,
          };
        }
        t.equal(seen.length, new Set(seen).size, 'each once');
        t.same(seen.slice(0, 3), ['*', 'AD', 'AE']);
        t.same(seen.slice(-8), ['ZW', 'AF:', 'AN:', 'AS:', 'EU:', 'NA:', 'OC:', 'SA:']);
        const us = seen.indexOf('US');
        t.same(seen.slice(us, us + 3), ['US', 'US-AK', 'US-AL']);
        t.same(seen.slice(us + 51, us + 53), ['US-WY', 'UY']);
      }
    },
  );

  t.test('a list begins at a place that need not exist', async (t) => {
    const first = async (input: ListGeoLocationsCommandInput) =>
      short((await page({ ...input, MaxItems: 1 })).GeoLocationDetailsList![0]!);
    t.equal(await first({ StartCountryCode: 'DD' }), 'DE');
    t.equal(await first({ StartCountryCode: 'US', StartSubdivisionCode: 'WZ' }), 'UY');
    t.equal(await first({ StartContinentCode: 'EU' }), 'EU:');
    t.same((await page({ StartContinentCode: 'ZZ' })).GeoLocationDetailsList, []);
  });

  t.test('one location, and what is none', async (t) => {
    const get = async (input: object) =>
      (await ours.send(new GetGeoLocationCommand(input))).GeoLocationDetails;
    t.same(await get({ CountryCode: 'US', SubdivisionCode: 'WA' }), {
      CountryCode: 'US',
      CountryName: 'United States',
      SubdivisionCode: 'WA',
      SubdivisionName: 'Washington',
    });
    t.same(await get({ ContinentCode: 'EU' }), { ContinentCode: 'EU', ContinentName: 'Europe' });
    t.same(await get({ CountryCode: '*' }), { CountryCode: '*', CountryName: 'Default' });
    await t.rejects(get({ CountryCode: 'XX' }), {
      name: 'NoSuchGeoLocation',
      $metadata: { httpStatusCode: 404 },
    });
    await t.rejects(get({ CountryCode: 'DE', SubdivisionCode: 'BY' }), { name: 'NoSuchGeoLocation' });
    await t.rejects(get({}), { name: 'InvalidInput' });
    await t.rejects(get({ CountryCode: 'DE', ContinentCode: 'EU' }), { name: 'InvalidInput' });
    await t.rejects(get({ SubdivisionCode: 'WA' }), { name: 'InvalidInput' });
    await t.rejects(page({ MaxItems: 0 }), { name: 'InvalidInput' });
  });
});

t.test('limits of an account', async (t) => {
  const { ours, close } = await startRoute53();
  t.teardown(close);
  const get = (Type: 'MAX_HOSTED_ZONES_BY_OWNER' | 'MAX_REUSABLE_DELEGATION_SETS_BY_OWNER') =>
    ours.send(new GetAccountLimitCommand({ Type }));
  t.match(await get('MAX_HOSTED_ZONES_BY_OWNER'), {
    Limit: { Type: 'MAX_HOSTED_ZONES_BY_OWNER', Value: 500 },
    Count: 0,
  });
  t.match(await get('MAX_REUSABLE_DELEGATION_SETS_BY_OWNER'), { Limit: { Value: 100 }, Count: 0 });
  await t.rejects(get('MAX' as 'MAX_HOSTED_ZONES_BY_OWNER'), { name: 'InvalidInput' });
});
