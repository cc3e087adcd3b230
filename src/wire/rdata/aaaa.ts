import { TYPE } from '../constants.ts';
import { ipv6 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 3596 section 2.2. */
export const AAAA: RdataType = { code: TYPE.AAAA, mnemonic: 'AAAA', fields: [ipv6('address')] };
