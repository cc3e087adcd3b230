import { assert } from './assert.ts';
import { type CidrMatch, isMapped, word } from './cidr.ts';

/**
 * An immutable table of millions of networks that do not nest, flat inside a buffer that every thread may read.
 * The ranges of each family are sorted and without gaps: one reaches up to the next, and neighbours have different
 * values. So a range takes 8 octets (IPv4) or 12 (IPv6), where a node of `CidrTable` takes 32, and a look-up is a
 * binary search between what the first bits of the address leave. Of an IPv6 address only the first 64 bits count:
 * what is behind them is no network.
 *
 *   word 0   IPv4 ranges                index, 2^bits + 1 words: for each value of the first bits     IPv4
 *   word 1   IPv6 ranges                    the last range that begins at or before it
 *   word 2   bits of the IPv4 index     first addresses, 1 word each
 *   word 3   bits of the IPv6 index     values
 *                                       the same, with first addresses of 2 words                     IPv6
 *
 * Words of addresses have their top bit flipped, so that they are sorted as signed numbers: unsigned ones of 2^31 or
 * more would be heap numbers.
 */
export class AddressRanges {
  readonly #words: Int32Array;
  readonly #v4: Place;
  readonly #v6: Place;

  /** The table that a builder wrote to `words` at `at`. Throws RangeError where it does not fit. */
  constructor(words: Int32Array, at: number) {
    const [v4 = 0, v6 = 0, bits4 = 0, bits6 = 0] = words.subarray(at, at + HEADER_WORDS);
    if (v4 < 1 || v6 < 1 || !isIndexBits(bits4) || !isIndexBits(bits6))
      throw new RangeError('no ranges here');
    this.#words = words;
    this.#v4 = placeAt(at + HEADER_WORDS, v4, bits4, 1);
    this.#v6 = placeAt(this.#v4.end, v6, bits6, 2);
    if (this.#v6.end > words.length) throw new RangeError('no ranges here');
  }

  /** Ranges of both families. */
  get size(): number {
    return this.#v4.count + this.#v6.count;
  }

  /**
   * Looks up the address of 4 or 16 octets whose first `bits` bits are `address`, with zeros behind them. All addresses
   * that share the first `match.bits` bits, of the whole address given, have the same value: as few as can be, but
   * no more than `bits`. An IPv4-mapped IPv6 address is looked for as the IPv4 address.
   */
  find(address: Uint8Array, bits: number, match: CidrMatch): void {
    if (address.length === 4) this.#find4(address, 0, bits, match);
    else if (isMapped(address, 0)) {
      this.#find4(address, MAPPED_BITS / 8, bits - MAPPED_BITS, match);
      if (match.bits > 0) match.bits += MAPPED_BITS;
    } else this.#find6(address, bits, match);
  }

  #find4(address: Uint8Array, off: number, bits: number, match: CidrMatch): void {
    const words = this.#words;
    const { index, shift, starts, values, count } = this.#v4;
    const known = word(address, off) & maskOf(bits);
    const key = known ^ FLIP;
    let low = words[index + (known >>> shift)]!;
    let high = words[index + (known >>> shift) + 1]!;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (words[starts + middle]! <= key) low = middle;
      else high = middle - 1;
    }
    const before = low === 0 ? 0 : 1 + Math.clz32(key ^ (words[starts + low]! - 1));
    const after = low === count - 1 ? 0 : 1 + Math.clz32(key ^ words[starts + low + 1]!);
    match.value = words[values + low]!;
    match.bits = Math.min(Math.max(bits, 0), Math.max(before, after));
  }

  #find6(address: Uint8Array, bits: number, match: CidrMatch): void {
    const words = this.#words;
    const { index, shift, starts, values, count } = this.#v6;
    const known = word(address, 0) & maskOf(bits);
    const high = known ^ FLIP;
    const low = (word(address, 4) & maskOf(bits - 32)) ^ FLIP;
    let from = words[index + (known >>> shift)]!;
    let to = words[index + (known >>> shift) + 1]!;
    while (from < to) {
      const middle = (from + to + 1) >>> 1;
      const other = words[starts + 2 * middle]!;
      if (other < high || (other === high && words[starts + 2 * middle + 1]! <= low)) from = middle;
      else to = middle - 1;
    }
    const own = starts + 2 * from;
    // One less than the first address of the range, with the borrow.
    const borrow = words[own + 1] === FLIP ? 1 : 0;
    const before =
      from === 0 ? 0 : 1 + sharedBits(high, low, (words[own]! - borrow) | 0, (words[own + 1]! - 1) | 0);
    const after = from === count - 1 ? 0 : 1 + sharedBits(high, low, words[own + 2]!, words[own + 3]!);
    match.value = words[values + from]!;
    match.bits = Math.min(bits, Math.max(before, after));
  }
}

/** Where the parts of one family are. */
interface Place {
  readonly index: number;
  /** An address's first word shifted right by this is its place in the index. */
  readonly shift: number;
  readonly starts: number;
  readonly values: number;
  readonly count: number;
  /** Behind the last word. */
  readonly end: number;
}

