/**
 * Small zones whose names are lists of labels, the truth about each name by RFC 4592 and RFC 6672, and their NSEC
 * and NSEC3 chains. Nothing here knows how a denial is proven.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { TYPE } from '../../src/wire/constants.ts';
import type { Name } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { typeBitmap } from '../support/signzone.ts';

/** From the left, each character an octet. */
export type Labels = readonly string[];

export const WORK_WITHOUT_END = { takeVerify: () => true, takeNsec3Blocks: () => true };

/** Letters of ASCII only (RFC 4343). */
function lower(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function wire(labels: Labels): Name {
  return Uint8Array.from([...labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0]);
}

const KINDS = {
  address: [TYPE.A],
  text: [TYPE.A, TYPE.TXT],
  alias: [TYPE.CNAME],
  cut: [TYPE.NS],
  signedCut: [TYPE.NS, TYPE.DS],
  redirect: [TYPE.A, TYPE.DNAME],
} as const;
type Kind = keyof typeof KINDS;

/** Owners are relative to the zone. */
export interface Owner {
  readonly labels: Labels;
  readonly kind: Kind;
}

interface Node {
  types: readonly number[];
  readonly below: Map<string, Node>;
}

/** What is true of a name: it exists, a wildcard stands for it, it is not of this zone, or it does not exist. */
export type Truth =
  | { readonly kind: 'node' | 'wildcard'; readonly types: readonly number[] }
  | { readonly kind: 'beyond' }
  | { readonly kind: 'none' };

const newNode = (): Node => ({ types: [], below: new Map() });

export class TestZone {
  readonly origin: Labels;
  readonly #apex: Node = newNode();

  /** What would be below a cut or a DNAME is left out; these mean nothing at a wildcard, which gets an address. */
  constructor(origin: Labels, owners: readonly Owner[], apexTypes: readonly number[] = []) {
    this.origin = origin;
    this.#apex.types = [TYPE.SOA, TYPE.NS, TYPE.DNSKEY, ...apexTypes];
    const rising = owners.toSorted((a, b) => a.labels.length - b.labels.length);
    for (const { labels, kind } of rising) {
      if (this.truth(labels).kind === 'beyond') continue;
      const isPlain = labels[0] === '*' && kind !== 'text' && kind !== 'alias';
      this.#make(labels).types = KINDS[isPlain ? 'address' : kind];
    }
  }

  #make(labels: Labels): Node {
    let node = this.#apex;
    for (const label of labels.toReversed()) {
      const key = lower(label);
      const below = node.below.get(key) ?? newNode();
      node.below.set(key, below);
      node = below;
    }
    return node;
  }

  /** `labels` are relative to the zone. */
  truth(labels: Labels): Truth {
    let node = this.#apex;
    for (const [i, label] of labels.toReversed().entries()) {
      if ((i > 0 && node.types.includes(TYPE.NS)) || node.types.includes(TYPE.DNAME))
        return { kind: 'beyond' };
      const below = node.below.get(lower(label));
      if (below === undefined) {
        const wildcard = node.below.get('*');
        return wildcard ? { kind: 'wildcard', types: wildcard.types } : { kind: 'none' };
      }
      node = below;
    }
    return { kind: 'node', types: node.types };
  }

  /** The same without delegations that have no DS, and names that are only above these: what an opt-out signs. */
  withoutInsecureCuts(): TestZone {
    const out = new TestZone(this.origin, []);
    out.#apex.types = this.#apex.types;
    for (const { labels, types } of this.nodes())
      if (types.length > 0 && !(types.includes(TYPE.NS) && !isSecure(types))) out.#make(labels).types = types;
    return out;
  }

  /** All names that exist, with empty non-terminals. */
  nodes(): { labels: Labels; types: readonly number[] }[] {
    const walk = (node: Node, labels: Labels): { labels: Labels; types: readonly number[] }[] => [
      { labels, types: node.types },
      ...[...node.below].flatMap(([label, below]) => walk(below, [label, ...labels])),
    ];
    return walk(this.#apex, []);
  }

  nsec(): Rrset[] {
    const owners = this.nodes()
      .filter(({ types }) => types.length > 0)
      .sort((a, b) => compareLabels(a.labels, b.labels));
    return owners.map(({ labels, types }, i) => {
      const next = [...owners[(i + 1) % owners.length]!.labels, ...this.origin];
      return nsecRrset([...labels, ...this.origin], next, [...types, TYPE.RRSIG, TYPE.NSEC]);
    });
  }

  nsec3(options: Nsec3Options = {}): Rrset[] {
    const signed = options.optOut ? this.withoutInsecureCuts() : this;
    const hashed = signed
      .nodes()
      .map(({ labels, types }) => ({ hash: hashOf([...labels, ...this.origin], options), types }))
      .sort((a, b) => Buffer.compare(a.hash, b.hash));
    return hashed.map(({ hash, types }, i) => {
      const next = hashed[(i + 1) % hashed.length]!.hash;
      const bits = types.length === 0 || !isSecure(types) ? types : [...types, TYPE.RRSIG];
      return nsec3Rrset(hash, this.origin, next, bits, options);
    });
  }
}

/** Whether a server of the zone would say that there is no data of this type; relative to the zone. */
export function isNoData(truth: Truth, labels: Labels, type: number): boolean {
  if (type === TYPE.DS && labels.length === 0) return false;
  if (truth.kind === 'beyond' || truth.kind === 'none') return false;
  if (type === TYPE.ANY) return truth.types.length === 0;
  if (isDelegation(truth.types) && type !== TYPE.DS) return false;
  return !truth.types.includes(type) && !truth.types.includes(TYPE.CNAME);
}

export function isDelegation(types: readonly number[]): boolean {
  return types.includes(TYPE.NS) && !types.includes(TYPE.SOA);
}

/** At a delegation only a DS is signed. */
function isSecure(types: readonly number[]): boolean {
  return !types.includes(TYPE.NS) || types.includes(TYPE.SOA) || types.includes(TYPE.DS);
}

/** RFC 4034 section 6.1, on lists. */
function compareLabels(a: Labels, b: Labels): number {
  const from = (labels: Labels): Buffer[] =>
    labels.toReversed().map((label) => Buffer.from(lower(label), 'latin1'));
  const [as, bs] = [from(a), from(b)];
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    const order = Buffer.compare(as[i]!, bs[i]!);
    if (order !== 0) return order;
  }
  return as.length - bs.length;
}

