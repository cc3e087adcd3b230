import t from 'tap';
import { parseAddress } from '../../../src/util/cidr.ts';
import { principalCityOf } from '../../../src/zone/geo/cities.ts';
import { type Location, Locations, LocationsBuilder, locate } from '../../../src/zone/geo/locations.ts';
import { COUNTRIES } from '../../../src/zone/geo/places.ts';
import { placeCode, pointOf, Whereabouts } from '../../../src/zone/geo/whereabouts.ts';

/** Each IPv4 network from its first address on; undefined: nothing is known from here on. */
function locationsOf(ranges: Record<string, Location | undefined>): Locations {
  const builder = new LocationsBuilder();
  for (const [first, location] of Object.entries(ranges))
    builder.ranges.add4(
      Buffer.from(parseAddress(first)).readInt32BE(),
      location === undefined ? 0 : builder.row(location),
    );
  return Locations.from(builder.finish());
}

function ask(databases: readonly Locations[], address: string, bits?: number): Whereabouts {
  const found = new Whereabouts();
  // What was found before must not show through.
  Object.assign(found, { continent: 1, country: 2, subdivision: 3, hasPoint: true, bits: 99 });
  const octets = parseAddress(address);
  locate(databases, octets, bits ?? 8 * octets.length, found);
  return found;
}

const berlin = { latitude: 52.52, longitude: 13.4 };

t.test('country, state and point', async (t) => {
  const table = locationsOf({
    '10.0.0.0': { continent: 'EU', country: 'DE', at: berlin },
    '11.0.0.0': { continent: 'NA', country: 'US', subdivision: 'OR' },
    '12.0.0.0': { continent: 'NA', country: 'CA', subdivision: 'BC' },
    '13.0.0.0': undefined,
  });
  t.equal(table.places, 3);
  const de = ask([table], '10.1.2.3');
  t.match(de, {
    continent: placeCode('EU'),
    country: placeCode('DE'),
    subdivision: 0,
    hasPoint: true,
    bits: 8,
  });
  const [x, y, z] = pointOf(berlin);
  t.ok(Math.hypot(de.x - x, de.y - y, de.z - z) * 6_371_000 < 2, 'to the metre');
  t.match(ask([table], '11.1.2.3'), {
    country: placeCode('US'),
    subdivision: placeCode('OR'),
    hasPoint: true,
  });
  t.match(ask([table], '12.1.2.3'), { country: placeCode('CA'), subdivision: 0 });
  t.match(ask([table], '13.1.2.3'), { continent: 0, country: 0, hasPoint: false, bits: 8 });
  t.match(ask([table], '2001:db8::1'), { continent: 0, country: 0, hasPoint: false, bits: 0 });
  t.match(ask([table], '10.0.0.0', 4), { country: 0, bits: 4 }, '0.0.0.0/4 begins with nothing known');
  t.match(ask([], '10.1.2.3'), { continent: 0, country: 0, bits: 0 }, 'without a database');
});

t.test('a country alone has the point of its principal city', async (t) => {
  for (const code of COUNTRIES.keys()) t.ok(principalCityOf(code), code);
  const found = ask([locationsOf({ '0.0.0.0': { country: 'JP' } })], '192.0.2.1');
  const [x] = pointOf({ latitude: 35.7, longitude: 139.7 });
  t.ok(found.hasPoint && Math.abs(found.x - x) < 0.01);
});

t.test("AWS's continents win over the database's", async (t) => {
  for (const [country, theirs, ours] of [
    ['CY', 'AS', 'EU'],
    ['TR', 'AS', 'EU'],
    ['GE', 'EU', 'AS'],
    ['UM', 'NA', 'OC'],
  ] as const)
    t.match(ask([locationsOf({ '0.0.0.0': { continent: theirs, country } })], '10.0.0.1'), {
      continent: placeCode(ours),
      country: placeCode(country),
    });
});

t.test('codes that mean nothing', async (t) => {
  t.match(ask([locationsOf({ '0.0.0.0': { continent: 'EU', country: 'EU' } })], '10.0.0.1'), {
    continent: placeCode('EU'),
    country: 0,
    hasPoint: false,
  });
  t.match(ask([locationsOf({ '0.0.0.0': { continent: 'XX', country: 'ZZ' } })], '10.0.0.1'), {
    continent: 0,
    country: 0,
    bits: 0,
  });
});

t.test('several databases: the first that knows, and the bits of all that were asked', async (t) => {
  const own = locationsOf({ '10.0.0.0': { country: 'CH' }, '10.0.1.0': undefined });
  const world = locationsOf({ '0.0.0.0': { country: 'US' }, '128.0.0.0': { country: 'FR' } });
  t.match(ask([own, world], '10.0.0.7'), { country: placeCode('CH'), bits: 24 });
  t.match(ask([own, world], '10.0.1.7'), { country: placeCode('US'), bits: 24 });
  t.match(ask([own, world], '200.0.0.1'), { country: placeCode('FR'), bits: 1 });
  t.match(ask([world, own], '10.0.0.7'), { country: placeCode('US'), bits: 1 });
});

t.test('no table', async (t) => {
  for (const octets of [0, 2, 4, 8, 64])
    t.throws(() => Locations.from(new SharedArrayBuffer(octets)), RangeError);
  const { buffer } = locationsOf({ '10.0.0.0': { country: 'CH' } });
  const cut = new SharedArrayBuffer(buffer.byteLength - 4);
  new Uint8Array(cut).set(new Uint8Array(buffer, 0, cut.byteLength));
  t.throws(() => Locations.from(cut), RangeError);
});
