/** Whether a message is one that an entry stands for, and if not, why. */
import { CLASS, FLAG, OPTION, rcodeToText, TYPE } from '../../../src/wire/constants.ts';
import { readEde } from '../../../src/wire/edns.ts';
import { type Message, opcodeOf } from '../../../src/wire/message.ts';
import { isAtOrBelow, nameEquals, nameKey, nameToText } from '../../../src/wire/name.ts';
import { canonicalRdata, rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import type { Question, Rr } from '../../../src/wire/record.ts';
import type { Entry, Match, MatchWord, Packet } from './scenario.ts';

/** Undefined: it fits. Else what is different, in one line or, for records, in several. */
export function misfit(entry: Entry, message: Message, transport: 'udp' | 'tcp'): string | undefined {
  const { words, ede } = entry.match;
  for (const word of words) {
    const why = CHECKS[word](entry.packet, message, transport, words);
    if (why !== undefined) return why;
  }
  return misfitEde(ede, message);
}

type Check = (
  packet: Packet,
  message: Message,
  transport: 'udp' | 'tcp',
  words: ReadonlySet<MatchWord>,
) => string | undefined;

const CHECKS: Readonly<Record<MatchWord, Check>> = {
  opcode: (packet, message) => differ('opcode', opcodeOf(packet.flags), opcodeOf(message.flags)),
  qtype: ({ question }, message) =>
    differ('QTYPE', typeToText(question?.type ?? 0), typeToText(message.question?.type ?? 0)),
  qname: ({ question }, message) =>
    sameName(question, message.question)
      ? undefined
      : differ('QNAME', nameOf(question), nameOf(message.question)),
  subdomain: ({ question }, message) =>
    question !== undefined &&
    message.question !== undefined &&
    isAtOrBelow(message.question.name, question.name)
      ? undefined
      : `QNAME: ${nameOf(message.question)} is not at or below ${nameOf(question)}`,
  question: ({ question }, message) =>
    differ('question', questionText(question), questionText(message.question)),
  rcode: (packet, message) => differ('rcode', rcodeToText(packet.flags & 0x0f), rcodeToText(message.rcode)),
  answer: ({ answer }, message, _, words) => misfitRecords('answer', answer, message.answer, words, none),
  all: (packet, message, _, words) => misfitEdns(packet, message) ?? misfitAll(packet, message, words),
  all_noedns: (packet, message, _, words) => misfitAll(packet, message, words),
  // Says how `all` and `answer` compare.
  ttl: () => undefined,
  DO: (_, message) => (message.edns?.dnssecOk === true ? undefined : 'no DO'),
  noedns: (_, message) => (message.edns === undefined ? undefined : 'an OPT record'),
  UDP: (_, __, transport) => differ('transport', 'udp', transport),
  TCP: (_, __, transport) => differ('transport', 'tcp', transport),
};

function differ(what: string, expected: unknown, is: unknown): string | undefined {
  return expected === is ? undefined : `${what}: ${expected} is expected, and it is ${is}`;
}

function sameName(a: Question | undefined, b: Question | undefined): boolean {
  return a === undefined || b === undefined ? a === b : nameEquals(a.name, b.name);
}

function nameOf(question: Question | undefined): string {
  return question === undefined ? 'nothing' : nameToText(question.name);
}

function questionText(question: Question | undefined): string {
  if (question === undefined) return 'nothing';
  return `${nameToText(question.name).toLowerCase()} ${question.class} ${typeToText(question.type)}`;
}

/** OPT is there where DO was said, and has DO; its size and options are everybody's own. */
function misfitEdns(packet: Packet, message: Message): string | undefined {
  const text = (edns: boolean, dnssecOk: boolean): string =>
    edns ? (dnssecOk ? 'with DO' : 'without DO') : 'absent';
  const is = text(message.edns !== undefined, message.edns?.dnssecOk === true);
  return differ('OPT', text(packet.dnssecOk, true), is);
}

function misfitAll(packet: Packet, message: Message, words: ReadonlySet<MatchWord>): string | undefined {
  const flags = differ('header', flagsToText(packet.flags), flagsToText(message.flags));
  if (flags !== undefined) return flags;
  const question = differ('question', questionText(packet.question), questionText(message.question));
  if (question !== undefined) return question;
  const isAnswered = packet.answer.length > 0;
  return (
    misfitRecords('answer', packet.answer, message.answer, words, none) ??
    misfitRecords(
      'authority',
      packet.authority,
      message.authority,
      words,
      (rr) => isAnswered && coversNs(rr),
    ) ??
    misfitRecords('additional', packet.additional, message.additional, words, () => true)
  );
}

function flagsToText(flags: number): string {
  const names = Object.entries(FLAG).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
  return [...names, `opcode ${opcodeOf(flags)}`, rcodeToText(flags & 0x0f)].join(' ');
}

/**
 * Records that a responder adds out of courtesy may be absent, because ours does not: NS of an answer's zone in
 * the authority section and all of the additional section (RFC 1034 section 4.3.2, RFC 2181 section 9). What is
 * there must be what is expected all the same.
 */
type Optional = (rr: Rr) => boolean;

const none: Optional = () => false;

function coversNs(rr: Rr): boolean {
  return typeOrCovered(rr) === TYPE.NS;
}

function typeOrCovered({ type, rdata }: Rr): number {
  return type === TYPE.RRSIG && rdata.length >= 2 ? (rdata[0]! << 8) | rdata[1]! : type;
}

function misfitRecords(
  section: string,
  expected: readonly Rr[],
  are: readonly Rr[],
  words: ReadonlySet<MatchWord>,
  optional: Optional,
): string | undefined {
  const withTtl = words.has('ttl');
  const key = (rr: Rr): string => recordKey(rr, withTtl);
  const missing = subtract(expected, are, key).filter((rr) => !optional(rr));
  const excess = subtract(are, expected, key);
  if (missing.length === 0 && excess.length === 0) return undefined;
  const lines = [
    ...missing.map((rr) => `- ${recordToText(rr)}`),
    ...excess.map((rr) => `+ ${recordToText(rr)}`),
  ];
  return `${section} (- expected, + is):\n${lines.map((line) => `    ${line}`).join('\n')}`;
}

/** What of `from` is not in `what`, each record as often as it is there. */
function subtract(from: readonly Rr[], what: readonly Rr[], key: (rr: Rr) => string): Rr[] {
  const left = what.map(key);
  return from.filter((rr) => {
    const at = left.indexOf(key(rr));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function recordKey(rr: Rr, withTtl: boolean): string {
  const rdata = rr.class === CLASS.IN ? canonical(rr) : rr.rdata;
  const ttl = withTtl ? rr.ttl : '';
  return `${nameKey(rr.name)}/${rr.class}/${rr.type}/${ttl}/${Buffer.from(rdata).toString('hex')}`;
}

/** Names within rdata in lower case; malformed rdata as it is. */
function canonical(rr: Rr): Uint8Array {
  try {
    return canonicalRdata(rr.type, rr.rdata);
  } catch {
    return rr.rdata;
  }
}

/** `www.example. 300 A 192.0.2.1` */
export function recordToText({ name, type, class: klass, ttl, rdata }: Rr): string {
  const text = klass === CLASS.IN ? rdataToText(type, rdata) : `\\# ${rdata.length}`;
  return `${nameToText(name)} ${ttl} ${klass === CLASS.IN ? '' : `CLASS${klass} `}${typeToText(type)} ${text}`;
}

/** A message in a few lines, for reports. */
export function messageToText(message: Message): string {
  const records = [...message.answer, ...message.authority, ...message.additional].map(recordToText);
  const ede = edeOf(message).map(({ code, text }) => `EDE ${code} ${text}`);
  return [`${flagsToText(message.flags)} ${questionText(message.question)}`, ...ede, ...records].join(
    '\n    ',
  );
}

function edeOf(message: Message): { code: number; text: string }[] {
  return (message.edns?.options ?? [])
    .filter(({ code }) => code === OPTION.EDE)
    .map(({ data }) => readEde(data));
}

function misfitEde(expected: Match['ede'], message: Message): string | undefined {
  if (expected === 'none') return undefined;
  const codes = edeOf(message).map(({ code }) => code);
  const fits = expected === 'any' ? codes.length > 0 : codes.includes(expected);
  return fits ? undefined : `EDE: ${expected} is expected, and it is ${codes.join(', ') || 'none'}`;
}
