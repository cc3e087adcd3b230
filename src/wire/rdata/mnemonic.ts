import { TYPE } from '../constants.ts';

/** Types that have a name at IANA and whose rdata is carried here as it is (RFC 3597). */
const OPAQUE = {
  NULL: 10,
  WKS: 11,
  X25: 19,
  ISDN: 20,
  NSAP: 22,
  'NSAP-PTR': 23,
  GPOS: 27,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  ATMA: 34,
  A6: 38,
  SINK: 40,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  TA: 32768,
  DLV: 32769,
} as const;

/** Types of RFC 1035 and 1183 that nobody asks for by name in the code. */
const OLD = { MD: 3, MF: 4, MB: 7, MG: 8, MR: 9, MINFO: 14, RT: 21, PX: 26 } as const;

/** What may be asked for and can never be a record (RFC 6895 section 3.1). */
const { IXFR, AXFR, MAILB, MAILA, ANY, ...RECORD } = TYPE;
const QUESTION = { IXFR, AXFR, MAILB, MAILA, ANY };

const CODES = new Map<string, number>(Object.entries({ ...RECORD, ...OLD, ...OPAQUE }));
const QUESTION_CODES = new Map<string, number>(Object.entries(QUESTION)).set('*', ANY);
const TEXTS = new Map([...CODES].map(([text, code]) => [code, text]));
const QUESTION_TEXTS = new Map<number, string>(Object.entries(QUESTION).map(([text, code]) => [code, text]));

/** A type in the form of RFC 3597 section 5. */
const GENERIC = /^TYPE(0|[1-9][0-9]{0,4})$/;

/** `A` for 1, `AXFR` for 252, `TYPE65400` for what has no name here. */
export function typeToText(code: number): string {
  return QUESTION_TEXTS.get(code) ?? recordTypeToText(code);
}

/** As `typeToText`, but question types have no name: what a type bitmap or RRSIG may print, and read again. */
export function recordTypeToText(code: number): string {
  return TEXTS.get(code) ?? `TYPE${code}`;
}

/** The code of a record type by its mnemonic or `TYPEnnn`, in any case; undefined for others and for `ANY`, `AXFR`, … */
export function typeFromText(text: string): number | undefined {
  const code = CODES.get(text);
  if (code !== undefined) return code;
  const upper = text.toUpperCase();
  return CODES.get(upper) ?? genericType(upper);
}

/** As `typeFromText`, with the types that only a question may have: `ANY` or `*`, `AXFR`, `IXFR`, `MAILA`, `MAILB`. */
export function questionTypeFromText(text: string): number | undefined {
  return QUESTION_CODES.get(text.toUpperCase()) ?? typeFromText(text);
}

function genericType(upper: string): number | undefined {
  const code = Number(GENERIC.exec(upper)?.[1]);
  return code <= 0xffff ? code : undefined;
}

/**
 * True for types that can be data in a zone. Zero is reserved, 128 to 255 are question and meta types, and OPT
 * is the one meta type outside that range (RFC 6895 section 3.1).
 */
export function isDataType(code: number): boolean {
  return code !== 0 && code !== TYPE.OPT && (code < 128 || code > 255);
}
