import { assert } from './assert.ts';
import { type HashSeed, keyedHash } from './hash.ts';

/**
 * Entries of any length in one buffer: to the collector a cache of millions is a few typed arrays, and neither
 * `find` nor `insert` allocates.
 *
 *     buffer  │ index: sets of 8 ways │ arena: a circular log of entries, counted in units of 8 octets │
 *
 *     set     │ i32 tag × 8 │ i32 ref × 8 │                                64 octets, one cache line
 *               tag = the whole hash; ref = place << 2 | uses; 0 = way is empty
 *               place = where the entry starts in the arena, in units; uses = 0..3
 *
 *     arena   │ unit 0 unused │ entry │ entry │ ··· free ··· │ entry │ entry │ filler │
 *                                             ▲ tail: next   ▲ head: oldest
 *     entry   │ i32 hash  │ u16 value length │ u16 key length │ value … │ key … │ to the next unit │
 *     filler  │ i32 units │ u16 0            │ u16 0          │ …
 *
 * A hash names one set; its entry is in one of the 8 ways or not here, so a lookup compares at most 8 tags. Keys
 * are compared whole. Values start at a multiple of 8.
 *
 * Entries are written at the tail; room is made at the head. An entry that was found since the head last met it
 * (uses > 0) is copied to the tail with one use less, any other is forgotten: CLOCK with a count of two bits,
 * over a log. A flood of names that nobody asks for again runs through the log and leaves the hot ones alone.
 * An entry that was removed, replaced or pushed out of its set is one that no ref leads to: the head skips it.
 * Where an entry does not fit between tail and end, a filler takes the rest.
 *
 * One thread owns a slab: head, tail and figures are its own. The hash seed is drawn at each start, so nobody
 * outside can aim at a set. Offsets are relative to the arena and stay small integers below 2 GB.
 */
export class Slab {
  /** The arena: `find` and `insert` return offsets into it. */
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly #seed: HashSeed;
  readonly #index: Int32Array;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;
  readonly #sets: number;
  readonly #setsPerHash: number;
  readonly #bytes: number;
  /** All in units, from here on. */
  readonly #end: number;
  readonly #entryMax: number;
  readonly #reserve: number;
  #head = FIRST_UNIT;
  #tail = FIRST_UNIT;
  /** From head to tail: entries, skipped entries and fillers. */
  #logged = 0;
  #used = 0;
  #entries = 0;
  #evictions = 0;
  #inserts = 0;

