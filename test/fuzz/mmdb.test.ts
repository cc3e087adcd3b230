/**
 * Mutated MaxMind DB files and RTT tables against their readers: compiled or refused with a reason, never anything
 * else, and what is compiled can be asked. 3,000 files from a fixed seed; with CAUSEWAY_LONG=1 300,000 from a seed
 * that is printed.
 */
import t from 'tap';
import { DatabaseError } from '../../src/control/geo/data.ts';
import { compileDatabase } from '../../src/control/geo/database.ts';
import { compileRtt, RTT_ERRORS_MAX } from '../../src/control/geo/rttfile.ts';
import { cryptoPrng, type Prng, SeededPrng } from '../../src/util/prng.ts';
import { Locations } from '../../src/zone/geo/locations.ts';
import { Rtt } from '../../src/zone/geo/rtt.ts';
import { Whereabouts } from '../../src/zone/geo/whereabouts.ts';
import { LONG } from '../support/long.ts';
import { encode, mmdb, pointer, type Value } from '../support/mmdb.ts';
import { pick } from './mutate.ts';

const INPUTS = LONG ? 300_000 : 3_000;
const SEED = LONG ? cryptoPrng.u32() : 20260101;
const MUTATIONS_MAX = 6;

const city = (country: string, more: Record<string, Value> = {}): Value => ({
  city: { geoname_id: 1, names: { en: 'A city', ja: '都市' } },
  continent: { code: 'EU', geoname_id: 2 },
  country: { geoname_id: 3, is_in_european_union: true, iso_code: country },
  ...more,
});

const networks = {
  '10.0.0.0/8': city('DE', { location: { latitude: 52.5, longitude: 13.25 } }),
  '10.20.0.0/16': city('US', { subdivisions: [{ iso_code: 'OR' }] }),
  '11.0.0.0/8': pointer(0),
  '2001:db8::/32': city('FR'),
  '2001:db9:0:1::/72': city('CH'),
};
const seeds = ([24, 28, 32] as const).map((recordBits) =>
  mmdb(networks, { recordBits, aliases: ['2002::/16'] }),
);
const CITY = encode('city');
/** Heads of pointers, maps, arrays, long texts; ends of lengths. */
const TELLING = [0, 1, 0x20, 0x28, 0x38, 0x40, 0x5f, 0xe0, 0xe1, 0xff, 0x1f, 0x04, 0x7f, 0x80];

function mutated(seed: Buffer, prng: Prng): Buffer {
  const octets = Buffer.from(seed);
  // Data and metadata are the smaller part, and the more telling.
  const dataAt = seed.indexOf(CITY) - 20;
  for (let left = 1 + prng.below(MUTATIONS_MAX); left > 0; left--) {
    const from = prng.below(3) === 0 ? 0 : dataAt;
    const at = from + prng.below(octets.length - from);
    octets[at] = prng.below(2) === 0 ? pick(TELLING, prng) : octets[at]! ^ (1 << prng.below(8));
  }
  return prng.below(20) === 0 ? octets.subarray(prng.below(octets.length)) : octets;
}

t.test('databases', async (t) => {
  const prng = new SeededPrng(SEED);
  t.comment(`seed ${SEED}`);
  const found = new Whereabouts();
  let [compiled, refused] = [0, 0];
  for (let i = 0; i < INPUTS; i++) {
    const octets = mutated(pick(seeds, prng), prng);
    try {
      const table = Locations.from(compileDatabase(octets).locations);
      for (const length of [4, 16] as const) {
        const address = prng.fill(new Uint8Array(length));
        const bits = prng.below(8 * length + 1);
        table.lookup(address, bits, found);
        if (found.bits > bits) t.fail(`input ${i}: ${found.bits} of ${bits} bits`);
      }
      compiled++;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      refused++;
    }
  }
  t.ok(compiled > INPUTS / 20 && refused > INPUTS / 20, `${compiled} compiled, ${refused} refused`);
});

const WORDS = [
  'DE',
  'US',
  'xx',
  '10.0.0.0/8',
  '10.1.2.3',
  '2001:db8::/32',
  '10.0.0.1/8',
  '::/0',
  'us-east-1',
  'a',
  '-',
  '0',
  '12.5',
  '1e9',
  '99999',
  '-1',
  '#',
  '\n',
  '\n',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  '\u{1f310}',
];

t.test('tables of round-trip times', async (t) => {
  const prng = new SeededPrng(SEED);
  let [compiled, refused] = [0, 0];
  for (let i = 0; i < INPUTS; i++) {
    const words = Array.from({ length: prng.below(24) }, () => pick(WORDS, prng));
    // Half of them with lines as they should be.
    const right = prng.below(2) === 0 ? `DE us-east-1 ${prng.below(100)}\n10.${i & 0xff}.0.0/16 a 1\n# ` : '';
    const { rtt, errors } = compileRtt(right + words.join(pick([' ', '', '\n'], prng)));
    if (rtt !== undefined) {
      Rtt.from(rtt).locate(new Uint8Array(4), 32, { country: 0 });
      compiled++;
    } else {
      refused++;
      if (errors.length === 0 || errors.length > RTT_ERRORS_MAX)
        t.fail(`input ${i}: ${errors.length} errors`);
    }
  }
  t.ok(compiled > INPUTS / 20 && refused > INPUTS / 20, `${compiled} compiled, ${refused} refused`);
});
