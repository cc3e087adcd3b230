/** Writes MaxMind DB files: right ones, and whatever else a test wants to see refused. */
import { type Cidr, parseCidr } from '../../src/util/cidr.ts';

export type Value =
  | string
  | number
  | bigint
  | boolean
  | readonly Value[]
  | Octets
  | { readonly [key: string]: Value };

/** A value as it stands in the file. */
export class Octets {
  readonly octets: Buffer;
  constructor(...octets: number[]) {
    this.octets = Buffer.from(octets);
  }
}

export interface MmdbOptions {
  readonly ipVersion?: 4 | 6;
  readonly recordBits?: 24 | 28 | 32;
  /** Beside or instead of what a right file has. */
  readonly metadata?: Record<string, Value>;
  /** Lets also other blocks lead to the IPv4 tree, as MaxMind's own writer does. */
  readonly aliases?: readonly string[];
}

/** A database of these networks; of nested ones the longer holds. */
export function mmdb(networks: Record<string, Value>, options: MmdbOptions = {}): Buffer {
  const { ipVersion = 6, recordBits = 24, metadata = {}, aliases = [] } = options;
  const tree = new Tree(ipVersion);
  const data: Buffer[] = [];
  let octets = 0;
  for (const [text, value] of Object.entries(networks)) {
    tree.add(parseCidr(text), { data: octets });
    const encoded = encode(value);
    data.push(encoded);
    octets += encoded.length;
  }
  for (const alias of aliases) tree.alias(parseCidr(alias));
  const nodes = tree.numbered();
  return Buffer.concat([
    ...nodes.map((node) => nodeOctets(node, nodes.length, recordBits)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encode({
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: 1_750_000_000n,
      database_type: 'Test',
      description: { en: 'test' },
      ip_version: ipVersion,
      languages: ['en'],
      node_count: nodes.length,
      record_size: recordBits,
      ...metadata,
    }),
  ]);
}

/** Nothing, data at an offset, or a node. */
type Branch = undefined | { readonly data: number } | Node;

class Node {
  number = 0;
  readonly sides: [Branch, Branch] = [undefined, undefined];
}

class Tree {
  readonly #root = new Node();
  readonly #v4: Node;

  constructor(ipVersion: 4 | 6) {
    this.#v4 =
      ipVersion === 4 ? this.#root : this.#path({ prefix: new Uint8Array(16), length: 96 }, this.#root);
  }

  add(cidr: Cidr, branch: Branch): void {
    const root = cidr.prefix.length === 4 ? this.#v4 : this.#root;
    const last = cidr.length - 1;
    this.#path({ prefix: cidr.prefix, length: last }, root).sides[bitAt(cidr, last)] = branch;
  }

  alias(cidr: Cidr): void {
    this.add(cidr, this.#v4);
  }

  /** The node below which the block is; a shorter block's data goes to both sides of what is made on the way. */
  #path(cidr: Cidr, root: Node): Node {
    let node = root;
    for (let depth = 0; depth < cidr.length; depth++) {
      const side = bitAt(cidr, depth);
      const branch = node.sides[side];
      if (branch instanceof Node) node = branch;
      else {
        const child = new Node();
        child.sides.fill(branch);
        node.sides[side] = child;
        node = child;
      }
    }
    return node;
  }

  numbered(): Node[] {
    const nodes = new Set([this.#root]);
    for (const node of nodes) {
      node.number = nodes.size;
      for (const side of node.sides) if (side instanceof Node) nodes.add(side);
    }
    [...nodes].forEach((node, number) => {
      node.number = number;
    });
    return [...nodes];
  }
}

function bitAt({ prefix }: Cidr, bit: number): 0 | 1 {
  return ((prefix[bit >> 3]! >> (7 - (bit & 7))) & 1) as 0 | 1;
}

function nodeOctets({ sides }: Node, nodes: number, recordBits: number): Buffer {
  const [left, right] = sides.map((side) =>
    side === undefined ? nodes : side instanceof Node ? side.number : nodes + 16 + side.data,
  ) as [number, number];
  const out = Buffer.alloc(recordBits / 4);
  if (recordBits === 28) {
    out.writeUIntBE(left & 0xffffff, 0, 3);
    out[3] = ((left >>> 24) << 4) | (right >>> 24);
    out.writeUIntBE(right & 0xffffff, 4, 3);
  } else {
    out.writeUIntBE(left, 0, recordBits / 8);
    out.writeUIntBE(right, recordBits / 8, recordBits / 8);
  }
  return out;
}

/** The format's "Data field format". */
export function encode(value: Value): Buffer {
  if (value instanceof Octets) return value.octets;
  if (typeof value === 'string')
    return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return head(14, value ? 1 : 0);
  if (typeof value === 'bigint') return uint(9, value);
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) return uint(6, BigInt(value));
    const out = Buffer.alloc(8);
    out.writeDoubleBE(value);
    return Buffer.concat([head(3, 8), out]);
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value as Record<string, Value>);
  return Buffer.concat([
    head(7, entries.length),
    ...entries.flatMap(([key, each]) => [encode(key), encode(each)]),
  ]);
}

function uint(type: number, value: bigint): Buffer {
  const hex = value === 0n ? '' : value.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length & 1), '0'), 'hex');
  return Buffer.concat([head(type, octets.length), octets]);
}

/** The octets before a value of `type` with `size` octets or entries. */
export function head(type: number, size: number): Buffer {
  const first = type < 8 ? [type << 5] : [0, type - 7];
  const rest =
    size < 29
      ? [size]
      : size < 285
        ? [29, size - 29]
        : size < 65_821
          ? [30, (size - 285) >> 8, (size - 285) & 0xff]
          : [31, ((size - 65_821) >> 16) & 0xff, ((size - 65_821) >> 8) & 0xff, (size - 65_821) & 0xff];
  first[0]! |= rest[0]!;
  return Buffer.from([...first, ...rest.slice(1)]);
}

/** A pointer to `offset` of the data section, of the longest kind. */
export function pointer(offset: number): Octets {
  return new Octets(0x38, offset >>> 24, (offset >>> 16) & 0xff, (offset >>> 8) & 0xff, offset & 0xff);
}
