import { TYPE } from '../constants.ts';
import { ipv4 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 1035 section 3.4.1. */
export const A: RdataType = { code: TYPE.A, mnemonic: 'A', fields: [ipv4('address')] };
