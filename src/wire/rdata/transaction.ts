import { fromBase64, toBase64 } from '../base.ts';
import { TYPE } from '../constants.ts';
import type { RdataTokens } from '../text/tokens.ts';
import { transactionError } from './coded.ts';
import { name, u16, u32 } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** TKEY and TSIG: they live in one transaction and are never data. In BIND's presentation form. */

/** Octets behind a 16-bit length, printed as that length and base64; nothing follows a length of 0. */
function sized(what: string): Field {
  return {
    name: what,
    skip: (c) => c.skip(c.u16()),
    print(c) {
      const length = c.u16();
      return length === 0 ? '0' : `${length} ${toBase64(c.bytes(length))}`;
    },
    parse(tokens, out) {
      const length = tokens.integer(`size of ${what}`, 0xffff);
      out.u16(length);
      if (length > 0) out.bytes(parseBase64(tokens, what, length));
    },
  };
}

/** As many words as hold `length` octets in base64. */
function parseBase64(tokens: RdataTokens, what: string, length: number): Uint8Array {
  const chars = Math.ceil(length / 3) * 4;
  const first = tokens.next(what);
  let text = first.text;
  while (text.length < chars) text += tokens.next(what).text;
  const octets = fromBase64(text);
  if (octets?.length !== length) tokens.fail(first, `${what}: not ${length} octets of base64`);
  return octets;
}

const UINT48_MAX = 2 ** 48 - 1;

/** Seconds since 1970 in 48 bits (RFC 8945 section 4.2). */
const timeSigned: Field = {
  name: 'time signed',
  octets: 6,
  skip: (c) => c.skip(6),
  print: (c) => String(c.u16() * 2 ** 32 + c.u32()),
  parse(tokens, out) {
    const token = tokens.next('time signed');
    const seconds = /^[0-9]{1,15}$/.test(token.text) ? Number(token.text) : Number.NaN;
    if (!(seconds <= UINT48_MAX))
      tokens.fail(token, `time signed: "${token.text}" is not an integer of 48 bits`);
    out.u16(Math.floor(seconds / 2 ** 32));
    out.u32(seconds % 2 ** 32);
  },
};

/** RFC 2930 section 2. */
export const TKEY: RdataType = {
  code: TYPE.TKEY,
  mnemonic: 'TKEY',
  fields: [
    name('algorithm'),
    u32('inception'),
    u32('expiration'),
    u16('mode'),
    transactionError,
    sized('key'),
    sized('other data'),
  ],
  meta: true,
};

/** RFC 8945 section 4.2. */
export const TSIG: RdataType = {
  code: TYPE.TSIG,
  mnemonic: 'TSIG',
  fields: [
    name('algorithm'),
    timeSigned,
    u16('fudge'),
    sized('MAC'),
    u16('original ID'),
    transactionError,
    sized('other data'),
  ],
  meta: true,
};
