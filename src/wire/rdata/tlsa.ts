import { TYPE } from '../constants.ts';
import { digestRule, TLSA_DIGEST } from './digest.ts';
import { hexRest, u8 } from './fields.ts';
import type { RdataType } from './type.ts';

const fields = [u8('certificate usage'), u8('selector'), u8('matching type'), hexRest('association data')];
const refuses = digestRule(2, TLSA_DIGEST);

/** RFC 6698 section 2.1. */
export const TLSA: RdataType = { code: TYPE.TLSA, mnemonic: 'TLSA', fields, refuses };

/** RFC 8162 section 2. */
export const SMIMEA: RdataType = { code: TYPE.SMIMEA, mnemonic: 'SMIMEA', fields, refuses };
