import { cryptoPrng } from '../util/prng.ts';
import { TYPE } from '../wire/constants.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { octetsKey } from '../wire/octets.ts';
import { canonicalRdata, typeToText } from '../wire/rdata/table.ts';
import type { Rr, Rrset } from '../wire/record.ts';
import { checkNameServers } from './address.ts';
import { Collected } from './collect.ts';
import { Column } from './column.ts';
import {
  APEX,
  COUNT_SHIFT,
  FLAG,
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
import { type Problem, Problems } from './problem.ts';
import type { RecordSet } from './recordset.ts';
import { LEADS, type TableBuilder } from './routing/table.ts';
import { faultsOf, type Place, RRSET_OCTETS_MAX, whyIgnored } from './rules.ts';
import { type Detached, type Image, type SetGroup, SetGroups, type Target } from './setgroups.ts';
import { Zone } from './zone.ts';

export type { Problem } from './problem.ts';

export interface ZoneOptions {
  /**
   * Gives the apex an SOA and NS where it has none: with `true` Route 53's own, as private zones made by the API have.
   */
  readonly synthesizeApex?: boolean | ApexNames;
  /** An alias to a name of the zone that has no such records: an error, or an empty answer. Default `refuse`. */
  readonly danglingAliases?: 'refuse' | 'empty';
  /** Names that exist without records: a query for them is answered NODATA. */
  readonly emptyNodes?: readonly Name[];
  /** Of the name table, and the number of the image; random unless given. Same input and seed, same image. */
  readonly seed?: number;
}

/** What an apex that has no SOA or NS gets. */
export interface ApexNames {
  readonly nameServers: readonly Name[];
  /** MNAME and RNAME of the SOA. */
  readonly primary: Name;
  readonly mailbox: Name;
}

export type ZoneBuild =
  | { readonly image: SharedArrayBuffer; readonly warnings: readonly Problem[]; readonly errors?: undefined }
  | {
      readonly image?: undefined;
      readonly warnings: readonly Problem[];
      readonly errors: readonly Problem[];
    };

/**
 * Takes the records of a zone one by one, then checks it and writes its image, or tells all that is wrong with
 * it. Warned about and left out: duplicates and data hidden by a zone cut or DNAME; warned about: differing TTLs
 * in an RRset (the lowest holds), name servers inside the zone without an address.
 */
export class ZoneBuilder {
  readonly #origin: Name;
  readonly #options: ZoneOptions;
  readonly #errors = new Problems();
  readonly #collected: Collected;
  readonly #sets = new SetGroups();

  constructor(origin: Name, options: ZoneOptions = {}) {
    this.#origin = origin;
    this.#options = options;
    this.#collected = new Collected(origin, this.#errors, options.seed);
  }

  /** Name and rdata are copied. False when the zone is too large and reading more of it is of no use. */
  add(record: Rr | Rrset): boolean {
    return this.#collected.add(record);
  }

  /** Rdata and names are not copied. */
  addSet(set: RecordSet): boolean {
    const { name, type, content } = set;
    if (isPlain(set) && content.kind === 'records')
      return this.#collected.add({ name, type, ttl: content.ttl, rdatas: content.rdatas });
    if (this.#collected.node(name) === NONE)
      this.#errors.add(name, `${typeToText(type)}: the name is not in the zone`);
    else if (SHAPES_ZONE.includes(type) && (set.policy.kind !== 'simple' || content.kind === 'alias'))
      this.#errors.add(name, `${typeToText(type)}: not to be chosen, nor an alias: it is where a zone ends`);
    else this.#sets.add(set);
    return true;
  }

  /** To be called once. */
  finish(): ZoneBuild {
    const [origin, collected, errors, warnings] = [
      this.#origin,
      this.#collected,
      this.#errors,
      new Problems(),
    ];
    for (const name of this.#options.emptyNodes ?? [])
      if (collected.node(name) === NONE) errors.add(name, 'the name is not in the zone');
    this.#sets.groups.forEach(({ name, type }, group) => {
      collected.addGroup(name, type, group);
    });
    const { synthesizeApex } = this.#options;
    if (synthesizeApex) addApex(origin, collected, synthesizeApex === true ? ROUTE53 : synthesizeApex);
    const selection = new Selection(collected, errors, warnings);
    for (let node = 0; node < collected.nodes; node++) selection.select(node);
    const routing = this.#sets.build(selection, errors, this.#options.danglingAliases ?? 'refuse');
    if (errors.count > 0) return { errors: errors.list(origin), warnings: warnings.list(origin) };
    const image = write(collected, selection, routing, this.#options.seed ?? cryptoPrng.u32());
    checkNameServers(Zone.from(image), warnings);
    return { image, warnings: warnings.list(origin) };
  }
}

/** As good as plain records: nobody asks for its health. That of others counts where an alias leads to them. */
export function isPlain({ type, policy, health }: RecordSet): boolean {
  const isNoTarget = type === TYPE.SOA || type === TYPE.NS;
  return policy.kind === 'simple' && (health === undefined || isNoTarget);
}

/** Types by which it is decided what is in a zone and what is not, for all clients alike. */
const SHAPES_ZONE: readonly number[] = [TYPE.NS, TYPE.SOA, TYPE.DNAME];

/** See ZoneBuilder. */
export function buildZone(origin: Name, records: Iterable<Rr | Rrset>, options?: ZoneOptions): ZoneBuild {
  const builder = new ZoneBuilder(origin, options);
  for (const record of records) if (!builder.add(record)) break;
  return builder.finish();
}

/** The four name servers of private zones, and the SOA that goes with them. */
const ROUTE53: ApexNames = {
  nameServers: [
    'ns-0.awsdns-00.com.',
    'ns-512.awsdns-00.net.',
    'ns-1024.awsdns-00.org.',
    'ns-1536.awsdns-00.co.uk.',
  ].map((text) => nameFromText(text)),
  primary: nameFromText('ns-1536.awsdns-00.co.uk.'),
  mailbox: nameFromText('awsdns-hostmaster.amazon.com.'),
};
const ROUTE53_NS_TTL = 172800;
/** Serial, refresh, retry, expire, minimum. */
const ROUTE53_SOA_NUMBERS = [1, 7200, 900, 1209600, 86400];
const ROUTE53_SOA_TTL = 900;

function addApex(origin: Name, collected: Collected, apex: ApexNames): void {
  const types = new Set<number>();
  for (let at = collected.first.at(APEX); at !== NONE; at = collected.next.at(at))
    types.add(collected.type.at(at));
  if (!types.has(TYPE.NS)) {
    collected.add({ name: origin, type: TYPE.NS, ttl: ROUTE53_NS_TTL, rdatas: apex.nameServers });
  }
  if (!types.has(TYPE.SOA)) {
    const numbers = new Uint8Array(4 * ROUTE53_SOA_NUMBERS.length);
    ROUTE53_SOA_NUMBERS.forEach((value, i) => {
      new DataView(numbers.buffer).setUint32(4 * i, value);
    });
    const rdata = Uint8Array.from([...apex.primary, ...apex.mailbox, ...numbers]);
    collected.add({ name: origin, type: TYPE.SOA, ttl: ROUTE53_SOA_TTL, rdatas: [rdata] });
  }
}

/** Chooses, node by node from the apex down, what goes into the image, and in which order. */
class Selection implements Image {
  /** Words of the image: by node, and by RRset. */
  readonly nodes = new Column();
  readonly rrsets = new Column();
  /** Records in the order of the image. */
  readonly order = new Column();
  rdataOctets = 0;
  readonly #collected: Collected;
  readonly #errors: Problems;
  readonly #warnings: Problems;
  readonly #flags = new Column();
  /** Of the node at hand; kept, because a million of them would keep the collector busy. */
  readonly #batch: number[] = [];
  readonly #types: number[] = [];
  readonly #counts: number[] = [];

  constructor(collected: Collected, errors: Problems, warnings: Problems) {
    this.#collected = collected;
    this.#errors = errors;
    this.#warnings = warnings;
  }

  /** Nodes must come in ascending order: what is hidden is known from the parent. */
  select(node: number): void {
    const batch = this.#gather(node);
    const hidden = this.#hiddenBy(node);
    const flags = hidden === 0 ? this.#flagsOf(node, batch) : hidden;
    this.#flags.push(flags);
    const first = this.rrsets.length / RRSET_WORDS;
    if (batch.length > 0)
      this.#selectRrsets(node, batch, this.#placeOf(node, flags), (flags & FLAG.CUT) !== 0);
    else if (node === APEX) this.#report(node, faultsOf('apex', [], []));
    const count = this.rrsets.length / RRSET_WORDS - first;
    this.nodes.push(this.#collected.parent.at(node));
    this.nodes.push(this.#collected.wildcard.at(node));
    this.nodes.push(first);
    this.nodes.push(flags | (count << RRSETS_SHIFT));
  }

  detach({ name, type }: SetGroup, { ttl, rdatas }: Detached, kind: 'records' | 'other'): number {
    const records = this.#collected.detach({ name, type, ttl, rdatas }, kind);
    if (records.length > 0) this.#emit(this.#collected.node(name), type, records);
    return this.rrsets.length / RRSET_WORDS - 1;
  }

  find(target: Name, type: number): Target | undefined {
    const node = this.#collected.answering(target);
    if (node === NONE || (this.#flags.at(node) & HIDDEN) !== 0) return undefined;
    const first = this.nodes.at(NODE_WORDS * node + NODE.RRSETS);
    const count = this.nodes.at(NODE_WORDS * node + NODE.FLAGS) >>> RRSETS_SHIFT;
    for (let rrset = first; rrset < first + count; rrset++) {
      const head = this.rrsets.at(RRSET_WORDS * rrset + RRSET.TYPE);
      if ((head & 0xffff) !== type) continue;
      const isGroup = head >>> COUNT_SHIFT === 0;
      const number = isGroup ? this.rrsets.at(RRSET_WORDS * rrset + RRSET.RDATA) : rrset;
      return { leads: isGroup ? LEADS.GROUP : LEADS.RRSET, number };
    }
    return undefined;
  }

  /** The records of the node in ascending order of type, those of one type in the order in which they came. */
  #gather(node: number): number[] {
    const { first, next, type } = this.#collected;
    const batch = this.#batch;
    batch.length = 0;
    for (let at = first.at(node); at !== NONE; at = next.at(at)) batch.push(at);
    return batch.length < 2 ? batch : batch.sort((a, b) => type.at(a) - type.at(b) || a - b);
  }

  #hiddenBy(node: number): number {
    if (node === APEX) return 0;
    const above = this.#flags.at(this.#collected.parent.at(node));
    if ((above & OCCLUDED) !== 0) return above & OCCLUDED;
    if ((above & FLAG.CUT) !== 0) return FLAG.BELOW_CUT;
    return (above & FLAG.DNAME) !== 0 ? FLAG.BELOW_DNAME : 0;
  }

  #flagsOf(node: number, batch: readonly number[]): number {
    let flags = 0;
    for (const record of batch) {
      const type = this.#collected.type.at(record);
      if (type === TYPE.NS && node !== APEX) flags |= FLAG.CUT;
      else if (type === TYPE.DNAME) flags |= FLAG.DNAME;
      else if (type === TYPE.CNAME) flags |= FLAG.CNAME;
    }
    return flags;
  }

  #placeOf(node: number, flags: number): Place {
    if (node === APEX) return 'apex';
    if ((flags & FLAG.BELOW_CUT) !== 0) return 'below-cut';
    if ((flags & FLAG.BELOW_DNAME) !== 0) return 'below-dname';
    const { parent, wildcard } = this.#collected;
    return wildcard.at(parent.at(node)) === node ? 'wildcard' : 'inside';
  }

  #selectRrsets(node: number, batch: readonly number[], place: Place, isCut: boolean): void {
    const { type } = this.#collected;
    const types = this.#types;
    const counts = this.#counts;
    types.length = counts.length = 0;
    for (let from = 0, to = 0; from < batch.length; from = to) {
      const of = type.at(batch[from]!);
      while (to < batch.length && type.at(batch[to]!) === of) to++;
      const why = whyIgnored(place, isCut, of);
      if (why !== undefined) {
        this.#warnings.add(this.#nameOf(node), `${typeToText(of)}: ignored: ${why}`);
        continue;
      }
      const all = batch.length === to - from ? batch : batch.slice(from, to);
      types.push(of);
      if (all.some((record) => this.#collected.groupOf(record) !== NONE)) {
        this.#emitGroup(node, of, all);
        counts.push(1);
        continue;
      }
      const unique = this.#unique(node, of, all);
      this.#emit(node, of, unique);
      counts.push(unique.length);
    }
    this.#report(node, faultsOf(place, types, counts));
  }

  #emitGroup(node: number, type: number, records: readonly number[]): void {
    if (records.length > 1)
      this.#report(node, [`${typeToText(type)}: plain records beside record sets; write them as a set too`]);
    const group = records.find((record) => this.#collected.groupOf(record) !== NONE)!;
    for (const word of [type, 0, this.#collected.groupOf(group)]) this.rrsets.push(word);
  }

  /** Without duplicates (RFC 2181 section 5), which are told by the canonical form: names in rdata ignore case. */
  #unique(node: number, type: number, records: readonly number[]): readonly number[] {
    if (records.length < 2) return records;
    const seen = new Set<string>();
    const unique = records.filter((record) => {
      const key = octetsKey(canonicalRdata(type, this.#collected.rdata(record)));
      return seen.size < seen.add(key).size;
    });
    const twice = records.length - unique.length;
    if (twice > 0)
      this.#warnings.add(this.#nameOf(node), `${typeToText(type)}: ${twice} duplicates left out`);
    return unique;
  }

  #emit(node: number, type: number, records: readonly number[]): void {
    this.rrsets.push((type | (records.length << COUNT_SHIFT)) >>> 0);
    this.rrsets.push(this.#ttlOf(node, type, records));
    this.rrsets.push(this.rdataOctets);
    let onWire = 0;
    for (const record of records) {
      this.order.push(record);
      const length = this.#collected.rdataLength(record);
      this.rdataOctets += 2 + length;
      onWire += 12 + length;
    }
    if (onWire > RRSET_OCTETS_MAX)
      this.#report(node, [
        `${typeToText(type)}: ${onWire} octets do not fit a message; at most ${RRSET_OCTETS_MAX}`,
      ]);
  }

  /** The lowest (RFC 2181 section 5.2). RRSIGs of a name cover several RRsets and so differ by right. */
  #ttlOf(node: number, type: number, records: readonly number[]): number {
    const { ttl } = this.#collected;
    let lowest = ttl.at(records[0]!);
    let differ = false;
    for (const record of records) {
      differ ||= ttl.at(record) !== lowest;
      lowest = Math.min(lowest, ttl.at(record));
    }
    if (differ && type !== TYPE.RRSIG)
      this.#warnings.add(
        this.#nameOf(node),
        `${typeToText(type)}: TTLs differ; the lowest, ${lowest}, holds for all`,
      );
    return lowest;
  }

  #report(node: number, faults: readonly string[]): void {
    for (const fault of faults) this.#errors.add(this.#nameOf(node), fault);
  }

  #nameOf(node: number): Name {
    return this.#collected.names.nameAt(node);
  }
}

