import { TYPE } from '../constants.ts';
import { typeBitmap } from './bitmap.ts';
import { name } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 4034 section 4.1. The next name keeps its case in canonical form (RFC 6840 section 5.1). */
export const NSEC: RdataType = { code: TYPE.NSEC, mnemonic: 'NSEC', fields: [name('next name'), typeBitmap] };
