import { TYPE } from '../constants.ts';
import { strings } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 1035 section 3.3.14. */
export const TXT: RdataType = { code: TYPE.TXT, mnemonic: 'TXT', fields: [strings('text')] };

/** RFC 4408 section 3.1.1; obsolete since RFC 7208, still in zones. */
export const SPF: RdataType = { code: TYPE.SPF, mnemonic: 'SPF', fields: [strings('text')] };
