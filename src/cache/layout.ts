import type { Dependencies, Dependency } from '../util/deps.ts';
import type { Slab } from '../util/slab.ts';
import type { Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Rank } from './rank.ts';

/**
 * The value of an entry of the record cache. Numbers are little-endian; offsets from the value's start:
 *
 *     0   stored      f64   monotonic milliseconds
 *     8   lifetime    u32   seconds that it is fresh
 *     12  type        u16   of the records: that of the key, SOA for a negative entry
 *     14  kind        u8    1 rrset, 2 nodata, 3 nxdomain, 4 failure
 *     15  rank        u8
 *     16  ede         u16   extended error code of a failure; 65535: none
 *     18  hits        u8    lookups since it was stored, up to 255
 *     19  streak      u8    failure: how many ended just before it
 *     20  records     u16
 *     22  signatures  u16
 *     24  deps        u8    0..DEPENDENCIES_MAX
 *     25  owner       u8    octets of the owner name; 0: it is, letter for letter, the name in the key
 *     26  deps × (slot u16, generation u32)
 *     …   owner
 *     …   records × (length u16, rdata), signatures × (length u16, rdata)
 */
const STORED = 0;
const LIFETIME = 8;
const TYPE_AT = 12;
const KIND = 14;
const RANK_AT = 15;
const EDE_AT = 16;
const HITS = 18;
const STREAK = 19;
const RECORDS = 20;
const SIGNATURES = 22;
const DEPS = 24;
const OWNER = 25;
const HEADER_OCTETS = 26;
const DEP_OCTETS = 6;

const NO_EDE = 0xffff;
const HITS_MAX = 255;

export type Kind = 'rrset' | 'nodata' | 'nxdomain' | 'failure';
const KINDS: readonly Kind[] = ['rrset', 'nodata', 'nxdomain', 'failure'];

/** All that a new entry holds. */
export interface EntryFacts {
  readonly kind: Kind;
  readonly rank: Rank;
  readonly stored: number;
  readonly lifetime: number;
  /** The records, or the SOA of a negative entry. */
  readonly rrset: Rrset | undefined;
  /** Empty where it is the name in the key. */
  readonly owner: Name;
  readonly dependencies: readonly Dependency[];
  readonly ede: number | undefined;
  readonly streak: number;
}

/** Octets of the value; more than a slab takes where the RRset is too large. */
export function entryLength(facts: EntryFacts): number {
  const { rrset, dependencies, owner } = facts;
  let length = HEADER_OCTETS + DEP_OCTETS * dependencies.length + owner.length;
  for (const rdata of rrset?.rdatas ?? []) length += 2 + rdata.length;
  for (const rdata of rrset?.sigs ?? []) length += 2 + rdata.length;
  return length;
}

/** Writes the value at `off`, where `entryLength` octets are free. */
export function writeEntry(slab: Slab, off: number, facts: EntryFacts): void {
  const { view, u8 } = slab;
  const { rrset, owner } = facts;
  view.setFloat64(off + STORED, facts.stored, true);
  view.setUint32(off + LIFETIME, facts.lifetime, true);
  view.setUint16(off + TYPE_AT, rrset?.type ?? 0, true);
  u8[off + KIND] = 1 + KINDS.indexOf(facts.kind);
  u8[off + RANK_AT] = facts.rank;
  view.setUint16(off + EDE_AT, facts.ede ?? NO_EDE, true);
  u8[off + HITS] = 0;
  u8[off + STREAK] = facts.streak;
  view.setUint16(off + RECORDS, rrset?.rdatas.length ?? 0, true);
  view.setUint16(off + SIGNATURES, rrset?.sigs?.length ?? 0, true);
  u8[off + DEPS] = facts.dependencies.length;
  let at = off + HEADER_OCTETS;
  for (const { slot, generation } of facts.dependencies) {
    view.setUint16(at, slot, true);
    view.setUint32(at + 2, generation, true);
    at += DEP_OCTETS;
  }
  u8[off + OWNER] = owner.length;
  u8.set(owner, at);
  at += owner.length;
  for (const rdata of rrset?.rdatas ?? []) at = writeRdata(slab, at, rdata);
  for (const rdata of rrset?.sigs ?? []) at = writeRdata(slab, at, rdata);
}

