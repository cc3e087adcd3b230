import { DatabaseError, DataSection } from './data.ts';

/** What a database says of itself. */
export interface Metadata {
  /** `GeoLite2-City` */
  readonly type: string;
  readonly ipVersion: 4 | 6;
  /** Seconds since 1970. */
  readonly builtSeconds: number;
  readonly nodes: number;
  readonly recordBits: 24 | 28 | 32;
}

/** Takes the networks of a database in the order of their addresses. */
export interface NetworkSink {
  /** From this IPv4 address on; `record` is where the data is, -1: nothing is known. */
  v4(first: number, record: number): void;
  /** The same for IPv6, of which the first two words are given. */
  v6(high: number, low: number, record: number): void;
}

/** Before the metadata, which stand at the end of the file. */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const METADATA_OCTETS_MAX = 128 * 1024;
/** Zeros between the search tree and the data. */
const GAP_OCTETS = 16;
/** A tree has as many leaves as nodes and one more; what shares branches without end has more ways through it. */
const VISITS_PER_NODE = 4;
const VISITS_MIN = 10_000;
/** Of an IPv6 address; what is longer is no network. */
const NETWORK_BITS = 64;
const BITS_V6 = 128;
const BITS_V4 = 32;

/** A MaxMind DB file, of which nothing is believed. All methods throw DatabaseError. */
export class Mmdb {
  readonly metadata: Metadata;
  readonly data: DataSection;
  readonly #octets: Buffer;
  readonly #nodes: number;
  readonly #nodeOctets: number;
  /** The node of ::/96, as which IPv4 addresses stand in IPv6 trees; -1 where it is none. */
  readonly #v4Node: number;
  #visits: number;

  constructor(octets: Buffer) {
    const metadata = readMetadata(octets);
    this.metadata = metadata;
    this.#octets = octets;
    this.#nodes = metadata.nodes;
    this.#nodeOctets = metadata.recordBits / 4;
    const treeOctets = this.#nodes * this.#nodeOctets;
    const dataAt = treeOctets + GAP_OCTETS;
    if (dataAt > octets.length) throw new DatabaseError(`it ends before its ${this.#nodes} nodes do`);
    this.data = new DataSection(octets.subarray(dataAt));
    this.#visits = VISITS_MIN + VISITS_PER_NODE * this.#nodes;
    const root = this.#v4Root();
    // Data may stand at several places; only a node is the root of the same tree.
    this.#v4Node = root < this.#nodes ? root : -1;
  }

  /** Hands out all networks. */
  walk(sink: NetworkSink): void {
    this.#walk4(this.#v4Root(), 0, 0, sink);
    if (this.metadata.ipVersion === 6) this.#walk6(0, 0, 0, 0, sink);
  }

  /** IPv4 addresses are those of ::/96; where a shorter block has data, it is that. */
  #v4Root(): number {
    if (this.metadata.ipVersion === 4) return 0;
    let record = 0;
    for (let depth = 0; depth < BITS_V6 - BITS_V4 && record < this.#nodes; depth++)
      record = this.#child(record, 0);
    return record;
  }

  #walk4(record: number, depth: number, first: number, sink: NetworkSink): void {
    if (record >= this.#nodes) {
      sink.v4(first, this.#dataOf(record));
      return;
    }
    this.#enter(depth, BITS_V4);
    this.#walk4(this.#child(record, 0), depth + 1, first, sink);
    this.#walk4(this.#child(record, 1), depth + 1, first | (1 << (BITS_V4 - 1 - depth)), sink);
  }

  #walk6(record: number, depth: number, high: number, low: number, sink: NetworkSink): void {
    if (record >= this.#nodes || record === this.#v4Node || depth === NETWORK_BITS) {
      sink.v6(high, low, this.#firstKnown(record, depth));
      return;
    }
    this.#enter(depth, BITS_V6);
    const bit = 1 << (31 - (depth & 31));
    const [left, right] = [this.#child(record, 0), this.#child(record, 1)];
    this.#walk6(left, depth + 1, high, low, sink);
    if (depth < 32) this.#walk6(right, depth + 1, high | bit, low, sink);
    else this.#walk6(right, depth + 1, high, low | bit, sink);
  }

  /** Below the prefix of a network: what its first known part is. */
  #firstKnown(record: number, depth: number): number {
    if (record >= this.#nodes) return this.#dataOf(record);
    // Other blocks lead to the IPv4 addresses too (6to4, mapped ones); they are no networks of their own.
    if (record === this.#v4Node) return -1;
    this.#enter(depth, BITS_V6);
    const left = this.#firstKnown(this.#child(record, 0), depth + 1);
    return left >= 0 ? left : this.#firstKnown(this.#child(record, 1), depth + 1);
  }

  #enter(depth: number, depthMax: number): void {
    if (depth >= depthMax) throw new DatabaseError('its search tree is deeper than addresses are long');
    if (this.#visits-- <= 0) throw new DatabaseError('its search tree has more ways than nodes');
  }

  #dataOf(record: number): number {
    if (record === this.#nodes) return -1;
    // Records count from the end of the tree, data from behind the gap.
    const at = record - this.#nodes - GAP_OCTETS;
    if (at < 0) throw new DatabaseError('a record points into the gap behind the search tree');
    return at;
  }

  #child(node: number, side: 0 | 1): number {
    const at = node * this.#nodeOctets;
    const octets = this.#octets;
    switch (this.metadata.recordBits) {
      case 24:
        return octets.readUIntBE(at + 3 * side, 3);
      case 28: {
        const middle = octets[at + 3]!;
        const top = side === 0 ? middle >> 4 : middle & 0xf;
        return top * 2 ** 24 + octets.readUIntBE(at + 4 * side, 3);
      }
      case 32:
        return octets.readUInt32BE(at + 4 * side);
    }
  }
}

/** Throws DatabaseError. */
export function readMetadata(octets: Buffer): Metadata {
  const from = Math.max(0, octets.length - METADATA_OCTETS_MAX);
  const marker = octets.subarray(from).lastIndexOf(MARKER);
  if (marker < 0) throw new DatabaseError('it is no MaxMind DB file: its metadata are missing');
  const data = new DataSection(octets.subarray(from + marker + MARKER.length));
  const number = (key: string): number => {
    const value = data.number(data.get(0, key));
    if (value === undefined) throw new DatabaseError(`its metadata have no ${key}`);
    return value;
  };
  const [major, ipVersion, recordBits] = [
    number('binary_format_major_version'),
    number('ip_version'),
    number('record_size'),
  ];
  if (major !== 2) throw new DatabaseError(`it has version ${major} of the format, not 2`);
  if (ipVersion !== 4 && ipVersion !== 6) throw new DatabaseError(`its ip_version is ${ipVersion}`);
  if (recordBits !== 24 && recordBits !== 28 && recordBits !== 32)
    throw new DatabaseError(`its record_size is ${recordBits}`);
  const nodes = number('node_count');
  if (nodes < 1) throw new DatabaseError('its search tree is empty');
  const type = data.text(data.get(0, 'database_type')) ?? '';
  return { type, ipVersion, builtSeconds: number('build_epoch'), nodes, recordBits };
}
