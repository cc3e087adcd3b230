/**
 * A root, top-level domains and many small zones below them, from a seed: signed in many ways, some of them wrong in
 * one. Each level is on servers of its own.
 */
import { type Prng, SeededPrng } from '../../../src/util/prng.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { makeKey, type SigningKey, type SignZoneOptions } from '../sign.ts';
import { ZONE_FAULTS, type ZoneFault } from './faults.ts';
import { FORGERIES } from './forgeries.ts';
import { Leaf } from './leaf.ts';
import { questionsOf } from './questions.ts';
import { pick } from './random.ts';
import { contentOf } from './zones.ts';

export interface TreeOptions {
  readonly seed: number;
  /** Zones below the top-level ones that are as they should be. */
  readonly sound: number;
  /** Those that are wrong in one way each: kinds take turns. */
  readonly broken: number;
  /** Kinds of wrongness; default: all. */
  readonly kinds?: readonly string[];
  /** Addresses of the servers of root, top-level domains, zones, and zones whose server lies. */
  readonly servers: readonly [root: string, tld: string, leaf: string, liar: string];
}

export interface Question {
  readonly name: string;
  readonly type: string;
}

/** A zone with all that hangs on it, as one case. */
export interface Case {
  readonly id: string;
  /** `sound`, or what is wrong with it. */
  readonly kind: string;
  readonly zones: readonly Leaf[];
  readonly questions: readonly Question[];
}

export interface Tree {
  readonly root: Leaf;
  readonly tlds: readonly Leaf[];
  readonly cases: readonly Case[];
}

/** So many zones below one top-level domain; more make referrals no different. */
const TLD_ZONES = 200;

/** With such a zone NSD ends, and for a while is silent about all others too. */
const NSD_ENDS: ReadonlySet<string> = new Set(['NSEC3: other hash algorithm']);

const DENIALS: readonly SignZoneOptions['denial'][] = [
  'nsec',
  {},
  { optOut: true },
  { iterations: 5, salt: Uint8Array.from([0xab, 0xcd]) },
];

/** Algorithms by weight: RSA keys are few, as making one takes long. */
const ALGORITHMS = [13, 13, 13, 13, 13, 8, 8, 10, 14, 15, 15];

export function treeOf(options: TreeOptions): Tree {
  return new Grower(options).grow();
}

class Grower {
  readonly #options: TreeOptions;
  readonly #prng: Prng;
  readonly #rsa = new Map<string, SigningKey[]>();

  constructor(options: TreeOptions) {
    this.#options = options;
    this.#prng = new SeededPrng(options.seed);
  }

  grow(): Tree {
    const { sound, broken, servers } = this.#options;
    const count = Math.ceil((sound + broken) / TLD_ZONES);
    const kinds = this.#options.kinds ?? [...Object.keys(ZONE_FAULTS), ...Object.keys(FORGERIES)];
    const cases: Case[] = [];
    for (let i = 0; i < sound + broken; i++) {
      const kind = i < sound ? 'sound' : kinds[(i - sound) % kinds.length]!;
      cases.push(this.#case(`z${i}.t${i % count}.`, kind, count));
    }
    const tlds = Array.from({ length: count }, (_, i) => this.#parent(`t${i}.`, servers[1], i, cases));
    const root = new Leaf({
      name: '.',
      server: servers[0],
      keys: [makeKey('.', { flags: 257 }), makeKey('.')],
      denial: 'nsec',
      text: tlds.map((tld) => tld.delegation).join('\n'),
    });
    return { root, tlds, cases };
  }

  #parent(name: string, server: string, index: number, cases: readonly Case[]): Leaf {
    const below = cases.filter(({ id }) => id.endsWith(`.${name}`));
    return new Leaf({
      name,
      server,
      keys: [makeKey(name, { flags: 257 }), makeKey(name)],
      denial: DENIALS[index % DENIALS.length],
      text: below.map(({ zones }) => zones[0]!.delegation).join('\n'),
    });
  }

  #case(id: string, kind: string, tlds: number): Case {
    const isForged = Object.hasOwn(FORGERIES, kind);
    const server = this.#options.servers[isForged || NSD_ENDS.has(kind) ? 3 : 2];
    const total = this.#options.sound;
    // Only sound zones are led to: what is wrong with a case is its own.
    const elsewhere = Array.from({ length: 3 }, () => {
      const other = this.#prng.below(Math.max(1, total));
      return `z${other}.t${other % tlds}.`;
    });
    const content = contentOf(this.#prng, elsewhere);
    const children = content.cuts.map((cut, i) => this.#child(`${cut}.${id}`, server, i));
    const isUnsigned = kind === 'sound' && this.#prng.below(10) === 0;
    const leaf = new Leaf({
      name: id,
      server,
      keys: isUnsigned ? [] : this.#keys(id),
      denial: pick(this.#prng, DENIALS),
      text: content.text + children.map((child) => `${child.delegation}\n`).join(''),
    });
    if (kind === 'sound' && this.#prng.below(25) === 0) leaf.ds = [];
    const fault: ZoneFault | undefined = ZONE_FAULTS[kind];
    fault?.({ leaf, prng: this.#prng });
    const questions = questionsOf(this.#prng, id, content, kind === 'sound' ? 12 : 24);
    return { id, kind, zones: [leaf, ...children], questions };
  }

  /** Unsigned, signed, or signed and not vouched for. */
  #child(name: string, server: string, index: number): Leaf {
    const dice = this.#prng.below(3);
    const leaf = new Leaf({
      name,
      server,
      keys: dice === 0 ? [] : [makeKey(name, { flags: 257 })],
      denial: index % 2 === 0 ? 'nsec' : {},
      text: 'a A 192.0.2.77\n*.w A 192.0.2.78\n',
    });
    if (dice === 2) leaf.ds = [];
    return leaf;
  }

  #keys(zone: string): SigningKey[] {
    const algorithm = pick(this.#prng, ALGORITHMS);
    const flags = this.#prng.below(2) === 0 ? [257] : [257, 256];
    return flags.map((flag) =>
      algorithm <= 10 ? this.#rsaKey(zone, algorithm, flag) : makeKey(zone, { algorithm, flags: flag }),
    );
  }

  /** One key of each sort for all zones. */
  #rsaKey(zone: string, algorithm: number, flags: number): SigningKey {
    const bits = pick(this.#prng, [1024, 2048]);
    const id = `${algorithm}/${flags}/${bits}`;
    let pool = this.#rsa.get(id);
    if (pool === undefined) this.#rsa.set(id, (pool = [makeKey(zone, { algorithm, flags, bits })]));
    return { ...pool[0]!, zone: nameFromText(zone) };
  }
}
