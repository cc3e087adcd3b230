import { TYPE } from '../constants.ts';
import { name, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 2782. The target is never compressed when sent, but RFC 3597 section 4 asks to read it if it is. */
export const SRV: RdataType = {
  code: TYPE.SRV,
  mnemonic: 'SRV',
  fields: [u16('priority'), u16('weight'), u16('port'), name('target')],
  decompresses: true,
  lowercases: true,
};
