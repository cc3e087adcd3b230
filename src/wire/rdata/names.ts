import { TYPE } from '../constants.ts';
import { name } from './fields.ts';
import type { RdataType } from './type.ts';

/** The types whose rdata is names and nothing else. */

const wellKnown = { compresses: true, decompresses: true, lowercases: true } as const;

/** RFC 1035 section 3.3. */
export const NS: RdataType = { code: TYPE.NS, mnemonic: 'NS', fields: [name('name server')], ...wellKnown };
export const MD: RdataType = { code: 3, mnemonic: 'MD', fields: [name('mail destination')], ...wellKnown };
export const MF: RdataType = { code: 4, mnemonic: 'MF', fields: [name('mail forwarder')], ...wellKnown };
export const CNAME: RdataType = {
  code: TYPE.CNAME,
  mnemonic: 'CNAME',
  fields: [name('target')],
  ...wellKnown,
};
export const MB: RdataType = { code: 7, mnemonic: 'MB', fields: [name('mailbox host')], ...wellKnown };
export const MG: RdataType = { code: 8, mnemonic: 'MG', fields: [name('group member')], ...wellKnown };
export const MR: RdataType = { code: 9, mnemonic: 'MR', fields: [name('new mailbox')], ...wellKnown };
export const PTR: RdataType = { code: TYPE.PTR, mnemonic: 'PTR', fields: [name('target')], ...wellKnown };
export const MINFO: RdataType = {
  code: 14,
  mnemonic: 'MINFO',
  fields: [name('responsible mailbox'), name('error mailbox')],
  ...wellKnown,
};

/** RFC 1183 section 2.2. */
export const RP: RdataType = {
  code: TYPE.RP,
  mnemonic: 'RP',
  fields: [name('mailbox'), name('text name')],
  decompresses: true,
  lowercases: true,
};

/** RFC 6672 section 2.1. Never compressed when sent; servers of RFC 2672's time did, so it is read either way. */
export const DNAME: RdataType = {
  code: TYPE.DNAME,
  mnemonic: 'DNAME',
  fields: [name('target')],
  decompresses: true,
  lowercases: true,
};
