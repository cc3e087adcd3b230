import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from './constants.ts';
import { WireError } from './error.ts';
import { labelCount, type Name, ROOT } from './name.ts';
import { copyOctets, HEAP_OCTETS_MAX } from './octets.ts';

const POINTER = 0xc0;
/** Pointers of one name: one before each of 127 labels and the root. A pointer to a pointer only costs time. */
const POINTERS_MAX = 128;
/**
 * What the names of one message may unfold to. A message of 64 KB whose 1,500 names are all under ip6.arpa has
 * 60,000 labels and 180,000 octets; pointers to one long name would make 1.2 million labels or 2.4 MB of it, which
 * is 20 ms of work for a packet.
 */
export const LABELS_MAX = 131_072;
export const UNFOLDED_OCTETS_MAX = 1_048_576;
/** Whoever keeps a part of a copy keeps all of it: of longer messages each part is copied. */
const SHARED_OCTETS_MAX = 2048;
/** Runs of labels over this are faster copied by the engine than octet by octet. */
const SHORT_RUN_OCTETS = 64;

/**
 * A bounds-checked reading position in a message. `buf` is always the whole message, because compression
 * pointers are relative to its start; `end` is the first octet that may not be read, and is moved in while
 * rdata is read, so that no rdata can be read past its own length.
 */
export class Cursor {
  buf!: Uint8Array;
  off = 0;
  end = 0;
  /** Of all names read so far. */
  #labels = 0;
  #octets = 0;
  /** Where the name that was read last stands in one piece; -1: nowhere. */
  #wholeAt = -1;
  /** What `owner` read last, where it stands in one piece (-1: nothing), and how many labels it has. */
  #owner: Name = ROOT;
  #ownerAt = -1;
  #ownerLabels = 0;
  #messageEnd = 0;
  /** Of the message, for long parts of it. */
  #copy: Uint8Array | undefined = undefined;

  constructor(buf: Uint8Array, off = 0, end = buf.length) {
    this.begin(buf, off, end);
  }

  /** Reads another message from here on: one cursor may serve for one after the other. */
  begin(buf: Uint8Array, off: number, end: number): this {
    // What is read must outlive `buf`, which may be an arena; `slice` of a Buffer would not copy.
    this.buf = Buffer.isBuffer(buf) ? new Uint8Array(buf.buffer, buf.byteOffset, buf.length) : buf;
    this.off = off;
    this.end = this.#messageEnd = end;
    this.#labels = this.#octets = 0;
    this.#wholeAt = this.#ownerAt = -1;
    this.#copy = undefined;
    return this;
  }

  get left(): number {
    return this.end - this.off;
  }

  /** Throws WireError unless `n` octets are left. */
  need(n: number): void {
    if (n > this.end - this.off) throw new WireError(`${n} octets expected, ${this.left} left`, this.off);
  }

  u8(): number {
    this.need(1);
    return this.buf[this.off++]!;
  }

  u16(): number {
    this.need(2);
    const value = (this.buf[this.off]! << 8) | this.buf[this.off + 1]!;
    this.off += 2;
    return value;
  }

  u32(): number {
    this.need(4);
    const b = this.buf;
    const o = this.off;
    this.off += 4;
    return ((b[o]! << 24) | (b[o + 1]! << 16) | (b[o + 2]! << 8) | b[o + 3]!) >>> 0;
  }

  /** The next `n` octets, to keep. */
  bytes(n: number): Uint8Array {
    this.need(n);
    this.off += n;
    return this.kept(this.off - n, this.off);
  }

