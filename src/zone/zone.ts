import { TYPE } from '../wire/constants.ts';
import type { Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import {
  APEX,
  COUNT_SHIFT,
  HEADER,
  HEADER_WORDS,
  NODE,
  NODE_WORDS,
  NONE,
  OCCLUDED,
  RRSET,
  RRSET_WORDS,
  RRSETS_SHIFT,
  ZONE_MAGIC,
} from './layout.ts';
import { NameTable } from './nametable.ts';
import { RoutingTable } from './routing/table.ts';

/** The buffer holds no zone image of this version and byte order. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/**
 * A zone, read from its image. A node is a number: 0 is the apex. Names of nodes are folded; rdata and names of
 * nodes share the image's memory and are never to be written.
 */
export class Zone {
  /** Says which zone it is across reloads: part of what answers depend on. */
  readonly id: number;
  readonly image: SharedArrayBuffer;
  readonly origin: Name;
  readonly soa: Rrset;
  /** The SOA for negative answers: its TTL is the lower one of its own and of the MINIMUM field (RFC 2308 section 3). */
  readonly negativeSoa: Rrset;
  /** Serial number of the SOA. */
  readonly serial: number;
  /** NS of the apex. */
  readonly ns: Rrset;
  readonly nodeCount: number;
  readonly rrsetCount: number;
  readonly recordCount: number;
  /** Of the image: what names one of its groups or RRsets by number holds for this one only. */
  readonly number: number;
  /** The groups of record sets. */
  readonly routing: RoutingTable;
  readonly #names: NameTable;
  readonly #nodes: Uint32Array;
  readonly #rrsets: Uint32Array;
  readonly #rdata: Uint8Array;

  protected constructor(image: SharedArrayBuffer, id: number) {
    const header = readHeader(image);
    this.id = id;
    this.image = image;
    this.nodeCount = header[HEADER.NODES]!;
    this.rrsetCount = header[HEADER.RRSETS]!;
    this.recordCount = header[HEADER.RECORDS]!;
    this.number = header[HEADER.NUMBER]!;
    this.routing = new RoutingTable(image, header[HEADER.ROUTING]!);
    const rrsets = 4 * (HEADER_WORDS + NODE_WORDS * this.nodeCount);
    this.#nodes = new Uint32Array(image, 4 * HEADER_WORDS, NODE_WORDS * this.nodeCount);
    this.#rrsets = new Uint32Array(image, rrsets, RRSET_WORDS * this.rrsetCount);
    this.#names = NameTable.from(image, header[HEADER.NAMES]);
    this.#rdata = new Uint8Array(image, header[HEADER.RDATA]);
    this.origin = this.nameOf(APEX);
    const soa = this.rrset(APEX, TYPE.SOA);
    const ns = this.rrset(APEX, TYPE.NS);
    if (soa === undefined || ns === undefined) throw new ImageError('the apex has no SOA or no NS');
    const [rdata] = soa.rdatas as [Uint8Array];
    this.soa = soa;
    this.ns = ns;
    this.serial = u32(rdata, rdata.length - SOA_SERIAL);
    this.negativeSoa = { ...soa, ttl: Math.min(soa.ttl, u32(rdata, rdata.length - SOA_MINIMUM)) };
  }

  /**
   * Opens an image that `buildZone` wrote: one that was cut short or is of another version throws ImageError, what
   * was changed inside it is not looked for. `id` is what `dependencyHash` is to know the zone by.
   */
  static from(image: SharedArrayBuffer, id = 0): Zone {
    try {
      return new Zone(image, id);
    } catch (error) {
      if (error instanceof RangeError) throw new ImageError(error.message);
      throw error;
    }
  }

  /** The node of `name`, or -1. */
  find(name: Name, off = 0): number {
    return this.#names.lookup(name, off);
  }

  /** The node of `name` or of its closest encloser (RFC 4592 section 3.3.1); -1 outside the zone. */
  closest(name: Name): number {
    return this.#names.lookupClosest(name, this.origin.length);
  }

  /** How many `nodes` there are. */
  get size(): number {
    return this.nodeCount;
  }

  /** All nodes. */
  *nodes(): Generator<number, void> {
    for (let node = 0; node < this.nodeCount; node++) yield node;
  }

  nameOf(node: number): Name {
    return this.#names.nameAt(node);
  }

  nameLength(node: number): number {
    return this.#names.nameLength(node);
  }

  /** FLAG bits of the node. */
  flags(node: number): number {
    return this.#nodes[NODE_WORDS * node + NODE.FLAGS]! & ((1 << RRSETS_SHIFT) - 1);
  }

  /** NONE for the apex. */
  parent(node: number): number {
    return this.#nodes[NODE_WORDS * node + NODE.PARENT]!;
  }

  /** The child whose label is `*`, or NONE. */
  wildcard(node: number): number {
    return this.#nodes[NODE_WORDS * node + NODE.WILDCARD]!;
  }

  /** The topmost cut or DNAME above the node, which answers in its place; the node itself where there is none. */
  top(node: number): number {
    let top = node;
    while ((this.flags(top) & OCCLUDED) !== 0) top = this.parent(top);
    return top;
  }

  /** The RRset of `type` at the node; undefined too where sets are chosen from. `owner` is the name it is to bear. */
  rrset(node: number, type: number, owner?: Name): Rrset | undefined {
    const index = this.indexOf(node, type);
    const records = index < 0 ? -1 : this.recordsOf(index);
    return records < 0 ? undefined : this.rrsetAt(records, owner ?? this.nameOf(node));
  }

  /** All RRsets of a node, in ascending order of type, without those whose sets are chosen from. */
  rrsets(node: number, owner: Name = this.nameOf(node)): Rrset[] {
    const first = this.firstOf(node);
    const all = Array.from({ length: this.rrsetsOf(node) }, (_, i) => this.recordsOf(first + i));
    return all.filter((records) => records >= 0).map((records) => this.rrsetAt(records, owner));
  }

  /** Where the first RRset of the node stands among all. */
  firstOf(node: number): number {
    return this.#nodes[NODE_WORDS * node + NODE.RRSETS]!;
  }

  /** Number of RRsets at the node: none at an empty non-terminal. */
  rrsetsOf(node: number): number {
    return this.#nodes[NODE_WORDS * node + NODE.FLAGS]! >>> RRSETS_SHIFT;
  }

  /** Where the RRset of `type` at the node stands among all, or -1. */
  indexOf(node: number, type: number): number {
    const first = this.firstOf(node);
    for (let i = first; i < first + this.rrsetsOf(node); i++) if (this.typeAt(i) === type) return i;
    return -1;
  }

  /** True if the node holds the same RRsets as `there` of another zone: types, TTLs and rdata, octet by octet. */
  sameRrsets(node: number, other: Zone, there: number): boolean {
    const count = this.rrsetsOf(node);
    if (count !== other.rrsetsOf(there)) return false;
    const a = this.firstOf(node);
    const b = other.firstOf(there);
    for (let i = 0; i < count; i++) if (!this.#sameRrset(a + i, other, b + i)) return false;
    return true;
  }

  #sameRrset(index: number, other: Zone, there: number): boolean {
    if (this.typeAt(index) !== other.typeAt(there) || this.ttlAt(index) !== other.ttlAt(there)) return false;
    const [group, otherGroup] = [this.groupAt(index), other.groupAt(there)];
    if (group === NONE || otherGroup === NONE)
      return group === otherGroup && sameOctets(this.storedAt(index), other.storedAt(there));
    return this.routing.digest(group) === other.routing.digest(otherGroup);
  }

  /** All rdata of an RRset as they stand in the image, each behind its length. */
  storedAt(index: number): Uint8Array {
    const start = this.#rrsets[RRSET_WORDS * index + RRSET.RDATA]!;
    let at = start;
    for (let left = this.#rrsets[RRSET_WORDS * index + RRSET.TYPE]! >>> COUNT_SHIFT; left > 0; left--)
      at += 2 + ((this.#rdata[at]! << 8) | this.#rdata[at + 1]!);
    return this.#rdata.subarray(start, at);
  }

  /** The group of record sets that stands for the RRset, or NONE. */
  groupAt(index: number): number {
    const isGroup = this.#rrsets[RRSET_WORDS * index + RRSET.TYPE]! >>> COUNT_SHIFT === 0;
    return isGroup ? this.#rrsets[RRSET_WORDS * index + RRSET.RDATA]! : NONE;
  }

  /** Where the records are that an RRset of a node stands for: mostly there; -1 where sets are to be chosen from. */
  recordsOf(index: number): number {
    const group = this.groupAt(index);
    return group === NONE ? index : this.routing.simpleRecords(group);
  }

  typeAt(index: number): number {
    return this.#rrsets[RRSET_WORDS * index + RRSET.TYPE]! & 0xffff;
  }

  ttlAt(index: number): number {
    return this.#rrsets[RRSET_WORDS * index + RRSET.TTL]!;
  }

  rrsetAt(index: number, owner: Name): Rrset {
    const words = this.#rrsets;
    const head = words[RRSET_WORDS * index + RRSET.TYPE]!;
    const rdatas: Uint8Array[] = [];
    let at = words[RRSET_WORDS * index + RRSET.RDATA]!;
    for (let left = head >>> COUNT_SHIFT; left > 0; left--) {
      const end = at + 2 + ((this.#rdata[at]! << 8) | this.#rdata[at + 1]!);
      rdatas.push(this.#rdata.subarray(at + 2, end));
      at = end;
    }
    return { name: owner, type: head & 0xffff, ttl: words[RRSET_WORDS * index + RRSET.TTL]!, rdatas };
  }
}

/** Equal, octet by octet. */
export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Octets from the end of an SOA's rdata to its fields (RFC 1035 section 3.3.13). */
const SOA_SERIAL = 20;
const SOA_MINIMUM = 4;

function u32(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0;
}

function readHeader(image: SharedArrayBuffer): Uint32Array {
  if (image.byteLength < 4 * HEADER_WORDS) throw new ImageError('no zone image');
  const header = new Uint32Array(image, 0, HEADER_WORDS);
  if (header[HEADER.MAGIC] !== ZONE_MAGIC)
    throw new ImageError('no zone image of this version and byte order');
  if (header[HEADER.OCTETS] !== image.byteLength) throw new ImageError('the zone image is cut short');
  return header;
}
