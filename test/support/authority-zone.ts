/** A zone as a simulated authoritative server holds it, and what it proves of it. Knows nothing of src/zone. */
import { createHash } from 'node:crypto';
import { fromBase32Hex, toHex } from '../../src/wire/base.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { groupRrsets } from '../../src/wire/message.ts';
import {
  compareCanonical,
  fold,
  isAtOrBelow,
  type Name,
  nameEquals,
  nameKey,
  parentOf,
} from '../../src/wire/name.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';

/** Records of a zone file; SOA and NS must be in the text. Throws with all its errors. */
export function recordsFromText(origin: Name, text: string): Rr[] {
  const records: Rr[] = [];
  const errors = parseZone(text, {
    origin,
    file: 'test',
    defaultTtl: 300,
    onRecord: (rr) => records.push(rr),
  });
  if (errors.length > 0) throw new Error(errors.map((e) => `${e.line}:${e.column}: ${e.message}`).join('\n'));
  return records;
}

/** All RRsets of one name. Empty: there is something below it only (RFC 4592 section 2.2.2). */
export type Node = Map<number, Rrset>;

export class AuthorityZone {
  readonly origin: Name;
  readonly records: readonly Rr[];
  readonly #nodes = new Map<string, Node>();
  readonly denial: Denial;

  constructor(origin: Name, records: readonly Rr[]) {
    this.origin = origin;
    this.records = records;
    const rrsets = groupRrsets(records);
    for (const rrset of rrsets) if (rrset.type !== TYPE.NSEC3) this.#add(rrset);
    this.denial = denialOf(this, rrsets);
  }

  /** Names down from the apex come into being with what is below them. NSEC3 owners are no names of the zone. */
  #add(rrset: Rrset): void {
    for (let name = rrset.name; isAtOrBelow(name, this.origin); name = parentOf(name)) {
      const key = nameKey(name);
      if (!this.#nodes.has(key)) this.#nodes.set(key, new Map());
      if (name.length === 1) break;
    }
    if (rrset.rdatas.length > 0) this.#nodes.get(nameKey(rrset.name))?.set(rrset.type, rrset);
  }

  node(name: Name): Node | undefined {
    return this.#nodes.get(nameKey(name));
  }

  get isSigned(): boolean {
    return this.records.some((rr) => rr.type === TYPE.RRSIG);
  }

  get soa(): Rrset | undefined {
    return this.node(this.origin)?.get(TYPE.SOA);
  }

  /** The names from just below the apex down to `name`. */
  *down(name: Name): Iterable<Name> {
    const names: Name[] = [];
    for (let at = name; at.length > this.origin.length; at = parentOf(at)) names.push(at);
    yield* names.reverse();
  }

  /** The zone cut that `name` is at or below, the highest one. The DS RRset at a cut is this side's. */
  cut(name: Name, type: number): Rrset | undefined {
    for (const at of this.down(name)) {
      const ns = this.node(at)?.get(TYPE.NS);
      if (ns !== undefined) return type === TYPE.DS && at.length === name.length ? undefined : ns;
    }
    return undefined;
  }

  /** The DNAME strictly above `name`, the highest one. */
  dname(name: Name): Rrset | undefined {
    const top = this.node(this.origin)?.get(TYPE.DNAME);
    if (top !== undefined && name.length > this.origin.length) return top;
    for (const at of this.down(name)) {
      const dname = at.length < name.length ? this.node(at)?.get(TYPE.DNAME) : undefined;
      if (dname !== undefined) return dname;
    }
    return undefined;
  }

  /** The longest ancestor of `name` that exists; for a name that does not. Of the apex, whose absence is a lie, itself. */
  closestEncloser(name: Name): Name {
    let at = name.length > this.origin.length ? parentOf(name) : this.origin;
    while (at.length > this.origin.length && this.node(at) === undefined) at = parentOf(at);
    return at;
  }
}

/** RRsets that prove what is not there. In an unsigned zone, none. */
export interface Denial {
  /** There is a record for just this name. */
  matches(name: Name): boolean;
  /** `name` exists, without the type; or is a cut without DS. */
  noData(name: Name): Rrset[];
  /** Neither `name` nor a wildcard that would stand for it exists. */
  nameError(name: Name): Rrset[];
  /** `name` does not exist, so that the wildcard's records hold for it. */
  wildcardAnswer(name: Name): Rrset[];
  /** The same, and the wildcard does not have the type. */
  wildcardNoData(name: Name): Rrset[];
}

const WILDCARD = new Uint8Array([1, 0x2a]);

export function wildcardBelow(name: Name): Name {
  return new Uint8Array([...WILDCARD, ...name]);
}

function denialOf(zone: AuthorityZone, rrsets: readonly Rrset[]): Denial {
  const nsec3 = rrsets.filter((rrset) => rrset.type === TYPE.NSEC3 && rrset.rdatas.length > 0);
  if (nsec3.length > 0) return new Nsec3Denial(zone, nsec3);
  const nsec = rrsets.filter((rrset) => rrset.type === TYPE.NSEC && rrset.rdatas.length > 0);
  return nsec.length > 0 ? new NsecDenial(zone, nsec) : UNSIGNED;
}