function placeAt(index: number, count: number, bits: number, startWords: 1 | 2): Place {
  const starts = index + 2 ** bits + 1;
  const values = starts + startWords * count;
  return { index, shift: 32 - bits, starts, values, count, end: values + count };
}

/** Some 16 ranges are left for each entry, and of millions 64: that is a line or two of the CPU's cache. */
function indexBitsFor(count: number): number {
  return Math.max(1, Math.min(INDEX_BITS_MAX, 28 - Math.clz32(count)));
}

function isIndexBits(bits: number): boolean {
  return bits >= 1 && bits <= INDEX_BITS_MAX;
}

const INDEX_BITS_MAX = 16;
const HEADER_WORDS = 4;
const FLIP = -0x80000000;
/** Of ::ffff:0:0/96. */
const MAPPED_BITS = 96;

/** The first `bits` bits of a word; none below zero. */
function maskOf(bits: number): number {
  return bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits);
}

/** Leading bits that two keys of two words share. */
function sharedBits(high: number, low: number, otherHigh: number, otherLow: number): number {
  return high === otherHigh ? 32 + Math.clz32(low ^ otherLow) : Math.clz32(high ^ otherHigh);
}

/** Takes ranges in the order of their addresses; before the first one the value is 0. */
export class AddressRangesBuilder {
  readonly #v4 = new Column();
  readonly #v4Values = new Column();
  readonly #v6 = new Column();
  readonly #v6Values = new Column();

  constructor() {
    this.add4(0, 0);
    this.add6(0, 0, 0);
  }

  /** From this IPv4 address on, as a number of 32 bits, addresses have `value`, 0..2^31-1. */
  add4(first: number, value: number): void {
    const { length } = this.#v4;
    const key = first ^ FLIP;
    if (length > 0 && this.#v4.at(length - 1) === key) {
      this.#v4.length--;
      this.#v4Values.length--;
    }
    assert(this.#v4.length === 0 || this.#v4.at(this.#v4.length - 1) < key, 'ranges come in order');
    if (this.#v4.length > 0 && this.#v4Values.at(this.#v4.length - 1) === value) return;
    this.#v4.push(key);
    this.#v4Values.push(value);
  }

  /** The same for IPv6 addresses, of which the first two words are given. */
  add6(high: number, low: number, value: number): void {
    const values = this.#v6Values;
    if (values.length > 0 && this.#isLast6(high ^ FLIP, low ^ FLIP)) {
      this.#v6.length -= 2;
      values.length--;
    }
    assert(values.length === 0 || this.#isAfter6(high ^ FLIP, low ^ FLIP), 'ranges come in order');
    if (values.length > 0 && values.at(values.length - 1) === value) return;
    this.#v6.push(high ^ FLIP);
    this.#v6.push(low ^ FLIP);
    values.push(value);
  }

  #isLast6(high: number, low: number): boolean {
    const { length } = this.#v6;
    return this.#v6.at(length - 2) === high && this.#v6.at(length - 1) === low;
  }

  #isAfter6(high: number, low: number): boolean {
    const { length } = this.#v6;
    const last = this.#v6.at(length - 2);
    return last < high || (last === high && this.#v6.at(length - 1) < low);
  }

  /** Words that the table will take. */
  get words(): number {
    return this.#places(0)[1].end;
  }

  #places(at: number): [v4: Place, v6: Place] {
    const [count4, count6] = [this.#v4.length, this.#v6Values.length];
    const v4 = placeAt(at + HEADER_WORDS, count4, indexBitsFor(count4), 1);
    return [v4, placeAt(v4.end, count6, indexBitsFor(count6), 2)];
  }

  writeTo(words: Int32Array, at: number): void {
    const [v4, v6] = this.#places(at);
    words.set([v4.count, v6.count, 32 - v4.shift, 32 - v6.shift], at);
    words.set(this.#v4.filled, v4.starts);
    words.set(this.#v4Values.filled, v4.values);
    words.set(this.#v6.filled, v6.starts);
    words.set(this.#v6Values.filled, v6.values);
    writeIndex(words, v4, (range, first) => this.#v4.at(range) <= first);
    writeIndex(words, v6, (range, first) => {
      const start = this.#v6.at(2 * range);
      return start < first || (start === first && this.#v6.at(2 * range + 1) === FLIP);
    });
  }
}

/** @param isAtOrBefore whether a range begins at or before the address of this first word, and zeros behind it */
function writeIndex(
  words: Int32Array,
  { index, shift, count, starts }: Place,
  isAtOrBefore: (range: number, first: number) => boolean,
): void {
  let range = 0;
  const entries = starts - index - 1;
  for (let entry = 0; entry < entries; entry++) {
    const first = (entry << shift) ^ FLIP;
    while (range + 1 < count && isAtOrBefore(range + 1, first)) range++;
    words[index + entry] = range;
  }
  words[index + entries] = count - 1;
}

/** A list of words that grows. */
class Column {
  length = 0;
  #words = new Int32Array(1024);

  push(value: number): void {
    if (this.length === this.#words.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.length++] = value;
  }

  at(index: number): number {
    return this.#words[index]!;
  }

  get filled(): Int32Array {
    return this.#words.subarray(0, this.length);
  }
}
