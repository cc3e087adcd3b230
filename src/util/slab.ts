import { assert } from './assert.ts';
import { CircularLog } from './circularlog.ts';
import { type HashSeed, keyedHash } from './hash.ts';

/**
 * Entries of any length in one buffer: to the collector a cache of millions is a few typed arrays, and neither
 * `find` nor `insert` allocates.
 *
 *     buffer  │ index: sets of 8 ways │ ghosts │ arena, in units of 8 octets                   │
 *                                              │ unit 0 unused │ fresh: a log │ proven: a log  │
 *
 *     set     │ i32 tag × 8 │ i32 ref × 8 │                                64 octets, one cache line
 *               tag = the whole hash; ref = place << 2 | uses; 0 = way is empty
 *               place = where the entry starts in the arena, in units; uses = 0..3
 *     ghost   │ i32 hash │
 *     entry   │ i32 hash  │ u16 value length │ u16 key length │ value … │ key … │ to the next unit │
 *     filler  │ i32 units │ u16 0            │ u16 0          │ …
 *
 * A hash names one set; its entry is in one of the 8 ways or not here, so a lookup compares at most 8 tags. Keys
 * are compared whole. Values start at a multiple of 8.
 *
 * What to forget (S3-FIFO; Yang et al. 2023): a new entry is written at the tail of the fresh log, an eighth of
 * the arena. At the head, where room is made, one that was found in the meantime (uses > 0) moves on to the
 * proven log; any other is forgotten and leaves its hash in a table of ghosts, so that it is written to the proven
 * log if it comes again soon. An entry at the head of the proven log goes back to the tail with one use less, or
 * is forgotten if it has none: CLOCK. So a flood of names that are asked for once, however fast or large, runs
 * through the fresh log and takes nothing from the rest. While the proven log is not yet full, all move on.
 *
 * An entry that was removed, replaced or pushed out of its set is one that no ref leads to: the head skips it.
 *
 * One thread owns a slab: logs and figures are its own. The hash seed is drawn at each start, so nobody outside
 * can aim at a set. Offsets are relative to the arena and stay small integers below 2 GB.
 */
export class Slab {
  /** The arena: `find` and `insert` return offsets into it. */
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly #seed: HashSeed;
  readonly #index: Int32Array;
  readonly #ghosts: Int32Array;
  readonly #i32: Int32Array;
  readonly #u16: Uint16Array;
  readonly #sets: number;
  readonly #setsPerHash: number;
  readonly #bytes: number;
  readonly #fresh: CircularLog;
  readonly #proven: CircularLog;
  /** Units of the largest entry. */
  readonly #entryMax: number;
  /** Units in use. */
  #used = 0;
  #entries = 0;
  #evictions = 0;
  #inserts = 0;
  /** What is left of the work that the insert at hand may do for later ones. */
  #work = 0;

