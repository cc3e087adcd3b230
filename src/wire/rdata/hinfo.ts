import { TYPE } from '../constants.ts';
import { string } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 1035 section 3.3.2. */
export const HINFO: RdataType = {
  code: TYPE.HINFO,
  mnemonic: 'HINFO',
  fields: [string('CPU'), string('OS')],
};
