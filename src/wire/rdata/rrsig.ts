import { TYPE } from '../constants.ts';
import { typeCovered } from './bitmap.ts';
import { algorithm } from './coded.ts';
import { base64Rest, name, u8, u16, u32 } from './fields.ts';
import { timestamp } from './time.ts';
import type { RdataType } from './type.ts';

const fields = [
  typeCovered,
  algorithm,
  u8('labels'),
  u32('original TTL'),
  timestamp('expiration'),
  timestamp('inception'),
  u16('key tag'),
  name('signer'),
  base64Rest('signature'),
];

/** RFC 4034 section 3.1. */
export const RRSIG: RdataType = { code: TYPE.RRSIG, mnemonic: 'RRSIG', fields, lowercases: true };

/** RFC 2931: SIG(0) still signs transactions with the type that RRSIG replaced. */
export const SIG: RdataType = {
  code: TYPE.SIG,
  mnemonic: 'SIG',
  fields,
  decompresses: true,
  lowercases: true,
};
