import { CLASS, FLAG, MESSAGE_OCTETS_MAX, RCODE, TYPE } from '../wire/constants.ts';
import { groupRrsets } from '../wire/message.ts';
import {
  compareCanonical,
  labelCount,
  type Name,
  nameEquals,
  nameKey,
  ROOT,
  suffixOf,
} from '../wire/name.ts';
import { type Answer, emptyAnswer, type Rr, type Rrset } from '../wire/record.ts';
import { Writer } from '../wire/writer.ts';

/**
 * A copy of the root zone (RFC 8806), as the replies that a root server would give: a referral for each delegated top-level
 * domain, a denial for each gap between them, and the root's own records. Recursion judges and validates them as it
 * does those that come from afar; it only does not have to wait for them. Of what else a root of one's own may have it
 * says nothing, and the servers are asked.
 *
 *     0   names    u32
 *     4   types    u32
 *     8   names × (name u32, referral u32, gap u32)    in canonical order, the root first; offsets into the buffer
 *     …   types × (type u32, reply u32)                of the root itself
 *     …   names: octets; replies: length u16, octets
 */
const HEADER_OCTETS = 8;
const ENTRY_OCTETS = 12;
const TYPE_OCTETS = 8;

export class LocalRoot {
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #names: number;
  readonly #types: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#u8 = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#names = this.#view.getUint32(0);
    this.#types = this.#view.getUint32(4);
  }

  /** The root's reply to a question, as bytes to be read; undefined where the copy has none. */
  find(name: Name, type: number): Uint8Array | undefined {
    if (name.length === 1) return this.#own(type);
    const tld = suffixOf(name, 1);
    const { at, isThere } = this.#search(tld);
    const offset = this.#view.getUint32(HEADER_OCTETS + at * ENTRY_OCTETS + (isThere ? 4 : 8));
    return offset === 0 ? undefined : this.#reply(offset);
  }

  #own(type: number): Uint8Array | undefined {
    const start = HEADER_OCTETS + this.#names * ENTRY_OCTETS;
    for (let i = 0; i < this.#types; i++) {
      const at = start + i * TYPE_OCTETS;
      if (this.#view.getUint32(at) === type) return this.#reply(this.#view.getUint32(at + 4));
    }
    return undefined;
  }

  /** The entry of `name`, or the last one before it. The root is before all others. */
  #search(name: Name): { at: number; isThere: boolean } {
    let low = 0;
    let high = this.#names - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (compareCanonical(this.#nameOf(middle), name) <= 0) low = middle;
      else high = middle - 1;
    }
    return { at: low, isThere: nameEquals(this.#nameOf(low), name) };
  }

  #nameOf(at: number): Name {
    const start = this.#view.getUint32(HEADER_OCTETS + at * ENTRY_OCTETS);
    // The root, or one label and the root.
    const label = this.#u8[start]!;
    return this.#u8.subarray(start, start + (label === 0 ? 1 : label + 2));
  }

  #reply(at: number): Uint8Array {
    return this.#u8.slice(at + 2, at + 2 + this.#view.getUint16(at));
  }
}

/** Lays out the records of a root zone. Takes a while: not for a thread that answers. */
export function buildLocalRoot(records: readonly Rr[]): SharedArrayBuffer {
  const sets = groupRrsets(records);
  const own = sets.filter((set) => set.name.length === 1);
  const soa = own.find((set) => set.type === TYPE.SOA);
  const tops = topsOf(sets);
  // A wildcard of the root makes names that no NSEC record of it denies.
  const hasWildcard = tops.some(({ name }) => isWildcard(name));
  const addresses = sets.filter(({ type }) => type === TYPE.A || type === TYPE.AAAA);
  const parts = new Parts();
  const gapAfter = (nsec: Rrset | undefined): number =>
    hasWildcard
      ? 0
      : parts.add(encode({ rcode: RCODE.NXDOMAIN, aa: true, authority: denial(soa, nsec, nsecOf(own)) }));
  const entries = [
    { name: ROOT, referral: 0, gap: gapAfter(nsecOf(own)) },
    ...tops.map(({ name, all }) => {
      const ns = all.find(({ type }) => type === TYPE.NS);
      // A root of one's own may have hosts and longer delegations, of which its servers know more.
      if (ns === undefined) return { name, referral: 0, gap: 0 };
      const additional = glueOf(ns, addresses);
      const referral = parts.add(encode({ authority: delegation(ns, all), additional, question: name }));
      return { name, referral, gap: gapAfter(nsecOf(all)) };
    }),
  ];
  const types = own
    .filter(({ rdatas }) => rdatas.length > 0)
    .map((set) => ({ type: set.type, reply: parts.add(encode({ aa: true, answer: [set] })) }));
  return assemble(entries, types, parts);
}

