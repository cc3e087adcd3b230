import { TYPE } from '../constants.ts';
import { digestRule, ZONEMD_DIGEST } from './digest.ts';
import { hexRest, u8, u32 } from './fields.ts';
import type { RdataType } from './type.ts';

/** A shorter digest is malformed (RFC 8976 section 2.2.4). */
const DIGEST_OCTETS_MIN = 12;

/** RFC 8976 section 2.2. */
export const ZONEMD: RdataType = {
  code: TYPE.ZONEMD,
  mnemonic: 'ZONEMD',
  fields: [u32('serial'), u8('scheme'), u8('hash algorithm'), hexRest('digest', DIGEST_OCTETS_MIN)],
  refuses: digestRule(5, ZONEMD_DIGEST),
};
