import type { Clock } from '../util/clock.ts';
import type { Dependencies, Dependency } from '../util/deps.ts';
import type { Slab, SlabStats } from '../util/slab.ts';
import { foldOctet } from '../wire/name.ts';
import { putOctets } from '../wire/octets.ts';

/**
 * The answer cache: finished messages, one cache per worker, read by the fast path and written by the slow one.
 * A hit is one hash, one comparison and one copy; nothing is allocated.
 *
 *     key     view u16 | variant u8 | qtype u16 | qname folded | choice 3 x u32, where one was made
 *     value   0  stored     u32   tenths of a second since the cache was made
 *             4  expires    u32   the same; the entry is dead from then on
 *             8  flags      u8    bit 0: TTLs stand still (authoritative data); bit 1: a fork; bit 2: a verdict
 *             9  deps       u8    number of dependencies, 0..DEPENDENCIES_MAX
 *            10  length     u16   octets of the message
 *            12  ttls       u8    number of TTL positions
 *            13  turn       u8    records of the RRset that is rotated, 0: none
 *            14  turnAt     u16   where its first record starts
 *            16  turnSize   u16   octets of each of its records
 *            18  turned     u16   how far it was turned when it was stored
 *            20  deps x (slot u16, generation u32)
 *             …  ttls x u16       where TTLs are
 *             …  message          header to the last record, without OPT
 *             …  verdict   u16    index of the rule of the view's firewall that alerted or blocked, if one did
 *
 * What an answer depends on is in its key or among its dependencies; an answer with more is not stored.
 *
 * Where record sets are chosen from (zone/routing), the answer depends on the client's place, on health and on
 * chance as well. A fork is stored under the question then: it says of which group of which zone image a set is to
 * be chosen, anew for each query, and the choice is part of the key of the answer. A fork's message is three words:
 * zone, number of its image, group.
 */
const VALUE_HEADER = 20;
const DEP_OCTETS = 6;
const KEY_HEADER = 5;
/** Views are told apart by 16 bits of the key. */
export const VIEWS_MAX = 65_536;
const TTLS_STAND_STILL = 1;
const FORK = 2;
const VERDICT = 4;
const VERDICT_OCTETS = 2;
const FORK_OCTETS = 12;
const CHOICE_OCTETS = 12;

/** Where a choice among record sets is to be made. */
export interface Fork {
  /** Index of the zone in the snapshot, and the number of its image: it says whether zone and group are still those. */
  readonly zone: number;
  readonly number: number;
  readonly group: number;
}

/** What was chosen, as a part of keys: `Chooser.member` and `mask` in the image with this number. */
export interface Chosen {
  readonly number: number;
  readonly member: number;
  readonly mask: number;
}

/** Bits of `variant`: what of the query changes the bytes of the answer, apart from what is patched per reply. */
export const VARIANT = { DO: 1, CD: 2 } as const;

/**
 * AD is none of them: it is stored as it is known, and taken off for those who did not ask. What was learned under CD
 * is given under CD only: nobody has checked it.
 */
export function variantOf(dnssecOk: boolean, checkingDisabled: boolean): number {
  return (dnssecOk ? VARIANT.DO : 0) | (checkingDisabled ? VARIANT.CD : 0);
}

/** Facts of an answer to be stored. */
export interface StoredAnswer {
  /** Header to the last record, without OPT. */
  readonly message: Uint8Array;
  readonly length: number;
  readonly ttlOffsets: Uint16Array;
  readonly ttlCount: number;
  /** Seconds; 0 is not stored. */
  readonly lifetime: number;
  readonly ttlsStandStill: boolean;
  readonly turn: number;
  readonly turnAt: number;
  readonly turnSize: number;
  /** The rotation that the stored bytes were written with. */
  readonly turned: number;
  /** Slots with the generations they had when the query began. */
  readonly dependencies: readonly Dependency[];
  /** Index of a firewall rule, whose every match is told; undefined: none. */
  readonly verdict?: number | undefined;
}