  /**
   * The octets from..to-1, to keep: what is short is copied, what is long is a part of one copy of the message. No octet
   * is given twice, so that each part may be changed.
   */
  kept(from: number, to: number): Uint8Array {
    const length = to - from;
    if (length <= HEAP_OCTETS_MAX || this.#messageEnd > SHARED_OCTETS_MAX)
      return copyOctets(this.buf, from, to);
    this.#copy ??= this.buf.slice(0, this.#messageEnd);
    return new Uint8Array(this.#copy.buffer, from, length);
  }

  skip(n: number): void {
    this.need(n);
    this.off += n;
  }

  /**
   * Reads a name, following pointers if `pointers`. Every pointer must lead strictly before the start of the
   * run of labels it ends, so a chain of pointers always terminates; the sum of labels is held to 255 octets on every path.
   */
  name(pointers = true): Name {
    const buf = this.buf;
    let length = 0;
    let labels = 0;
    let at = this.off;
    let end = this.end;
    let run = at;
    let hops = 0;
    for (;;) {
      if (at >= end) throw new WireError('name runs past the end', at);
      const octet = buf[at]!;
      if (octet <= LABEL_OCTETS_MAX) {
        labels++;
        at += octet + 1;
        if (octet === 0) break;
        if (length + at - run >= NAME_OCTETS_MAX)
          throw new WireError(`name over ${NAME_OCTETS_MAX} octets`, at);
        continue;
      }
      if (octet < POINTER) throw new WireError('label type is not 00 or 11', at);
      if (!pointers) throw new WireError('compressed name where none is allowed', at);
      if (at + 2 > end) throw new WireError('pointer runs past the end', at);
      const target = ((octet & 0x3f) << 8) | buf[at + 1]!;
      if (target >= run) throw new WireError('compression pointer does not lead backward', at);
      if (hops++ === POINTERS_MAX) throw new WireError(`name of more than ${POINTERS_MAX} pointers`, at);
      length = copyRun(buf, run, at, length);
      if (hops === 1) this.off = at + 2;
      end = run;
      at = run = target;
    }
    if (hops === 0) this.off = at;
    this.#unfolded(labels, length + at - run);
    // Most names are one run: not compressed, or nothing but a pointer.
    this.#wholeAt = length === 0 ? run : -1;
    if (length === 0) return copyOctets(buf, run, at);
    return copyOctets(scratch, 0, copyRun(buf, run, at, length));
  }

  /**
   * Reads a name as `name` does; what is nothing but a pointer to the owner that was read last is the same object.
   * Most records of a message have one owner, which is its question.
   */
  owner(pointers = true): Name {
    const at = this.off;
    const isPointer = pointers && this.end - at >= 2 && this.buf[at]! >= POINTER;
    if (isPointer && (((this.buf[at]! & 0x3f) << 8) | this.buf[at + 1]!) === this.#ownerAt) {
      this.off = at + 2;
      this.#unfolded(this.#ownerLabels, this.#owner.length);
      return this.#owner;
    }
    const name = this.name(pointers);
    if (this.#wholeAt >= 0) this.#own(name, this.#wholeAt);
    return name;
  }

  /** Moves past an owner that is known to be this name, octet for octet. */
  known(name: Name): Name {
    this.#own(name, this.off);
    this.#unfolded(this.#ownerLabels, name.length);
    this.off += name.length;
    return name;
  }

  #own(name: Name, at: number): void {
    this.#owner = name;
    this.#ownerAt = at;
    this.#ownerLabels = labelCount(name) + 1;
  }

  #unfolded(labels: number, octets: number): void {
    this.#labels += labels;
    this.#octets += octets;
    if (this.#labels > LABELS_MAX || this.#octets > UNFOLDED_OCTETS_MAX)
      throw new WireError('names unfold to more than any real message has', this.off);
  }

  /** Moves past a name without building it: the same checks as `name`, but pointers are not followed. */
  skipName(): void {
    for (;;) {
      const octet = this.u8();
      if (octet === 0) return;
      if (octet >= POINTER) {
        this.skip(1);
        return;
      }
      if (octet > LABEL_OCTETS_MAX) throw new WireError('label type is not 00 or 11', this.off - 1);
      this.skip(octet);
    }
  }
}

const scratch = new Uint8Array(NAME_OCTETS_MAX + 1);

/** Appends the octets from..to-1 to the `length` octets in `scratch`; returns the new length. */
function copyRun(buf: Uint8Array, from: number, to: number, length: number): number {
  if (to - from > SHORT_RUN_OCTETS) {
    scratch.set(buf.subarray(from, to), length);
    return length + to - from;
  }
  for (let i = from; i < to; i++) scratch[length++] = buf[i]!;
  return length;
}
