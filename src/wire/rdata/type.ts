import type { Cursor } from '../cursor.ts';
import type { Name } from '../name.ts';
import type { RdataTokens } from '../text/tokens.ts';

/**
 * One field of an rdata. Every field can be read from wire (checked, names decompressed), printed and parsed;
 * an RR type is a list of fields and nothing else, so that reading, printing, parsing, canonical form and
 * compression of all types are written once, in `table.ts`.
 *
 * What wire allows and presentation form cannot say (an unknown gateway type, parameters in AliasMode) is
 * accepted by `skip` and refused by `print` with a WireError, or by the type's `refuses`: the whole rdata is then
 * printed in the generic form of RFC 3597, so that nothing is lost and nothing is printed that is not read again.
 */
export interface Field {
  /** Name in the RFC, for error messages: `preference`, `mail exchange`. */
  readonly name: string;
  /** True for a domain name: its octets may be decompressed, compressed or lower-cased as the type says. */
  readonly isName?: true;
  /** Octets on the wire, where these are always as many and any value will do: no check but the length is needed. */
  readonly octets?: number;
  /** Moves `c` past the field and checks it; `c.end` is the end of the rdata. A name must not be compressed. Throws WireError. */
  skip(c: Cursor): void;
  /** Presentation form of the octets of this field, '' for nothing. `c` stands at the field; moves past it. Throws WireError. */
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
  /** Names may arrive compressed: the types of RFC 1035, those that RFC 3597 section 4 lists, and others of that age. */
  readonly decompresses?: true;
  /** Names are lower-cased in canonical form (RFC 4034 section 6.2 as corrected by RFC 6840 section 5.1). */
  readonly lowercases?: true;
  /**
   * Why presentation form must not say this well-formed rdata, or undefined. A resolver passes on what the makers
   * of a zone got wrong; a zone file that says it is refused.
   */
  readonly refuses?: (rdata: Uint8Array) => string | undefined;
  /** No zone data: refused in zone files (OPT, TKEY, TSIG). */
  readonly meta?: true;
}