export function nsecRrset(owner: Labels, next: Labels, types: readonly number[]): Rrset {
  const rdata = Uint8Array.from([...wire(next), ...typeBitmap(types)]);
  return { name: wire(owner), type: TYPE.NSEC, ttl: 300, rdatas: [rdata] };
}

export interface Nsec3Options {
  readonly optOut?: boolean;
  readonly iterations?: number;
  readonly salt?: Uint8Array;
  readonly algorithm?: number;
  readonly flags?: number;
}

/** Tests ask for the same few again and again. */
const hashes = new Map<string, Buffer>();
const hashLabels = new Map<string, string>();

export function hashOf(
  labels: Labels,
  { iterations = 0, salt = Uint8Array.of() }: Nsec3Options = {},
): Buffer {
  const key = `${iterations} ${salt.toHex()} ${lower(JSON.stringify(labels))}`;
  const known = hashes.get(key);
  if (known !== undefined) return known;
  let hash: Uint8Array = wire(labels.map(lower));
  for (let i = 0; i <= iterations; i++) hash = createHash('sha1').update(hash).update(salt).digest();
  hashes.set(key, hash as Buffer);
  return hash as Buffer;
}

const BASE32HEX = '0123456789abcdefghijklmnopqrstuv';

/** Twenty octets are 32 digits without remainder. */
export function hashLabel(hash: Uint8Array): string {
  const known = hashLabels.get(hash.toHex());
  if (known !== undefined) return known;
  const bits = [...hash].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const label = (bits.match(/.{5}/g) ?? []).map((digit) => BASE32HEX[Number.parseInt(digit, 2)]).join('');
  hashLabels.set(hash.toHex(), label);
  return label;
}

export function nsec3Rrset(
  hash: Uint8Array,
  zone: Labels,
  next: Uint8Array,
  types: readonly number[],
  options: Nsec3Options = {},
): Rrset {
  const { optOut = false, iterations = 0, salt = Uint8Array.of(), algorithm = 1 } = options;
  const { flags = optOut ? 1 : 0 } = options;
  const head = [algorithm, flags, iterations >> 8, iterations & 0xff, salt.length, ...salt];
  const rdata = Uint8Array.from([...head, next.length, ...next, ...typeBitmap(types)]);
  return { name: wire([hashLabel(hash), ...zone]), type: TYPE.NSEC3, ttl: 300, rdatas: [rdata] };
}

/** The record of a chain of NSEC3 that is at this name's hash, or else covers it; relative to the zone. */
export function nsec3At(
  chain: readonly Rrset[],
  zone: TestZone,
  labels: Labels,
  options?: Nsec3Options,
): Rrset {
  const label = hashLabel(hashOf([...labels, ...zone.origin], options));
  // Base32hex sorts as what it stands for.
  return (
    chain.findLast((rrset) => Buffer.from(rrset.name.subarray(1, 33)).toString() <= label) ?? chain.at(-1)!
  );
}

/** What a server shows of its chain of NSEC3, if it is asked for a name: RFC 5155 section 7.2. */
export function nsec3Shown(
  chain: readonly Rrset[],
  zone: TestZone,
  labels: Labels,
  options: Nsec3Options = {},
): Rrset[] {
  const signed = options.optOut ? zone.withoutInsecureCuts() : zone;
  const at = (name: Labels): Rrset => nsec3At(chain, zone, name, options);
  if (signed.truth(labels).kind === 'node') return [at(labels)];
  const cut = labels.findIndex((_, i) => signed.truth(labels.slice(i + 1)).kind === 'node');
  const encloser = labels.slice(cut + 1);
  return [...new Set([at(encloser), at(labels.slice(cut)), at(['*', ...encloser])])];
}

/** Octets around the ones that sort oddly: the asterisk, both cases, the first and the last. */
const LABELS = ['a', 'b', '*', '\0', '\xff', 'A!', 'é.'];

const owner: fc.Arbitrary<Owner> = fc.record({
  labels: fc.array(fc.constantFrom('a', 'a', 'b', 'b', ...LABELS), { minLength: 1, maxLength: 4 }),
  kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
});

export const randomOwners: fc.Arbitrary<Owner[]> = fc.uniqueArray(owner, {
  minLength: 1,
  maxLength: 7,
  size: 'max',
  selector: ({ labels }) => lower(labels.join('.')),
});

/** Every name that exists, and beside, below and further below each some that do not; relative to the zone. */
export function names(zone: TestZone): Labels[] {
  const found = new Map<string, Labels>();
  for (const { labels } of zone.nodes())
    for (const head of [[], ['a'], ['c'], ['*'], ['\0', 'A'], ['\xff\xff'], ['c', '*']])
      found.set(lower([...head, ...labels].join('.')), [...head, ...labels]);
  return [...found.values()];
}

export const TYPES: readonly number[] = [TYPE.A, TYPE.NS, TYPE.DS, TYPE.CNAME, TYPE.ANY];
