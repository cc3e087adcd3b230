import { CLASS, FLAG, HEADER_OCTETS, TYPE } from './constants.ts';
import { type Edns, ednsLength, writeEdns } from './edns.ts';
import { foldOctet, type Name } from './name.ts';
import { compressesNames, eachCompressibleName } from './rdata/table.ts';
import type { Answer, Question, Rrset } from './record.ts';

/**
 * Lays out a response: decide first, encode once. The writer alone knows sections, compression, the size
 * limit, truncation by whole RRsets, and that OPT comes last.
 *
 * Compression keeps a hash table of the suffixes written so far:
 *
 *     slots   Uint16Array(512)   message offset of a suffix, 0 = empty   (open addressing, 8 probes)
 *
 * at most SUFFIXES_MAX suffixes of one message are remembered, so that a message of thousands of different
 * names costs a bounded number of comparisons (CVE-2024-8508 was a quadratic scan).
 */
const SLOTS = 512;
const PROBES = 8;
const SUFFIXES_MAX = 120;
/** Pointers have 14 bits (RFC 1035 section 4.1.4). */
const POINTER_TARGET_MAX = 0x3fff;
const LABELS_MAX = 128;

/** What goes around the sections of an `Answer`. */
export interface Frame {
  readonly id: number;
  /** Header bits; QR, the rcode and TC are added here. */
  readonly flags: number;
  readonly question: Question | undefined;
  /** The OPT record of the response, when the query had one. */
  readonly edns: Edns | undefined;
  /** The most octets that may be written, OPT included; at least 12 + question + OPT. */
  readonly limit: number;
  /** The last set of the answer section, if of addresses, starts at record `rotation` modulo their number. */
  readonly rotation: number;
  /** With DNSSEC signatures, when the client asked for them (RFC 4035 section 3.1). */
  readonly signatures: boolean;
  /** Glue that does not fit sets TC (RFC 9471 section 3); other additional data is left out silently. */
  readonly glue: boolean;
  /** AD is not told, whatever the answer has (RFC 6840 section 5.8). Absent: false. */
  readonly hidesAd?: boolean;
}

/** How many TTL positions are remembered: messages with more records are not stored in the answer cache. */
export const TTL_OFFSETS_MAX = 64;

export class Writer {
  /** The message; valid up to the length that `write` returned, until the next `write`. */
  readonly out: Uint8Array;
  /** Where the TTLs of the written records are, for those who serve the bytes again later. */
  readonly ttlOffsets = new Uint16Array(TTL_OFFSETS_MAX);
  /** Number of records written, OPT aside; over TTL_OFFSETS_MAX the rest of `ttlOffsets` is missing. */
  records = 0;
  truncated = false;
  /** False: an RRset was left out, be it silently. */
  complete = true;
  /** Octets before the OPT record; the whole length when there is none. */
  bodyLength = 0;

  readonly #slots = new Uint16Array(SLOTS);
  readonly #labels = new Uint16Array(LABELS_MAX);
  readonly #hashes = new Uint32Array(LABELS_MAX);
  #suffixes = 0;
  #at = 0;
  #limit = 0;
  #full = false;

  constructor(size = 65535) {
    this.out = new Uint8Array(size);
  }

  /** Encodes and returns the length. The answer is not changed. */
  write(answer: Answer, frame: Frame): number {
    this.#reset(frame);
    if (frame.question !== undefined) this.#question(frame.question);
    const answers = this.#section(answer.answer, frame, true, frame.rotation);
    const authority = this.#section(answer.authority, frame, true, 0) + this.#zoneNs(answer, frame);
    // Who has to ask again gets it then: a cut answer is no larger than it must be.
    const additional = this.#full ? 0 : this.#section(answer.additional, frame, frame.glue, 0);
    this.bodyLength = this.#at;
    if (frame.edns !== undefined) this.#at = writeEdns(this.out, this.#at, frame.edns, answer.rcode);
    let flags = frame.flags | FLAG.QR | (answer.rcode & 0x0f);
    if (answer.aa) flags |= FLAG.AA;
    if (answer.ad && frame.hidesAd !== true) flags |= FLAG.AD;
    if (this.truncated) flags |= FLAG.TC;
    this.#set16(0, frame.id);
    this.#set16(2, flags);
    this.#set16(4, frame.question === undefined ? 0 : 1);
    this.#set16(6, answers);
    this.#set16(8, authority);
    this.#set16(10, additional + (frame.edns === undefined ? 0 : 1));
    return this.#at;
  }

  #reset(frame: Frame): void {
    if (this.#suffixes > 0) this.#slots.fill(0);
    this.#suffixes = 0;
    this.records = 0;
    this.truncated = false;
    this.complete = true;
    this.#full = false;
    this.#at = HEADER_OCTETS;
    // OPT always fits: its room is set aside before anything else is written.
    this.#limit = Math.min(frame.limit, this.out.length) - (frame.edns ? ednsLength(frame.edns.options) : 0);
  }

