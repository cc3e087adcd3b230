/**
 * Where clients are: `node test/bench/geo.ts [networks]`. A country database of the Internet compiled and asked, then
 * a city database of so many made-up IPv4 networks, 5 million unless said, as large ones are; then CIDR tables.
 */
import { readFileSync } from 'node:fs';
import { compileDatabase } from '../../src/control/geo/database.ts';
import { CidrMatch, CidrTable, parseCidr } from '../../src/util/cidr.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { Locations, LocationsBuilder } from '../../src/zone/geo/locations.ts';
import { regionKey } from '../../src/zone/geo/regions.ts';
import { buildRtt, Rtt } from '../../src/zone/geo/rtt.ts';
import { placeCode, Whereabouts } from '../../src/zone/geo/whereabouts.ts';

const networks = Number(process.argv[2] ?? 5_000_000);
const LOOKUPS = 2_000_000;
const ADDRESSES = 65_536;
const prng = new SeededPrng(1);
const v4 = Array.from({ length: ADDRESSES }, () => prng.fill(new Uint8Array(4)));
const v6 = Array.from({ length: ADDRESSES }, () => {
  const address = prng.fill(new Uint8Array(16));
  address.set([0x20 + prng.below(16), prng.below(16)]);
  return address;
});

function timed<T>(what: string, each: number, work: () => T): T {
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  const result = work();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpu = process.cpuUsage(before).user / 1e6;
  const one = ((cpu / each) * 1e9).toFixed(0);
  console.log(`${what.padEnd(36)} ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} s CPU, ${one} ns CPU each`);
  return result;
}

function ask(what: string, addresses: readonly Uint8Array[], one: (address: Uint8Array) => void): void {
  for (let i = 0; i < 100_000; i++) one(addresses[i % ADDRESSES]!);
  timed(what, LOOKUPS, () => {
    for (let i = 0; i < LOOKUPS; i++) one(addresses[i % ADDRESSES]!);
  });
}

function describe(table: Locations): void {
  const octets = (table.buffer.byteLength / table.networks).toFixed(1);
  console.log(`${''.padEnd(36)} ${table.networks} networks, ${table.places} places, ${octets} octets each`);
}

const found = new Whereabouts();
const file = import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
const octets = readFileSync(new URL(file));
const country = timed('compile a country database', 1, () =>
  Locations.from(compileDatabase(octets).locations),
);
describe(country);
ask('country, IPv4', v4, (address) => country.lookup(address, 32, found));
ask('country, IPv6', v6, (address) => country.lookup(address, 128, found));

const city = timed(`build ${networks} networks`, networks, () => {
  const builder = new LocationsBuilder();
  const rows = Array.from({ length: 150_000 }, () => {
    const at = { latitude: prng.below(18_000) / 100 - 90, longitude: prng.below(36_000) / 100 - 180 };
    return builder.row({ country: 'DE', at });
  });
  const step = Math.floor(2 ** 32 / networks);
  for (let i = 0; i < networks; i++) builder.ranges.add4((i * step) | 0, rows[prng.below(rows.length)]!);
  return Locations.from(builder.finish());
});
describe(city);
ask('city, IPv4', v4, (address) => city.lookup(address, 32, found));

const blocks = Array.from({ length: 1000 }, (_, i) => ({
  ...parseCidr(`${i >> 3}.${(i & 7) << 5}.0.0/11`),
  value: i,
}));
const collection = CidrTable.build(blocks);
const match = new CidrMatch();
ask('1000 blocks, lookup', v4, (address) => collection.lookup(address));
ask('1000 blocks, match with its bits', v4, (address) => collection.match(address, 32, match));

const regions = Array.from({ length: 39 }, (_, i) => regionKey(`region-${i}`));
const rtt = Rtt.from(
  buildRtt(blocks.flatMap((from) => regions.map((region) => ({ from, region, ms: 1 + prng.below(200) })))),
);
found.country = placeCode('DE');
ask('RTT table, one client to 39 regions', v4, (address) => {
  rtt.locate(address, 32, found);
  for (const region of regions) rtt.ms(region);
});
