import ipaddr from 'ipaddr.js';
import { assert } from './assert.ts';

/** A block of addresses; `prefix` has 4 or 16 octets with no bit set behind the first `length`. */
export interface Cidr {
  readonly prefix: Uint8Array;
  readonly length: number;
}

/** Text that is no address or block; `remedy` says what would be. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Reads an address: four decimal octets without leading zeros (`010.0.0.1` is octal to some readers and decimal
 * to others), or RFC 4291 text without a zone index. An IPv4-mapped IPv6 address is the IPv4 address. Gives 4 or
 * 16 octets; throws AddressError.
 */
export function parseAddress(text: string): Uint8Array {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray());
  if (text.includes('%'))
    throw new AddressError(`"${text}" has a zone index`, 'write the address without the part from "%" on');
  const tail = text.slice(text.lastIndexOf(':') + 1);
  const strict = text.includes(':') && (!tail.includes('.') || ipaddr.IPv4.isValidFourPartDecimal(tail));
  if (!strict || !ipaddr.IPv6.isValid(text))
    throw new AddressError(`"${text}" is not an IP address`, 'write it like 192.0.2.53 or 2001:db8::53');
  return unmapped(Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray()));
}

/**
 * Reads `10.0.0.0/8` or `2001:db8::/32`; a lone address is a block of one. Bits behind the prefix are an error
 * whose remedy names the block that was probably meant. A block inside ::ffff:0:0/96 is the IPv4 block.
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const address = parseAddress(text);
    return { prefix: address, length: address.length * 8 };
  }
  const address = parseAddressAsWritten(text.slice(0, slash));
  const bits = address.length * 8;
  const digits = text.slice(slash + 1);
  const length = /^(0|[1-9][0-9]{0,2})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(length <= bits))
    throw new AddressError(
      `"/${digits}" is not a prefix length of "${text}"`,
      `write a number from 0 to ${bits} behind the slash`,
    );
  const prefix = masked(address, length);
  if (prefix.some((octet, i) => octet !== address[i]))
    throw new AddressError(
      `"${text}" has bits set behind the prefix`,
      `write ${addressToText(prefix)}/${length} for the block, or ${addressToText(address)}/${bits} for the one address`,
    );
  return isMapped(prefix, 0) && length >= 96
    ? { prefix: prefix.slice(12), length: length - 96 }
    : { prefix, length };
}

/** As `parseAddress`, but a mapped address keeps its 16 octets: the length behind it counts from there. */
function parseAddressAsWritten(text: string): Uint8Array {
  const address = parseAddress(text);
  return text.includes(':') && address.length === 4 ? mapped(address) : address;
}

/** `192.0.2.1`, or RFC 5952 text for 16 octets. */
export function addressToText(address: Uint8Array): string {
  // Each server's, for which the library's way is four times as long.
  if (address.length === 4) return `${address[0]}.${address[1]}.${address[2]}.${address[3]}`;
  return ipaddr.fromByteArray(Array.from(address)).toString();
}

/** `10.0.0.0/8`. */
export function cidrToText(cidr: Cidr): string {
  return `${addressToText(cidr.prefix)}/${cidr.length}`;
}

/** An IPv4-mapped IPv6 address as its 4 octets, every other address as it is. */
export function unmapped(address: Uint8Array): Uint8Array {
  return address.length === 16 && isMapped(address, 0) ? address.slice(12) : address;
}

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
export function isMapped(address: Uint8Array, off: number): boolean {
  for (let i = 0; i < 10; i++) if (address[off + i] !== 0) return false;
  return address[off + 10] === 0xff && address[off + 11] === 0xff;
}

function mapped(address: Uint8Array): Uint8Array {
  const out = new Uint8Array(16);
  out.fill(0xff, 10, 12);
  out.set(address, 12);
  return out;
}

/** The address with all bits behind the first `length` zero. */
export function masked(address: Uint8Array, length: number): Uint8Array {
  return address.map((octet, i) => octet & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - length))));
}

