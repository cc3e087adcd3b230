/**
 * Record sets and clients of tests in a short notation, and what may be answered as text. Every set holds its label as
 * TXT, by which it is told apart; without an owner it stands at `www.r.test.`.
 */
import { parseCidr } from '../../src/util/cidr.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Alias, Coordinates, Place, Policy, RecordSet } from '../../src/zone/recordset.ts';
import type { CidrCollection, ClientFacts, Outcome } from './routing.ts';

export const ORIGIN = nameFromText('r.test.');

/** `www` in the zone of the tests, `www.other.` anywhere. */
export function inZone(text: string): Name {
  return nameFromText(text, ORIGIN);
}

function set(label: string, policy: Policy, health?: number): RecordSet {
  return {
    name: inZone('www'),
    type: TYPE.TXT,
    setIdentifier: policy.kind === 'simple' ? undefined : label,
    policy,
    health,
    content: { kind: 'records', ttl: 60, rdatas: [textOf(label)] },
  };
}

/** The rdata of a TXT record of one string of up to 255 ASCII characters. */
export function textOf(label: string): Uint8Array {
  return Uint8Array.of(label.length, ...Buffer.from(label, 'ascii'));
}

/** The label that `textOf` wrote. */
export function labelOf(rdata: Uint8Array): string {
  return Buffer.from(rdata.subarray(1, 1 + rdata[0]!)).toString('ascii');
}

// `health`: slot of the health check, if there is one.

export function simple(label: string, health?: number): RecordSet {
  return set(label, { kind: 'simple' }, health);
}

export function weighted(label: string, weight: number, health?: number): RecordSet {
  return set(label, { kind: 'weighted', weight }, health);
}

export function primary(label: string, health?: number): RecordSet {
  return set(label, { kind: 'failover', role: 'primary' }, health);
}

export function secondary(label: string, health?: number): RecordSet {
  return set(label, { kind: 'failover', role: 'secondary' }, health);
}

/** `region` is one of REGIONS. */
export function latency(label: string, region: string, health?: number): RecordSet {
  return set(label, { kind: 'latency', region, at: REGIONS[region]! }, health);
}

/** `place`: `US-WA`, `US`, `NA:` for a continent, `*`. */
export function geolocation(label: string, place: string, health?: number): RecordSet {
  return set(label, { kind: 'geolocation', place: placeOf(place) }, health);
}

export function geoproximity(label: string, at: Coordinates, bias: number, health?: number): RecordSet {
  return set(label, { kind: 'geoproximity', at, bias }, health);
}

export function multivalue(label: string, health?: number): RecordSet {
  return set(label, { kind: 'multivalue' }, health);
}

/** A location of the collection in slot 0. */
export function cidr(label: string, location: string, health?: number): RecordSet {
  return set(label, { kind: 'cidr', collection: 0, location }, health);
}

function placeOf(text: string): Place {
  if (text === '*') return { kind: 'default' };
  if (text.endsWith(':')) return { kind: 'continent', continent: text.slice(0, 2) };
  const [country, subdivision] = text.split('-') as [string, string | undefined];
  return subdivision === undefined
    ? { kind: 'country', country }
    : { kind: 'subdivision', country, subdivision };
}

/** The same sets at another name. */
export function on(owner: string, ...sets: readonly RecordSet[]): RecordSet[] {
  return sets.map((set) => ({ ...set, name: inZone(owner) }));
}

/** The same set as an alias in place of records; with a final dot, to a name outside. */
export function to(target: string, set: RecordSet, health: 'evaluated' | 'ignored'): RecordSet {
  const where: Alias['where'] = target.endsWith('.') ? 'outside' : 'zone';
  const evaluateTargetHealth = health === 'evaluated';
  return { ...set, content: { kind: 'alias', target: inZone(target), where, evaluateTargetHealth } };
}

