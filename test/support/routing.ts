/**
 * Route 53's choice among record sets as its documentation tells it, case by case and slowly: which of them may answer
 * a question, and how often, for a client and a state of the health checks. What the real choice is compared with.
 */
import type { Cidr } from '../../src/util/cidr.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals, nameFromText, parentOf, prepend } from '../../src/wire/name.ts';
import type { Coordinates, Place, Policy, RecordSet } from '../../src/zone/recordset.ts';

/** What is known of a client. No codes at all: nobody can tell where it is. */
export interface ClientFacts {
  /** Codes of two capital letters. */
  readonly continent: string | undefined;
  readonly country: string | undefined;
  /** Of the USA. */
  readonly subdivision: string | undefined;
  readonly coordinates: Coordinates | undefined;
  /** 4 or 16 octets, of which the first `bits` are known. */
  readonly address: Uint8Array;
  readonly bits: number;
}

/** Blocks of addresses and the location that each belongs to. */
export type CidrCollection = readonly { readonly location: string; readonly block: Cidr }[];

export interface Circumstances {
  readonly client: ClientFacts;
  /** State of the health check in a slot. */
  readonly isHealthy: (slot: number) => boolean;
  readonly collections: readonly CidrCollection[];
  /** Where clients are taken to be whose coordinates nobody knows. */
  readonly home: Coordinates;
}

export type Answer =
  /** The records of any `count` of these sets. */
  | { readonly kind: 'records'; readonly of: readonly RecordSet[]; readonly count: number }
  /** What `target` resolves to. */
  | { readonly kind: 'outside'; readonly set: RecordSet; readonly target: Name }
  /** No set is for this client: NOERROR, empty. */
  | { readonly kind: 'none' }
  | { readonly kind: 'nodata' }
  | { readonly kind: 'nxdomain' };

export interface Outcome {
  /** Above 0, at most 1; those of all outcomes add up to 1. */
  readonly probability: number;
  readonly answer: Answer;
}

/**
 * All that may come of a question for `name` and `type`, which is not ANY; the same answer may come of several ways.
 * A CNAME answers for every type (RFC 1034 section 4.3.2). Throws where aliases lead in a circle.
 */
export function possibleAnswers(
  sets: readonly RecordSet[],
  name: Name,
  type: number,
  circumstances: Circumstances,
): Outcome[] {
  return answer(name, type, 0);

  function answer(name: Name, type: number, depth: number): Outcome[] {
    if (depth > sets.length) throw new Error('aliases lead in a circle');
    const source = sourceOf(sets, name);
    if (source === undefined) return certainly({ kind: 'nxdomain' });
    const group = groupOf(sets, source, type);
    if (group.length === 0) return certainly({ kind: 'nodata' });
    const healthy = choose(
      group.filter((set) => isHealthy(set)),
      circumstances,
    );
    const choices = healthy.length > 0 ? healthy : choose(group, circumstances);
    if (choices.length === 0) return certainly({ kind: 'none' });
    return choices.flatMap(({ probability, of, count }) =>
      ofChoice(of, count, depth).map((outcome) => ({
        ...outcome,
        probability: probability * outcome.probability,
      })),
    );
  }

  function ofChoice(of: readonly RecordSet[], count: number, depth: number): Outcome[] {
    const [set] = of as [RecordSet];
    if (set.content.kind === 'records') return certainly({ kind: 'records', of, count });
    const { target, where } = set.content;
    return where === 'zone'
      ? answer(target, set.type, depth + 1)
      : certainly({ kind: 'outside', set, target });
  }

  function isHealthy(set: RecordSet, depth = 0): boolean {
    if (depth > sets.length) throw new Error('aliases lead in a circle');
    if (set.health !== undefined && !circumstances.isHealthy(set.health)) return false;
    const { content } = set;
    if (content.kind !== 'alias' || !content.evaluateTargetHealth) return true;
    // Nothing is known of what lies outside.
    if (content.where === 'outside') return true;
    const source = sourceOf(sets, content.target);
    return (
      source !== undefined && groupOf(sets, source, set.type).some((member) => isHealthy(member, depth + 1))
    );
  }
}

function certainly(answer: Answer): Outcome[] {
  return [{ probability: 1, answer }];
}

/** Where the data for `name` stand: there, or at the wildcard of its closest encloser (RFC 4592 section 3.3.1). */
export function sourceOf(sets: readonly RecordSet[], name: Name): Name | undefined {
  if (exists(sets, name)) return name;
  let encloser = name;
  while (!exists(sets, encloser) && encloser.length > 1) encloser = parentOf(encloser);
  const wildcard = prepend(ASTERISK, encloser);
  return wildcard !== undefined && exists(sets, wildcard) ? wildcard : undefined;
}

const ASTERISK = nameFromText('*').subarray(1, 2);

/** Also without data of its own: an empty non-terminal (RFC 4592 section 2.2.2). */
function exists(sets: readonly RecordSet[], name: Name): boolean {
  return sets.some((set) => isAtOrBelow(set.name, name));
}