/**
 * An immutable longest-match table of blocks, flat in one buffer that every thread may read: a path-compressed
 * binary trie for each address family, so that its size follows the number of blocks and a look-up takes about
 * log2 of it steps.
 *
 *   word 0   magic           node, 8 words     length of the prefix in bits
 *   word 1   nodes                             child where the next bit is 0 (a node's number; 0: none)
 *   word 2+  nodes: 0 is                       child where it is 1
 *            the IPv4 root, 1                  value + 1 (0: none)
 *            the IPv6 root                     prefix, 4 words, IPv4 in the first
 */
export class CidrTable {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Values are 0..2^31-2; of equal blocks the last one's value holds. */
  static build(entries: Iterable<Cidr & { readonly value: number }>): CidrTable {
    const trie = new Trie();
    for (const { prefix, length, value } of entries) trie.add(prefix, length, value);
    return new CidrTable(trie.toBuffer());
  }

  /** The table in `buffer`. Throws RangeError where there is none. */
  static from(buffer: SharedArrayBuffer): CidrTable {
    const header = new Int32Array(buffer, 0, Math.min(HEADER_WORDS, buffer.byteLength >> 2));
    if (header[0] !== MAGIC || buffer.byteLength !== 4 * (HEADER_WORDS + NODE_WORDS * header[1]!))
      throw new RangeError('no CIDR table here');
    return new CidrTable(buffer);
  }

  /**
   * The value of the longest block that holds the address of `len` (4 or 16) octets at `off`, or -1. An
   * IPv4-mapped IPv6 address is looked for as the IPv4 address.
   */
  lookup(address: Uint8Array, off = 0, len: number = address.length - off): number {
    const words = this.#words;
    const bits = loadKey(address, off, len);
    let node = HEADER_WORDS + NODE_WORDS * (bits === 32 ? V4_ROOT : V6_ROOT);
    let best = words[node + VALUE]!;
    for (let length = 0; length < bits; ) {
      const child = words[node + ZERO + keyBit(length)]!;
      if (child === 0) break;
      node = HEADER_WORDS + NODE_WORDS * child;
      length = words[node + LENGTH]!;
      if (!keyHasPrefix(words, node + PREFIX, length)) break;
      if (words[node + VALUE] !== 0) best = words[node + VALUE]!;
    }
    return best - 1;
  }

  /**
   * Looks for an address of which only the first `bits` bits are known, and tells how many of them the result
   * depends on: all addresses with the same first `match.bits` bits have the same result. A block that is longer than
   * `bits` holds none. Bits are counted as in the address given, also where that is an IPv4-mapped one.
   */
  match(address: Uint8Array, bits: number, match: CidrMatch): void {
    const words = this.#words;
    const family = loadKey(address, 0, address.length);
    const ahead = 8 * address.length - family;
    const limit = Math.min(bits - ahead, family);
    let node = HEADER_WORDS + NODE_WORDS * (family === 32 ? V4_ROOT : V6_ROOT);
    let best = words[node + VALUE]!;
    let depth = 0;
    while (depth < limit) {
      if (words[node + ZERO] === 0 && words[node + ZERO + 1] === 0) break;
      const child = words[node + ZERO + keyBit(depth)]!;
      depth++;
      if (child === 0) break;
      node = HEADER_WORDS + NODE_WORDS * child;
      const length = words[node + LENGTH]!;
      const known = Math.min(length, limit);
      const common = commonBits(words, node + PREFIX, known);
      depth = common < known ? common + 1 : known;
      if (common < length) break;
      if (words[node + VALUE] !== 0) best = words[node + VALUE]!;
    }
    match.value = best - 1;
    match.bits = depth === 0 ? 0 : depth + ahead;
  }
}

/** What `CidrTable.match` finds: one object serves for one look-up after the other. */
export class CidrMatch {
  /** Of the longest block, or -1. */
  value = -1;
  bits = 0;
}

