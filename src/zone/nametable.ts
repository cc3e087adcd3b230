import { cryptoPrng } from '../util/prng.ts';
import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { HashedName, nameHash, SUFFIXES_MAX } from '../wire/hashedname.ts';
import { foldOctet, type Name } from '../wire/name.ts';

/**
 * An immutable map from folded names to u32, flat in one buffer that every thread may read. Zone images, view
 * match tables and domain lists are made of it.
 *
 *   words of 32 bits, native order          octets
 *   +----------+----------------+-----------------+----------------------------------+
 *   | header 12| entries 2 × n  | slots 2 × m     | arena: [length][wire form] …      |
 *   +----------+----------------+-----------------+----------------------------------+
 *   header   magic · octets in all · n · m − 1 · seed · octets of the arena · depth · levels 4 · 0
 *   entry i  offset of the name's length octet in the arena · value     (in the order of adding)
 *   slot     full hash · i + 1, or 0 for a free slot                     (open addressing, linear probing)
 *
 * depth is the most suffixes that a name in the table has, itself and the root among them; levels has a bit for each
 * such number, from 1 to 128, that some name has: other suffixes of a name are not looked for.
 * m is a power of two and at least 4/3 n, so that a probe ends after a step or two. One pass over a name gives the
 * hashes of all its suffixes (HashedName). They are seeded, so that nobody can choose names that share a chain.
 */
export class NameTable {
  readonly #words: Uint32Array;
  readonly #octets: Uint8Array;
  readonly #entries: number = HEADER_WORDS;
  readonly #slots: number;
  readonly #arena: number;
  readonly #mask: number;
  readonly #depth: number;
  readonly #levels: Uint32Array;
  /** What its hashes are seeded with. */
  readonly seed: number;
  /** Number of names. */
  readonly size: number;
  /** Octets of the table, from its start in the buffer. */
  readonly byteLength: number;

  private constructor(buffer: SharedArrayBuffer | ArrayBuffer, offset: number) {
    const header = new Uint32Array(buffer, offset, HEADER_WORDS);
    this.byteLength = header[HEADER.OCTETS]!;
    this.size = header[HEADER.ENTRIES]!;
    this.#mask = header[HEADER.MASK]!;
    this.seed = header[HEADER.SEED]!;
    this.#depth = header[HEADER.DEPTH]!;
    this.#levels = header.subarray(HEADER.LEVELS, HEADER.LEVELS + LEVELS_WORDS);
    this.#slots = HEADER_WORDS + 2 * this.size;
    const arena = this.#slots + 2 * (this.#mask + 1);
    this.#words = new Uint32Array(buffer, offset, arena);
    this.#octets = new Uint8Array(buffer, offset, this.byteLength);
    this.#arena = arena * 4;
  }

  /** The table at `offset` (a multiple of 4) of `buffer`. Throws RangeError where there is none or it is cut short. */
  static from(buffer: SharedArrayBuffer | ArrayBuffer, offset = 0): NameTable {
    const room = buffer.byteLength - offset;
    if (offset % 4 !== 0 || room < HEADER_WORDS * 4) throw new RangeError('no name table here');
    const header = new Uint32Array(buffer, offset, HEADER_WORDS);
    const slots = header[HEADER.MASK]! + 1;
    const octets = tableOctets(header[HEADER.ENTRIES]!, slots, header[HEADER.ARENA]!);
    if (header[HEADER.MAGIC] !== MAGIC) throw new RangeError('no name table here');
    if (header[HEADER.OCTETS] !== octets || octets > room) throw new RangeError('name table is cut short');
    if ((slots & (slots - 1)) !== 0 || slots <= header[HEADER.ENTRIES]!)
      throw new RangeError('name table has a bad header');
    return new NameTable(buffer, offset);
  }

  /** A table of `entries`; of equal names the last one's value holds. `seed` is random unless given. */
  static build(entries: Iterable<readonly [Name, number]>, seed?: number): NameTable {
    const builder = new NameTableBuilder(seed);
    for (const [name, value] of entries) builder.set(builder.add(name), value);
    const buffer = new SharedArrayBuffer(builder.byteLength);
    builder.writeTo(buffer, 0);
    return NameTable.from(buffer);
  }

