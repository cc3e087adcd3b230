import type { CidrTable } from '../util/cidr.ts';
import { TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import { SVC_KEY } from '../wire/rdata/svcparam.ts';
import type { Rrset } from '../wire/record.ts';

/**
 * Rebinding protection: a name of the public Internet that has an address inside the network lets a web page reach
 * what only browsers inside can (Jackson 2007). As Unbound's `private-address`, records with such an address are
 * taken out, and an answer that loses all is empty. Unlike there, SVCB and HTTPS records are judged too: their
 * hints are addresses that a browser connects to (RFC 9460 section 7.3). Such a record goes as a whole; the client
 * then looks for the addresses of the name.
 */
export class Rebinding {
  readonly #blocked: CidrTable;
  readonly #exempt: readonly Name[];

  /**
   * @param blocked addresses that no public name may have
   * @param exempt names that may, with all below them
   */
  constructor(blocked: CidrTable, exempt: readonly Name[]) {
    this.#blocked = blocked;
    this.#exempt = exempt;
  }

  judge(rrset: Rrset): Verdict {
    if (!hasAddresses(rrset.type)) return PASS;
    const bad = rrset.rdatas.map((rdata) => this.#blockedIn(rrset.type, rdata));
    const address = bad.find((each) => each !== undefined);
    if (address === undefined || this.#exempt.some((name) => isAtOrBelow(rrset.name, name))) return PASS;
    const { name, type, ttl } = rrset;
    const rdatas = rrset.rdatas.filter((_, i) => bad[i] === undefined);
    // Without its signatures: they are of the whole set.
    return { kind: 'cut', address, rest: rdatas.length === 0 ? undefined : { name, type, ttl, rdatas } };
  }

  /** The first address of a record that is blocked. */
  #blockedIn(type: number, rdata: Uint8Array): Uint8Array | undefined {
    const addresses = type === TYPE.A || type === TYPE.AAAA ? [rdata] : hintsOf(rdata);
    return addresses.find((address) => this.#blocked.lookup(address) >= 0);
  }
}

/** `cut`: records with a blocked address, of which `address` is the first, are out; `rest` is what is left. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'cut'; readonly address: Uint8Array; readonly rest: Rrset | undefined };

const PASS: Verdict = { kind: 'pass' };

function hasAddresses(type: number): boolean {
  return type === TYPE.A || type === TYPE.AAAA || type === TYPE.SVCB || type === TYPE.HTTPS;
}

/** Addresses in the parameters of an SVCB or HTTPS record, which the codec has checked: priority, target, params. */
function hintsOf(rdata: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  let at = 2;
  while (rdata[at] !== 0) at += 1 + rdata[at]!;
  for (at++; at + 4 <= rdata.length; ) {
    const key = (rdata[at]! << 8) | rdata[at + 1]!;
    const end = at + 4 + ((rdata[at + 2]! << 8) | rdata[at + 3]!);
    const size = key === SVC_KEY.IPV4HINT ? 4 : key === SVC_KEY.IPV6HINT ? 16 : 0;
    if (size > 0) for (let i = at + 4; i + size <= end; i += size) out.push(rdata.subarray(i, i + size));
    at = end;
  }
  return out;
}