interface Top {
  readonly name: Name;
  /** What the root has of the name itself. */
  readonly all: readonly Rrset[];
}

/** Names of one label that are there, as they have records or others below them do, in canonical order. */
function topsOf(sets: readonly Rrset[]): Top[] {
  const tops = new Map<string, { name: Name; all: Rrset[] }>();
  for (const set of sets) {
    if (set.name.length === 1) continue;
    const name = suffixOf(set.name, 1);
    const key = nameKey(name);
    let top = tops.get(key);
    if (top === undefined) tops.set(key, (top = { name, all: [] }));
    if (labelCount(set.name) === 1) top.all.push(set);
  }
  return [...tops.values()].sort((a, b) => compareCanonical(a.name, b.name));
}

/** `*.` */
function isWildcard(name: Name): boolean {
  return name.length === 3 && name[1] === 0x2a;
}

function nsecOf(sets: readonly Rrset[]): Rrset | undefined {
  return sets.find(({ type }) => type === TYPE.NSEC);
}

/** NS records, and DS records or the proof that there are none (RFC 4035 section 3.1.4). */
function delegation(ns: Rrset, all: readonly Rrset[]): Rrset[] {
  const keys = all.find(({ type }) => type === TYPE.DS) ?? nsecOf(all);
  return keys === undefined ? [ns] : [ns, keys];
}

/** Addresses of the servers, which the root has for those that it delegates. */
function glueOf(ns: Rrset, addresses: readonly Rrset[]): Rrset[] {
  return addresses.filter((set) => ns.rdatas.some((name) => nameEquals(name, set.name)));
}

/** No name in the gap after `nsec`, and no wildcard, which the root's own NSEC record shows. */
function denial(soa: Rrset | undefined, nsec: Rrset | undefined, apex: Rrset | undefined): Rrset[] {
  const all = [soa, nsec, apex === nsec ? undefined : apex];
  return all.filter((set) => set !== undefined);
}

/** Replies, each with its length before it, where they will be. */
class Parts {
  readonly list: Uint8Array[] = [];
  length = 0;

  /** Where it stands, from 1: nothing is 0. */
  add(octets: Uint8Array): number {
    const at = this.length + 1;
    this.list.push(Uint8Array.of(octets.length >>> 8, octets.length), octets);
    this.length += 2 + octets.length;
    return at;
  }
}

function assemble(
  entries: readonly { name: Name; referral: number; gap: number }[],
  types: readonly { type: number; reply: number }[],
  parts: Parts,
): SharedArrayBuffer {
  const namesAt = HEADER_OCTETS + entries.length * ENTRY_OCTETS + types.length * TYPE_OCTETS;
  const partsAt = entries.reduce((at, { name }) => at + name.length, namesAt);
  const buffer = new SharedArrayBuffer(partsAt + parts.length);
  const view = new DataView(buffer);
  const u8 = new Uint8Array(buffer);
  view.setUint32(0, entries.length);
  view.setUint32(4, types.length);
  let at = HEADER_OCTETS;
  let nameAt = namesAt;
  const placed = (part: number): number => (part === 0 ? 0 : partsAt + part - 1);
  for (const { name, referral, gap } of entries) {
    view.setUint32(at, nameAt);
    view.setUint32(at + 4, placed(referral));
    view.setUint32(at + 8, placed(gap));
    u8.set(name, nameAt);
    nameAt += name.length;
    at += ENTRY_OCTETS;
  }
  for (const { type, reply } of types) {
    view.setUint32(at, type);
    view.setUint32(at + 4, placed(reply));
    at += TYPE_OCTETS;
  }
  let partAt = partsAt;
  for (const part of parts.list) {
    u8.set(part, partAt);
    partAt += part.length;
  }
  return buffer;
}

function encode(said: Partial<Answer> & { question?: Name }): Uint8Array {
  const writer = (scratch ??= new Writer());
  const length = writer.write(
    { ...emptyAnswer(RCODE.NOERROR), ...said },
    {
      id: 0,
      flags: FLAG.QR,
      question: { name: said.question ?? ROOT, type: TYPE.NS, class: CLASS.IN },
      edns: undefined,
      limit: MESSAGE_OCTETS_MAX,
      rotation: 0,
      signatures: true,
      glue: true,
    },
  );
  return writer.out.slice(0, length);
}

let scratch: Writer | undefined;