function writeRdata(slab: Slab, at: number, rdata: Uint8Array): number {
  slab.view.setUint16(at, rdata.length, true);
  slab.u8.set(rdata, at + 2);
  return at + 2 + rdata.length;
}

/** A look at the entry at `off`; moved from entry to entry, so that lookups that miss allocate nothing. */
export class EntryView {
  readonly #slab: Slab;
  /** -1: no entry. */
  off = -1;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  get there(): boolean {
    return this.off >= 0;
  }
  get stored(): number {
    return this.#slab.view.getFloat64(this.off + STORED, true);
  }
  /** Seconds. */
  get lifetime(): number {
    return this.#slab.view.getUint32(this.off + LIFETIME, true);
  }
  /** Monotonic milliseconds. */
  get expiry(): number {
    return this.stored + 1000 * this.lifetime;
  }
  get kind(): Kind {
    return KINDS[this.#slab.u8[this.off + KIND]! - 1]!;
  }
  get rank(): Rank {
    return this.#slab.u8[this.off + RANK_AT] as Rank;
  }
  get ede(): number | undefined {
    const ede = this.#slab.view.getUint16(this.off + EDE_AT, true);
    return ede === NO_EDE ? undefined : ede;
  }
  get hits(): number {
    return this.#slab.u8[this.off + HITS]!;
  }
  get streak(): number {
    return this.#slab.u8[this.off + STREAK]!;
  }

  countHit(): void {
    if (this.hits < HITS_MAX) this.#slab.u8[this.off + HITS]! += 1;
  }

  /** False once something that the entry depends on has changed. */
  isCurrent(dependencies: Dependencies): boolean {
    const { view, u8 } = this.#slab;
    const end = this.off + HEADER_OCTETS + DEP_OCTETS * u8[this.off + DEPS]!;
    for (let at = this.off + HEADER_OCTETS; at < end; at += DEP_OCTETS)
      if (dependencies.generation(view.getUint16(at, true)) !== view.getUint32(at + 2, true)) return false;
    return true;
  }

  /** The records in memory of their own, with `ttl`; `keyName` is the name in the key. Undefined for a failure. */
  rrset(keyName: Name, ttl: number): Rrset | undefined {
    const { view, u8 } = this.#slab;
    const count = view.getUint16(this.off + RECORDS, true);
    if (count === 0) return undefined;
    const ownerAt = this.off + HEADER_OCTETS + DEP_OCTETS * u8[this.off + DEPS]!;
    const ownerLength = u8[this.off + OWNER]!;
    const name = ownerLength === 0 ? copy(keyName, 0, keyName.length) : copy(u8, ownerAt, ownerLength);
    const signatures = view.getUint16(this.off + SIGNATURES, true);
    const all: Uint8Array[] = [];
    for (let at = ownerAt + ownerLength; all.length < count + signatures; ) {
      const length = view.getUint16(at, true);
      all.push(copy(u8, at + 2, length));
      at += 2 + length;
    }
    const type = view.getUint16(this.off + TYPE_AT, true);
    if (signatures === 0) return { name, type, ttl, rdatas: all };
    return { name, type, ttl, rdatas: all.slice(0, count), sigs: all.slice(count) };
  }
}

/** Octet by octet where they are few: `slice` and `subarray` cost ten times as much as a name is long. */
function copy(buf: Uint8Array, off: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  if (length > COPY_SHORT_MAX) out.set(buf.subarray(off, off + length));
  else for (let i = 0; i < length; i++) out[i] = buf[off + i]!;
  return out;
}

/** Typed arrays up to this length lie in the heap itself. */
const COPY_SHORT_MAX = 64;