export class AnswerCache {
  readonly #slab: Slab;
  readonly #deps: Dependencies;
  readonly #clock: Clock;
  readonly #start: number;
  readonly #key = new Uint8Array(KEY_HEADER + 255 + CHOICE_OCTETS);
  readonly #keyView = new DataView(this.#key.buffer);
  #keyLength = 0;

  constructor(options: { slab: Slab; dependencies: Dependencies; clock: Clock }) {
    this.#slab = options.slab;
    this.#deps = options.dependencies;
    this.#clock = options.clock;
    this.#start = options.clock.now();
  }

  get stats(): SlabStats {
    return this.#slab.stats;
  }

  #tenths(): number {
    return Math.floor((this.#clock.now() - this.#start) / 100);
  }

  #fillKey(view: number, variant: number, qtype: number, buf: Uint8Array, off: number, len: number): number {
    const key = this.#key;
    key[0] = view >>> 8;
    key[1] = view;
    key[2] = variant;
    key[3] = qtype >>> 8;
    key[4] = qtype;
    for (let i = 0; i < len; i++) key[KEY_HEADER + i] = foldOctet(buf[off + i]!);
    this.#keyLength = KEY_HEADER + len;
    return this.#keyLength;
  }

  /** Puts a choice behind the key's name, which ends where its root label is: no other key is like it. */
  #addChoice(number: number, member: number, mask: number): number {
    const at = this.#keyLength;
    this.#keyView.setUint32(at, number, true);
    this.#keyView.setUint32(at + 4, member, true);
    this.#keyView.setUint32(at + 8, mask, true);
    return at + CHOICE_OCTETS;
  }

  /** Finds a live answer to the question at `buf[off..off+len]`. Returns a handle for the other methods, or -1. */
  find(view: number, variant: number, qtype: number, buf: Uint8Array, off: number, len: number): number {
    return this.#findKey(this.#fillKey(view, variant, qtype, buf, off, len));
  }

  /** After `find` gave a fork: the live answer to its question with this choice, or -1. */
  findChosen(number: number, member: number, mask: number): number {
    return this.#findKey(this.#addChoice(number, member, mask));
  }

  /** True if a choice is to be made first: `forkZone`, `forkNumber` and `forkGroup` say which, `findChosen` follows. */
  isFork(at: number): boolean {
    return (this.#slab.view.getUint8(at + 8) & FORK) !== 0;
  }

  forkZone(at: number): number {
    return this.#slab.view.getUint32(this.#messageOf(at), true);
  }

  forkNumber(at: number): number {
    return this.#slab.view.getUint32(this.#messageOf(at) + 4, true);
  }

  forkGroup(at: number): number {
    return this.#slab.view.getUint32(this.#messageOf(at) + 8, true);
  }

  #messageOf(at: number): number {
    const { view } = this.#slab;
    return at + VALUE_HEADER + DEP_OCTETS * view.getUint8(at + 9) + 2 * view.getUint8(at + 12);
  }

  #findKey(length: number): number {
    const slab = this.#slab;
    const at = slab.find(slab.hash(this.#key, 0, length), this.#key, 0, length);
    if (at < 0) return -1;
    const data = slab.view;
    if (this.#tenths() >= data.getUint32(at + 4, true)) return -1;
    const deps = data.getUint8(at + 9);
    for (let dep = at + VALUE_HEADER; dep < at + VALUE_HEADER + DEP_OCTETS * deps; dep += DEP_OCTETS)
      if (this.#deps.generation(data.getUint16(dep, true)) !== data.getUint32(dep + 2, true)) return -1;
    return at;
  }

  /** The firewall rule that made or let pass the answer behind a handle, and is to tell of it; -1: none. */
  verdictOf(at: number): number {
    const { view } = this.#slab;
    if ((view.getUint8(at + 8) & VERDICT) === 0) return -1;
    return view.getUint16(this.#messageOf(at) + view.getUint16(at + 10, true), true);
  }

  /** Octets of the message behind a handle. */
  lengthOf(at: number): number {
    return this.#slab.view.getUint16(at + 10, true);
  }

  /**
   * Copies the message to `out`, TTLs counted down and one RRset turned by `rotation`, which comes from the query:
   * state that clients share would let one tenant see that another asks. Returns its length.
   */
  copy(at: number, out: Uint8Array, rotation: number): number {
    const data = this.#slab.view;
    const bytes = this.#slab.u8;
    const length = data.getUint16(at + 10, true);
    const ttls = data.getUint8(at + 12);
    const positions = at + VALUE_HEADER + DEP_OCTETS * data.getUint8(at + 9);
    const message = positions + 2 * ttls;
    for (let i = 0; i < length; i++) out[i] = bytes[message + i]!;
    if ((data.getUint8(at + 8) & TTLS_STAND_STILL) === 0) {
      const age = Math.floor((this.#tenths() - data.getUint32(at, true)) / 10);
      if (age > 0)
        for (let i = 0; i < ttls; i++) countDown(out, data.getUint16(positions + 2 * i, true), age);
    }
    const turn = data.getUint8(at + 13);
    if (turn > 1) this.#turn(out, message, (rotation + turn - data.getUint16(at + 18, true)) % turn, at);
    return length;
  }

  /** Starts the records of an RRset at another one; TTLs are equal inside an RRset, so only rdata moves. */
  #turn(out: Uint8Array, message: number, shift: number, at: number): void {
    if (shift === 0) return;
    const bytes = this.#slab.u8;
    const turn = this.#slab.view.getUint8(at + 13);
    const turnAt = this.#slab.view.getUint16(at + 14, true);
    const size = this.#slab.view.getUint16(at + 16, true);
    for (let i = 0; i < turn; i++) {
      const to = turnAt + i * size + TURN_SKIP;
      const from = message + turnAt + ((i + shift) % turn) * size + TURN_SKIP;
      for (let j = 0; j < size - TURN_SKIP; j++) out[to + j] = bytes[from + j]!;
    }
  }

  /**
   * Stores an answer, unless a slot it depends on has moved since its query began. Where a choice was made on the way
   * to it, `storeFork` of the same question goes before.
   */
  store(
    view: number,
    variant: number,
    qtype: number,
    qname: Uint8Array,
    answer: StoredAnswer,
    chosen?: Chosen,
  ): boolean {
    const { dependencies } = answer;
    if (answer.lifetime <= 0 || !this.#deps.hold(dependencies)) return false;
    let keyLength = this.#fillKey(view, variant, qtype, qname, 0, qname.length);
    if (chosen !== undefined) keyLength = this.#addChoice(chosen.number, chosen.member, chosen.mask);
    const flags =
      (answer.ttlsStandStill ? TTLS_STAND_STILL : 0) | (answer.verdict === undefined ? 0 : VERDICT);
    return this.#storeKey(keyLength, answer, flags);
  }

  /** @param dependencies those of the question up to the choice, all of them zone data @param lifetime seconds */
  storeFork(
    view: number,
    variant: number,
    qtype: number,
    qname: Uint8Array,
    fork: Fork,
    dependencies: readonly Dependency[],
    lifetime: number,
  ): boolean {
    if (!this.#deps.hold(dependencies)) return false;
    const message = new Uint8Array(Uint32Array.of(fork.zone, fork.number, fork.group).buffer);
    const keyLength = this.#fillKey(view, variant, qtype, qname, 0, qname.length);
    return this.#storeKey(
      keyLength,
      { ...NO_ANSWER, message, dependencies, lifetime },
      FORK | TTLS_STAND_STILL,
    );
  }

  #storeKey(keyLength: number, answer: StoredAnswer, flags: number): boolean {
    const { dependencies, ttlCount, ttlOffsets, length, verdict } = answer;
    const slab = this.#slab;
    const told = verdict === undefined ? 0 : VERDICT_OCTETS;
    const size = VALUE_HEADER + DEP_OCTETS * dependencies.length + 2 * ttlCount + length + told;
    const at = slab.insert(slab.hash(this.#key, 0, keyLength), this.#key, 0, keyLength, size);
    if (at < 0) return false;
    this.#writeHeader(at, answer, flags);
    const data = slab.view;
    let end = at + VALUE_HEADER;
    for (const { slot, generation } of dependencies) {
      data.setUint16(end, slot, true);
      data.setUint32(end + 2, generation, true);
      end += DEP_OCTETS;
    }
    for (let i = 0; i < ttlCount; i++) data.setUint16(end + 2 * i, ttlOffsets[i]!, true);
    const message = end + 2 * ttlCount;
    putOctets(slab.u8, message, answer.message, 0, length);
    if (verdict !== undefined) data.setUint16(message + length, verdict, true);
    return true;
  }

  #writeHeader(at: number, answer: StoredAnswer, flags: number): void {
    const data = this.#slab.view;
    const now = this.#tenths();
    data.setUint32(at, now, true);
    data.setUint32(at + 4, now + answer.lifetime * 10, true);
    data.setUint8(at + 8, flags);
    data.setUint8(at + 9, answer.dependencies.length);
    data.setUint16(at + 10, answer.length, true);
    data.setUint8(at + 12, answer.ttlCount);
    data.setUint8(at + 13, answer.turn);
    data.setUint16(at + 14, answer.turnAt, true);
    data.setUint16(at + 16, answer.turnSize, true);
    data.setUint16(at + 18, answer.turn > 1 ? answer.turned % answer.turn : 0, true);
  }

  /**
   * Removes what was learned of others in the views that are meant, whatever was asked: a chain may lead through the
   * names of which `matches` says so. In steps of about a millisecond, between which a worker can answer; yields how
   * many of those names themselves are gone.
   */
  *flushSteps(
    isMeant: (view: number) => boolean,
    matches: (qname: Uint8Array) => boolean,
  ): Generator<number, void> {
    const bytes = this.#slab.u8;
    for (let set = 0; set >= 0; ) {
      let removed = 0;
      set = this.#slab.scan(set, SETS_PER_STEP, (keyOff, _, valueOff) => {
        if (!isMeant((bytes[keyOff]! << 8) | bytes[keyOff + 1]!)) return 'keep';
        if (matches(bytes.subarray(keyOff + KEY_HEADER, nameEnd(bytes, keyOff + KEY_HEADER)))) removed++;
        else if ((bytes[valueOff + 8]! & TTLS_STAND_STILL) !== 0) return 'keep';
        return 'remove';
      });
      yield removed;
    }
  }
}

/** A fork but for what it says. */
const NO_ANSWER: Omit<StoredAnswer, 'message' | 'dependencies' | 'lifetime'> = {
  length: FORK_OCTETS,
  ttlOffsets: new Uint16Array(0),
  ttlCount: 0,
  ttlsStandStill: true,
  turn: 0,
  turnAt: 0,
  turnSize: 0,
  turned: 0,
};

/** Octet behind the root label of the name that starts at `at`. */
function nameEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] !== 0) end += 1 + bytes[end]!;
  return end + 1;
}

/** Sets of the slab that one step of a flush visits: some 4,000 entries. */
const SETS_PER_STEP = 1024;

/** Owner pointer, type, class, TTL, rdlength: the part of a turned record that stays where it is. */
const TURN_SKIP = 12;

function countDown(out: Uint8Array, at: number, age: number): void {
  const ttl = ((out[at]! << 24) | (out[at + 1]! << 16) | (out[at + 2]! << 8) | out[at + 3]!) >>> 0;
  const left = ttl > age ? ttl - age : 0;
  out[at] = left >>> 24;
  out[at + 1] = left >>> 16;
  out[at + 2] = left >>> 8;
  out[at + 3] = left;
}