  /** `bytes` for all of it, 64 kB to 4 GB; what is in `buffer` (at least as long) is forgotten. */
  constructor(options: { bytes: number; seed: HashSeed; buffer?: SharedArrayBuffer | ArrayBuffer }) {
    const { bytes, seed } = options;
    const buffer = options.buffer ?? new ArrayBuffer(bytes);
    assert(bytes >= SLAB_BYTES_MIN && bytes <= SLAB_BYTES_MAX, 'a slab has 64 kB to 4 GB');
    assert(buffer.byteLength >= bytes, 'buffer shorter than the budget');
    this.#seed = seed;
    this.#bytes = bytes;
    this.#sets = Math.floor(bytes / (WAYS * BYTES_PER_WAY));
    this.#setsPerHash = this.#sets / 2 ** 32;
    const ghostsAt = this.#sets * SET_WORDS * 4;
    const arenaAt = ghostsAt + this.#sets * GHOSTS_PER_SET * 4;
    const end = Math.floor((bytes - arenaAt) / UNIT);
    this.#index = new Int32Array(buffer, 0, this.#sets * SET_WORDS).fill(0);
    this.#ghosts = new Int32Array(buffer, ghostsAt, this.#sets * GHOSTS_PER_SET).fill(0);
    this.u8 = new Uint8Array(buffer, arenaAt, end * UNIT);
    this.view = new DataView(buffer, arenaAt, end * UNIT);
    this.#i32 = new Int32Array(buffer, arenaAt, end * 2);
    this.#u16 = new Uint16Array(buffer, arenaAt, end * 4);
    const fresh = Math.max(end >>> 3, Math.min(end >>> 1, (ENTRIES_PER_LOG_MIN * ENTRY_OCTETS_MAX) / UNIT));
    this.#fresh = new CircularLog(FIRST_UNIT, fresh);
    this.#proven = new CircularLog(fresh, end);
    this.#entryMax = Math.min(ENTRY_OCTETS_MAX / UNIT, Math.floor((fresh - 1) / ENTRIES_PER_LOG_MIN));
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
    this.#work = WORK_MIN + WORK_PER_UNIT * units;
    let way = this.#wayOf(hash, key, keyOff, keyLen);
    let uses = 0;
    let log = this.#isGhost(hash) ? this.#proven : this.#fresh;
    if (way >= 0) {
      // What is stored again was asked for again.
      uses = Math.max(1, this.#index[way]! & USES_MAX);
      log = this.#proven;
      this.#forget(way);
    }
    this.#makeRoom(log, units);
    if (way < 0) way = this.#freeWay(hash);
    const place = log.append(units);
    this.#index[way] = (place << USES_BITS) | uses;
    this.#index[way - WAYS] = hash;
    this.#i32[place * 2] = hash;
    this.#u16[place * 4 + 2] = valueLen;
    this.#u16[place * 4 + 3] = keyLen;
    const valueAt = place * UNIT + UNIT;
    const keyAt = valueAt + valueLen;
    for (let i = 0; i < keyLen; i++) this.u8[keyAt + i] = key[keyOff + i]!;
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
    this.#ghosts.fill(0);
    this.#fresh.clear();
    this.#proven.clear();
    this.#used = this.#entries = 0;
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

  /** An empty way in the set of `hash`, if need be that of its entry of least worth. */
  #freeWay(hash: number): number {
    const first = this.#firstWay(hash);
    let victim = first;
    let least = Number.MAX_SAFE_INTEGER;
    for (let way = first; way < first + WAYS; way++) {
      const ref = this.#index[way]!;
      if (ref === 0) return way;
      const worth = this.#worth(ref);
      if (worth >= least) continue;
      least = worth;
      victim = way;
    }
    this.#age(first, this.#index[victim]! & USES_MAX);
    this.#evict(victim);
    return victim;
  }

  /** Uses first, then whether it is proven, then how far it is from the head. */
  #worth(ref: number): number {
    const place = ref >> USES_BITS;
    const log = place < this.#proven.start ? this.#fresh : this.#proven;
    const age = place >= log.head ? place - log.head : place - log.head + this.#proven.end;
    return (2 * (ref & USES_MAX) + (log === this.#proven ? 1 : 0)) * this.#proven.end + age;
  }

  /** Where even the least used entry of a set was used, all lose as many uses: old fame does not last. */
  #age(first: number, uses: number): void {
    if (uses > 0) for (let way = first; way < first + WAYS; way++) this.#index[way]! -= uses;
  }

  /** Forgets the entry to make room. */
  #evict(way: number): void {
    const place = this.#index[way]! >> USES_BITS;
    const hash = this.#i32[place * 2]!;
    if (place < this.#proven.start) this.#ghosts[this.#ghostOf(hash)] = hash;
    this.#forget(way);
    this.#evictions++;
  }

  /** True if an entry of this hash left the fresh log a short while ago. A wrong guess does no harm. */
  #isGhost(hash: number): boolean {
    return this.#ghosts[this.#ghostOf(hash)] === hash;
  }

  /** Not the bits that choose the set: these are the same for all that meet there. */
  #ghostOf(hash: number): number {
    return ((Math.imul(hash, 0x9e3779b1) >>> 0) * this.#setsPerHash * GHOSTS_PER_SET) | 0;
  }