  #question(question: Question): void {
    this.#name(question.name, 0, question.name.length);
    this.#put16(question.type);
    this.#put16(question.class);
  }

  #zoneNs({ zoneNs }: Answer, frame: Frame): number {
    return this.#full ? 0 : this.#section(zoneNs, frame, false, 0);
  }

  /** Writes RRsets while they fit. Returns the number of records written. */
  #section(sets: readonly Rrset[], frame: Frame, required: boolean, rotation: number): number {
    let count = 0;
    for (const set of sets) {
      // After the first that does not fit nothing more of the sections that matter follows (RFC 2181 section 9).
      if (this.#full && required) break;
      const start = this.#at;
      const records = this.records;
      const written = this.#rrset(set, frame, set === sets.at(-1) ? rotation : 0);
      if (written >= 0) {
        count += written;
        continue;
      }
      this.#at = start;
      this.records = records;
      this.#forget(start);
      this.complete = false;
      if (!required) continue;
      this.truncated = true;
      this.#full = true;
    }
    return count;
  }

  /** Writes one RRset with its signatures; -1 when it does not fit. */
  #rrset(set: Rrset, frame: Frame, rotation: number): number {
    const n = set.rdatas.length;
    const isTurned = n > 1 && (set.type === TYPE.A || set.type === TYPE.AAAA);
    const first = isTurned ? rotation % n : 0;
    for (let i = 0; i < n; i++) {
      const rdata = set.rdatas[(first + i) % n]!;
      if (!this.#record(set.name, set.type, set.ttl, rdata)) return -1;
    }
    if (!frame.signatures || set.sigs === undefined) return n;
    for (const sig of set.sigs) if (!this.#record(set.name, TYPE.RRSIG, set.ttl, sig)) return -1;
    return n + set.sigs.length;
  }

  #record(owner: Name, type: number, ttl: number, rdata: Uint8Array): boolean {
    // Room for the worst case is not asked for: names are written compressed, then the end is compared.
    if (this.#at + owner.length + 10 + rdata.length > this.out.length) return false;
    this.#name(owner, 0, owner.length);
    this.#put16(type);
    this.#put16(CLASS.IN);
    if (this.records < TTL_OFFSETS_MAX) this.ttlOffsets[this.records] = this.#at;
    this.#put16(ttl >>> 16);
    this.#put16(ttl & 0xffff);
    const lengthAt = this.#at;
    this.#at += 2;
    this.#rdata(type, rdata);
    this.#set16(lengthAt, this.#at - lengthAt - 2);
    this.records++;
    return this.#at <= this.#limit;
  }

  #rdata(type: number, rdata: Uint8Array): void {
    if (compressesNames(type)) this.#rdataWithNames(type, rdata);
    else this.#bytes(rdata, 0, rdata.length);
  }

  #rdataWithNames(type: number, rdata: Uint8Array): void {
    let done = 0;
    eachCompressibleName(type, rdata, (offset, length) => {
      this.#bytes(rdata, done, offset);
      this.#name(rdata, offset, length);
      done = offset + length;
    });
    this.#bytes(rdata, done, rdata.length);
  }

  #bytes(from: Uint8Array, start: number, end: number): void {
    const out = this.out;
    let at = this.#at;
    for (let i = start; i < end; i++) out[at++] = from[i]!;
    this.#at = at;
  }

  /** Writes the name at `name[start..start+length]`, as a pointer from the longest suffix that was written before. */
  #name(name: Uint8Array, start: number, length: number): void {
    const count = this.#split(name, start, length);
    let keep = count;
    let pointer = 0;
    for (let i = 0; i < count; i++) {
      pointer = this.#find(name, this.#labels[i]!, this.#hashes[i]!);
      if (pointer === 0) continue;
      keep = i;
      break;
    }
    for (let i = 0; i < keep; i++) {
      const from = this.#labels[i]!;
      this.#remember(this.#hashes[i]!);
      this.#bytes(name, from, from + name[from]! + 1);
    }
    if (pointer === 0) this.out[this.#at++] = 0;
    else this.#put16(0xc000 | pointer);
  }

  /** Notes where each label starts and the hash of the suffix from there; returns the number of labels. */
  #split(name: Uint8Array, start: number, length: number): number {
    let count = 0;
    for (let at = start; name[at]! !== 0; at += name[at]! + 1) this.#labels[count++] = at;
    let hash = 0x811c9dc5;
    let end = start + length - 1;
    for (let i = count - 1; i >= 0; i--) {
      const at = this.#labels[i]!;
      for (let j = at; j < end; j++) hash = Math.imul(hash ^ foldOctet(name[j]!), 0x01000193);
      this.#hashes[i] = hash >>> 0;
      end = at;
    }
    return count;
  }

  /** Message offset of an equal suffix written before, or 0. */
  #find(name: Uint8Array, at: number, hash: number): number {
    for (let probe = 0; probe < PROBES; probe++) {
      const offset = this.#slots[(hash + probe) & (SLOTS - 1)]!;
      if (offset === 0) return 0;
      if (this.#sameSuffix(name, at, offset)) return offset;
    }
    return 0;
  }

  /** Compares a suffix of `name` with one in the message, whose own pointers lead only backward. */
  #sameSuffix(name: Uint8Array, at: number, offset: number): boolean {
    const out = this.out;
    for (;;) {
      while ((out[offset]! & 0xc0) === 0xc0) offset = ((out[offset]! & 0x3f) << 8) | out[offset + 1]!;
      const length = name[at]!;
      if (out[offset]! !== length) return false;
      if (length === 0) return true;
      for (let i = 1; i <= length; i++)
        if (foldOctet(out[offset + i]!) !== foldOctet(name[at + i]!)) return false;
      at += length + 1;
      offset += length + 1;
    }
  }

  #remember(hash: number): void {
    if (this.#at > POINTER_TARGET_MAX || this.#suffixes >= SUFFIXES_MAX) return;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      if (this.#slots[slot]! !== 0) continue;
      this.#slots[slot] = this.#at;
      this.#suffixes++;
      return;
    }
  }

  /** Drops suffixes of octets that were taken back: nothing may point at them. */
  #forget(from: number): void {
    for (let i = 0; i < SLOTS; i++) if (this.#slots[i]! >= from) this.#slots[i] = 0;
  }

  #put16(value: number): void {
    this.out[this.#at] = value >>> 8;
    this.out[this.#at + 1] = value;
    this.#at += 2;
  }

  #set16(at: number, value: number): void {
    this.out[at] = value >>> 8;
    this.out[at + 1] = value;
  }
}
