import {
  COUNT_SHIFT,
  HEADER,
  HEADER_WORDS,
  NODE,
  NODE_WORDS,
  NONE,
  RRSET,
  RRSET_WORDS,
  RRSETS_SHIFT,
} from './layout.ts';
import { NameTable, NameTableBuilder } from './nametable.ts';
import { PatchedZone, type ZonePatch } from './patch.ts';

/**
 * One image of an image and its patch. Groups and RRsets of the image keep their numbers, and it keeps its own: what
 * names one of them holds on. So RRsets that were replaced stay where they were, as waste. Of a million names it takes a
 * tenth of a second, which is that of copying them; a second or two where names of the image are gone.
 */
export function mergePatch(image: SharedArrayBuffer, patch: ZonePatch): SharedArrayBuffer {
  const zone = PatchedZone.open(image, patch);
  const [from, more] = [partsOf(image), partsOf(patch.image)];
  const { nodes, names } = zone.hasGone ? renumbered(zone) : extended(zone, from);
  const rrsets = new Uint32Array(from.rrsets.length + more.rrsets.length);
  rrsets.set(from.rrsets);
  rrsets.set(more.rrsets, from.rrsets.length);
  for (let at = from.rrsets.length; at < rrsets.length; at += RRSET_WORDS)
    rrsets[at + RRSET.RDATA]! += from.rdata.length;
  return write(from, { nodes, rrsets, names, more: more.rdata });
}

/** The words of all nodes, and the table of their names. */
interface Nodes {
  readonly nodes: Uint32Array;
  readonly names: NameTableBuilder;
}

/** The nodes of the image under the numbers that they have, with what the patch says of them, and new ones behind. */
function extended(zone: PatchedZone, from: Parts): Nodes {
  const names = NameTableBuilder.continuing(NameTable.from(from.image, from.header[HEADER.NAMES]));
  /** By node of the patch, the number in the new image, where the value of each name is its number in the table. */
  const newNumbers = zone.numbers.map((node) => {
    if (node < zone.nodeCount) return node;
    const number = names.add(zone.nameOf(node));
    names.set(number, number);
    return number;
  });
  const numberOf = (node: number): number =>
    node === NONE || node < zone.nodeCount ? node : newNumbers[node - zone.nodeCount]!;
  const nodes = new Uint32Array(NODE_WORDS * names.size);
  nodes.set(from.nodes);
  zone.numbers.forEach((node, i) => {
    if (node < zone.nodeCount) nodes[NODE_WORDS * node + NODE.WILDCARD] = numberOf(zone.wildcard(node));
    else writeNode(nodes, newNumbers[i]!, zone, node, numberOf);
  });
  return { nodes, names };
}

/** All nodes that there are, the names of parents before those of their children. */
function renumbered(zone: PatchedZone): Nodes {
  const names = new NameTableBuilder();
  /** By number in the patched zone: 1 + the number in the table. */
  const numbers = new Uint32Array(zone.nodeCount + zone.patchNodes);
  const order: number[] = [];
  const add = (node: number): void => {
    if (node < 0 || numbers[node] !== 0) return;
    const number = names.add(zone.nameOf(node));
    names.set(number, number);
    numbers[node] = 1 + number;
    order.push(node);
  };
  for (let node = 0; node < zone.nodeCount; node++) add(zone.find(zone.nameOf(node)));
  for (const node of zone.nodes()) add(node);
  const nodes = new Uint32Array(NODE_WORDS * order.length);
  const numberOf = (node: number): number =>
    node === NONE ? NONE : numbers[zone.find(zone.nameOf(node))]! - 1;
  order.forEach((node, number) => {
    writeNode(nodes, number, zone, node, numberOf);
  });
  return { nodes, names };
}

/** Writes a node of the zone as the one of that number. */
function writeNode(
  nodes: Uint32Array,
  number: number,
  zone: PatchedZone,
  node: number,
  numberOf: (node: number) => number,
): void {
  const at = NODE_WORDS * number;
  nodes[at + NODE.PARENT] = numberOf(zone.parent(node));
  nodes[at + NODE.WILDCARD] = numberOf(zone.wildcard(node));
  nodes[at + NODE.RRSETS] = zone.firstOf(node);
  nodes[at + NODE.FLAGS] = zone.flags(node) | (zone.rrsetsOf(node) << RRSETS_SHIFT);
}

interface Parts {
  readonly image: SharedArrayBuffer;
  readonly header: Uint32Array;
  readonly nodes: Uint32Array;
  readonly rrsets: Uint32Array;
  readonly routing: Uint8Array;
  readonly rdata: Uint8Array;
}

function partsOf(image: SharedArrayBuffer): Parts {
  const header = new Uint32Array(image, 0, HEADER_WORDS);
  const rrsets = 4 * (HEADER_WORDS + NODE_WORDS * header[HEADER.NODES]!);
  const routing = header[HEADER.ROUTING]!;
  return {
    image,
    header,
    nodes: new Uint32Array(image, 4 * HEADER_WORDS, NODE_WORDS * header[HEADER.NODES]!),
    rrsets: new Uint32Array(image, rrsets, RRSET_WORDS * header[HEADER.RRSETS]!),
    routing: new Uint8Array(image, routing, header[HEADER.NAMES]! - routing),
    rdata: new Uint8Array(image, header[HEADER.RDATA]),
  };
}

interface NewParts {
  readonly nodes: Uint32Array;
  readonly rrsets: Uint32Array;
  readonly names: NameTableBuilder;
  /** Behind the rdata that there were. */
  readonly more: Uint8Array;
}

function write(from: Parts, { nodes, rrsets, names, more }: NewParts): SharedArrayBuffer {
  const rrsetsAt = 4 * (HEADER_WORDS + nodes.length);
  const routing = 8 * Math.ceil((rrsetsAt + 4 * rrsets.length) / 8);
  const namesAt = routing + from.routing.length;
  const rdata = namesAt + names.byteLength;
  const image = new SharedArrayBuffer(rdata + from.rdata.length + more.length);
  const header = new Uint32Array(image, 0, HEADER_WORDS);
  header.set(from.header);
  header[HEADER.OCTETS] = image.byteLength;
  header[HEADER.NODES] = nodes.length / NODE_WORDS;
  header[HEADER.RRSETS] = rrsets.length / RRSET_WORDS;
  header[HEADER.RECORDS] = recordsIn(nodes, rrsets);
  header[HEADER.NAMES] = namesAt;
  header[HEADER.RDATA] = rdata;
  header[HEADER.ROUTING] = routing;
  new Uint32Array(image, 4 * HEADER_WORDS, nodes.length).set(nodes);
  new Uint32Array(image, rrsetsAt, rrsets.length).set(rrsets);
  const octets = new Uint8Array(image);
  octets.set(from.routing, routing);
  names.writeTo(image, namesAt);
  octets.set(from.rdata, rdata);
  octets.set(more, rdata + from.rdata.length);
  return image;
}

/** Records that stand at nodes. */
function recordsIn(nodes: Uint32Array, rrsets: Uint32Array): number {
  let records = 0;
  for (let at = 0; at < nodes.length; at += NODE_WORDS) {
    const first = nodes[at + NODE.RRSETS]!;
    const end = first + (nodes[at + NODE.FLAGS]! >>> RRSETS_SHIFT);
    for (let i = first; i < end; i++) records += rrsets[RRSET_WORDS * i + RRSET.TYPE]! >>> COUNT_SHIFT;
  }
  return records;
}
