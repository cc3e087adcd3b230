import type { Slab } from '../util/slab.ts';
import { NAME_OCTETS_MAX } from '../wire/constants.ts';
import { foldOctet, type Name } from '../wire/name.ts';

/**
 * Where a record was learned: a view and a way of resolving (a forward rule, a recursion). It is in every key, so
 * that nothing learned through one context is ever found from another (design decision 8). Unsigned 32 bits.
 */
export type ContextId = number;

/** The type under which the NXDOMAIN of a name is kept: it answers for all types (RFC 2308 section 5). 0 is reserved. */
export const NXDOMAIN = 0;

/** What a key leads to: what servers said, or that they failed. One never hides the other. */
export const PLANE = { data: 0, failure: 1 } as const;
export type Plane = (typeof PLANE)[keyof typeof PLANE];

/**
 *     0      2       3         7
 *     │ type │ plane │ context │ name, folded … │       big-endian
 */
const PLANE_AT = 2;
const CONTEXT_AT = 3;
const NAME_AT = 7;

/** The key of a lookup, made again for each, with its hash: no allocation. */
export class RecordKey {
  readonly octets = new Uint8Array(NAME_AT + NAME_OCTETS_MAX);
  length = 0;
  hash = 0;
  readonly #view = new DataView(this.octets.buffer);
  readonly #slab: Slab;
  /** Hash of context and name: a question is looked up under two or three types. */
  #nameHash = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /** @param at octet of `name` from which on it is meant */
  set(context: ContextId, plane: Plane, type: number, name: Name, at = 0): void {
    this.#view.setUint32(CONTEXT_AT, context);
    let length = NAME_AT;
    for (let i = at; i < name.length; i++) this.octets[length++] = foldOctet(name[i]!);
    this.length = length;
    this.#nameHash = this.#slab.hash(this.octets, CONTEXT_AT, this.length - CONTEXT_AT);
    this.move(plane, type);
  }

  /** The key of the same name and context for something else. */
  move(plane: Plane, type: number): void {
    this.#view.setUint16(0, type);
    this.octets[PLANE_AT] = plane;
    this.hash = this.#nameHash ^ Math.imul((plane << 16) | type, 0x9e3779b1);
  }

  /** The folded name, in memory that the next `set` overwrites. */
  get name(): Name {
    return this.octets.subarray(NAME_AT, this.length);
  }

  /** True if `name` is the name in the key, letter for letter. */
  spells(name: Name): boolean {
    if (name.length !== this.length - NAME_AT) return false;
    for (let i = 0; i < name.length; i++) if (name[i] !== this.octets[NAME_AT + i]) return false;
    return true;
  }
}

/** A key as it lies in a slab. `name` shares the memory of `buf`. */
export interface KeyParts {
  readonly context: ContextId;
  readonly type: number;
  readonly name: Name;
}

export function readKey(buf: Uint8Array, off: number, length: number): KeyParts {
  const view = new DataView(buf.buffer, buf.byteOffset + off, NAME_AT);
  return {
    context: view.getUint32(CONTEXT_AT),
    type: view.getUint16(0),
    name: buf.subarray(off + NAME_AT, off + length),
  };
}

/** Whether a flush of `name`, folded, alone or with all below it, means the key at `off`. For many keys in a row. */
export function isMeant(buf: Uint8Array, off: number, length: number, name: Name, extent: Extent): boolean {
  const start = off + NAME_AT;
  const below = length - NAME_AT - name.length;
  if (below < 0 || (below > 0 && extent === 'name')) return false;
  for (let i = 0; i < name.length; i++) if (buf[start + below + i] !== name[i]) return false;
  let label = start;
  while (label < start + below) label += 1 + buf[label]!;
  return label === start + below;
}

export type Extent = 'name' | 'subtree';
