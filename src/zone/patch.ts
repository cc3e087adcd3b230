import { assert } from '../util/assert.ts';
import { TYPE } from '../wire/constants.ts';
import { type Name, nameKey, parentOf } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { isPlain, ZoneBuilder } from './build.ts';
import { APEX, FLAG, NONE } from './layout.ts';
import type { RecordSet } from './recordset.ts';
import { sameOctets, Zone } from './zone.ts';

/**
 * What of a zone is otherwise than in its image, so that a change of one name is not a new image of a million. The
 * patch is an image itself, with all records of each name that it speaks of and with the nodes above these, which have
 * their records in the zone's own image; and it lists the names that are no more.
 *
 *     names   (1: it has its records here | 0: it is gone) u8 · length u8 · name …
 *     places  nodes of the patch u32 · nodes that are gone u32 · numbers u32 … · gone u32 … · (node, its wildcard) u32 …
 *
 * Where the patch belongs in the image is found out once, by who makes it: workers open it between two packets.
 */
export interface ZonePatch {
  readonly image: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly places: SharedArrayBuffer;
}

/** A name and all record sets that it has now; none: it is gone, or there are only names below it. */
export interface PatchedName {
  /** Folded. */
  readonly name: Name;
  readonly sets: readonly RecordSet[];
}

const THERE = 1;
const GONE = 0;

/** A zone as its image has it, or with a patch. */
export function openZone({
  image,
  patch,
  key,
}: {
  readonly image: SharedArrayBuffer;
  readonly patch?: ZonePatch | undefined;
  readonly key: number;
}): Zone {
  return patch === undefined ? Zone.from(image, key) : PatchedZone.open(image, patch, key);
}

/**
 * The zone of an image in which some names are as the patch has them. Nodes and RRsets of the patch have the numbers
 * behind those of the image. Neither cuts, DNAMEs nor groups of record sets are ever in a patch, nor what they are above
 * of: what of the zone is whose, and what leads where, is as in the image.
 */
export class PatchedZone extends Zone {
  readonly #patch: Zone;
  readonly #names: SharedArrayBuffer;
  /** By node of the patch: the number that it has here. */
  readonly #numbers: Uint32Array;
  /** Nodes of the image. */
  readonly #gone: ReadonlySet<number>;
  /** Of nodes of the image whose child `*` is another than there, or NONE. */
  readonly #wildcards = new Map<number, number>();

