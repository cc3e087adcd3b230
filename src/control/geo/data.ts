/** A database that breaks the rules of its format; the message says how. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

/** https://maxmind.github.io/MaxMind-DB/ "Data field format". */
const TYPE = {
  pointer: 1,
  text: 2,
  double: 3,
  uint16: 5,
  uint32: 6,
  map: 7,
  uint64: 9,
  array: 11,
  boolean: 14,
  float: 15,
};

/** Maps in maps, as deep as any real database has them and some more. */
const DEPTH_MAX = 16;

/**
 * Values of a MaxMind DB, read where they lie. Nothing is taken on trust: no pointer leads to a pointer, so that none
 * lead in a circle; what is not asked for is passed over without following pointers; and all reading together is
 * bounded, however often values are shared.
 */
export class DataSection {
  readonly #octets: Buffer;
  #work: number;
  /** Of the value that was read last: what `#open` found. */
  #type = 0;
  #size = 0;

  /** @param octets the section and nothing else: pointers count from its beginning */
  constructor(octets: Buffer) {
    this.#octets = octets;
    this.#work = WORK_MIN + WORK_PER_OCTET * octets.length;
  }

  /** Where the value under `key` of the map at `map` is; -1 where there is no such key or no map. */
  get(map: number, key: string): number {
    if (map < 0) return -1;
    let at = this.#open(map, true);
    if (this.#type !== TYPE.map) return -1;
    for (let left = this.#size; left > 0; left--) {
      const isKey = this.#text(at) === key;
      at = this.#skip(at, 0);
      if (isKey) return at;
      at = this.#skip(at, 0);
    }
    return -1;
  }

  /** Where the first element of the array at `array` is; -1 where there is none. */
  first(array: number): number {
    if (array < 0) return -1;
    const at = this.#open(array, true);
    return this.#type === TYPE.array && this.#size > 0 ? at : -1;
  }

  /** The text at `at`, if it is one of at most TEXT_OCTETS_MAX. */
  text(at: number): string | undefined {
    return at < 0 ? undefined : this.#text(at);
  }

  /** The number at `at`: a float, or an unsigned integer that fits. */
  number(at: number): number | undefined {
    if (at < 0) return undefined;
    const from = this.#open(at, true);
    const size = this.#size;
    switch (this.#type) {
      case TYPE.double:
        return size === 8 ? this.#octets.readDoubleBE(this.#bounded(from, 8)) : undefined;
      case TYPE.float:
        return size === 4 ? this.#octets.readFloatBE(this.#bounded(from, 4)) : undefined;
      case TYPE.uint16:
      case TYPE.uint32:
      case TYPE.uint64:
        if (size > 6) return undefined;
        return size === 0 ? 0 : this.#octets.readUIntBE(this.#bounded(from, size), size);
      default:
        return undefined;
    }
  }

  #text(at: number): string | undefined {
    const from = this.#open(at, true);
    if (this.#type !== TYPE.text || this.#size > TEXT_OCTETS_MAX) return undefined;
    return this.#octets.toString('latin1', this.#bounded(from, this.#size), from + this.#size);
  }

  /** Reads the head of the value at `at` into `#type` and `#size`; returns where its content is. */
  #open(at: number, follow: boolean): number {
    if (this.#work-- <= 0) throw new DatabaseError('its records take more reading than real ones do');
    let next = at;
    const control = this.#octet(next++);
    this.#type = control >> 5;
    if (this.#type === TYPE.pointer) {
      const width = (control >> 3) & 3;
      const value = this.#uint(next, width + 1);
      const target =
        width === 3 ? value : (((control & 7) << (8 * (width + 1))) | value) + POINTER_BASES[width]!;
      this.#size = width + 1;
      return follow ? this.#follow(target) : next;
    }
    if (this.#type === 0) this.#type = 7 + this.#octet(next++);
    this.#size = control & 0x1f;
    if (this.#size >= 29) {
      const width = this.#size - 28;
      this.#size = this.#uint(next, width) + SIZE_BASES[width - 1]!;
      next += width;
    }
    return next;
  }

  #follow(target: number): number {
    const at = this.#open(target, false);
    if (this.#type === TYPE.pointer) throw new DatabaseError(`a pointer at ${target} is pointed to`);
    return at;
  }

  /** Where the value behind the one at `at` is. Pointers are not followed. */
  #skip(at: number, depth: number): number {
    if (depth > DEPTH_MAX) throw new DatabaseError(`values are nested more than ${DEPTH_MAX} deep`);
    let next = this.#open(at, false);
    const size = this.#size;
    switch (this.#type) {
      case TYPE.map:
        for (let left = 2 * size; left > 0; left--) next = this.#skip(next, depth + 1);
        return next;
      case TYPE.array:
        for (let left = size; left > 0; left--) next = this.#skip(next, depth + 1);
        return next;
      case TYPE.boolean:
        return next;
      default:
        return this.#bounded(next, size) + size;
    }
  }

  #octet(at: number): number {
    return this.#octets[this.#bounded(at, 1)]!;
  }

  #uint(at: number, width: number): number {
    return this.#octets.readUIntBE(this.#bounded(at, width), width);
  }

  #bounded(at: number, length: number): number {
    if (at + length > this.#octets.length) throw new DatabaseError(`a value at ${at} goes beyond the end`);
    return at;
  }
}

/** What is added to a pointer of 1, 2, 3 and 4 octets, and to a size of 1, 2 and 3. */
const POINTER_BASES = [0, 2_048, 526_336, 0];
const SIZE_BASES = [29, 285, 65_821];
/** Of codes and names; longer ones are nothing that is asked for. */
const TEXT_OCTETS_MAX = 64;
/** Values read. Real records are read once, with a few keys each. */
const WORK_PER_OCTET = 64;
const WORK_MIN = 10_000;
