/** MaxMind DB files become tables of locations; hostile ones are refused, in bounded time. */
import { readFileSync } from 'node:fs';
import { Reader } from 'mmdb-lib';
import t from 'tap';
import { compileDatabase } from '../../../src/control/geo/database.ts';
import { addressToText, parseAddress } from '../../../src/util/cidr.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { Locations } from '../../../src/zone/geo/locations.ts';
import { Whereabouts } from '../../../src/zone/geo/whereabouts.ts';
import { encode, head, type MmdbOptions, mmdb, Octets, pointer, type Value } from '../../support/mmdb.ts';

const city = (country: string, more: Record<string, Value> = {}): Value => ({
  city: { geoname_id: 1, names: { en: 'A city', ja: '都市' } },
  continent: { code: 'EU', geoname_id: 2 },
  country: { geoname_id: 3, is_in_european_union: true, iso_code: country },
  ...more,
});

/** `DE EU 8`: country, continent, bits; with the state where there is one, and `-` for what is not known. */
function ask(locations: Locations, address: string): string {
  const found = new Whereabouts();
  const octets = parseAddress(address);
  locations.lookup(octets, 8 * octets.length, found);
  const codes = [found.country, found.subdivision, found.continent].map((code) =>
    code === 0 ? '-' : String.fromCharCode(code >> 8, code & 0xff),
  );
  return `${codes.filter((code, i) => code !== '-' || i !== 1).join(' ')} ${found.bits}`;
}

const compiled = (networks: Record<string, Value>, options?: MmdbOptions): Locations =>
  Locations.from(compileDatabase(mmdb(networks, options)).locations);

t.test('cities, as MaxMind has them, in each size of records', async (t) => {
  for (const recordBits of [24, 28, 32] as const) {
    const options = { recordBits, aliases: ['2002::/16'] };
    const table = compiled(
      {
        '10.0.0.0/8': city('DE', { location: { latitude: 52.5, longitude: 13.25 } }),
        '10.20.0.0/16': city('US', { subdivisions: [{ iso_code: 'OR' }] }),
        '2001:db8::/32': city('FR'),
        '2001:db8:0:1::/64': city('CH'),
        '2001:db9:0:2::1/128': city('AT'),
      },
      options,
    );
    t.equal(ask(table, '10.1.2.3'), 'DE EU 12');
    t.equal(ask(table, '10.20.2.3'), 'US OR NA 16');
    t.equal(ask(table, '11.0.0.1'), '- - 8');
    t.equal(ask(table, '2001:db8:1::1'), 'FR EU 48');
    t.equal(ask(table, '2001:db8:0:1::7'), 'CH EU 64');
    t.equal(ask(table, '2001:db9:0:2::7'), 'AT EU 64', 'a network has no more than 64 bits');
    t.equal(ask(table, '::a14:1'), '- - 3', 'nor are the IPv6 addresses as which the tree has IPv4 ones');
    t.equal(ask(table, '2002:0a14::1'), '- - 15', '6to4 is no place');
  }
});

t.test('flat records, and IPv4 only', async (t) => {
  const table = compiled(
    {
      '10.0.0.0/8': { country_code: 'US', state1: 'Oregon', latitude: 45.5, longitude: -122.5 },
      '11.0.0.0/8': { country_code: 'CY', continent_code: 'AS' },
    },
    { ipVersion: 4 },
  );
  t.equal(ask(table, '10.1.2.3'), 'US OR NA 8');
  t.equal(ask(table, '11.1.2.3'), 'CY EU 8');
  t.equal(ask(table, '2001:db8::1'), '- - 0');
});

t.test('data that many share by pointers', async (t) => {
  const shared = encode(city('DE'));
  const country = shared.indexOf(encode({ code: 'EU', geoname_id: 2 }));
  const table = compiled({
    '10.0.0.0/8': city('DE'),
    '11.0.0.0/8': pointer(0),
    '12.0.0.0/8': { continent: pointer(country), country: { iso_code: 'SE' } },
  });
  t.equal(ask(table, '10.1.2.3'), 'DE EU 7', 'equal neighbours are one');
  t.equal(ask(table, '11.1.2.3'), 'DE EU 7');
  t.equal(ask(table, '12.1.2.3'), 'SE EU 8');
});

t.test('one record for all addresses', async (t) => {
  const table = compiled({ '::/1': city('DE'), '8000::/1': city('DE') });
  t.equal(ask(table, '10.1.2.3'), 'DE EU 0');
  t.equal(ask(table, 'fe80::1'), 'DE EU 0');
});

t.test('values that are not what they should be are not known', async (t) => {
  for (const value of [
    'DE',
    7,
    [],
    {},
    { country: 'DE' },
    { country: { iso_code: 7 } },
    { country: { iso_code: 'x'.repeat(70_000) } },
    { country: { iso_code: 'de' } },
    { subdivisions: 'OR', country_code: [] },
    { location: { latitude: 91.5, longitude: 1.5 } },
    { location: { latitude: Number.NaN, longitude: 1.5 } },
    { location: { latitude: 'x', longitude: 1.5 } },
  ] as Value[]) {
    const table = compiled({ '10.0.0.0/8': value, '11.0.0.0/8': city('DE') });
    t.equal(ask(table, '10.0.0.1'), '- - 8', JSON.stringify(value).slice(0, 60));
  }
});

const good = { '10.0.0.0/8': city('DE') };
const withValue = (value: Value): Buffer => mmdb({ '10.0.0.0/8': value });
/** Arrays in arrays. */
const nested = (depth: number): Octets =>
  new Octets(...Buffer.concat(Array.from({ length: depth }, () => head(11, 1))), 0x40);

