import { TYPE } from '../constants.ts';
import { typeBitmap } from './bitmap.ts';
import { u16, u32 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 7477 section 2.1. */
export const CSYNC: RdataType = {
  code: TYPE.CSYNC,
  mnemonic: 'CSYNC',
  fields: [u32('SOA serial'), u16('flags'), typeBitmap],
};