  /** What it is made of, as it lies in its buffer: for NameTableBuilder. */
  get parts(): {
    readonly entries: Uint32Array;
    readonly slots: Uint32Array;
    readonly arena: Uint8Array;
    readonly depth: number;
    readonly levels: Uint32Array;
  } {
    const used = this.#words[HEADER.ARENA]!;
    return {
      entries: this.#words.subarray(this.#entries, this.#slots),
      slots: this.#words.subarray(this.#slots),
      arena: this.#octets.subarray(this.#arena, this.#arena + used),
      depth: this.#depth,
      levels: this.#levels,
    };
  }

  /** The buffer that holds the table. */
  get buffer(): SharedArrayBuffer | ArrayBuffer {
    return this.#words.buffer as SharedArrayBuffer | ArrayBuffer;
  }

  /** The value of the suffix of `name` that starts at its octet `off`, or -1. Case-blind. */
  lookup(name: Name, off = 0): number {
    return this.lookupAt(name, off, name.length - off);
  }

  /** The value of the name in `buf[off .. off + len)`, or -1. Case-blind. */
  lookupAt(buf: Uint8Array, off: number, len: number): number {
    const entry = this.#probe(nameHash(this.seed, buf, off, len), buf, off, len);
    return entry < 0 ? -1 : this.#words[this.#entries + 2 * entry + 1]!;
  }

  /**
   * The values of all suffixes of `name` that are in the table, longest first, into `found`; returns their
   * number. Suffixes of fewer than `shortest` octets are not looked for.
   */
  lookupSuffixes(name: Name, found: Suffixes, shortest = 1): number {
    return this.lookupHashed(scratch.set(name), found, shortest);
  }

  /** The same for a name that may be looked up in other tables too: it is hashed once for those of one seed. */
  lookupHashed(hashed: HashedName, found: Suffixes, shortest = 1): number {
    const { name, starts, hashes } = hashed;
    const first = this.#hash(hashed);
    let count = 0;
    for (let i = first; i < hashed.count; i++) {
      const off = starts[i]!;
      if (name.length - off < shortest) break;
      const level = hashed.count - i - 1;
      if ((this.#levels[level >> 5]! & (1 << (level & 31))) === 0) continue;
      const entry = this.#probe(hashes[i]!, name, off, name.length - off);
      if (entry < 0) continue;
      found.offsets[count] = off;
      found.values[count++] = this.#words[this.#entries + 2 * entry + 1]!;
    }
    return count;
  }

  /**
   * The value of the longest suffix of `name` in the table, which must hold, with a name, all its parents up to
   * the one of `top` octets, as a zone's does; -1 where that is no suffix of `name`. Such a table is searched by
   * halves: a name of 127 labels costs 8 probes.
   */
  lookupClosest(name: Name, top: number): number {
    const { starts, hashes, count } = scratch.set(name);
    let low = this.#hash(scratch);
    let high = count - 1;
    while (high >= low && name.length - starts[high]! < top) high--;
    let found = -1;
    // The longest first: most questions are for what exists.
    for (let at = low; low <= high; at = (low + high) >>> 1) {
      const off = starts[at]!;
      const entry = this.#probe(hashes[at]!, name, off, name.length - off);
      if (entry < 0) low = at + 1;
      else {
        found = entry;
        high = at - 1;
      }
    }
    return found < 0 ? -1 : this.valueAt(found);
  }

  /** The folded name that was added as the `index`th, sharing the table's memory. `index` in 0..size-1. */
  nameAt(index: number): Name {
    const at = this.#arena + this.#words[this.#entries + 2 * index]!;
    return this.#octets.subarray(at + 1, at + 1 + this.#octets[at]!);
  }

  /** Octets of the name at `index`. */
  nameLength(index: number): number {
    return this.#octets[this.#arena + this.#words[this.#entries + 2 * index]!]!;
  }

  /** The value at `index`. */
  valueAt(index: number): number {
    return this.#words[this.#entries + 2 * index + 1]!;
  }

  /** All names and values, in the order in which they were added. */
  *[Symbol.iterator](): IterableIterator<[Name, number]> {
    for (let i = 0; i < this.size; i++) yield [this.nameAt(i), this.valueAt(i)];
  }

  /**
   * Hashes what may be in the table and returns the number of the first such suffix: longer ones have more labels than
   * any name in it.
   */
  #hash(hashed: HashedName): number {
    const first = hashed.count > this.#depth ? hashed.count - this.#depth : 0;
    hashed.hash(this.seed, first);
    return first;
  }

  #probe(hash: number, buf: Uint8Array, off: number, len: number): number {
    const words = this.#words;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = this.#slots + 2 * slot;
      const entry = words[at + 1]!;
      if (entry === 0) return -1;
      if ((words[at]! | 0) !== hash) continue;
      const stored = this.#arena + words[this.#entries + 2 * (entry - 1)]!;
      if (equalsFolded(this.#octets, stored, buf, off, len)) return entry - 1;
    }
  }
}

/** What `lookupSuffixes` fills; a name of 255 octets has at most 128 suffixes. Reuse one. */
export class Suffixes {
  /** Octet of the name at which the suffix starts. */
  readonly offsets: Uint8Array = new Uint8Array(SUFFIXES_MAX);
  readonly values: Uint32Array = new Uint32Array(SUFFIXES_MAX);
}

/** Collects names, each once, and writes the table. Names are numbered from 0 in the order of adding. */
export class NameTableBuilder {
  readonly #seed: number;
  #slots = new Uint32Array(2 * SLOTS_MIN);
  #mask = SLOTS_MIN - 1;
  #entries = new Uint32Array(SLOTS_MIN * 2);
  #arena = new Uint8Array(1024);
  #arenaUsed = 0;
  #depth = 0;
  readonly #levels = new Uint32Array(LEVELS_WORDS);
  size = 0;

