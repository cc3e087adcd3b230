import { TYPE } from '../constants.ts';
import { base64Rest } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 7929 section 2.1. */
export const OPENPGPKEY: RdataType = {
  code: TYPE.OPENPGPKEY,
  mnemonic: 'OPENPGPKEY',
  fields: [base64Rest('public key')],
};
