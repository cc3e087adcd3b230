import type { Name } from '../wire/name.ts';
import { NameTable, NameTableBuilder, Suffixes } from './nametable.ts';

/** What an entry of a domain list covers: bits, as a name and what is below it may both be listed. */
const COVERS_NAME = 1;
const COVERS_BELOW = 2;

export interface Domain {
  /** Folded; the root for all that there are. */
  readonly name: Name;
  readonly covers: 'name' | 'below' | 'all';
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

  static build(domains: Iterable<Domain>): SharedArrayBuffer {
    const builder = new NameTableBuilder();
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

  /** Case-blind. */
  covers(name: Name): boolean {
    const count = this.#table.lookupSuffixes(name, suffixes);
    for (let i = 0; i < count; i++) {
      const bit = suffixes.offsets[i] === 0 ? COVERS_NAME : COVERS_BELOW;
      if ((suffixes.values[i]! & bit) !== 0) return true;
    }
    return false;
  }

  /**
   * Domains that are in one of the two lists alone.
   *
   * @param most how many are of interest; undefined: there are more
   */
  static difference(a: Domains, b: Domains, most: number): Domain[] | undefined {
    const found: Domain[] = [];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (const [name, bits] of from.#table) {
        const left = bits & ~Math.max(0, to.#table.lookup(name));
        if (left !== 0) found.push({ name: name.slice(), covers: left === COVERS_NAME ? 'name' : 'below' });
        if (found.length > most) return undefined;
      }
    return found;
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
