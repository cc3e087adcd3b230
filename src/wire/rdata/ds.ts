import { TYPE } from '../constants.ts';
import { algorithm } from './coded.ts';
import { DS_DIGEST, digestRule } from './digest.ts';
import { hexRest, u8, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

const fields = [u16('key tag'), algorithm, u8('digest type'), hexRest('digest')];
const refuses = digestRule(3, DS_DIGEST);

/** RFC 4034 section 5.1. */
export const DS: RdataType = { code: TYPE.DS, mnemonic: 'DS', fields, refuses };

/** RFC 7344 section 3.1; `0 0 0 00` asks for removal (RFC 8078 section 4). */
export const CDS: RdataType = { code: TYPE.CDS, mnemonic: 'CDS', fields, refuses };
