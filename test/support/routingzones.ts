/**
 * Random zones of record sets, as Route 53 would take them: trees of aliases through all policies, up to five deep, with
 * shared branches, wildcards and a few health checks for many sets; and random clients and health to ask them with.
 */
import type { Prng } from '../../src/util/prng.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameKey } from '../../src/wire/name.ts';
import type { Content, Coordinates, Policy, RecordSet } from '../../src/zone/recordset.ts';
import type { CidrCollection } from './routing.ts';
import { pick, randomCollection } from './routingclients.ts';
import { geolocation, inZone, REGIONS, textOf } from './routingsets.ts';

export interface RoutingZone {
  readonly sets: readonly RecordSet[];
  readonly collections: readonly CidrCollection[];
}

/** Slots that the sets name: some in one word of health bits, some far apart. */
export const HEALTH_CHECKS: readonly number[] = [0, 1, 31, 32, 700, 65_535];

const LEVELS = 6;

/** A group of sets: one owner, one type; `asks` are the names that lead to it. */
interface Group {
  readonly asks: readonly Name[];
  readonly type: number;
}

export function randomZone(prng: Prng): RoutingZone {
  const zone = new ZoneGenerator(prng);
  for (let level = 0; level < LEVELS; level++) zone.addLevel();
  return { sets: zone.sets, collections: zone.collections };
}

class ZoneGenerator {
  readonly sets: RecordSet[] = [];
  readonly collections: readonly CidrCollection[];
  readonly #prng: Prng;
  readonly #groups: Group[] = [];
  readonly #owners = new Set<string>();

  constructor(prng: Prng) {
    this.#prng = prng;
    this.collections = [randomCollection(prng), randomCollection(prng)];
  }

