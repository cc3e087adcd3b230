import { TYPE } from '../constants.ts';
import { name, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

/** The types that are a preference and the names of hosts. */

/** RFC 1035 section 3.3.9. */
export const MX: RdataType = {
  code: TYPE.MX,
  mnemonic: 'MX',
  fields: [u16('preference'), name('exchange')],
  compresses: true,
  decompresses: true,
  lowercases: true,
};

/** RFC 1183 section 1. */
export const AFSDB: RdataType = {
  code: TYPE.AFSDB,
  mnemonic: 'AFSDB',
  fields: [u16('subtype'), name('host name')],
  decompresses: true,
  lowercases: true,
};

/** RFC 1183 section 3.3. */
export const RT: RdataType = {
  code: 21,
  mnemonic: 'RT',
  fields: [u16('preference'), name('intermediate host')],
  decompresses: true,
  lowercases: true,
};

/** RFC 2163 section 4. */
export const PX: RdataType = {
  code: 26,
  mnemonic: 'PX',
  fields: [u16('preference'), name('MAP822 name'), name('MAPX400 name')],
  decompresses: true,
  lowercases: true,
};

/** RFC 2230 section 3.1. */
export const KX: RdataType = {
  code: TYPE.KX,
  mnemonic: 'KX',
  fields: [u16('preference'), name('exchanger')],
  decompresses: true,
  lowercases: true,
};