/** The same set as a CNAME to a name of one label. */
export function canonical(set: RecordSet): RecordSet {
  const rdata = Uint8Array.of(...textOf(set.setIdentifier!), 0);
  return { ...set, type: TYPE.CNAME, content: { kind: 'records', ttl: 60, rdatas: [rdata] } };
}

/** Roughly where some of AWS's regions are. */
export const REGIONS: Readonly<Record<string, Coordinates>> = {
  'us-east-1': { latitude: 38.9, longitude: -77.4 },
  'us-west-2': { latitude: 45.8, longitude: -119.7 },
  'sa-east-1': { latitude: -23.5, longitude: -46.6 },
  'eu-west-1': { latitude: 53.3, longitude: -6.3 },
  'eu-central-1': { latitude: 50.1, longitude: 8.7 },
  'af-south-1': { latitude: -33.9, longitude: 18.4 },
  'ap-south-1': { latitude: 19.1, longitude: 72.9 },
  'ap-northeast-1': { latitude: 35.7, longitude: 139.7 },
  'ap-southeast-2': { latitude: -33.9, longitude: 151.2 },
};

const SEATTLE = { latitude: 47.6, longitude: -122.3 };
const DENVER = { latitude: 39.7, longitude: -105 };
const BERLIN = { latitude: 52.5, longitude: 13.4 };
/** Route 53 counts Türkiye as Europe. */
const ANKARA = { latitude: 39.9, longitude: 32.9 };

const nobody: ClientFacts = {
  continent: undefined,
  country: undefined,
  subdivision: undefined,
  coordinates: undefined,
  address: parseCidr('192.0.2.1').prefix,
  bits: 32,
};

export const CLIENTS = {
  nobody,
  seattle: { ...nobody, continent: 'NA', country: 'US', subdivision: 'WA', coordinates: SEATTLE },
  denver: { ...nobody, continent: 'NA', country: 'US', subdivision: 'CO', coordinates: DENVER },
  american: { ...nobody, continent: 'NA', country: 'US' },
  berlin: { ...nobody, continent: 'EU', country: 'DE', coordinates: BERLIN },
  ankara: { ...nobody, continent: 'EU', country: 'TR', coordinates: ANKARA },
  european: { ...nobody, continent: 'EU' },
} as const satisfies Record<string, ClientFacts>;

/** A client of which nothing but the address is known: all of it, or as much as an ECS prefix says. */
export function from(prefix: string): ClientFacts {
  const { prefix: address, length: bits } = parseCidr(prefix);
  return { ...nobody, address, bits };
}

/** A client at these coordinates. */
export function located(latitude: number, longitude: number): ClientFacts {
  return { ...nobody, coordinates: { latitude, longitude } };
}

/** `{ north: ['10.0.0.0/8'] }`: blocks by location. */
export function collection(locations: Readonly<Record<string, readonly string[]>>): CidrCollection {
  return Object.entries(locations).flatMap(([location, blocks]) =>
    blocks.map((block) => ({ location, block: parseCidr(block) })),
  );
}

/**
 * Each answer's share: by the label of a set, `2 of a b c` for so many of several, `-> www.other.` for what lies
 * outside, or the word for no answer. Answers that come of several ways are one.
 */
export function shares(outcomes: readonly Outcome[]): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { probability, answer } of outcomes) {
    const label = labelOfAnswer(answer);
    shares[label] = (shares[label] ?? 0) + probability;
  }
  return shares;
}

function labelOfAnswer(answer: Outcome['answer']): string {
  switch (answer.kind) {
    case 'none':
    case 'nodata':
    case 'nxdomain':
      return answer.kind;
    case 'outside':
      return `-> ${nameToText(answer.target)}`;
    case 'records': {
      const labels = answer.of.map(labelOfSet);
      return labels.length === 1 ? labels[0]! : `${answer.count} of ${labels.join(' ')}`;
    }
  }
}

function labelOfSet({ content }: RecordSet): string {
  return content.kind === 'records' ? labelOf(content.rdatas[0]!) : nameToText(content.target);
}
