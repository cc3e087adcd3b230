/**
 * An authoritative name server for the simulated network: zones from text or records, answered as RFC 1034, 2308,
 * 4035, 4592, 5155 and 6672 say, without a line of the product's own zone lookup. NSD is held against it in
 * authority.test.ts.
 *
 *     const zone = zoneFromText('corp.test.', '@ SOA ns h 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1');
 *     net.server('192.0.2.53', authority([zone]));
 */
import { CLASS, FLAG, OPCODE, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { findOption } from '../../src/wire/edns.ts';
import type { Message } from '../../src/wire/message.ts';
import { isAtOrBelow, type Name, nameEquals, nameFromText, replaceSuffix } from '../../src/wire/name.ts';
import { eachName } from '../../src/wire/rdata/table.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { AuthorityZone, recordsFromText, wildcardBelow } from './authority-zone.ts';
import { encodePacket, type Packet, packetFor, recordsFrom, setRcode } from './packet.ts';
import type { Behaviour, SimQuery } from './simnet.ts';

export { AuthorityZone } from './authority-zone.ts';

export function zoneFromText(origin: string, text: string): AuthorityZone {
  const name = nameFromText(origin);
  return new AuthorityZone(name, recordsFromText(name, text));
}

export interface AuthorityOptions {
  /** Nothing beside the answer: neither the zone's NS records nor addresses. Default true. */
  readonly minimal?: boolean;
  /** The most that goes into a datagram, whatever the client can take. Default 1232. */
  readonly payload?: number;
  /** Has no idea of EDNS: OPT records are passed over. */
  readonly edns?: boolean;
  /** Answers a client cookie with a server cookie (RFC 7873). */
  readonly cookies?: boolean;
  /** Last look at every reply before it is laid out. Returning undefined sends nothing. */
  readonly edit?: (packet: Packet, query: SimQuery) => Packet | undefined;
}

/** Aliases followed within the server's own zones. */
const LINKS_MAX = 16;
const PAYLOAD = 1232;
const PAYLOAD_CLASSIC = 512;
const SERVER_COOKIE = new Uint8Array([1, 0, 0, 0, 5, 6, 7, 8]);

/** A server with these zones, which may be changed while it runs. */
export function authority(zones: readonly AuthorityZone[], options: AuthorityOptions = {}): Behaviour {
  return (query) => {
    const answered = respond(query.message, zones, options);
    const packet = options.edit === undefined ? answered : options.edit(answered, query);
    if (packet !== undefined) query.reply(fit(packet, query, options));
  };
}

/** What the server has to say, before size matters. */
export function respond(
  query: Message,
  zones: readonly AuthorityZone[],
  options: AuthorityOptions = {},
): Packet {
  const packet = packetFor(query);
  const edns = options.edns === false ? undefined : query.edns;
  if (edns !== undefined) packet.edns = replyOpt(query, options);
  const { question } = query;
  if (query.opcode !== OPCODE.QUERY) setRcode(packet, RCODE.NOTIMP);
  else if (question === undefined) setRcode(packet, RCODE.FORMERR);
  else if (edns !== undefined && edns.version > 0) setRcode(packet, RCODE.BADVERS);
  else if (question.class !== CLASS.IN) setRcode(packet, RCODE.REFUSED);
  else new Responder(packet, zones, question.type, edns?.dnssecOk ?? false, options).run(question.name);
  return packet;
}

function replyOpt(query: Message, options: AuthorityOptions): Packet['edns'] {
  const cookie = options.cookies === true ? findOption(query.edns, OPTION.COOKIE) : undefined;
  const data =
    cookie === undefined ? undefined : new Uint8Array([...cookie.subarray(0, 8), ...SERVER_COOKIE]);
  return {
    payload: options.payload ?? PAYLOAD,
    version: 0,
    dnssecOk: query.edns!.dnssecOk,
    options: data === undefined ? [] : [{ code: OPTION.COOKIE, data }],
  };
}

/**
 * By UDP no more than both sides can take. What may be left out is left out; glue may not (RFC 9471), nor the rest:
 * then the reply is empty but for TC.
 */
export function fit(packet: Packet, query: SimQuery, options: AuthorityOptions = {}): Uint8Array {
  const whole = encodePacket(packet);
  if (query.protocol === 'tcp') return whole;
  const offered = options.edns === false ? undefined : query.message.edns?.payload;
  const limit = Math.min(offered ?? PAYLOAD_CLASSIC, options.payload ?? PAYLOAD);
  if (whole.length <= limit) return whole;
  const bare = { ...packet, additional: isReferral(packet) ? packet.additional : [] };
  const less = encodePacket(bare);
  if (less.length <= limit) return less;
  return encodePacket({ ...bare, flags: packet.flags | FLAG.TC, answer: [], authority: [], additional: [] });
}

function isReferral(packet: Packet): boolean {
  return (packet.flags & FLAG.AA) === 0 && packet.authority.some((rr) => rr.type === TYPE.NS);
}

/** One question, name by name along its aliases. */
class Responder {
  readonly #packet: Packet;
  readonly #zones: readonly AuthorityZone[];
  readonly #type: number;
  readonly #signed: boolean;
  readonly #minimal: boolean;

  constructor(
    packet: Packet,
    zones: readonly AuthorityZone[],
    type: number,
    signed: boolean,
    options: AuthorityOptions,
  ) {
    this.#packet = packet;
    this.#zones = zones;
    this.#type = type;
    this.#signed = signed;
    this.#minimal = options.minimal ?? true;
  }

  run(qname: Name): void {
    const zone = this.#zoneOf(qname);
    if (zone === undefined) {
      setRcode(this.#packet, RCODE.REFUSED);
      return;
    }
    let next = this.#step(zone, qname, true);
    for (let links = 1; next !== undefined && links < LINKS_MAX; links++) {
      const own = this.#zoneOf(next);
      next = own === undefined ? undefined : this.#step(own, next, false);
    }
  }

  /** The zone that `name` belongs to. DS belongs above the cut, if that zone is here too (RFC 4035 section 3.1.4.1). */
  #zoneOf(name: Name): AuthorityZone | undefined {
    const holds = this.#zones
      .filter((zone) => isAtOrBelow(name, zone.origin))
      .sort((a, b) => b.origin.length - a.origin.length);
    const above = holds.find((zone) => !nameEquals(zone.origin, name));
    return this.#type === TYPE.DS && above !== undefined ? above : holds[0];
  }

  /** RFC 1034 section 4.3.2 step 3 for one name. Returns the target of an alias. */
  #step(zone: AuthorityZone, name: Name, first: boolean): Name | undefined {
    const cut = zone.cut(name, this.#type);
    if (cut !== undefined) {
      this.#refer(zone, cut);
      return undefined;
    }
    if (first) this.#packet.flags |= FLAG.AA;
    const dname = zone.dname(name);
    if (dname !== undefined) return this.#followDname(name, dname);
    const node = zone.node(name);
    if (node !== undefined) return this.#give(zone, name, name);
    const wildcard = wildcardBelow(zone.closestEncloser(name));
    if (zone.node(wildcard) !== undefined) return this.#give(zone, name, wildcard);
    setRcode(this.#packet, RCODE.NXDOMAIN);
    this.#deny(zone, zone.denial.nameError(name));
    return undefined;
  }

  /** The records at `source`, for `name`: the same, or one that a wildcard stands for. */
  #give(zone: AuthorityZone, name: Name, source: Name): Name | undefined {
    const node = zone.node(source)!;
    const made = source !== name;
    const found =
      this.#type === TYPE.ANY
        ? [...node.values()]
        : [node.get(this.#type)].filter((each) => each !== undefined);
    const alias = found.length === 0 ? node.get(TYPE.CNAME) : undefined;
    const rrsets = alias === undefined ? found : [alias];
    if (rrsets.length === 0) {
      const { denial } = zone;
      this.#deny(zone, made ? denial.wildcardNoData(name) : denial.noData(name));
      return undefined;
    }
    for (const rrset of rrsets) this.#answer(rrset, name);
    if (made && this.#signed) for (const proof of zone.denial.wildcardAnswer(name)) this.#authority(proof);
    if (alias !== undefined) return alias.rdatas[0]!;
    if (!this.#minimal) this.#surround(zone, rrsets);
    // Without them a list of servers is little use; priming counts on them (RFC 9609 section 4.1).
    else if (this.#type === TYPE.NS) for (const rrset of rrsets) this.#addresses(rrset);
    return undefined;
  }

  /** RFC 6672 section 3.2, with the CNAME that it stands for; its TTL is the DNAME's. */
  #followDname(name: Name, dname: Rrset): Name | undefined {
    this.#answer(dname, dname.name);
    const target = replaceSuffix(name, dname.name, dname.rdatas[0]!);
    if (target === undefined) {
      setRcode(this.#packet, RCODE.YXDOMAIN);
      return undefined;
    }
    const cname = { name, type: TYPE.CNAME, ttl: dname.ttl, rdatas: [target] };
    this.#answer(cname, name);
    return this.#type === TYPE.CNAME || this.#type === TYPE.ANY ? undefined : target;
  }

  #refer(zone: AuthorityZone, ns: Rrset): void {
    this.#packet.authority.push(...recordsFrom(ns, false));
    const ds = zone.node(ns.name)?.get(TYPE.DS);
    if (this.#signed && zone.isSigned)
      for (const rrset of ds === undefined ? zone.denial.noData(ns.name) : [ds]) this.#authority(rrset);
    this.#addresses(ns);
  }

  #deny(zone: AuthorityZone, proofs: readonly Rrset[]): void {
    const { soa } = zone;
    // RFC 2308 section 3: the SOA's TTL is how long the denial holds.
    if (soa !== undefined) this.#authority({ ...soa, ttl: Math.min(soa.ttl, minimumOf(soa)) });
    if (this.#signed) for (const proof of proofs) this.#authority(proof);
  }

  /** The zone's own NS records, and addresses of what is named. */
  #surround(zone: AuthorityZone, rrsets: readonly Rrset[]): void {
    const ns = zone.node(zone.origin)?.get(TYPE.NS);
    if (ns !== undefined && !rrsets.includes(ns)) this.#authority(ns);
    for (const rrset of ns === undefined ? rrsets : [...rrsets, ns]) this.#addresses(rrset);
  }

  #addresses(rrset: Rrset): void {
    if (rrset.type !== TYPE.NS && rrset.type !== TYPE.MX && rrset.type !== TYPE.SRV) return;
    for (const rdata of rrset.rdatas)
      eachName(rrset.type, rdata, (offset, length) => {
        const target = rdata.slice(offset, offset + length);
        for (const zone of this.#zones)
          for (const type of [TYPE.A, TYPE.AAAA]) {
            const found = isAtOrBelow(target, zone.origin) ? zone.node(target)?.get(type) : undefined;
            if (found !== undefined) this.#push(this.#packet.additional, recordsFrom(found, this.#signed));
          }
      });
  }

  #answer(rrset: Rrset, owner: Name): void {
    this.#push(this.#packet.answer, recordsFrom(rrset, this.#signed, owner));
  }
  #authority(rrset: Rrset): void {
    this.#push(this.#packet.authority, recordsFrom(rrset, this.#signed));
  }

  /** Each record once: chains may need the same proof twice. */
  #push(section: Rr[], records: readonly Rr[]): void {
    for (const rr of records)
      if (!section.some((each) => each.rdata === rr.rdata && nameEquals(each.name, rr.name)))
        section.push(rr);
  }
}

function minimumOf(soa: Rrset): number {
  const rdata = soa.rdatas[0]!;
  return new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4).getUint32(0);
}
