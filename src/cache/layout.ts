import type { Dependencies, Dependency } from '../util/deps.ts';
import type { Slab } from '../util/slab.ts';
import type { Name } from '../wire/name.ts';
import { copyOctets, putOctets } from '../wire/octets.ts';
import type { Rrset } from '../wire/record.ts';
import type { Rank } from './rank.ts';
import type { Security } from './security.ts';

/**
 * The value of an entry of the record cache. Numbers are little-endian; offsets from the value's start:
 *
 *     0   stored      f64   monotonic milliseconds
 *     8   lifetime    u32   seconds that it is fresh
 *     12  type        u16   of the records: that of the key, SOA for a negative entry
 *     14  kind        u8    1 rrset, 2 nodata, 3 nxdomain, 4 failure
 *     15  trust       u8    rank + 16 × security (0 unchecked, 1 insecure, 2 secure)
 *     16  ede         u16   extended error code of a failure; 65535: none
 *     18  hits        u8    lookups since it was stored, up to 255
 *     19  more        u8    failure: how many ended just before it; else: proofs, 0..PROOFS_MAX
 *     20  records     u16   failure: octets of its text, 0..FAILURE_TEXT_MAX
 *     22  signatures  u16   failure: 1 where what was found is bogus
 *     24  deps        u8    0..DEPENDENCIES_MAX
 *     25  owner       u8    octets of the owner name; 0: it is, letter for letter, the name in the key
 *     26  deps × (slot u16, generation u32)
 *     …   owner
 *     …   records × (length u16, rdata), signatures × (length u16, rdata)
 *     …   proofs × (type u16, records u8, signatures u8, owner u8, owner, records and signatures as above)
 *     …   text, UTF-8
 *
 * Three fields have two meanings, so that the entry of a usual name and address stays in eight units of the slab.
 */
const STORED = 0;
const LIFETIME = 8;
const TYPE_AT = 12;
const KIND = 14;
const TRUST = 15;
const EDE_AT = 16;
const HITS = 18;
const MORE = 19;
const RECORDS = 20;
const SIGNATURES = 22;
const DEPS = 24;
const OWNER = 25;
const HEADER_OCTETS = 26;
const DEP_OCTETS = 6;
/** Type, records, signatures, owner of a proof. */
const PROOF_OCTETS = 5;

/**
 * RRsets that prove a denial: NSEC3 needs three (RFC 5155 section 7.2), a wildcard's denial one more, and a chain of
 * aliases may bring some of each.
 */
export const PROOFS_MAX = 8;
/** Records, and signatures, of one proof. Honest ones have one of the former and one or two of the latter. */
const PROOF_RECORDS_MAX = 255;
/** Enough for a name's end, its zone and what is wrong; EDE texts go to each client anew. */
export const FAILURE_TEXT_MAX = 120;

const NO_EDE = 0xffff;
const HITS_MAX = 255;

export type Kind = 'rrset' | 'nodata' | 'nxdomain' | 'failure';
const KINDS: readonly Kind[] = ['rrset', 'nodata', 'nxdomain', 'failure'];
/** `trust` is rank + SECURITY_UNIT × index into SECURITIES. */
const SECURITY_UNIT = 16;
const SECURITIES: readonly Security[] = ['unchecked', 'insecure', 'secure'];

/** All that a new entry holds, but for when it is stored and the name of its owner. */
export interface EntryFacts {
  readonly kind: Kind;
  readonly rank: Rank;
  readonly lifetime: number;
  /** The records, or the SOA of a negative entry. */
  readonly rrset: Rrset | undefined;
  readonly dependencies: readonly Dependency[];
  readonly security: Security;
  /** See `isProofsSized`. */
  readonly proofs: readonly Rrset[];
  readonly ede: number | undefined;
  /** Of a failure: something was found, and it is bogus. */
  readonly isBogus: boolean;
  /** At most FAILURE_TEXT_MAX octets. */
  readonly text: Uint8Array;
  readonly streak: number;
}

