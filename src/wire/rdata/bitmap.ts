import type { Cursor } from '../cursor.ts';
import { WireError } from '../error.ts';
import type { RdataTokens } from '../text/tokens.ts';
import { recordTypeToText, typeFromText } from './mnemonic.ts';
import type { Field, RdataSink } from './type.ts';

/** A window holds 256 types in at most 32 octets (RFC 4034 section 4.1.2). */
const WINDOW_OCTETS_MAX = 32;

/**
 * Types as bits: windows in rising order, each a window number, a length and that many octets, the last of which
 * is not zero (RFC 4034 section 4.1.2). No type at all is no window, as in NSEC3 at an empty non-terminal.
 */
export const typeBitmap: Field = {
  name: 'types',
  skip(c) {
    for (let previous = -1; c.left > 0; ) previous = skipWindow(c, previous);
  },
  print: (c) => readTypes(c).map(recordTypeToText).join(' '),
  parse(tokens, out) {
    const types = new Set<number>();
    while (!tokens.done) types.add(parseType(tokens));
    writeTypes(
      [...types].sort((a, b) => a - b),
      out,
    );
  },
};

function skipWindow(c: Cursor, previous: number): number {
  const start = c.off;
  const window = c.u8();
  const length = c.u8();
  if (window <= previous) throw new WireError('type bitmap windows are not in rising order', start);
  if (length === 0 || length > WINDOW_OCTETS_MAX)
    throw new WireError(`type bitmap window of ${length} octets; 1 to ${WINDOW_OCTETS_MAX}`, start);
  c.skip(length);
  if (c.buf[c.off - 1] === 0) throw new WireError('type bitmap window ends in a zero octet', c.off - 1);
  return window;
}

function readTypes(c: Cursor): number[] {
  const types: number[] = [];
  while (c.left > 0) {
    const window = c.u8();
    const end = c.u8() * 8;
    for (let bit = 0, octet = 0; bit < end; bit++, octet <<= 1) {
      if (bit % 8 === 0) octet = c.u8();
      if (octet & 0x80) types.push(window * 256 + bit);
    }
  }
  return types;
}

function parseType(tokens: RdataTokens): number {
  const token = tokens.next('type');
  const type = typeFromText(token.text);
  if (type === undefined) tokens.fail(token, `"${token.text}" is not a record type`);
  return type;
}

/** `types` in rising order. */
function writeTypes(types: readonly number[], out: RdataSink): void {
  for (let i = 0; i < types.length; ) {
    const window = types[i]! >> 8;
    const bits = new Uint8Array(WINDOW_OCTETS_MAX);
    let last = 0;
    for (; i < types.length && types[i]! >> 8 === window; i++) {
      const bit = types[i]! & 0xff;
      last = bit >> 3;
      bits[last]! |= 0x80 >> (bit & 7);
    }
    out.u8(window);
    out.u8(last + 1);
    out.bytes(bits.subarray(0, last + 1));
  }
}

/** The type that an RRSIG covers: a mnemonic or `TYPEnnn`. */
export const typeCovered: Field = {
  name: 'type covered',
  octets: 2,
  skip: (c) => c.skip(2),
  print: (c) => recordTypeToText(c.u16()),
  parse: (tokens, out) => out.u16(parseType(tokens)),
};
