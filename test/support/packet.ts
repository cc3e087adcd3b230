/**
 * Messages as tests make them: laid out here and not by the product's writer, so that what is wrong in one does not
 * hide in the other, and so that they may say what no honest server would.
 */
import { CLASS, FLAG, TYPE } from '../../src/wire/constants.ts';
import { type Edns, ednsLength, writeEdns } from '../../src/wire/edns.ts';
import type { Message } from '../../src/wire/message.ts';
import { type Name, nameKey } from '../../src/wire/name.ts';
import { eachName } from '../../src/wire/rdata/table.ts';
import type { Question, Rr, Rrset } from '../../src/wire/record.ts';

/** A message before it is bytes. Everything may be changed. */
export interface Packet {
  id: number;
  /** The 16 bits after the ID, with the lower bits of the rcode. */
  flags: number;
  question: Question | undefined;
  answer: Rr[];
  authority: Rr[];
  additional: Rr[];
  edns: Edns | undefined;
  /** The upper bits of the rcode. */
  extendedRcode: number;
}

/** The reply to `query` that says nothing yet: its ID, question and RD. */
export function packetFor(query: Message): Packet {
  return {
    id: query.id,
    flags: FLAG.QR | (query.flags & FLAG.RD),
    question: query.question,
    answer: [],
    authority: [],
    additional: [],
    edns: undefined,
    extendedRcode: 0,
  };
}

export function setRcode(packet: Packet, rcode: number): void {
  packet.flags = (packet.flags & ~0x0f) | (rcode & 0x0f);
  packet.extendedRcode = rcode >>> 4;
}

export function rcodeOf(packet: Packet): number {
  return (packet.extendedRcode << 4) | (packet.flags & 0x0f);
}

/** The records of an RRset, under another owner if given, with their RRSIGs if wanted. */
export function recordsFrom(rrset: Rrset, signatures: boolean, owner: Name = rrset.name): Rr[] {
  const one = (type: number, rdata: Uint8Array): Rr => ({
    name: owner,
    type,
    class: CLASS.IN,
    ttl: rrset.ttl,
    rdata,
  });
  const records = rrset.rdatas.map((rdata) => one(rrset.type, rdata));
  return signatures ? [...records, ...(rrset.sigs ?? []).map((sig) => one(TYPE.RRSIG, sig))] : records;
}

/** Types whose rdata names may be compressed (RFC 3597 section 4). */
const COMPRESSIBLE: ReadonlySet<number> = new Set([TYPE.NS, TYPE.CNAME, TYPE.SOA, TYPE.PTR, TYPE.MX]);
const POINTER_MAX = 0x3fff;

/** Compresses without regard to case, as servers do: names come back in the letters of the question. */
export function encodePacket(packet: Packet): Uint8Array {
  return new Layout().packet(packet);
}

class Layout {
  #out = new Uint8Array(1 << 12);
  #at = 0;
  readonly #suffixes = new Map<string, number>();

  packet(p: Packet): Uint8Array {
    for (const word of [p.id, p.flags, p.question === undefined ? 0 : 1, p.answer.length]) this.#u16(word);
    this.#u16(p.authority.length);
    this.#u16(p.additional.length + (p.edns === undefined ? 0 : 1));
    if (p.question !== undefined) {
      this.#name(p.question.name);
      this.#u16(p.question.type);
      this.#u16(p.question.class);
    }
    for (const rr of [...p.answer, ...p.authority, ...p.additional]) this.#record(rr);
    if (p.edns !== undefined) {
      const end = this.#at + ednsLength(p.edns.options);
      this.#room(ednsLength(p.edns.options));
      writeEdns(this.#out, this.#at, p.edns, p.extendedRcode << 4);
      this.#at = end;
    }
    return this.#out.slice(0, this.#at);
  }

  #record(rr: Rr): void {
    this.#name(rr.name);
    this.#u16(rr.type);
    this.#u16(rr.class);
    this.#u16(rr.ttl >>> 16);
    this.#u16(rr.ttl & 0xffff);
    const lengthAt = this.#at;
    this.#u16(0);
    if (COMPRESSIBLE.has(rr.type) && rr.class === CLASS.IN) this.#rdata(rr);
    else this.#bytes(rr.rdata);
    const length = this.#at - lengthAt - 2;
    this.#out[lengthAt] = length >>> 8;
    this.#out[lengthAt + 1] = length;
  }

  #rdata(rr: Rr): void {
    let done = 0;
    eachName(rr.type, rr.rdata, (offset, length) => {
      this.#bytes(rr.rdata.subarray(done, offset));
      this.#name(rr.rdata.subarray(offset, offset + length));
      done = offset + length;
    });
    this.#bytes(rr.rdata.subarray(done));
  }

  #name(name: Name): void {
    for (let i = 0; name[i]! !== 0; i += name[i]! + 1) {
      const key = nameKey(name.subarray(i));
      const seen = this.#suffixes.get(key);
      if (seen !== undefined) {
        this.#u16(0xc000 | seen);
        return;
      }
      if (this.#at <= POINTER_MAX) this.#suffixes.set(key, this.#at);
      this.#bytes(name.subarray(i, i + name[i]! + 1));
    }
    this.#bytes(new Uint8Array(1));
  }

  #u16(value: number): void {
    this.#room(2);
    this.#out[this.#at++] = value >>> 8;
    this.#out[this.#at++] = value;
  }

  #bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#out.length, this.#at + octets));
    larger.set(this.#out);
    this.#out = larger;
  }
}