  /** `bytes` for index and arena together, 16 kB to 4 GB; what is in `buffer` (at least as long) is forgotten. */
  constructor(options: { bytes: number; seed: HashSeed; buffer?: SharedArrayBuffer | ArrayBuffer }) {
    const { bytes, seed } = options;
    const buffer = options.buffer ?? new ArrayBuffer(bytes);
    assert(bytes >= SLAB_BYTES_MIN && bytes <= SLAB_BYTES_MAX, 'a slab has 16 kB to 4 GB');
    assert(buffer.byteLength >= bytes, 'buffer shorter than the budget');
    this.#seed = seed;
    this.#bytes = bytes;
    this.#sets = Math.floor(bytes / (WAYS * BYTES_PER_WAY));
    this.#setsPerHash = this.#sets / 2 ** 32;
    const arena = this.#sets * SET_WORDS * 4;
    this.#end = Math.floor((bytes - arena) / UNIT);
    this.#index = new Int32Array(buffer, 0, this.#sets * SET_WORDS).fill(0);
    this.u8 = new Uint8Array(buffer, arena, this.#end * UNIT);
    this.view = new DataView(buffer, arena, this.#end * UNIT);
    this.#i32 = new Int32Array(buffer, arena, this.#end * 2);
    this.#u16 = new Uint16Array(buffer, arena, this.#end * 4);
    this.#entryMax = Math.min(ENTRY_OCTETS_MAX / UNIT, Math.floor(this.#end / SMALL_SLAB_ENTRIES));
    this.#reserve = Math.max(RESERVE_ENTRIES * this.#entryMax, Math.floor(this.#end / RESERVE_PART));
  }

  get stats(): SlabStats {
    return {
      entries: this.#entries,
      bytesUsed: this.#used * UNIT,
      bytesBudget: this.#bytes,
      evictions: this.#evictions,
      inserts: this.#inserts,
    };
  }

  /** Keyed with the seed of this slab; signed 32 bits. */
  hash(buf: Uint8Array, off: number, len: number): number {
    return keyedHash(this.#seed, buf, off, len);
  }

  /** Offset of the value under this key, or -1. Counts as a use. Valid until the next `insert`. */
  find(hash: number, key: Uint8Array, keyOff: number, keyLen: number): number {
    const way = this.#wayOf(hash, key, keyOff, keyLen);
    if (way < 0) return -1;
    const ref = this.#index[way]!;
    if ((ref & USES_MAX) !== USES_MAX) this.#index[way] = ref + 1;
    return (ref >> USES_BITS) * UNIT + UNIT;
  }

  /** As `find`, but leaves no trace: for looking without asking. */
  peek(hash: number, key: Uint8Array, keyOff: number, keyLen: number): number {
    const way = this.#wayOf(hash, key, keyOff, keyLen);
    return way < 0 ? -1 : (this.#index[way]! >> USES_BITS) * UNIT + UNIT;
  }

  /** Length of the value at an offset that `find` or `insert` returned. */
  valueLength(off: number): number {
    return this.#u16[off / 2 - 2]!;
  }

  /**
   * Makes an entry and returns the offset at which the caller then writes its value (what is there before is
   * undefined); an equal key is replaced. -1 where the entry is over the limit: then nothing changed. The key
   * (at least one octet) must not lie in this slab.
   */
  insert(hash: number, key: Uint8Array, keyOff: number, keyLen: number, valueLen: number): number {
    const units = entryUnits(keyLen, valueLen);
    if (units > this.#entryMax || keyLen === 0) return -1;
    this.#inserts++;
    let way = this.#wayOf(hash, key, keyOff, keyLen);
    let uses = 0;
    if (way >= 0) {
      // What is stored again was asked for again.
      uses = Math.max(1, this.#index[way]! & USES_MAX);
      this.#forget(way);
    }
    this.#makeRoom(units);
    if (way < 0) way = this.#freeWay(hash);
    const place = this.#tail;
    this.#index[way] = (place << USES_BITS) | uses;
    this.#index[way - WAYS] = hash;
    this.#i32[place * 2] = hash;
    this.#u16[place * 4 + 2] = valueLen;
    this.#u16[place * 4 + 3] = keyLen;
    const valueAt = place * UNIT + UNIT;
    const keyAt = valueAt + valueLen;
    for (let i = 0; i < keyLen; i++) this.u8[keyAt + i] = key[keyOff + i]!;
    this.#tail += units;
    this.#logged += units;
    this.#used += units;
    this.#entries++;
    return valueAt;
  }

  /** Forgets the entry under this key; false where there is none. */
  remove(hash: number, key: Uint8Array, keyOff: number, keyLen: number): boolean {
    const way = this.#wayOf(hash, key, keyOff, keyLen);
    if (way >= 0) this.#forget(way);
    return way >= 0;
  }

  clear(): void {
    this.#index.fill(0);
    this.#head = this.#tail = FIRST_UNIT;
    this.#logged = this.#used = this.#entries = 0;
  }

  forEach(fn: (keyOff: number, keyLen: number, valueOff: number, valueLen: number) => void): void {
    this.scan(0, this.#sets, (keyOff, keyLen, valueOff, valueLen) => {
      fn(keyOff, keyLen, valueOff, valueLen);
      return 'keep';
    });
  }

  /**
   * Visits the entries of `count` sets from set `from` on, and returns the set to go on with, or -1 at the end.
   * An entry never changes its set, so a scan in pieces misses nothing that was there all the while, whatever is
   * inserted between the pieces. `visit` must not insert.
   */
  scan(from: number, count: number, visit: Visit): number {
    const to = Math.min(this.#sets, from + count);
    for (let set = from; set < to; set++)
      for (let way = set * SET_WORDS + WAYS; way < (set + 1) * SET_WORDS; way++) {
        const ref = this.#index[way]!;
        if (ref === 0) continue;
        const place = ref >> USES_BITS;
        const valueLen = this.#u16[place * 4 + 2]!;
        const valueOff = place * UNIT + UNIT;
        const fate = visit(valueOff + valueLen, this.#u16[place * 4 + 3]!, valueOff, valueLen);
        if (fate === 'remove') this.#forget(way);
      }
    return to === this.#sets ? -1 : to;
  }

  /** Index of the first ref of the set of `hash`. Spreads by multiplying: the number of sets is no power of two. */
  #firstWay(hash: number): number {
    return (((hash >>> 0) * this.#setsPerHash) | 0) * SET_WORDS + WAYS;
  }

  /** Index of the ref to the entry with this key, or -1. */
  #wayOf(hash: number, key: Uint8Array, keyOff: number, keyLen: number): number {
    const first = this.#firstWay(hash);
    for (let way = first; way < first + WAYS; way++) {
      if (this.#index[way - WAYS] !== hash) continue;
      const ref = this.#index[way]!;
      if (ref !== 0 && this.#keyIs(ref >> USES_BITS, key, keyOff, keyLen)) return way;
    }
    return -1;
  }

  #keyIs(place: number, key: Uint8Array, keyOff: number, keyLen: number): boolean {
    if (this.#u16[place * 4 + 3] !== keyLen) return false;
    const at = place * UNIT + UNIT + this.#u16[place * 4 + 2]!;
    for (let i = 0; i < keyLen; i++) if (this.u8[at + i] !== key[keyOff + i]) return false;
    return true;
  }

  #forget(way: number): void {
    const place = this.#index[way]! >> USES_BITS;
    this.#used -= entryUnits(this.#u16[place * 4 + 3]!, this.#u16[place * 4 + 2]!);
    this.#entries--;
    this.#index[way] = 0;
  }

  /** An empty way in the set of `hash`, if need be that of its least used and then oldest entry. */
  #freeWay(hash: number): number {
    const first = this.#firstWay(hash);
    let victim = first;
    let least = Number.MAX_SAFE_INTEGER;
    for (let way = first; way < first + WAYS; way++) {
      const ref = this.#index[way]!;
      if (ref === 0) return way;
      const place = ref >> USES_BITS;
      const age = place >= this.#head ? place - this.#head : place + this.#end - this.#head;
      const worth = (ref & USES_MAX) * this.#end + age;
      if (worth >= least) continue;
      least = worth;
      victim = way;
    }
    this.#age(first, this.#index[victim]! & USES_MAX);
    this.#forget(victim);
    this.#evictions++;
    return victim;
  }

  /** Where even the least used entry of a set was used, all lose as many uses: old fame does not last. */
  #age(first: number, uses: number): void {
    if (uses > 0) for (let way = first; way < first + WAYS; way++) this.#index[way]! -= uses;
  }

  /** Makes `units` free in one piece at the tail. */
  #makeRoom(units: number): void {
    let copies = 0;
    for (let step = 0; step < STEPS_MAX && copies < COPIES_MAX; step++) {
      if (this.#end - FIRST_UNIT - this.#logged >= this.#reserve + units) break;
      copies += this.#passHead(1);
    }
    // Mostly true at once. After a run of hot entries longer than the reserve lasted, used ones go as well.
    while (this.#gap() < units)
      if (this.#isWrapped()) this.#passHead(USES_MAX + 1);
      else this.#wrap();
  }

  #isWrapped(): boolean {
    return this.#tail <= this.#head && this.#logged > 0;
  }

  /** Free units in one piece at the tail. */
  #gap(): number {
    return (this.#isWrapped() ? this.#head : this.#end) - this.#tail;
  }

  /** Continues the log at the start of the arena. */
  #wrap(): void {
    const rest = this.#end - this.#tail;
    if (rest > 0) {
      this.#i32[this.#tail * 2] = rest;
      this.#u16[this.#tail * 4 + 2] = 0;
      this.#u16[this.#tail * 4 + 3] = 0;
    }
    this.#logged += rest;
    this.#tail = FIRST_UNIT;
  }

  /** Takes the oldest entry off the log; with `usesKept` uses or more it is copied to the tail. Returns 1 if it was. */
  #passHead(usesKept: number): number {
    const place = this.#head;
    const keyLen = this.#u16[place * 4 + 3]!;
    const units = keyLen === 0 ? this.#i32[place * 2]! : entryUnits(keyLen, this.#u16[place * 4 + 2]!);
    this.#logged -= units;
    this.#head = place + units === this.#end ? FIRST_UNIT : place + units;
    if (this.#logged === 0) this.#head = this.#tail = FIRST_UNIT;
    const way = keyLen === 0 ? -1 : this.#wayAt(this.#i32[place * 2]!, place);
    if (way < 0) return 0;
    const uses = this.#index[way]! & USES_MAX;
    if (uses < usesKept) {
      this.#forget(way);
      this.#evictions++;
      return 0;
    }
    // It fits: its own place is free by now, and is either part of the gap or before the tail that is wrapped.
    if (this.#gap() < units) this.#wrap();
    this.u8.copyWithin(this.#tail * UNIT, place * UNIT, (place + units) * UNIT);
    this.#index[way] = (this.#tail << USES_BITS) | (uses - 1);
    this.#tail += units;
    this.#logged += units;
    return 1;
  }

  /** Index of the ref that leads to `place`, or -1 where the entry there is forgotten. */
  #wayAt(hash: number, place: number): number {
    const first = this.#firstWay(hash);
    for (let way = first; way < first + WAYS; way++)
      if (this.#index[way]! >> USES_BITS === place && this.#index[way] !== 0) return way;
    return -1;
  }
}

export interface SlabStats {
  readonly entries: number;
  /** Octets of the entries held, with headers and padding; neither index nor forgotten entries. */
  readonly bytesUsed: number;
  readonly bytesBudget: number;
  /** Entries forgotten to make room; not those removed or replaced. */
  readonly evictions: number;
  readonly inserts: number;
}

export type Visit = (keyOff: number, keyLen: number, valueOff: number, valueLen: number) => 'keep' | 'remove';

/** Octets of arena that an entry takes, header and padding included. */
export function entryOctets(keyLen: number, valueLen: number): number {
  return entryUnits(keyLen, valueLen) * UNIT;
}

function entryUnits(keyLen: number, valueLen: number): number {
  return (UNIT + keyLen + valueLen + UNIT - 1) >>> 3;
}

/** Also the length of an entry's header, so that values are aligned for any typed array. */
const UNIT = 8;
/** Unit 0 holds no entry, so that no ref is 0. */
const FIRST_UNIT = 1;
const WAYS = 8;
const SET_WORDS = 2 * WAYS;
const USES_BITS = 2;
const USES_MAX = 3;
/**
 * One way for each 56 octets of budget: an RRset of one address takes about 80, so that sets are half full when
 * the arena is full, and fewer than one insert in 50 finds its set full. The index costs a seventh of the budget.
 */
const BYTES_PER_WAY = 56;
/** The limits table's "cache entry size". A larger one would push out 200 others for one question. */
export const ENTRY_OCTETS_MAX = 16384;
/** In a slab under 128 kB the largest entry is an eighth of the arena, so that there is always one to push out. */
const SMALL_SLAB_ENTRIES = 8;
/**
 * Kept free ahead of the tail: at least two entries of the largest size (a filler may take nearly one), and a
 * 32nd of the arena, which with 32 copies an insert is passed by a run of hot entries as long as the arena.
 */
const RESERVE_ENTRIES = 2;
const RESERVE_PART = 32;
/** Hot entries copied by one insert, about 3 µs. */
const COPIES_MAX = 32;
/** Entries taken off the head by one insert; the largest entry replaces about 200 of the usual size. */
const STEPS_MAX = 256;
const SLAB_BYTES_MIN = 16384;
/** 29 bits of place × 8 octets. */
const SLAB_BYTES_MAX = 2 ** 32;