t.test('hostile files are refused, and say why', async (t) => {
  const behind = (value: Value): Value => ({ a: value, country: { iso_code: 'DE' } });
  for (const [what, octets, message] of [
    ['empty', Buffer.alloc(0), /metadata are missing/],
    ['text', Buffer.from('<html>'.repeat(100)), /metadata are missing/],
    ['gzip', Buffer.from('1f8b0800', 'hex'), /metadata are missing/],
    ['version', mmdb(good, { metadata: { binary_format_major_version: 3 } }), /version 3/],
    [
      'no version',
      mmdb(good, { metadata: { binary_format_major_version: 'x' } }),
      /no binary_format_major_version/,
    ],
    ['records', mmdb(good, { metadata: { record_size: 25 } }), /record_size is 25/],
    ['family', mmdb(good, { metadata: { ip_version: 5 } }), /ip_version is 5/],
    ['no nodes', mmdb(good, { metadata: { node_count: 0 } }), /empty/],
    ['too many nodes', mmdb(good, { metadata: { node_count: 2 ** 31 } }), /ends before/],
    ['more nodes than fit', mmdb(good, { metadata: { node_count: 2n ** 47n } }), /ends before/],
    ['pointer to itself', withValue(pointer(0)), /is pointed to/],
    ['pointer beyond', withValue(pointer(0x7fffffff)), /beyond the end/],
    ['huge map', withValue(new Octets(...head(7, 2 ** 24))), /beyond the end|more reading|nested/],
    ['huge text', withValue(behind(new Octets(...head(2, 2 ** 24)))), /beyond the end/],
    ['deep', withValue(behind(nested(40))), /nested more than 16/],
    ['no places', mmdb({ '10.0.0.0/8': { autonomous_system_number: 64_496 } }), /knows no places/],
  ] as const)
    t.throws(() => compileDatabase(octets), { name: 'DatabaseError', message }, what);
});

t.test('a database of autonomous systems places nobody, and is one', async (t) => {
  const networks = { '10.0.0.0/8': { autonomous_system_number: 64_496 } };
  const table = compiled(networks, { metadata: { database_type: 'GeoLite2-ASN' } });
  t.equal(ask(table, '10.1.2.3'), '- - 0', 'for no address does it depend on the address');
});

t.test('pointers that lead in a circle are never gone around', async (t) => {
  const table = compiled({
    '10.0.0.0/8': { a: pointer(0), country: { iso_code: 'DE' } },
    '11.0.0.0/8': { country: pointer(0) },
  });
  t.equal(ask(table, '10.0.0.1'), 'DE EU 8');
  t.equal(ask(table, '11.0.0.1'), '- - 8');
});

/** A tree of `sides`, each the records of a node. */
function treeOf(sides: readonly (readonly [number, number])[]): Buffer {
  const out = Buffer.alloc(6 * sides.length);
  sides.forEach(([left, right], i) => {
    out.writeUIntBE(left, 6 * i, 3);
    out.writeUIntBE(right, 6 * i + 3, 3);
  });
  const rest = mmdb(good, { metadata: { node_count: sides.length } });
  return Buffer.concat([out, rest.subarray(rest.indexOf(encode(city('DE'))) - 16)]);
}

t.test('search trees that lead in circles, or have more ways than nodes', async (t) => {
  t.throws(() => compileDatabase(treeOf([[0, 0]])), /deeper|more ways/);
  t.throws(
    () =>
      compileDatabase(
        treeOf([
          [1, 1],
          [0, 0],
        ]),
      ),
    /deeper|more ways/,
  );
  // Each node has both sides at the next: 2^64 ways.
  const sides = Array.from({ length: 64 }, (_, i) => [i + 1, i + 1] as const);
  t.throws(() => compileDatabase(treeOf(sides)), /more ways/);
  t.throws(() => compileDatabase(treeOf([[2, 2]])), /into the gap/);
  t.throws(() => compileDatabase(treeOf([[0xffffff, 1]])), /beyond the end/);
});

t.test('many records that are long each time they are read', async (t) => {
  // 2,000 pointers to one map of 5,000 entries, none of which is asked for.
  const map = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, 1]));
  const networks = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, i) => [`10.${i >> 8}.${i & 0xff}.0/24`, pointer(0)]),
  );
  t.throws(() => compileDatabase(mmdb({ '9.0.0.0/8': map, ...networks })), /more reading/);
});

t.test('a whole country database: each address as an independent reader has it', async (t) => {
  const file = new URL(
    import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
  );
  const octets = readFileSync(file);
  const table = Locations.from(compileDatabase(octets).locations);
  const reader = new Reader(octets);
  const prng = new SeededPrng(7);
  const found = new Whereabouts();
  let known = 0;
  for (let i = 0; i < 30_000; i++) {
    const address = prng.fill(new Uint8Array(i % 2 === 0 ? 4 : 16));
    if (address.length === 16) address.set([0x20 + prng.below(0x10), prng.below(0x10)]);
    // 6to4 leads to the IPv4 tree, which counts for nothing.
    if (address[0] === 0x20 && address[1] === 2) continue;
    const [record, prefix] = reader.getWithPrefixLength(addressToText(address));
    const theirs = record as { country_code: string } | null;
    const isKnown = table.lookup(address, 8 * address.length, found);
    const code = isKnown ? String.fromCharCode(found.country >> 8, found.country & 0xff) : undefined;
    if (isKnown) known++;
    if (code === theirs?.country_code && found.bits <= prefix) continue;
    t.fail(`${addressToText(address)}: ${code}/${found.bits}, not ${theirs?.country_code}/${prefix}`);
  }
  t.ok(known > 10_000, `${known} known`);
});
