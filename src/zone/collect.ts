import { CLASS, TTL_MAX } from '../wire/constants.ts';
import { WireError } from '../wire/error.ts';
import type { Name } from '../wire/name.ts';
import { checkRdata, isDataType, typeToText } from '../wire/rdata/table.ts';
import type { Rr, Rrset } from '../wire/record.ts';
import { Column } from './column.ts';
import { APEX, NONE } from './layout.ts';
import { NameTableBuilder } from './nametable.ts';
import type { Problems } from './problem.ts';

/** A larger zone is refused rather than left to exhaust memory: 8 M A records, or names made deep on purpose. */
export const IMAGE_OCTETS_MAX = 1 << 30;

/**
 * The records of a zone while it is read: names become nodes (every ancestor up to the apex with them), records
 * columns of numbers, chained per node in the order in which they came.
 */
export class Collected {
  readonly names: NameTableBuilder;
  /** By node. */
  readonly parent = new Column();
  readonly wildcard = new Column();
  readonly first = new Column();
  readonly #last = new Column();
  /** By record. */
  readonly type = new Column();
  readonly ttl = new Column();
  readonly next = new Column();
  readonly #rdataAt = new Column();
  /** Of a record that stands for a group of record sets: the group's number. */
  readonly #groups = new Map<number, number>();
  #rdata = new Uint8Array(1 << 16);
  #rdataUsed = 0;
  readonly #errors: Problems;
  #recentName: Name | undefined;
  #recentNode = NONE;

  constructor(origin: Name, errors: Problems, seed?: number) {
    this.names = new NameTableBuilder(seed);
    this.#errors = errors;
    this.#addNode(origin, 0, NONE);
  }

  get nodes(): number {
    return this.parent.length;
  }