/** False where there are more proofs than an entry has room to count. */
export function isProofsSized(proofs: readonly Rrset[]): boolean {
  if (proofs.length > PROOFS_MAX) return false;
  for (const { rdatas, sigs } of proofs)
    if (rdatas.length > PROOF_RECORDS_MAX || (sigs?.length ?? 0) > PROOF_RECORDS_MAX) return false;
  return true;
}

/**
 * Octets of the value; more than a slab takes where the RRset is too large.
 * @param owner empty where it is the name in the key
 */
export function entryLength(facts: EntryFacts, owner: Name): number {
  const { rrset, dependencies, proofs, text } = facts;
  let length = HEADER_OCTETS + DEP_OCTETS * dependencies.length + owner.length + text.length;
  if (rrset !== undefined) length += recordsLength(rrset);
  for (const proof of proofs) length += PROOF_OCTETS + proof.name.length + recordsLength(proof);
  return length;
}

function recordsLength({ rdatas, sigs }: Rrset): number {
  let length = 0;
  for (const rdata of rdatas) length += 2 + rdata.length;
  if (sigs !== undefined) for (const rdata of sigs) length += 2 + rdata.length;
  return length;
}

/** Writes the value at `off`, where `entryLength` octets are free. */
export function writeEntry(slab: Slab, off: number, facts: EntryFacts, owner: Name, stored: number): void {
  const { view, u8 } = slab;
  const { rrset, proofs, text } = facts;
  view.setFloat64(off + STORED, stored, true);
  view.setUint32(off + LIFETIME, facts.lifetime, true);
  view.setUint16(off + TYPE_AT, rrset?.type ?? 0, true);
  u8[off + KIND] = 1 + KINDS.indexOf(facts.kind);
  u8[off + TRUST] = facts.rank + SECURITY_UNIT * SECURITIES.indexOf(facts.security);
  view.setUint16(off + EDE_AT, facts.ede ?? NO_EDE, true);
  u8[off + HITS] = 0;
  u8[off + MORE] = facts.kind === 'failure' ? facts.streak : proofs.length;
  view.setUint16(off + RECORDS, facts.kind === 'failure' ? text.length : (rrset?.rdatas.length ?? 0), true);
  view.setUint16(off + SIGNATURES, facts.isBogus ? 1 : (rrset?.sigs?.length ?? 0), true);
  u8[off + DEPS] = facts.dependencies.length;
  u8[off + OWNER] = owner.length;
  let at = off + HEADER_OCTETS;
  for (const { slot, generation } of facts.dependencies) {
    view.setUint16(at, slot, true);
    view.setUint32(at + 2, generation, true);
    at += DEP_OCTETS;
  }
  at = putOctets(u8, at, owner, 0, owner.length);
  if (rrset !== undefined) at = writeRecords(slab, at, rrset);
  for (const proof of proofs) at = writeProof(slab, at, proof);
  putOctets(u8, at, text, 0, text.length);
}

function writeProof(slab: Slab, at: number, proof: Rrset): number {
  const { view, u8 } = slab;
  view.setUint16(at, proof.type, true);
  u8[at + 2] = proof.rdatas.length;
  u8[at + 3] = proof.sigs?.length ?? 0;
  u8[at + 4] = proof.name.length;
  const recordsAt = putOctets(u8, at + PROOF_OCTETS, proof.name, 0, proof.name.length);
  return writeRecords(slab, recordsAt, proof);
}

function writeRecords(slab: Slab, at: number, { rdatas, sigs }: Rrset): number {
  let end = at;
  for (const rdata of rdatas) end = writeRdata(slab, end, rdata);
  if (sigs !== undefined) for (const rdata of sigs) end = writeRdata(slab, end, rdata);
  return end;
}

function writeRdata(slab: Slab, at: number, rdata: Uint8Array): number {
  slab.view.setUint16(at, rdata.length, true);
  return putOctets(slab.u8, at + 2, rdata, 0, rdata.length);
}