/** What a zone has no authority over: an alias cannot lead there. */
const HIDDEN = OCCLUDED | FLAG.CUT;

function write(
  collected: Collected,
  selection: Selection,
  table: TableBuilder,
  number: number,
): SharedArrayBuffer {
  const nodes = 4 * HEADER_WORDS;
  const rrsets = nodes + 4 * selection.nodes.length;
  const routing = 8 * Math.ceil((rrsets + 4 * selection.rrsets.length) / 8);
  const names = routing + table.byteLength;
  const rdata = names + collected.names.byteLength;
  const image = new SharedArrayBuffer(rdata + selection.rdataOctets);
  const header = new Uint32Array(image, 0, HEADER_WORDS);
  header[HEADER.MAGIC] = ZONE_MAGIC;
  header[HEADER.OCTETS] = image.byteLength;
  header[HEADER.NODES] = selection.nodes.length / NODE_WORDS;
  header[HEADER.RRSETS] = selection.rrsets.length / RRSET_WORDS;
  header[HEADER.RECORDS] = selection.order.length;
  header[HEADER.NAMES] = names;
  header[HEADER.RDATA] = rdata;
  header[HEADER.ROUTING] = routing;
  header[HEADER.NUMBER] = number;
  new Uint32Array(image, nodes, selection.nodes.length).set(selection.nodes.words());
  new Uint32Array(image, rrsets, selection.rrsets.length).set(selection.rrsets.words());
  table.writeTo(image, routing);
  collected.names.writeTo(image, names);
  const octets = new Uint8Array(image);
  let at = rdata;
  for (const record of selection.order.words()) at = collected.copyStored(record, octets, at);
  return image;
}
