import { TYPE } from '../constants.ts';
import { base64Rest } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 4701 section 3.1. */
export const DHCID: RdataType = { code: TYPE.DHCID, mnemonic: 'DHCID', fields: [base64Rest('identifier')] };