/** A look at the entry at `off`; moved from entry to entry, so that lookups that miss allocate nothing. */
export class EntryView {
  readonly #slab: Slab;
  /** -1: no entry. */
  off = -1;
  /** Where reading goes on. */
  #at = 0;

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
    return (this.#slab.u8[this.off + TRUST]! % SECURITY_UNIT) as Rank;
  }
  get ede(): number | undefined {
    const ede = this.#slab.view.getUint16(this.off + EDE_AT, true);
    return ede === NO_EDE ? undefined : ede;
  }
  get isBogus(): boolean {
    return this.kind === 'failure' && this.#slab.view.getUint16(this.off + SIGNATURES, true) === 1;
  }
  get hits(): number {
    return this.#slab.u8[this.off + HITS]!;
  }
  get streak(): number {
    return this.kind === 'failure' ? this.#slab.u8[this.off + MORE]! : 0;
  }

  get security(): Security {
    return SECURITIES[Math.floor(this.#slab.u8[this.off + TRUST]! / SECURITY_UNIT)]!;
  }
  /** What a failure says; it has nothing else behind its header. */
  get text(): string {
    const length = this.#recordsOrText;
    if (this.kind !== 'failure' || length === 0) return '';
    return decoder.decode(
      copyOctets(this.#slab.u8, this.off + HEADER_OCTETS, this.off + HEADER_OCTETS + length),
    );
  }
  get #recordsOrText(): number {
    return this.#slab.view.getUint16(this.off + RECORDS, true);
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
    const records = this.#recordsOrText;
    if (records === 0 || this.kind === 'failure') return undefined;
    const length = u8[this.off + OWNER]!;
    this.#at = this.off + HEADER_OCTETS + DEP_OCTETS * u8[this.off + DEPS]!;
    const name = length === 0 ? copyOctets(keyName, 0, keyName.length) : this.#octets(length);
    const type = view.getUint16(this.off + TYPE_AT, true);
    return this.#records(name, type, ttl, records, view.getUint16(this.off + SIGNATURES, true));
  }

  /** The proofs in memory of their own, with `ttl`. */
  proofs(ttl: number): readonly Rrset[] {
    const { view, u8 } = this.#slab;
    const count = this.kind === 'failure' ? 0 : u8[this.off + MORE]!;
    if (count === 0) return NO_PROOFS;
    this.#at = this.off + HEADER_OCTETS + DEP_OCTETS * u8[this.off + DEPS]! + u8[this.off + OWNER]!;
    const before = this.#recordsOrText + view.getUint16(this.off + SIGNATURES, true);
    for (let i = 0; i < before; i++) this.#at += 2 + view.getUint16(this.#at, true);
    const proofs: Rrset[] = [];
    while (proofs.length < count) proofs.push(this.#proof(ttl));
    return proofs;
  }

  #proof(ttl: number): Rrset {
    const { view, u8 } = this.#slab;
    const at = this.#at;
    this.#at += PROOF_OCTETS;
    const name = this.#octets(u8[at + 4]!);
    return this.#records(name, view.getUint16(at, true), ttl, u8[at + 2]!, u8[at + 3]!);
  }

  #records(name: Name, type: number, ttl: number, records: number, signatures: number): Rrset {
    const rdatas = this.#rdatas(records);
    if (signatures === 0) return { name, type, ttl, rdatas };
    return { name, type, ttl, rdatas, sigs: this.#rdatas(signatures) };
  }

  #rdatas(count: number): Uint8Array[] {
    const out: Uint8Array[] = [];
    while (out.length < count) {
      const length = this.#slab.view.getUint16(this.#at, true);
      this.#at += 2;
      out.push(this.#octets(length));
    }
    return out;
  }

  #octets(length: number): Uint8Array {
    this.#at += length;
    return copyOctets(this.#slab.u8, this.#at - length, this.#at);
  }
}

const NO_PROOFS: readonly Rrset[] = [];
const decoder = new TextDecoder();
