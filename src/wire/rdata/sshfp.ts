import { TYPE } from '../constants.ts';
import { digestRule, SSHFP_DIGEST } from './digest.ts';
import { hexRest, u8 } from './fields.ts';
import type { RdataType } from './type.ts';

/** RFC 4255 section 3.1. */
export const SSHFP: RdataType = {
  code: TYPE.SSHFP,
  mnemonic: 'SSHFP',
  fields: [u8('algorithm'), u8('fingerprint type'), hexRest('fingerprint')],
  refuses: digestRule(1, SSHFP_DIGEST),
};