/** The sets at `name` that answer for `type`. */
export function groupOf(sets: readonly RecordSet[], name: Name, type: number): RecordSet[] {
  const at = sets.filter((set) => nameEquals(set.name, name));
  const own = at.filter((set) => set.type === type);
  return own.length > 0 ? own : at.filter((set) => set.type === TYPE.CNAME);
}

/** Any `count` of the sets in `of`, which are several for multivalue only. */
interface Choice {
  readonly probability: number;
  readonly of: readonly RecordSet[];
  readonly count: number;
}

/** What the policy chooses among `sets`, with no look at their health; nothing where no set is for the client. */
function choose(sets: readonly RecordSet[], circumstances: Circumstances): Choice[] {
  const { client, collections, home } = circumstances;
  switch (sets[0]?.policy.kind) {
    case undefined:
      return [];
    case 'simple':
      return one(sets[0]);
    case 'weighted':
      return weighted(sets);
    case 'failover':
      return one(withRole(sets, 'primary') ?? withRole(sets, 'secondary'));
    case 'latency':
      return one(nearest(sets, ({ policy }) => distance(client.coordinates ?? home, at(policy))));
    case 'geolocation':
      return one(smallest(sets, client));
    case 'geoproximity':
      return one(
        nearest(sets, ({ policy }) => biased(distance(client.coordinates ?? home, at(policy)), policy)),
      );
    case 'multivalue':
      return [{ probability: 1, of: sets, count: Math.min(sets.length, MULTIVALUE_MAX) }];
    case 'cidr':
      return one(inBlock(sets, client, collections));
  }
}

const MULTIVALUE_MAX = 8;

function one(set: RecordSet | undefined): Choice[] {
  return set === undefined ? [] : [{ probability: 1, of: [set], count: 1 }];
}

function weighted(sets: readonly RecordSet[]): Choice[] {
  const sum = sets.reduce((total, set) => total + weightOf(set), 0);
  if (sum === 0) return sets.map((set) => ({ probability: 1 / sets.length, of: [set], count: 1 }));
  return sets
    .filter((set) => weightOf(set) > 0)
    .map((set) => ({ probability: weightOf(set) / sum, of: [set], count: 1 }));
}

function weightOf({ policy }: RecordSet): number {
  return policy.kind === 'weighted' ? policy.weight : Number.NaN;
}

function withRole(sets: readonly RecordSet[], role: 'primary' | 'secondary'): RecordSet | undefined {
  return sets.find(({ policy }) => policy.kind === 'failover' && policy.role === role);
}

/** US state, country, continent, default. */
function smallest(
  sets: readonly RecordSet[],
  { continent, country, subdivision }: ClientFacts,
): RecordSet | undefined {
  const find = (matches: (place: Place) => boolean): RecordSet | undefined =>
    sets.find(({ policy }) => policy.kind === 'geolocation' && matches(policy.place));
  return (
    find((p) => p.kind === 'subdivision' && p.country === country && p.subdivision === subdivision) ??
    find((p) => p.kind === 'country' && p.country === country) ??
    find((p) => p.kind === 'continent' && p.continent === continent) ??
    find((p) => p.kind === 'default')
  );
}

/** The location of the longest block that holds the client; else `*`. */
function inBlock(
  sets: readonly RecordSet[],
  client: ClientFacts,
  collections: readonly CidrCollection[],
): RecordSet | undefined {
  const [{ policy }] = sets as [RecordSet];
  const collection = policy.kind === 'cidr' ? collections[policy.collection]! : [];
  const [longest] = collection
    .filter(({ block }) => holds(block, client))
    .sort((a, b) => b.block.length - a.block.length);
  const named = (location: string | undefined): RecordSet | undefined =>
    sets.find(({ policy }) => policy.kind === 'cidr' && policy.location === location);
  return named(longest?.location) ?? named('*');
}

/** A client of which fewer bits are known than the block has does not match it. */
function holds({ prefix, length }: Cidr, client: ClientFacts): boolean {
  if (prefix.length !== client.address.length || length > client.bits) return false;
  return bitsOf(prefix).slice(0, length) === bitsOf(client.address).slice(0, length);
}

function bitsOf(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
}

function nearest(sets: readonly RecordSet[], far: (set: RecordSet) => number): RecordSet | undefined {
  return [...sets].sort((a, b) => far(a) - far(b))[0];
}

function at(policy: Policy): Coordinates {
  return policy.kind === 'latency' || policy.kind === 'geoproximity'
    ? policy.at
    : { latitude: NaN, longitude: NaN };
}

/** Route 53's published formula. */
function biased(distance: number, policy: Policy): number {
  const bias = policy.kind === 'geoproximity' ? policy.bias : Number.NaN;
  return bias > 0 ? distance * (1 - bias / 100) : distance / (1 + bias / 100);
}

/** On the great circle, in degrees, by the haversine formula. */
export function distance(a: Coordinates, b: Coordinates): number {
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2;
  const cosines = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude));
  const h = half(a.latitude, b.latitude) + cosines * half(a.longitude, b.longitude);
  return (2 * Math.asin(Math.min(1, Math.sqrt(h))) * 180) / Math.PI;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
