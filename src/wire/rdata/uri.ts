import { TYPE } from '../constants.ts';
import { textRest, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 7553 section 4. The target is at least one octet (section 4.4) and has no length octets before it. */
export const URI: RdataType = {
  code: TYPE.URI,
  mnemonic: 'URI',
  fields: [u16('priority'), u16('weight'), textRest('target', 1)],
};