const UNSIGNED: Denial = {
  matches: () => false,
  noData: () => [],
  nameError: () => [],
  wildcardAnswer: () => [],
  wildcardNoData: () => [],
};

function distinct(rrsets: readonly (Rrset | undefined)[]): Rrset[] {
  return [...new Set(rrsets)].filter((rrset) => rrset !== undefined);
}

/** RFC 4035 section 3.1.3. */
class NsecDenial implements Denial {
  readonly #zone: AuthorityZone;
  readonly #chain: readonly Rrset[];

  constructor(zone: AuthorityZone, nsec: readonly Rrset[]) {
    this.#zone = zone;
    this.#chain = [...nsec].sort((a, b) => compareCanonical(a.name, b.name));
  }

  /** The last owner that does not come after `name`: of the name itself, or of the gap that it lies in. */
  #at(name: Name): Rrset | undefined {
    return this.#chain.findLast((rrset) => compareCanonical(rrset.name, name) <= 0) ?? this.#chain.at(-1);
  }

  matches(name: Name): boolean {
    return this.#chain.some((rrset) => nameEquals(rrset.name, name));
  }
  noData(name: Name): Rrset[] {
    return distinct([this.#at(name)]);
  }
  nameError(name: Name): Rrset[] {
    return distinct([this.#at(name), this.#at(wildcardBelow(this.#zone.closestEncloser(name)))]);
  }
  wildcardAnswer(name: Name): Rrset[] {
    return distinct([this.#at(name)]);
  }
  wildcardNoData(name: Name): Rrset[] {
    return this.nameError(name);
  }
}

/** RFC 5155 section 5, with the name in canonical form. */
export function nsec3Hash(name: Name, iterations: number, salt: Uint8Array): Uint8Array {
  let digest = createHash('sha1').update(fold(name)).update(salt).digest();
  for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest();
  return digest;
}

/** RFC 5155 section 7.2. */
class Nsec3Denial implements Denial {
  readonly #origin: Name;
  readonly #iterations: number;
  readonly #salt: Uint8Array;
  /** By hash, in order. */
  readonly #chain: readonly { readonly hash: string; readonly rrset: Rrset }[];
  readonly #hashes = new Map<string, string>();

  constructor(zone: AuthorityZone, nsec3: readonly Rrset[]) {
    this.#origin = zone.origin;
    const rdata = (zone.node(zone.origin)?.get(TYPE.NSEC3PARAM) ?? nsec3[0]!).rdatas[0]!;
    this.#iterations = (rdata[2]! << 8) | rdata[3]!;
    this.#salt = rdata.slice(5, 5 + rdata[4]!);
    this.#chain = nsec3
      .map((rrset) => ({ hash: hashOfOwner(rrset.name), rrset }))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  }

  #hash(name: Name): string {
    const key = nameKey(name);
    let hash = this.#hashes.get(key);
    if (hash === undefined)
      this.#hashes.set(key, (hash = toHex(nsec3Hash(name, this.#iterations, this.#salt))));
    return hash;
  }

  #match(name: Name): Rrset | undefined {
    const hash = this.#hash(name);
    return this.#chain.find((each) => each.hash === hash)?.rrset;
  }

  #cover(name: Name): Rrset {
    const hash = this.#hash(name);
    return (this.#chain.findLast((each) => each.hash < hash) ?? this.#chain.at(-1)!).rrset;
  }

  /**
   * The longest ancestor that has an NSEC3 record, and the name one label longer. With opt-out there are names
   * that exist and have none (section 6), and those can only be shown to lie in a gap.
   */
  #encloser(name: Name): { provable: Name; nextCloser: Name } {
    let nextCloser = name;
    let provable = parentOf(name);
    while (this.#match(provable) === undefined && provable.length > this.#origin.length) {
      nextCloser = provable;
      provable = parentOf(provable);
    }
    return { provable, nextCloser };
  }

  matches(name: Name): boolean {
    return this.#match(name) !== undefined;
  }
  noData(name: Name): Rrset[] {
    const match = this.#match(name);
    if (match !== undefined) return [match];
    const { provable, nextCloser } = this.#encloser(name);
    return distinct([this.#match(provable), this.#cover(nextCloser)]);
  }
  nameError(name: Name): Rrset[] {
    const { provable, nextCloser } = this.#encloser(name);
    return distinct([this.#match(provable), this.#cover(nextCloser), this.#cover(wildcardBelow(provable))]);
  }
  wildcardAnswer(name: Name): Rrset[] {
    return distinct([this.#cover(this.#encloser(name).nextCloser)]);
  }
  wildcardNoData(name: Name): Rrset[] {
    const { provable, nextCloser } = this.#encloser(name);
    return distinct([this.#match(provable), this.#cover(nextCloser), this.#match(wildcardBelow(provable))]);
  }
}

function hashOfOwner(owner: Name): string {
  const label = Buffer.from(owner.subarray(1, 1 + owner[0]!)).toString('latin1');
  return toHex(fromBase32Hex(label)!);
}
