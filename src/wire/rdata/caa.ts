import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import { textRest, u8 } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** One length octet. */
const TAG_OCTETS_MAX = 255;
const TAG = /^[0-9a-z]+$/i;

/** A non-empty run of ASCII letters and digits (RFC 8659 section 4.1). */
const tag: Field = {
  name: 'tag',
  skip(c) {
    const length = c.u8();
    if (length === 0) throw new WireError('CAA tag is empty', c.off - 1);
    c.skip(length);
    if (!TAG.test(tagText(c.buf, c.off - length, c.off)))
      throw new WireError('CAA tag has an octet that is not a letter or digit', c.off - length);
  },
  print(c) {
    const length = c.u8();
    c.skip(length);
    return tagText(c.buf, c.off - length, c.off);
  },
  parse(tokens, out) {
    const token = tokens.next('tag');
    if (!TAG.test(token.text)) tokens.fail(token, `tag: "${token.text}" is not letters and digits`);
    if (token.text.length > TAG_OCTETS_MAX) tokens.fail(token, `tag: over ${TAG_OCTETS_MAX} octets`);
    out.u8(token.text.length);
    for (let i = 0; i < token.text.length; i++) out.u8(token.text.charCodeAt(i));
  },
};

function tagText(buf: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...buf.subarray(from, to));
}

/** RFC 8659 section 4.1. */
export const CAA: RdataType = {
  code: TYPE.CAA,
  mnemonic: 'CAA',
  fields: [u8('flags'), tag, textRest('value', 0)],
};
