import type { CidrTable } from '../util/cidr.ts';

/** Who may ask an endpoint, by the address that the socket shows and nothing else. */
export interface Acl {
  /** Networks that may ask; the values do not matter. */
  readonly allow: Pick<CidrTable, 'lookup'>;
  /** What others get: nothing (the default; a refusal to a forged source is a reflection), or REFUSED. */
  readonly outside: 'drop' | 'refuse';
}

export type AclVerdict = 'pass' | 'drop' | 'refuse';

/** `address`: 4 or 16 octets. */
export function judgeClient(acl: Acl, address: Uint8Array): AclVerdict {
  return acl.allow.lookup(address) >= 0 ? 'pass' : acl.outside;
}