  addLevel(): void {
    const below = [...this.#groups];
    for (let names = 1 + this.#prng.below(3); names > 0; names--) this.#addName(below);
  }

  #addName(below: readonly Group[]): void {
    const text = randomOwner(this.#prng);
    const owner = inZone(text);
    if (this.#owners.has(nameKey(owner))) return;
    this.#owners.add(nameKey(owner));
    const asks = text.startsWith('*') ? ['q', 'q.q'].map((label) => inZone(label + text.slice(1))) : [owner];
    for (const type of pick(this.#prng, TYPES)) {
      this.#addGroup(owner, type, below);
      this.#groups.push({ asks, type });
    }
  }

  #addGroup(owner: Name, type: number, below: readonly Group[]): void {
    const kinds = type === TYPE.CNAME ? POLICIES.filter((kind) => kind !== 'multivalue') : POLICIES;
    const policies = randomPolicies(this.#prng, pick(this.#prng, kinds));
    for (const policy of policies) {
      const number = this.sets.length;
      this.sets.push({
        name: owner,
        type,
        setIdentifier: policy.kind === 'simple' ? undefined : `s${number}`,
        policy,
        health: this.#prng.below(3) > 0 ? pick(this.#prng, HEALTH_CHECKS) : undefined,
        content: this.#content(policy, type, below),
      });
    }
  }

  #content(policy: Policy, type: number, below: readonly Group[]): Content {
    const label = `${this.sets.length}`;
    const targets = below.filter((group) => group.type === type);
    const isAlias = policy.kind !== 'multivalue' && this.#prng.below(4) > 0;
    const evaluateTargetHealth = this.#prng.below(3) > 0;
    if (isAlias && this.#prng.below(12) === 0)
      return { kind: 'alias', target: inZone(`t${label}.far.`), where: 'outside', evaluateTargetHealth };
    if (!isAlias || targets.length === 0) return { kind: 'records', ttl: 60, rdatas: this.#values(type) };
    const target = pick(this.#prng, pick(this.#prng, targets.slice(-4)).asks);
    return { kind: 'alias', target, where: 'zone', evaluateTargetHealth };
  }

  /** Different from those of every other set. */
  #values(type: number): Uint8Array[] {
    const first = rdataOf(type, 2 * this.sets.length);
    const hasTwo = type !== TYPE.CNAME && this.#prng.below(4) === 0;
    return hasTwo ? [first, rdataOf(type, 2 * this.sets.length + 1)] : [first];
  }
}

const POLICIES: readonly Policy['kind'][] = [
  'simple',
  'weighted',
  'weighted',
  'failover',
  'latency',
  'geolocation',
  'geoproximity',
  'multivalue',
  'cidr',
];

/** What stands at one owner: a CNAME has it for itself. */
const TYPES: readonly (readonly number[])[] = [
  [TYPE.TXT],
  [TYPE.TXT],
  [TYPE.A],
  [TYPE.A, TYPE.TXT],
  [TYPE.A, TYPE.TXT],
  [TYPE.CNAME],
];

/** Owners meet, so that there are empty non-terminals and wildcards that are kept off; `q` is in none of them. */
function randomOwner(prng: Prng): string {
  const labels = Array.from({ length: 1 + prng.below(3) }, () => pick(prng, ['a', 'b', 'c', 'd', 'e']));
  if (prng.below(4) === 0) labels[0] = '*';
  return labels.join('.');
}

/** Rdata of `type` that differs by `number`, 0..65535. */
function rdataOf(type: number, number: number): Uint8Array {
  if (type === TYPE.A) return Uint8Array.of(10, 0, number >> 8, number & 0xff);
  return type === TYPE.CNAME ? inZone(`t${number}.far.`) : textOf(String(number));
}

/** Of the sets of one group, one each. */
function randomPolicies(prng: Prng, kind: Policy['kind']): Policy[] {
  switch (kind) {
    case 'simple':
      return [{ kind }];
    case 'weighted':
      return several(prng, 6, () => ({ kind, weight: pick(prng, WEIGHTS) }));
    case 'failover': {
      const both: Policy[] = [
        { kind, role: 'primary' },
        { kind, role: 'secondary' },
      ];
      return prng.below(6) > 0 ? both : both.slice(prng.below(2)).slice(0, 1);
    }
    case 'latency':
      return someOf(prng, Object.entries(REGIONS), 5).map(([region, at]) => ({ kind, region, at }));
    case 'geolocation':
      return someOf(prng, PLACES, 6).map((place) => geolocation('', place).policy);
    case 'geoproximity':
      return several(prng, 5, () => ({ kind, at: randomCoordinates(prng), bias: randomBias(prng) }));
    case 'multivalue':
      return several(prng, 12, () => ({ kind }));
    case 'cidr': {
      const collection = prng.below(2);
      return someOf(prng, ['north', 'south', 'east', 'west', '*'], 5).map((location) => ({
        kind,
        collection,
        location,
      }));
    }
  }
}

const WEIGHTS: readonly number[] = [0, 0, 1, 1, 2, 5, 10, 255];
const PLACES: readonly string[] = [
  '*',
  '*',
  'NA:',
  'EU:',
  'AS:',
  'SA:',
  'US',
  'DE',
  'TR',
  'JP',
  'US-WA',
  'US-NY',
];

/** To two decimals, as Route 53 has them. Two sets at one place are too rare to care. */
function randomCoordinates(prng: Prng): Coordinates {
  return { latitude: (prng.below(16_001) - 8_000) / 100, longitude: (prng.below(36_000) - 18_000) / 100 };
}

function randomBias(prng: Prng): number {
  return prng.below(2) === 0 ? 0 : prng.below(199) - 99;
}

function several<T>(prng: Prng, max: number, make: () => T): T[] {
  return Array.from({ length: 1 + prng.below(max) }, make);
}

/** One to `max` different ones. */
function someOf<T>(prng: Prng, list: readonly T[], max: number): T[] {
  const left = [...new Set(list)];
  return several(prng, Math.min(max, left.length), () => left.splice(prng.below(left.length), 1)[0]!);
}
