import type { Name } from '../name.ts';
import type { Cursor } from '../cursor.ts';
import type { RdataTokens } from '../text/tokens.ts';

/**
 * One field of an rdata. Every field can be read from wire (checked, names decompressed), printed and parsed;
 * an RR type is a list of fields and nothing else, so that reading, printing, parsing, canonical form and
 * compression of all types are written once, in `table.ts`.
 */
export interface Field {
  /** Name in the RFC, for error messages: `preference`, `mail exchange`. */
  readonly name: string;
  /** True for a domain name: its octets may be decompressed, compressed or lower-cased as the type says. */
  readonly isName?: true;
  /** Moves `c` past the field and checks it; `c.end` is the end of the rdata. Never called for a name. Throws WireError. */
  skip(c: Cursor): void;
  /** Presentation form of the octets of this field. `c` stands at the field; moves past it. */
  print(c: Cursor): string;
  /** Reads as many tokens as the field takes and appends its wire form. Throws TextError. */
  parse(tokens: RdataTokens, out: RdataSink): void;
}

/** A growing buffer that text is parsed into: at most 65,535 octets, over which it throws TextError. */
export interface RdataSink {
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  bytes(bytes: Uint8Array): void;
  name(name: Name): void;
  readonly length: number;
}

/** One RR type. `const MX = { code: 15, mnemonic: 'MX', fields: [u16('preference'), name('exchange')], … }` */
export interface RdataType {
  readonly code: number;
  readonly mnemonic: string;
  readonly fields: readonly Field[];
  /** Names may be compressed when sent: only the types of RFC 1035 (RFC 3597 section 4). */
  readonly compresses?: true;
  /** Names may arrive compressed (RFC 3597 section 4): the types of RFC 1035, and RP AFSDB SRV NAPTR KX and others of its list. */
  readonly decompresses?: true;
  /** Names are lower-cased in canonical form (RFC 4034 section 6.2 as corrected by RFC 6840 section 5.1). */
  readonly lowercases?: true;
  /** No zone data: refused in zone files (OPT, TKEY, TSIG). */
  readonly meta?: true;
}