  private constructor(image: SharedArrayBuffer, { image: patch, names, places }: ZonePatch, id: number) {
    super(image, id);
    this.#patch = Zone.from(patch);
    this.#names = names;
    const words = new Uint32Array(places);
    const [nodes = 0, gone = 0] = words;
    assert(nodes === this.#patch.nodeCount, 'places of this patch');
    const [goneAt, wildcardsAt] = [PLACES_AT + nodes, PLACES_AT + nodes + gone];
    this.#numbers = words.subarray(PLACES_AT, goneAt);
    this.#gone = new Set(words.subarray(goneAt, wildcardsAt));
    for (let at = wildcardsAt; at < words.length; at += 2) this.#wildcards.set(words[at]!, words[at + 1]!);
  }

  /** The names that are not as in the image, gone ones too. */
  get patchedNames(): readonly Name[] {
    return namesOfPatch({ names: this.#names });
  }

  static open(image: SharedArrayBuffer, patch: ZonePatch, id = 0): PatchedZone {
    return new PatchedZone(image, patch, id);
  }

  /** Nodes of the patch: their numbers begin with `nodeCount`. */
  get patchNodes(): number {
    return this.#patch.nodeCount;
  }

  /** By node of the patch, the number that it has here; parents come before their children. */
  get numbers(): Uint32Array {
    return this.#numbers;
  }

  /** Whether the image has names that are no more. */
  get hasGone(): boolean {
    return this.#gone.size > 0;
  }

  /** Of a node of the patch that has its records there. */
  #wildcardOf(node: number): number {
    const patched = this.#patch.wildcard(node);
    if (patched !== NONE) return this.#numbers[patched]!;
    const own = super.find(this.#patch.nameOf(node));
    const wildcard = own < 0 ? NONE : super.wildcard(own);
    return this.#gone.has(wildcard) ? NONE : wildcard;
  }

  override find(name: Name, off = 0): number {
    const patched = this.#patch.find(name, off);
    if (patched >= 0) return this.#numbers[patched]!;
    const own = super.find(name, off);
    return this.#gone.has(own) ? -1 : own;
  }

  override closest(name: Name): number {
    const patched = this.#patch.closest(name);
    if (patched < 0) return -1;
    const least = this.#patch.nameLength(patched);
    let own = super.closest(name);
    while (super.nameLength(own) > least && this.#gone.has(own)) own = super.parent(own);
    return super.nameLength(own) > least ? own : this.#numbers[patched]!;
  }

  override get size(): number {
    let size = this.nodeCount - this.#gone.size;
    this.#numbers.forEach((number, node) => {
      const own = super.find(this.#patch.nameOf(node));
      if (number >= this.nodeCount && (own < 0 || this.#gone.has(own))) size++;
    });
    return size;
  }

  override *nodes(): Generator<number, void> {
    for (const node of super.nodes()) if (this.find(super.nameOf(node)) === node) yield node;
    for (const number of this.#numbers) if (number >= this.nodeCount) yield number;
  }

  override nameOf(node: number): Name {
    return node < this.nodeCount ? super.nameOf(node) : this.#patch.nameOf(node - this.nodeCount);
  }

  override nameLength(node: number): number {
    return node < this.nodeCount ? super.nameLength(node) : this.#patch.nameLength(node - this.nodeCount);
  }

  override flags(node: number): number {
    return node < this.nodeCount ? super.flags(node) : this.#patch.flags(node - this.nodeCount);
  }

  override parent(node: number): number {
    if (node < this.nodeCount) return super.parent(node);
    const parent = this.#patch.parent(node - this.nodeCount);
    return parent === NONE ? NONE : this.#numbers[parent]!;
  }

  override wildcard(node: number): number {
    if (node >= this.nodeCount) return this.#wildcardOf(node - this.nodeCount);
    return this.#wildcards.get(node) ?? super.wildcard(node);
  }

  override firstOf(node: number): number {
    if (node < this.nodeCount) return super.firstOf(node);
    return this.rrsetCount + this.#patch.firstOf(node - this.nodeCount);
  }

  override rrsetsOf(node: number): number {
    return node < this.nodeCount ? super.rrsetsOf(node) : this.#patch.rrsetsOf(node - this.nodeCount);
  }

  override storedAt(index: number): Uint8Array {
    return index < this.rrsetCount ? super.storedAt(index) : this.#patch.storedAt(index - this.rrsetCount);
  }

  override groupAt(index: number): number {
    return index < this.rrsetCount ? super.groupAt(index) : NONE;
  }

  override typeAt(index: number): number {
    return index < this.rrsetCount ? super.typeAt(index) : this.#patch.typeAt(index - this.rrsetCount);
  }

  override ttlAt(index: number): number {
    return index < this.rrsetCount ? super.ttlAt(index) : this.#patch.ttlAt(index - this.rrsetCount);
  }

  override rrsetAt(index: number, owner: Name): Rrset {
    return index < this.rrsetCount
      ? super.rrsetAt(index, owner)
      : this.#patch.rrsetAt(index - this.rrsetCount, owner);
  }
}

/**
 * The patch that makes of a zone one in which these names are as given. Undefined where no patch can say it: where a
 * zone ends, what record sets are chosen from, and what is hidden by a cut or DNAME takes a new image; so does what
 * would be wrong with the zone.
 *
 * @param zone without a patch
 * @param names each once, with all names that are not as in the image
 * @param exists whether any name at or below this one has records, of those that there are now
 */
export function buildPatch(
  zone: Zone,
  names: readonly PatchedName[],
  exists: (name: Name) => boolean,
): ZonePatch | undefined {
  if (!names.every(({ name, sets }) => mayPatch(zone, name, sets))) return undefined;
  const gone = new Map<string, Name>();
  const empty: Name[] = [];
  for (const { name, sets } of names) {
    if (sets.length > 0) continue;
    if (exists(name)) empty.push(name);
    else for (const each of goneWith(zone, name, exists)) gone.set(nameKey(each), each);
  }
  const parents = [...gone.values()].map(parentOf).filter((name) => !gone.has(nameKey(name)));
  const builder = new ZoneBuilder(zone.origin, { emptyNodes: [...empty, ...parents] });
  const isApexIn = names.some(({ name }) => name.length === zone.origin.length);
  if (!isApexIn) for (const set of [zone.soa, zone.ns]) builder.add(set);
  for (const { sets } of names) for (const set of sets) builder.addSet(set);
  const { image } = builder.finish();
  if (image === undefined || (isApexIn && !hasSameApex(zone, Zone.from(image)))) return undefined;
  const there = names.flatMap(({ name }) => (gone.has(nameKey(name)) ? [] : name));
  const packed = packNames(there, [...gone.values()]);
  return { image, names: packed, places: placesOf(zone, Zone.from(image), packed) };
}

/** Where the numbers begin in `ZonePatch.places`. */
const PLACES_AT = 2;

/** @param zone without the patch */
function placesOf(zone: Zone, patch: Zone, names: SharedArrayBuffer): SharedArrayBuffer {
  const there = new Set<number>();
  const gone = new Set<number>();
  const wildcards = new Map<number, number>();
  for (const { name, isThere } of namesIn(names)) {
    if (isThere) {
      there.add(patch.find(name));
      continue;
    }
    const node = zone.find(name);
    if (node < 0) continue;
    gone.add(node);
    const parent = zone.parent(node);
    if (zone.wildcard(parent) === node) wildcards.set(parent, NONE);
  }
  const numbers = Uint32Array.from({ length: patch.nodeCount }, (_, node) => {
    const own = there.has(node) ? -1 : zone.find(patch.nameOf(node));
    return own < 0 || gone.has(own) ? zone.nodeCount + node : own;
  });
  for (let node = 0; node < patch.nodeCount; node++) {
    const [wildcard, number] = [patch.wildcard(node), numbers[node]!];
    if (wildcard !== NONE && number < zone.nodeCount) wildcards.set(number, numbers[wildcard]!);
  }
  const words = [patch.nodeCount, gone.size, ...numbers, ...gone, ...[...wildcards].flat()];
  const places = new Uint32Array(new SharedArrayBuffer(4 * words.length));
  places.set(words);
  return places.buffer;
}

/** The name, and those above it that were there for its sake. */
function* goneWith(zone: Zone, name: Name, exists: (name: Name) => boolean): Generator<Name, void> {
  for (let each = name; each.length > zone.origin.length && !exists(each); each = parentOf(each)) yield each;
}

const ENDS = FLAG.CUT | FLAG.DNAME;

function mayPatch(zone: Zone, name: Name, sets: readonly RecordSet[]): boolean {
  const isApex = name.length === zone.origin.length;
  for (const set of sets) {
    if (!isPlain(set) || set.content.kind !== 'records') return false;
    if (set.type === TYPE.DNAME || (set.type === TYPE.NS && !isApex)) return false;
  }
  const closest = zone.closest(name);
  if (closest < 0 || (zone.flags(zone.top(closest)) & ENDS) !== 0) return false;
  const node = zone.find(name);
  if (node < 0) return true;
  const first = zone.firstOf(node);
  for (let i = first; i < first + zone.rrsetsOf(node); i++) if (zone.groupAt(i) !== NONE) return false;
  return true;
}

/** SOA and NS of the apex are in more answers than those for its name. */
function hasSameApex(zone: Zone, patch: Zone): boolean {
  return [TYPE.SOA, TYPE.NS].every((type) => {
    const [a, b] = [zone.indexOf(APEX, type), patch.indexOf(APEX, type)];
    return zone.ttlAt(a) === patch.ttlAt(b) && sameOctets(zone.storedAt(a), patch.storedAt(b));
  });
}

/** The names of which a patch speaks, gone ones too. */
export function namesOfPatch({ names }: Pick<ZonePatch, 'names'>): Name[] {
  return Array.from(namesIn(names), ({ name }) => name);
}

function packNames(there: readonly Name[], gone: readonly Name[]): SharedArrayBuffer {
  const all = [...there, ...gone];
  const octets = all.reduce((sum, name) => sum + 2 + name.length, 0);
  const packed = new Uint8Array(new SharedArrayBuffer(octets));
  let at = 0;
  all.forEach((name, i) => {
    packed[at] = i < there.length ? THERE : GONE;
    packed[at + 1] = name.length;
    packed.set(name, at + 2);
    at += 2 + name.length;
  });
  return packed.buffer;
}

function* namesIn(names: SharedArrayBuffer): Generator<{ name: Name; isThere: boolean }, void> {
  const packed = new Uint8Array(names);
  for (let at = 0; at < packed.length; ) {
    const end = at + 2 + packed[at + 1]!;
    assert(end <= packed.length, 'names as they were packed');
    yield { name: packed.slice(at + 2, end), isThere: packed[at] === THERE };
    at = end;
  }
}