  /** False once the zone is larger than an image may be; the error is noted. */
  add(record: Rr | Rrset): boolean {
    const node = this.node(record.name);
    if (node === NONE) {
      this.#errors.add(record.name, `${typeToText(record.type)}: the name is not in the zone`);
    } else if ('rdatas' in record) {
      for (const rdata of record.rdatas) this.#addRecord(node, record, rdata);
    } else if (record.class === CLASS.IN) {
      this.#addRecord(node, record, record.rdata);
    } else {
      this.#errors.add(
        record.name,
        `${typeToText(record.type)}: class ${record.class}; a zone holds class IN`,
      );
    }
    return this.#fits(record.name);
  }

  /** A record that stands at its name, of the zone, for a group of record sets. */
  addGroup(name: Name, type: number, group: number): void {
    if (this.#isData(name, type)) this.#groups.set(this.#chain(this.node(name), type, 0, NO_RDATA), group);
  }

  /** The group that a record stands for, or NONE. */
  groupOf(record: number): number {
    return this.#groups.size === 0 ? NONE : (this.#groups.get(record) ?? NONE);
  }

  /** Records that stand at no node, as a set of a group has them; what is `other` is no data of their type. */
  detach(set: Rrset, kind: 'records' | 'other'): number[] {
    return set.rdatas.flatMap((rdata) => {
      const fault = kind === 'records' ? faultOf(set, rdata) : undefined;
      if (fault === undefined) return this.#push(set.type, set.ttl, rdata);
      this.#errors.add(set.name, `${typeToText(set.type)}: ${fault}`);
      return [];
    });
  }

  #isData(name: Name, type: number): boolean {
    if (isDataType(type)) return true;
    this.#errors.add(name, `${typeToText(type)}: not a type of data`);
    return false;
  }

  /** The node of `name`, made where it is new; NONE outside the zone. */
  node(name: Name): number {
    if (name === this.#recentName) return this.#recentNode;
    const known = this.names.find(name);
    const node = known >= 0 ? known : this.#grow(name);
    this.#recentName = name;
    this.#recentNode = node;
    return node;
  }

  /** The node that has the data of `name`: its own or the wildcard that stands for it; NONE where there is none. */
  answering(name: Name): number {
    let node = this.names.find(name);
    if (node >= 0) return node;
    for (let off = 0; node < 0 && off < name.length; off += name[off]! + 1) node = this.names.find(name, off);
    return node < 0 ? NONE : this.wildcard.at(node);
  }

  rdata(record: number): Uint8Array {
    const at = this.#rdataAt.at(record);
    return this.#rdata.subarray(at + 2, at + 2 + this.rdataLength(record));
  }

  rdataLength(record: number): number {
    const at = this.#rdataAt.at(record);
    return (this.#rdata[at]! << 8) | this.#rdata[at + 1]!;
  }

  /** Copies the length and the octets of the rdata, as they stand in an image, to `at`; returns where they end. */
  copyStored(record: number, octets: Uint8Array, at: number): number {
    const from = this.#rdataAt.at(record);
    const length = 2 + this.rdataLength(record);
    for (let i = 0; i < length; i++) octets[at + i] = this.#rdata[from + i]!;
    return at + length;
  }

  /** Makes the nodes from the longest known suffix of `name` down to it. */
  #grow(name: Name): number {
    let count = 0;
    let parent = -1;
    for (let off = 0; off < name.length && parent < 0; off += name[off]! + 1) {
      starts[count++] = off;
      parent = this.names.find(name, off);
    }
    if (parent < 0) return NONE;
    for (let i = count - 2; i >= 0; i--) parent = this.#addNode(name, starts[i]!, parent);
    return parent;
  }

  #addNode(name: Name, off: number, parent: number): number {
    const node = this.names.add(name, off);
    this.names.set(node, node);
    this.names.set(node, node);
    this.parent.push(parent);
    this.wildcard.push(NONE);
    this.first.push(NONE);
    this.#last.push(NONE);
    if (node !== APEX && isWildcard(name, off)) this.wildcard.set(parent, node);
    return node;
  }

  #addRecord(node: number, record: Rr | Rrset, rdata: Uint8Array): void {
    const fault = faultOf(record, rdata);
    if (fault !== undefined) {
      this.#errors.add(record.name, `${typeToText(record.type)}: ${fault}`);
      return;
    }
    this.#chain(node, record.type, record.ttl, rdata);
  }

  #chain(node: number, type: number, ttl: number, rdata: Uint8Array): number {
    const index = this.#push(type, ttl, rdata);
    const last = this.#last.at(node);
    if (last === NONE) this.first.set(node, index);
    else this.next.set(last, index);
    this.#last.set(node, index);
    return index;
  }

  #push(type: number, ttl: number, rdata: Uint8Array): number {
    this.type.push(type);
    this.ttl.push(ttl);
    this.next.push(NONE);
    this.#rdataAt.push(this.#store(rdata));
    return this.type.length - 1;
  }

  #store(rdata: Uint8Array): number {
    const at = this.#rdataUsed;
    this.#rdataUsed += 2 + rdata.length;
    if (this.#rdataUsed > this.#rdata.length) {
      const larger = new Uint8Array(Math.max(2 * this.#rdata.length, this.#rdataUsed));
      larger.set(this.#rdata);
      this.#rdata = larger;
    }
    this.#rdata[at] = rdata.length >>> 8;
    this.#rdata[at + 1] = rdata.length & 0xff;
    this.#rdata.set(rdata, at + 2);
    return at;
  }

  #fits(name: Name): boolean {
    const octets = this.names.byteLength + 16 * this.nodes + 12 * this.type.length + this.#rdataUsed;
    if (octets <= IMAGE_OCTETS_MAX) return true;
    this.#errors.add(name, `the zone is over ${IMAGE_OCTETS_MAX} octets; the rest of it was not read`);
    return false;
  }
}

const NO_RDATA = new Uint8Array(0);
const starts = new Uint8Array(128);

/** The leftmost label is `*` alone (RFC 4592 section 2.1.1). */
export function isWildcard(name: Name, off = 0): boolean {
  return name[off] === 1 && name[off + 1] === 0x2a;
}

function faultOf(record: Rr | Rrset, rdata: Uint8Array): string | undefined {
  if (!isDataType(record.type)) return 'not a type of data';
  if (!(record.ttl >= 0 && record.ttl <= TTL_MAX)) return `TTL ${record.ttl} is not from 0 to ${TTL_MAX}`;
  if (rdata.length > 0xffff) return `rdata of ${rdata.length} octets; at most 65535`;
  try {
    checkRdata(record.type, rdata);
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}
