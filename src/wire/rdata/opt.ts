import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import type { Field, RdataType } from './type.ts';

/** Options, each a code, a length and octets (RFC 6891 section 6.1.2). They have no presentation form. */
const options: Field = {
  name: 'options',
  skip(c) {
    while (c.left > 0) {
      c.skip(2);
      c.skip(c.u16());
    }
  },
  print(c) {
    throw new WireError('OPT has no presentation form', c.off);
  },
  parse(tokens) {
    tokens.fail(tokens.next('options'), 'OPT has no presentation form');
  },
};

export const OPT: RdataType = { code: TYPE.OPT, mnemonic: 'OPT', fields: [options], meta: true };
