/** Random clients, CIDR collections, states of health and questions for random zones of record sets. */
import { type Cidr, parseCidr } from '../../src/util/cidr.ts';
import type { Prng } from '../../src/util/prng.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { labelCount, type Name, prepend, suffixOf } from '../../src/wire/name.ts';
import type { Coordinates, RecordSet } from '../../src/zone/recordset.ts';
import type { CidrCollection, ClientFacts } from './routing.ts';

export function pick<T>(prng: Prng, list: readonly T[]): T {
  return list[prng.below(list.length)]!;
}

/** Blocks within each other, each in one location; locations are the points of the compass. */
export function randomCollection(prng: Prng): CidrCollection {
  const blocks = new Map<string, CidrCollection[number]>();
  for (let count = prng.below(12); count > 0; count--) {
    const block = masked(pick(prng, BASES), pick(prng, LENGTHS));
    blocks.set(`${block.prefix}/${block.length}`, { location: pick(prng, COMPASS), block });
  }
  return [...blocks.values()];
}

const COMPASS: readonly string[] = ['north', 'south', 'east', 'west'];
const BASES: readonly Uint8Array[] = ['10.0.0.0', '10.1.0.0', '10.1.128.0', '2001:db8::', '2001:db8:1::'].map(
  (text) => parseCidr(text).prefix,
);
/** Route 53 takes 1 to 24 for IPv4, 1 to 48 for IPv6: these serve for both. */
const LENGTHS: readonly number[] = [1, 7, 8, 12, 15, 16, 17, 23, 24];

function masked(address: Uint8Array, length: number): Cidr {
  const prefix = address.map((octet, i) => octet & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length))));
  return { prefix, length };
}

/** Known by state, country, continent or not at all; with coordinates or without; by address or a part of it. */
export function randomClient(prng: Prng, collections: readonly CidrCollection[]): ClientFacts {
  const [continent, country, subdivision, home] = pick(prng, TOWNS);
  const known = prng.below(4);
  return {
    continent: known > 0 ? continent : undefined,
    country: known > 1 ? country : undefined,
    subdivision: known > 2 ? subdivision : undefined,
    coordinates: prng.below(2) === 0 ? undefined : around(prng, home),
    ...randomAddress(prng, collections),
  };
}

const TOWNS: readonly (readonly [string, string, string | undefined, Coordinates])[] = [
  ['NA', 'US', 'WA', { latitude: 47.6, longitude: -122.3 }],
  ['NA', 'US', 'NY', { latitude: 40.7, longitude: -74 }],
  ['NA', 'US', 'CO', { latitude: 39.7, longitude: -105 }],
  ['NA', 'CA', undefined, { latitude: 45.4, longitude: -75.7 }],
  ['SA', 'BR', undefined, { latitude: -15.8, longitude: -47.9 }],
  ['EU', 'DE', undefined, { latitude: 52.5, longitude: 13.4 }],
  ['EU', 'TR', undefined, { latitude: 39.9, longitude: 32.9 }],
  ['AS', 'JP', undefined, { latitude: 35.7, longitude: 139.7 }],
  ['OC', 'FJ', undefined, { latitude: -18.1, longitude: 178.4 }],
  ['AN', 'AQ', undefined, { latitude: -88, longitude: 0 }],
];

function around(prng: Prng, { latitude, longitude }: Coordinates): Coordinates {
  const off = (): number => (prng.below(2_000_001) - 1_000_000) / 1_000_000;
  return { latitude: latitude + off(), longitude: longitude + off() };
}

function randomAddress(
  prng: Prng,
  collections: readonly CidrCollection[],
): { address: Uint8Array; bits: number } {
  const blocks = collections.flat().map(({ block }) => block);
  const { prefix, length } = blocks.length > 0 && prng.below(4) > 0 ? pick(prng, blocks) : NOWHERE;
  const noise = prng.fill(new Uint8Array(prefix.length));
  const within = masked(noise, length).prefix;
  const address = prefix.map((octet, i) => octet | (noise[i]! ^ within[i]!));
  const bits = prng.below(2) === 0 ? 8 * prefix.length : prng.below(prefix.length === 4 ? 33 : 65);
  return { address: masked(address, bits).prefix, bits };
}

const NOWHERE: Cidr = { prefix: new Uint8Array(4), length: 0 };

/** Which of the `checks` fail: none, some or all. */
export function randomFailures(prng: Prng, checks: readonly number[]): Set<number> {
  const outOfTen = pick(prng, [0, 3, 5, 8, 10]);
  return new Set(checks.filter(() => prng.below(10) < outOfTen));
}

export interface Question {
  readonly name: Name;
  readonly type: number;
}

/** Mostly for names that are there, the roots of trees more often; also for what is above or below them. */
export function randomQuestion(prng: Prng, sets: readonly RecordSet[]): Question {
  const set = sets[Math.max(prng.below(sets.length), prng.below(sets.length))]!;
  const type = prng.below(6) > 0 ? set.type : pick(prng, [TYPE.TXT, TYPE.A, TYPE.AAAA, TYPE.CNAME]);
  const labels = labelCount(set.name);
  switch (prng.below(8)) {
    case 0:
      return { name: suffixOf(set.name, Math.max(2, labels - 1)), type };
    case 1:
      return { name: prepend(MISSING, suffixOf(set.name, Math.max(2, labels - 1)))!, type };
    case 2:
      return { name: prepend(MISSING, set.name)!, type };
    default:
      return { name: isWildcard(set.name) ? expanded(prng, set.name) : set.name, type };
  }
}

/** A label that no owner has. */
const MISSING = Uint8Array.of('q'.charCodeAt(0));

function isWildcard(name: Name): boolean {
  return name[0] === 1 && name[1] === '*'.charCodeAt(0);
}

function expanded(prng: Prng, wildcard: Name): Name {
  const name = prepend(MISSING, suffixOf(wildcard, labelCount(wildcard) - 1))!;
  return prng.below(3) === 0 ? prepend(MISSING, name)! : name;
}
