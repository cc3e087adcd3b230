import { fromBase32Hex, fromHex, toBase32Hex, toHex } from '../base.ts';
import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import { typeBitmap } from './bitmap.ts';
import { decodeWord, u8, u16 } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** A length octet goes before both. */
const OCTETS_MAX = 255;

/** Written `-` where there is none (RFC 5155 section 3.3). */
const salt: Field = {
  name: 'salt',
  skip: (c) => c.skip(c.u8()),
  print: (c) => toHex(c.bytes(c.u8())) || '-',
  parse(tokens, out) {
    const token = tokens.next('salt');
    const octets =
      token.text === '-' ? new Uint8Array(0) : decodeWord(tokens, token, 'salt', 'hexadecimal', fromHex);
    if (octets.length > OCTETS_MAX) tokens.fail(token, `salt: over ${OCTETS_MAX} octets`);
    out.u8(octets.length);
    out.bytes(octets);
  },
};

/** A hash, not a name: base32hex without the zone's name and without padding (RFC 5155 section 3.3). */
const nextHashedOwner: Field = {
  name: 'next hashed owner',
  skip(c) {
    const length = c.u8();
    if (length === 0) throw new WireError('next hashed owner is empty', c.off - 1);
    c.skip(length);
  },
  print: (c) => toBase32Hex(c.bytes(c.u8())),
  parse(tokens, out) {
    const token = tokens.next('next hashed owner');
    const octets = decodeWord(tokens, token, 'next hashed owner', 'base32hex', fromBase32Hex);
    if (octets.length === 0 || octets.length > OCTETS_MAX)
      tokens.fail(token, `next hashed owner of ${octets.length} octets; 1 to ${OCTETS_MAX}`);
    out.u8(octets.length);
    out.bytes(octets);
  },
};

const parameters = [u8('hash algorithm'), u8('flags'), u16('iterations'), salt];

/** RFC 5155 section 3.2. */
export const NSEC3: RdataType = {
  code: TYPE.NSEC3,
  mnemonic: 'NSEC3',
  fields: [...parameters, nextHashedOwner, typeBitmap],
};

/** RFC 5155 section 4.2. */
export const NSEC3PARAM: RdataType = { code: TYPE.NSEC3PARAM, mnemonic: 'NSEC3PARAM', fields: parameters };
