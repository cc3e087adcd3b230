import type { HashedName } from '../wire/hashedname.ts';
import { labelCount, type Name, nameKey, suffixOf } from '../wire/name.ts';
import { FIREWALL_LABELS } from './dependency.ts';
import { NameTable, NameTableBuilder, Suffixes } from './nametable.ts';

/** What an entry of a domain list covers: bits, as a name and what is below it may both be listed. */
const COVERS_NAME = 1;
const COVERS_BELOW = 2;

export interface Domain {
  /** Folded; the root for all that there are. */
  readonly name: Name;
  readonly covers: 'name' | 'below' | 'all';
}

/** Of how many domains two lists differ, at least where it is `all`, and on which names the answers depend that they concern. */
export interface Difference {
  readonly domains: number;
  /** As firewallHash knows them: each for all names that end so. */
  readonly names: readonly Name[] | 'all';
}

/**
 * A list of domains over a NameTable that threads share: a name is looked up with all its suffixes in one pass,
 * however long the list is.
 */
export class Domains {
  readonly #table: NameTable;

  private constructor(table: NameTable) {
    this.#table = table;
  }

  /** @param buffer as `build` made it */
  static from(buffer: SharedArrayBuffer): Domains {
    return new Domains(NameTable.from(buffer));
  }

  /** @param seed lists of one seed have a name hashed once for all of them; default: random */
  static build(domains: Iterable<Domain>, seed?: number): SharedArrayBuffer {
    const builder = new NameTableBuilder(seed);
    for (const domain of domains) {
      const index = builder.add(domain.name);
      builder.set(index, builder.valueAt(index) | bitsOf(domain));
    }
    const buffer = new SharedArrayBuffer(builder.byteLength);
    builder.writeTo(buffer, 0);
    return buffer;
  }

  /** Names in the list; one that is listed with what is below it counts once. */
  get size(): number {
    return this.#table.size;
  }

  get seed(): number {
    return this.#table.seed;
  }

  /** Case-blind. */
  covers(name: HashedName): boolean {
    const count = this.#table.lookupHashed(name, suffixes);
    for (let i = 0; i < count; i++) {
      const bit = suffixes.offsets[i] === 0 ? COVERS_NAME : COVERS_BELOW;
      if ((suffixes.values[i]! & bit) !== 0) return true;
    }
    return false;
  }

  /** What is in one of the two lists alone. @param most of its names; with more it is `all` */
  static difference(a: Domains, b: Domains, most: number): Difference {
    const names = new Map<string, Name>();
    let domains = 0;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (const [name, bits] of from.#table) {
        const left = bits & ~Math.max(0, to.#table.lookup(name));
        if (left === 0) continue;
        domains++;
        const labels = labelCount(name);
        if ((left & COVERS_BELOW) !== 0 && labels < FIREWALL_LABELS) return { domains, names: 'all' };
        const end = suffixOf(name, Math.min(labels, FIREWALL_LABELS));
        names.set(nameKey(end), end.slice());
        if (names.size > most) return { domains, names: 'all' };
      }
    return { domains, names: [...names.values()] };
  }
}

const suffixes = new Suffixes();

function bitsOf({ covers }: Domain): number {
  switch (covers) {
    case 'name':
      return COVERS_NAME;
    case 'below':
      return COVERS_BELOW;
    case 'all':
      return COVERS_NAME | COVERS_BELOW;
  }
}