  /** Makes `units` free in one piece at the tail of `log`, and its reserve as far as there is work left. */
  #makeRoom(log: CircularLog, units: number): void {
    while (log.free < this.#reserveOf(log) + units && this.#work > 0) this.#passHead(log, 'sift');
    // Mostly true at once. After a run of hot entries that was longer than the reserve, hot ones go as well.
    while (log.gap < units)
      if (log.isWrapped) this.#passHead(log, 'clear');
      else this.#wrap(log);
  }

  #reserveOf(log: CircularLog): number {
    return Math.max(RESERVE_ENTRIES * this.#entryMax, (log.end - log.start) >>> RESERVE_SHIFT);
  }

  #wrap(log: CircularLog): void {
    const place = log.tail;
    const rest = log.wrap();
    if (rest === 0) return;
    this.#i32[place * 2] = rest;
    this.#u16[place * 4 + 2] = 0;
    this.#u16[place * 4 + 3] = 0;
  }

  /** Takes the oldest entry off a log: keeps or forgets it as it deserves, or forgets it in any case. */
  #passHead(log: CircularLog, how: 'sift' | 'clear'): void {
    const place = log.head;
    const keyLen = this.#u16[place * 4 + 3]!;
    const units = keyLen === 0 ? this.#i32[place * 2]! : entryUnits(keyLen, this.#u16[place * 4 + 2]!);
    log.drop(units);
    this.#work--;
    const way = keyLen === 0 ? -1 : this.#wayAt(this.#i32[place * 2]!, place);
    if (way < 0) return;
    const uses = this.#index[way]! & USES_MAX;
    const isKept = uses > 0 || (log === this.#fresh && this.#isRoomy(units));
    if (how === 'sift' && isKept) this.#keep(log, way, units);
    else this.#evict(way);
  }

  /** Copies an entry that is off the head of `log` to the tail of the proven log, with one use less. */
  #keep(log: CircularLog, way: number, units: number): void {
    this.#work -= COPY_WORK;
    // Within the proven log it always fits: its own place is free by now, and is in or before the gap.
    if (log === this.#fresh) this.#makeRoom(this.#proven, units);
    else if (log.gap < units) this.#wrap(log);
    const ref = this.#index[way]!;
    const from = (ref >> USES_BITS) * UNIT;
    const to = this.#proven.append(units);
    this.u8.copyWithin(to * UNIT, from, from + units * UNIT);
    this.#index[way] = (to << USES_BITS) | Math.max(0, (ref & USES_MAX) - 1);
  }

  /** So much is free in the proven log that nobody has to go. */
  #isRoomy(units: number): boolean {
    return this.#proven.free >= this.#reserveOf(this.#proven) + units;
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
 * One way for each 56 octets of budget: an RRset of one address takes about 64, so that sets are half full when
 * the arena is full, and fewer than one insert in 50 finds its set full. The index costs a seventh of the budget.
 */
const BYTES_PER_WAY = 56;
/** As many as a full slab has entries: who comes again within one turn of the whole is recognised. */
const GHOSTS_PER_SET = 4;
/** The limits table's "cache entry size". A larger one would push out 200 others for one question. */
export const ENTRY_OCTETS_MAX = 16384;
/** A log holds four of the largest entries; in slabs under 192 kB the largest entry is smaller for that. */
const ENTRIES_PER_LOG_MIN = 4;
/**
 * Kept free ahead of a tail: two entries of the largest size (a filler may take nearly one), and a 32nd of the
 * log, so that a run of hot entries as long as the whole log can be passed, 32 entries an insert.
 */
const RESERVE_ENTRIES = 2;
const RESERVE_SHIFT = 5;
/**
 * The bound on a single insert: as an entry passed is 1 and one copied 8, a usual one copies at most 36 (3 µs),
 * one of the largest size a thousand. More than the units it takes, so that hot runs are passed and not cut.
 */
const WORK_MIN = 256;
const WORK_PER_UNIT = 4;
const COPY_WORK = 7;
export const SLAB_BYTES_MIN = 65536;
/** 29 bits of place × 8 octets. */
const SLAB_BYTES_MAX = 2 ** 32;
