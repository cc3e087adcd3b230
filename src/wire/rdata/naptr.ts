import { TYPE } from '../constants.ts';
import { name, string, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 3403 section 4.1. */
export const NAPTR: RdataType = {
  code: TYPE.NAPTR,
  mnemonic: 'NAPTR',
  fields: [
    u16('order'),
    u16('preference'),
    string('flags'),
    string('services'),
    string('regexp'),
    name('replacement'),
  ],
  decompresses: true,
  lowercases: true,
};
