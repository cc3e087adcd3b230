/** A public zone by place: the daemon with a real database of countries, asked for addresses all over the world. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type CountryResponse, Reader } from 'mmdb-lib';
import t from 'tap';
import { addressToText } from '../../src/util/cidr.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { continentOf } from '../../src/zone/geo/places.ts';
import { startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig', 'kdig');

const DATABASE = createRequire(import.meta.url)
  .resolve('@ip-location-db/geo-whois-asn-country-mmdb/package.json')
  .replace('package.json', 'geo-whois-asn-country.mmdb');

const PLACES = [
  ...['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'].map((code) => [code, `continentCode: ${code}`] as const),
  ...['DE', 'JP', 'US', 'BR'].map((code) => [code, `countryCode: ${code}`] as const),
  ['default', 'countryCode: "*"'] as const,
];

const CONFIG = `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
geo: { database: countries.mmdb }
endpoints:
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:PORT"], zones: [world.example.@public], rateLimit: false }]
delegationSets: [{ id: set-1, nameServers: [ns1.example.net.] }]
zones:
  - name: world.example.
    delegationSet: set-1
    records:
${PLACES.map(
  ([name, place]) =>
    `      - { name: here, type: TXT, ttl: 60, values: '"${name}"', setIdentifier: ${name} ${place.split(':')[0]}, geoLocation: { ${place} } }`,
).join('\n')}
      - { name: plain, type: TXT, ttl: 60, values: '"anywhere"' }
`;

/** This database has the code where others have a record of the country. */
function codeIn(record: CountryResponse | null): string | undefined {
  return (record as { country_code?: string } | null)?.country_code;
}

/** What Route 53 would answer for a country. */
function expected(country: string | undefined): string {
  if (country === undefined) return 'default';
  return ['DE', 'JP', 'US', 'BR'].includes(country) ? country : (continentOf(country) ?? 'default');
}

t.test('each network is answered by its country, its continent or the default', { skip }, async (t) => {
  const file = readFileSync(DATABASE);
  const daemon = await startDaemon({
    config: CONFIG.replace('countries.mmdb', JSON.stringify(DATABASE)),
  });
  t.teardown(() => daemon.stop());
  const database = new Reader<CountryResponse>(file);
  const prng = new SeededPrng(53);
  const told = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const isV6 = i % 4 === 3;
    const octets = prng.fill(new Uint8Array(isV6 ? 16 : 4));
    // Among those that are given out: 2000::/7 covers what registries have.
    if (isV6) octets[0] = 0x20 | ((octets[0]! & 1) * 4);
    octets.fill(0, isV6 ? 7 : 3);
    const address = addressToText(octets);
    const bits = isV6 ? 56 : 24;
    const record = database.get(address);
    const want = expected(codeIn(record));
    const ask = i % 2 === 0 ? dig : kdig;
    const reply = await ask(at(daemon), 'here.world.example', 'TXT', `+subnet=${address}/${bits}`);
    t.same(
      reply.answers.map(({ rdata }) => rdata),
      [`"${want}"`],
      `${address} ${codeIn(record)}`,
    );
    told.add(want);
  }
  t.ok(told.size > 6, [...told].join());
});

t.test('the scope says for whom an answer holds', { skip }, async (t) => {
  const daemon = await startDaemon({ config: CONFIG.replace('countries.mmdb', JSON.stringify(DATABASE)) });
  t.teardown(() => daemon.stop());
  const ecs = async (name: string, subnet: string): Promise<string | undefined> => {
    const reply = await dig(at(daemon), `${name}.world.example`, 'TXT', `+subnet=${subnet}`);
    return reply.edns?.find((line) => line.includes('CLIENT-SUBNET'))?.trim();
  };
  t.equal(await ecs('plain', '8.8.8.0/24'), 'CLIENT-SUBNET: 8.8.8.0/24/0', 'holds for all');
  const told = await ecs('here', '8.8.8.0/24');
  const scope = Number(told?.split('/').at(-1));
  t.ok(scope >= 1 && scope <= 24, String(told));
  // The scope is a promise: every address with these first bits gets the same answer.
  const database = new Reader<CountryResponse>(readFileSync(DATABASE));
  const mask = (0xffffffff << (32 - scope)) >>> 0;
  const network = (0x08080800 & mask) >>> 0;
  for (let i = 0; i < 50; i++) {
    const other = (network | (Math.imul(i + 1, 0x9e3779b1) & ~mask)) >>> 0;
    const text = [24, 16, 8, 0].map((shift) => (other >>> shift) & 255).join('.');
    t.equal(expected(codeIn(database.get(text))), 'US', text);
  }
});
