import { TYPE } from '../constants.ts';
import { algorithm, certificateType } from './coded.ts';
import { base64Rest, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 4398 section 2. */
export const CERT: RdataType = {
  code: TYPE.CERT,
  mnemonic: 'CERT',
  fields: [certificateType, u16('key tag'), algorithm, base64Rest('certificate')],
};
