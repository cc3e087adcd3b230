import { assert } from '../../util/assert.ts';
import { type Cidr, CidrMatch, CidrTable } from '../../util/cidr.ts';
import type { Whereabouts } from './whereabouts.ts';

/** One measurement: how long the way takes from a block of addresses, or from a country (`placeCode`), to a region. */
export interface RttEntry {
  readonly from: Cidr | number;
  /** See `regionKey`. */
  readonly region: number;
  /** 0 or more. */
  readonly ms: number;
}

/** An RTT table as threads share it. */
export interface RttData {
  /**
   *   word 0  magic           keys of regions, in ascending order
   *   word 1  regions, R      codes of countries, in ascending order; country i has row i
   *   word 2  countries       rows of R 32-bit floats; -1: not known
   *   word 3  rows
   */
  readonly figures: SharedArrayBuffer;
  /** CidrTable: address → row. */
  readonly blocks: SharedArrayBuffer;
}

/**
 * Measured round-trip times from clients to regions. A block that lacks a region has that of the longest block around
 * it, and where none has it, that of the client's country.
 */
export class Rtt {
  /** Leading bits of the address that was given last on which all its times depend, beside those of its country. */
  bits = 0;
  readonly #words: Int32Array;
  readonly #floats: Float32Array;
  readonly #blocks: CidrTable;
  readonly #match = new CidrMatch();
  #block = -1;
  #country = -1;

  private constructor(words: Int32Array, floats: Float32Array, blocks: CidrTable) {
    this.#words = words;
    this.#floats = floats;
    this.#blocks = blocks;
  }

  /** The table in these buffers. Throws RangeError where there is none. */
  static from({ figures, blocks }: RttData): Rtt {
    if (figures.byteLength % 4 !== 0) throw new RangeError('no RTT table here');
    const words = new Int32Array(figures);
    const [magic, regions = 0, countries = 0, rows = 0] = words.subarray(0, HEADER_WORDS);
    if (magic !== MAGIC || words.length !== wordsFor(regions, countries, rows))
      throw new RangeError('no RTT table here');
    return new Rtt(words, new Float32Array(figures), CidrTable.from(blocks));
  }

  /** Blocks and countries from which anything is known. */
  get rows(): number {
    return this.#words[ROWS]!;
  }

  get regions(): number {
    return this.#words[REGIONS]!;
  }

  /** From now on `ms` is of the client whose address has these first bits and who is there. */
  locate(address: Uint8Array, bits: number, { country }: Pick<Whereabouts, 'country'>): void {
    this.#blocks.match(address, bits, this.#match);
    this.bits = this.#match.bits;
    this.#block = this.#match.value;
    const first = HEADER_WORDS + this.regions;
    this.#country = country === 0 ? -1 : indexOf(this.#words, country, first, this.#words[COUNTRIES]!);
  }

  /** Milliseconds from that client to the region with this key; -1 where nothing is known. */
  ms(regionKey: number): number {
    const region = indexOf(this.#words, regionKey, HEADER_WORDS, this.regions);
    if (region < 0) return -1;
    const own = this.#figure(this.#block, region);
    return own >= 0 ? own : this.#figure(this.#country, region);
  }

  #figure(row: number, region: number): number {
    if (row < 0) return -1;
    return this.#floats[HEADER_WORDS + this.regions * (1 + row) + this.#words[COUNTRIES]! + region]!;
  }
}

/** "RTT1". */
const MAGIC = 0x52545431;
const REGIONS = 1;
const COUNTRIES = 2;
const ROWS = 3;
const HEADER_WORDS = 4;

/** Of a whole table: a gigabyte of times is no table but a mistake. */
export const RTT_FIGURES_MAX = 64 * 1024 * 1024;

function wordsFor(regions: number, countries: number, rows: number): number {
  return HEADER_WORDS + regions + countries + regions * rows;
}

/** Where `value` is among `count` ascending words from `at` on, counted from there; -1 where it is not. */
function indexOf(words: Int32Array, value: number, at: number, count: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[at + middle]! < value) low = middle + 1;
    else high = middle;
  }
  return count > 0 && words[at + low] === value ? low : -1;
}

/** Throws RangeError where the entries make more than RTT_FIGURES_MAX figures. Of equal ones the last one counts. */
export function buildRtt(entries: readonly RttEntry[]): RttData {
  const regions = ascending(entries.map(({ region }) => region));
  const countries = ascending(entries.flatMap(({ from }) => (typeof from === 'number' ? from : [])));
  const blocks = new Map<string, { readonly cidr: Cidr; readonly row: number }>();
  for (const { from } of entries) {
    if (typeof from === 'number') continue;
    const key = blockKey(from.prefix, from.length);
    if (!blocks.has(key)) blocks.set(key, { cidr: from, row: countries.length + blocks.size });
  }
  const rows = countries.length + blocks.size;
  if (regions.length * rows > RTT_FIGURES_MAX)
    throw new RangeError(
      `${rows} rows of ${regions.length} regions are more than ${RTT_FIGURES_MAX} figures`,
    );
  const figures = new SharedArrayBuffer(4 * wordsFor(regions.length, countries.length, rows));
  const words = new Int32Array(figures);
  words.set([MAGIC, regions.length, countries.length, rows, ...regions, ...countries]);
  const cells = new Float32Array(figures, 4 * wordsFor(regions.length, countries.length, 0)).fill(-1);
  for (const { from, region, ms } of entries) {
    assert(ms >= 0, 'a time is not negative');
    const row =
      typeof from === 'number'
        ? countries.indexOf(from)
        : blocks.get(blockKey(from.prefix, from.length))!.row;
    cells[regions.length * row + indexOf(words, region, HEADER_WORDS, regions.length)] = ms;
  }
  const nested = [...blocks.values()].sort((a, b) => a.cidr.length - b.cidr.length);
  inherit(nested, cells, regions.length);
  const table = CidrTable.build(nested.map(({ cidr, row }) => ({ ...cidr, value: row })));
  return { figures, blocks: table.buffer };
}

/** Shorter blocks come first, and so have all that those around them have. */
function inherit(
  blocks: readonly { readonly cidr: Cidr; readonly row: number }[],
  cells: Float32Array,
  regions: number,
): void {
  const rows = new Map<string, number>();
  const lengths = new Set<number>();
  for (const { cidr, row } of blocks) {
    const around = [...lengths].reverse().find((length) => rows.has(blockKey(cidr.prefix, length)));
    const from = around === undefined ? undefined : rows.get(blockKey(cidr.prefix, around))!;
    for (let region = 0; from !== undefined && region < regions; region++) {
      const at = regions * row + region;
      if (cells[at]! < 0) cells[at] = cells[regions * from + region]!;
    }
    rows.set(blockKey(cidr.prefix, cidr.length), row);
    lengths.add(cidr.length);
  }
}

function blockKey(prefix: Uint8Array, length: number): string {
  const octets = prefix.slice(0, (length + 7) >> 3);
  if (length % 8 !== 0) octets[octets.length - 1]! &= 0xff << (8 - (length % 8));
  return `${prefix.length} ${length} ${octets.join('.')}`;
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
