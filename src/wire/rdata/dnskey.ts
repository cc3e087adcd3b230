import { TYPE } from '../constants.ts';
import { algorithm } from './coded.ts';
import { base64Rest, u8, u16 } from './fields.ts';
import type { RdataType } from './type.ts';

const fields = [u16('flags'), u8('protocol'), algorithm, base64Rest('public key')];

/** RFC 4034 section 2.1. */
export const DNSKEY: RdataType = { code: TYPE.DNSKEY, mnemonic: 'DNSKEY', fields };

/** RFC 7344 section 3.2; `0 3 0 AA==` asks for removal (RFC 8078 section 4). */
export const CDNSKEY: RdataType = { code: TYPE.CDNSKEY, mnemonic: 'CDNSKEY', fields };

/** RFC 2535 section 3.1, alive for SIG(0) only; flags may say that there is no key. */
export const KEY: RdataType = {
  code: TYPE.KEY,
  mnemonic: 'KEY',
  fields: [u16('flags'), u8('protocol'), algorithm, base64Rest('public key', 0)],
};