  constructor(seed: number = cryptoPrng.u32()) {
    this.#seed = seed >>> 0;
  }

  /** One that has the names of a table already, with their numbers and values. They are copied, not hashed again. */
  static continuing(table: NameTable): NameTableBuilder {
    const builder = new NameTableBuilder(table.seed);
    const { entries, slots, arena, depth, levels } = table.parts;
    // Room for some more: what is full is copied again.
    builder.#entries = new Uint32Array(Math.ceil(ROOM * Math.max(entries.length, 2 * SLOTS_MIN)));
    builder.#entries.set(entries);
    builder.#slots = new Uint32Array(slots);
    builder.#mask = slots.length / 2 - 1;
    builder.#arena = new Uint8Array(Math.ceil(ROOM * arena.length) + 1 + NAME_OCTETS_MAX);
    builder.#arena.set(arena);
    builder.#arenaUsed = arena.length;
    builder.#depth = depth;
    builder.#levels.set(levels);
    builder.size = table.size;
    return builder;
  }

  /** The number of the name that starts at octet `off` of `name`, adding it with value 0 where it is new. */
  add(name: Name, off = 0): number {
    const hash = nameHash(this.#seed, name, off, name.length - off);
    const slot = this.#slotOf(hash, name, off);
    const known = this.#slots[2 * slot + 1]!;
    if (known !== 0) return known - 1;
    const index = this.size++;
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = index + 1;
    if (2 * index + 1 >= this.#entries.length) this.#entries = grown(this.#entries);
    this.#entries[2 * index] = this.#append(name, off);
    if (this.size * 4 > (this.#mask + 1) * 3) this.#rehash();
    return index;
  }

  /** The number of the name that starts at octet `off` of `name`, or -1. */
  find(name: Name, off = 0): number {
    const hash = nameHash(this.#seed, name, off, name.length - off);
    return this.#slots[2 * this.#slotOf(hash, name, off) + 1]! - 1;
  }

  /** The value of the name numbered `index`. */
  valueAt(index: number): number {
    return this.#entries[2 * index + 1]!;
  }

  /** Sets the value (u32) of the name numbered `index`. */
  set(index: number, value: number): void {
    this.#entries[2 * index + 1] = value;
  }

  /** The folded name numbered `index`, sharing memory until the next `add`. */
  nameAt(index: number): Name {
    const at = this.#entries[2 * index]!;
    return this.#arena.subarray(at + 1, at + 1 + this.#arena[at]!);
  }

  /** Octets that `writeTo` takes, a multiple of 4. */
  get byteLength(): number {
    return tableOctets(this.size, this.#mask + 1, this.#arenaUsed);
  }

  /** Writes the table at `offset` (a multiple of 4), where `byteLength` octets must be free and zero. */
  writeTo(buffer: SharedArrayBuffer | ArrayBuffer, offset: number): void {
    const slots = HEADER_WORDS + 2 * this.size;
    const arena = slots + 2 * (this.#mask + 1);
    const words = new Uint32Array(buffer, offset, arena);
    words[HEADER.MAGIC] = MAGIC;
    words[HEADER.OCTETS] = this.byteLength;
    words[HEADER.ENTRIES] = this.size;
    words[HEADER.MASK] = this.#mask;
    words[HEADER.SEED] = this.#seed;
    words[HEADER.ARENA] = this.#arenaUsed;
    words[HEADER.DEPTH] = this.#depth;
    words.set(this.#levels, HEADER.LEVELS);
    words.set(this.#entries.subarray(0, 2 * this.size), HEADER_WORDS);
    words.set(this.#slots, slots);
    new Uint8Array(buffer, offset + arena * 4).set(this.#arena.subarray(0, this.#arenaUsed));
  }

  /** The slot of the name, or the free one where it belongs. */
  #slotOf(hash: number, name: Name, off: number): number {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[2 * slot + 1]!;
      if (entry === 0) return slot;
      if ((this.#slots[2 * slot]! | 0) !== hash) continue;
      const stored = this.#entries[2 * (entry - 1)]!;
      if (equalsFolded(this.#arena, stored, name, off, name.length - off)) return slot;
    }
  }

  #append(name: Name, off: number): number {
    const at = this.#arenaUsed;
    if (at + 1 + NAME_OCTETS_MAX > this.#arena.length) this.#arena = grown(this.#arena);
    let to = at;
    this.#arena[to++] = name.length - off;
    for (let i = off; i < name.length; i++) this.#arena[to++] = foldOctet(name[i]!);
    this.#arenaUsed = to;
    let depth = 0;
    for (let i = off; i < name.length; i += name[i]! + 1) depth++;
    this.#depth = Math.max(this.#depth, depth);
    this.#levels[(depth - 1) >> 5]! |= 1 << ((depth - 1) & 31);
    return at;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    this.#mask = old.length - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      let slot = old[i]! & this.#mask;
      while (this.#slots[2 * slot + 1] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[2 * slot] = old[i]!;
      this.#slots[2 * slot + 1] = old[i + 1]!;
    }
  }
}

/** "CNT2" as this machine reads it: a table written with the other byte order is not taken for one. */
const MAGIC = 0x434e5432;
const HEADER_WORDS = 12;
const HEADER = { MAGIC: 0, OCTETS: 1, ENTRIES: 2, MASK: 3, SEED: 4, ARENA: 5, DEPTH: 6, LEVELS: 7 } as const;
const LEVELS_WORDS = 4;
const SLOTS_MIN = 8;
const ROOM = 1.05;

const scratch = new HashedName();

function tableOctets(entries: number, slots: number, arena: number): number {
  return 4 * (HEADER_WORDS + 2 * entries + 2 * slots) + 4 * Math.ceil(arena / 4);
}

/** `stored` is where the length octet of a folded name is. */
function equalsFolded(arena: Uint8Array, stored: number, buf: Uint8Array, off: number, len: number): boolean {
  if (arena[stored] !== len) return false;
  for (let i = 0; i < len; i++) if (arena[stored + 1 + i] !== foldOctet(buf[off + i]!)) return false;
  return true;
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T): T {
  const larger = (
    array instanceof Uint8Array ? new Uint8Array(2 * array.length) : new Uint32Array(2 * array.length)
  ) as T;
  larger.set(array);
  return larger;
}