/** "CID1". */
const MAGIC = 0x43494431;
const HEADER_WORDS = 2;
const NODE_WORDS = 8;
const LENGTH = 0;
const ZERO = 1;
const VALUE = 3;
const PREFIX = 4;
const V4_ROOT = 0;
const V6_ROOT = 1;

/** The address that is looked for, as big-endian words. One per thread: a look-up never waits. */
const key = new Int32Array(4);

/** Returns the number of bits, 32 or 128. */
function loadKey(address: Uint8Array, off: number, len: number): 32 | 128 {
  if (len === 4) {
    key[0] = word(address, off);
    return 32;
  }
  assert(len === 16, 'an address has 4 or 16 octets');
  if (isMapped(address, off)) {
    key[0] = word(address, off + 12);
    return 32;
  }
  for (let i = 0; i < 4; i++) key[i] = word(address, off + 4 * i);
  return 128;
}

/** Four octets as one number, the first the highest. */
export function word(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
}

/** Bit `at` of the key, counted from the left; 0 or 1. */
function keyBit(at: number): number {
  return (key[at >>> 5]! >>> (31 - (at & 31))) & 1;
}

function keyHasPrefix(words: Int32Array, at: number, length: number): boolean {
  return commonBits(words, at, length) === length;
}

/** How many of the first `limit` bits of the key equal those of the prefix at `words[at]`. */
function commonBits(words: Int32Array, at: number, limit: number): number {
  for (let i = 0; 32 * i < limit; i++) {
    const difference = key[i]! ^ words[at + i]!;
    if (difference !== 0) return Math.min(limit, 32 * i + Math.clz32(difference));
  }
  return limit;
}

/** The trie while it grows; nodes are laid out as in the table. */
class Trie {
  #words = new Int32Array(64 * NODE_WORDS);
  #nodes = 2;

  add(prefix: Uint8Array, length: number, value: number): void {
    assert(value >= 0 && value < 0x7fffffff, 'value out of range');
    key.fill(0);
    // A block of addresses is stored as it is given: only an address can be mapped, and `parseCidr` unmaps blocks.
    for (let i = 0; 4 * i < prefix.length; i++) key[i] = word(prefix, 4 * i);
    let node = prefix.length === 4 ? V4_ROOT : V6_ROOT;
    for (;;) {
      const at = NODE_WORDS * node;
      if (this.#words[at + LENGTH] === length) break;
      const link = at + ZERO + keyBit(this.#words[at + LENGTH]!);
      const child = this.#words[link]!;
      node = child === 0 ? this.#append(length) : this.#split(child, length);
      this.#words[link] = node;
    }
    this.#words[NODE_WORDS * node + VALUE] = value + 1;
  }

  /** `child` itself where its whole prefix is the key's; else a new node above it, at the bit where they part. */
  #split(child: number, length: number): number {
    const at = NODE_WORDS * child;
    const childLength = this.#words[at + LENGTH]!;
    const common = commonBits(this.#words, at + PREFIX, Math.min(length, childLength));
    if (common === childLength) return child;
    const side = (this.#words[at + PREFIX + (common >>> 5)]! >>> (31 - (common & 31))) & 1;
    const above = this.#append(common);
    this.#words[NODE_WORDS * above + ZERO + side] = child;
    return above;
  }

  /** A new node for the first `length` bits of the key. */
  #append(length: number): number {
    const node = this.#nodes++;
    const at = NODE_WORDS * node;
    if (at === this.#words.length) {
      const larger = new Int32Array(2 * this.#words.length);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[at + LENGTH] = length;
    for (let i = 0; 32 * i < length; i++)
      this.#words[at + PREFIX + i] =
        key[i]! & (length >= 32 * (i + 1) ? -1 : ~(0xffffffff >>> (length & 31)));
    return node;
  }

  toBuffer(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(4 * (HEADER_WORDS + NODE_WORDS * this.#nodes));
    const words = new Int32Array(buffer);
    words.set([MAGIC, this.#nodes]);
    words.set(this.#words.subarray(0, NODE_WORDS * this.#nodes), HEADER_WORDS);
    return buffer;
  }
}
