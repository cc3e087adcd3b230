import { fromHex } from '../base.ts';
import { TYPE } from '../constants.ts';
import { decodeWord } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** Octets as pairs of hex digits with hyphens (RFC 7043 sections 3.2 and 4.2). */
function address(octets: 6 | 8): Field {
  const name = `EUI-${octets * 8} address`;
  const form = new RegExp(`^[0-9a-f]{2}(-[0-9a-f]{2}){${octets - 1}}$`, 'i');
  const decode = (text: string): Uint8Array | undefined =>
    form.test(text) ? fromHex(text.replaceAll('-', '')) : undefined;
  return {
    name,
    octets,
    skip: (c) => c.skip(octets),
    print: (c) => Array.from(c.bytes(octets), (octet) => octet.toString(16).padStart(2, '0')).join('-'),
    parse: (tokens, out) =>
      out.bytes(
        decodeWord(tokens, tokens.next(name), name, `${octets} pairs of hex digits with hyphens`, decode),
      ),
  };
}

export const EUI48: RdataType = { code: TYPE.EUI48, mnemonic: 'EUI48', fields: [address(6)] };
export const EUI64: RdataType = { code: TYPE.EUI64, mnemonic: 'EUI64', fields: [address(8)] };
