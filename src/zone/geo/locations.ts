import { CidrMatch } from '../../util/cidr.ts';
import { AddressRanges, AddressRangesBuilder } from '../../util/ranges.ts';
import type { Coordinates } from '../recordset.ts';
import { principalCityOf } from './cities.ts';
import { continentOf, isContinent, isCountry, isSubdivision } from './places.ts';
import { placeCode, pointOf, type Whereabouts } from './whereabouts.ts';

/** What a database says of a network; codes of two capital letters, undefined where it says nothing. */
export interface Location {
  readonly continent?: string | undefined;
  readonly country?: string | undefined;
  readonly subdivision?: string | undefined;
  readonly at?: Coordinates | undefined;
}

/**
 * Where addresses are, as one database has it: flat in a buffer that every thread may read.
 *
 *   word 0   magic                     a row, 5 words: continent and country, subdivision and whether there is a point,
 *   word 1   number of rows            its x, y and z (32-bit floats: exact to a metre)
 *   word 2+  rows; row 0: not known
 *   then     AddressRanges: address → row
 */
export class Locations {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #ranges: AddressRanges;

  private constructor(buffer: SharedArrayBuffer, words: Int32Array, ranges: AddressRanges) {
    this.buffer = buffer;
    this.#words = words;
    this.#floats = new Float32Array(buffer);
    this.#ranges = ranges;
  }

  /** The locations in `buffer`. Throws RangeError where there are none. */
  static from(buffer: SharedArrayBuffer): Locations {
    if (buffer.byteLength % 4 !== 0) throw new RangeError('no locations here');
    const words = new Int32Array(buffer);
    const [magic, rows = 0] = words.subarray(0, HEADER_WORDS);
    if (magic !== MAGIC || rows < 1) throw new RangeError('no locations here');
    return new Locations(buffer, words, new AddressRanges(words, HEADER_WORDS + ROW_WORDS * rows));
  }

  /** Networks, with those between them of which nothing is known; neighbours at one place are one. */
  get networks(): number {
    return this.#ranges.size;
  }

  /** Different places. */
  get places(): number {
    return this.#words[1]! - 1;
  }

  /**
   * Says where the address of 4 or 16 octets is of which the first `bits` bits are known, with all of `found` but
   * what it does not know. False: this database does not know the address; then only `found.bits` is set.
   */
  lookup(address: Uint8Array, bits: number, found: Whereabouts): boolean {
    this.#ranges.find(address, bits, match);
    found.clear();
    found.bits = match.bits;
    if (match.value === 0) return false;
    const row = HEADER_WORDS + ROW_WORDS * match.value;
    const place = this.#words[row]!;
    const rest = this.#words[row + 1]!;
    found.continent = place >>> 16;
    found.country = place & 0xffff;
    found.subdivision = rest & 0xffff;
    found.hasPoint = rest >>> 16 !== 0;
    if (!found.hasPoint) return true;
    found.x = this.#floats[row + 2]!;
    found.y = this.#floats[row + 3]!;
    found.z = this.#floats[row + 4]!;
    return true;
  }
}

/** "GEO1". */
const MAGIC = 0x47454f31;
const HEADER_WORDS = 2;
const ROW_WORDS = 5;
/** One per thread: a look-up never waits. */
const match = new CidrMatch();

/**
 * Asks several databases, the first that knows the address first. `found.bits` counts what each one had to know
 * that was asked.
 */
export function locate(
  databases: readonly Locations[],
  address: Uint8Array,
  bits: number,
  found: Whereabouts,
): void {
  found.clear();
  let depends = 0;
  for (let i = 0; i < databases.length; i++) {
    const known = databases[i]!.lookup(address, bits, found);
    if (found.bits > depends) depends = found.bits;
    if (known) break;
  }
  found.bits = depends;
}

/** Makes a table of locations: first the rows, then the ranges in the order of their addresses. */
export class LocationsBuilder {
  readonly ranges = new AddressRangesBuilder();
  readonly #rows: number[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a row, from 1; 0 where the location says nothing that a policy could ask for. */
  row(location: Location): number {
    const country =
      location.country !== undefined && isCountry(location.country) ? location.country : undefined;
    const own = location.continent;
    // Where AWS has a country counts, not where others have it.
    const continent =
      country === undefined
        ? own !== undefined && isContinent(own)
          ? own
          : undefined
        : continentOf(country);
    const state = location.subdivision;
    const subdivision =
      country !== undefined && state !== undefined && isSubdivision(country, state) ? state : undefined;
    const at = location.at ?? (country === undefined ? undefined : principalCityOf(country));
    if (continent === undefined && at === undefined) return 0;
    const key = `${continent} ${country} ${subdivision} ${at?.latitude} ${at?.longitude}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(key, number);
      const hasPoint = at === undefined ? 0 : 1;
      this.#rows.push((codeOf(continent) << 16) | codeOf(country), (hasPoint << 16) | codeOf(subdivision));
      this.#rows.push(...(at === undefined ? [0, 0, 0] : pointOf(at)));
    }
    return number;
  }

  get isEmpty(): boolean {
    return this.#numbers.size === 0;
  }

  finish(): SharedArrayBuffer {
    const rows = this.#numbers.size + 1;
    const at = HEADER_WORDS + ROW_WORDS * rows;
    const buffer = new SharedArrayBuffer(4 * (at + this.ranges.words));
    const words = new Int32Array(buffer);
    const floats = new Float32Array(buffer);
    words.set([MAGIC, rows]);
    for (let i = 0; i < this.#rows.length; i++) {
      const to = HEADER_WORDS + ROW_WORDS + i;
      if (i % ROW_WORDS < 2) words[to] = this.#rows[i]!;
      else floats[to] = this.#rows[i]!;
    }
    this.ranges.writeTo(words, at);
    return buffer;
  }
}

function codeOf(letters: string | undefined): number {
  return letters === undefined ? 0 : placeCode(letters);
}
