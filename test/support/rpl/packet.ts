/** Records, questions and whole messages of scenario files: from text, and to the wire. */
import { CLASS, FLAG, RCODE, TYPE } from '../../../src/wire/constants.ts';
import { nameFromText, ROOT } from '../../../src/wire/name.ts';
import { questionTypeFromText, typeFromText } from '../../../src/wire/rdata/table.ts';
import type { Question, Rr } from '../../../src/wire/record.ts';
import { parseZone } from '../../../src/wire/text/zonefile.ts';
import { encodePacket } from '../packet.ts';
import type { Packet } from './scenario.ts';

/** Where the notation says nothing. */
const DEFAULT_TTL = 3600;

function classFromText(text: string): number | undefined {
  return Object.hasOwn(CLASS, text.toUpperCase())
    ? CLASS[text.toUpperCase() as keyof typeof CLASS]
    : undefined;
}

/** `www.example.com. IN A`, the class may be absent. Names are absolute with or without a final dot. Throws Error. */
export function parseQuestion(line: string): Question {
  const words = line.replace(/;.*/, '').trim().split(/\s+/);
  const type = questionTypeFromText(words.at(-1) ?? '');
  const klass = words.length === 2 ? CLASS.IN : classFromText(words[1] ?? '');
  if (type === undefined || klass === undefined || words.length > 3)
    throw new Error(`not a question: ${line}`);
  return { name: nameFromText(words[0]!, ROOT), type, class: klass };
}

/** `owner [ttl] [class] type rdata`, in any class: rdata is read as that of class IN. Throws Error. */
export function parseRecord(line: string): Rr {
  const [, owner, header, type, rest] = /^(\S+)\s+((?:(?:\d+|IN|CH|HS)\s+)*)(\S+)(.*)$/i.exec(line) ?? [];
  if (owner === undefined || type === undefined || rest === undefined)
    throw new Error(`not a record: ${line}`);
  const words = (header ?? '').split(/\s+/).filter((word) => word !== '');
  const ttl = words.find((word) => /^\d+$/.test(word)) ?? DEFAULT_TTL;
  const klass = classFromText(words.find((word) => !/^\d+$/.test(word)) ?? 'IN')!;
  const code = typeFromText(type);
  if (code === undefined) throw new Error(`no such type: ${line}`);
  const rdata = malformedRdata(code, rest.replace(/;.*/, '').trim()) ?? parseRdata(type, rest);
  return { name: nameFromText(owner, ROOT), type: code, class: klass, ttl: Number(ttl), rdata };
}

function parseRdata(type: string, text: string): Uint8Array {
  const records: Rr[] = [];
  const options = { origin: ROOT, file: 'rdata', onRecord: (rr: Rr) => records.push(rr) };
  const [error] = parseZone(`. 0 IN ${type} ${text}`, options);
  if (error !== undefined || records.length !== 1) throw new Error(`${error?.message}: ${type} ${text}`);
  return records[0]!.rdata;
}

/**
 * Rdata that no zone file may have and that servers in scenarios send all the same: octets of the wrong length
 * for the type, a digest of the wrong length, an RRSIG without signature or with a cut one. Undefined: it is read as everybody reads it.
 */
function malformedRdata(type: number, text: string): Uint8Array | undefined {
  const [, octets] = /^\\#\s+\d+\s+([0-9A-Fa-f\s]+)$/.exec(text) ?? [];
  if (octets !== undefined) return Buffer.from(octets.replace(/\s/g, ''), 'hex');
  const [, tag, algorithm, digestType, digest] =
    /^(\d+)\s+(\d+)\s+(\d+)\s+([0-9A-Fa-f\s]+)$/.exec(text) ?? [];
  if (type === TYPE.DS && digest !== undefined) {
    const head = [...u16(Number(tag)), Number(algorithm), Number(digestType)];
    return Uint8Array.from([...head, ...Buffer.from(digest.replace(/\s/g, ''), 'hex')]);
  }
  if (type === TYPE.RRSIG) {
    const fields = text.replace(/[()]/g, ' ').split(/\s+/);
    const head = parseRdata('RRSIG', `${fields.slice(0, RRSIG_FIELDS).join(' ')} AA==`).slice(0, -1);
    return Uint8Array.from([...head, ...Buffer.from(fields.slice(RRSIG_FIELDS).join(''), 'base64')]);
  }
  return undefined;
}

/** Before the signature. */
const RRSIG_FIELDS = 8;

const OPCODES: Readonly<Record<string, number>> = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 };
/** The notation's own spelling of NOTIMP. */
const RCODES: Readonly<Record<string, number>> = { ...RCODE, NOTIMPL: RCODE.NOTIMP };

/** What one word of a REPLY line does to the flags; undefined: it is no such word. DO is not a flag of the header. */
export function applyReplyWord(flags: number, word: string): number | undefined {
  if (Object.hasOwn(FLAG, word)) return flags | FLAG[word as keyof typeof FLAG];
  const opcode = OPCODES[word];
  if (opcode !== undefined) return (flags & ~0x7800) | (opcode << 11);
  const rcode = RCODES[word];
  return rcode === undefined || rcode > 15 ? undefined : (flags & ~0x000f) | rcode;
}

/** The octets of `packet`; DO makes an OPT record of 4096 octets, as the notation has it. */
export function encode(packet: Packet, id: number, question = packet.question): Uint8Array {
  const { flags, dnssecOk, answer, authority, additional } = packet;
  const edns = dnssecOk ? { payload: 4096, version: 0, dnssecOk, options: [] } : undefined;
  return encodePacket({
    id,
    flags,
    question,
    answer: [...answer],
    authority: [...authority],
    additional: [...additional],
    edns,
    extendedRcode: 0,
  });
}

function u16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}
