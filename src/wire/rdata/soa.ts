import { TYPE } from '../constants.ts';
import { name, u32 } from './fields.ts';
import { duration } from './time.ts';
import type { RdataType } from './type.ts';

/** RFC 1035 section 3.3.13. */
export const SOA: RdataType = {
  code: TYPE.SOA,
  mnemonic: 'SOA',
  fields: [
    name('primary server'),
    name('responsible mailbox'),
    u32('serial'),
    duration('refresh'),
    duration('retry'),
    duration('expire'),
    duration('minimum'),
  ],
  compresses: true,
  decompresses: true,
  lowercases: true,
};
