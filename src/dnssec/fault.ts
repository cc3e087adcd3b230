import { EDE } from '../wire/constants.ts';
import { nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import { timestampToText } from '../wire/rdata/time.ts';
import type { Rrset } from '../wire/record.ts';
import { algorithmToText } from './algorithm.ts';
import type { Rrsig } from './rrsig.ts';

interface Kind {
  /** RFC 8914 section 4. */
  readonly ede: number;
  readonly why: (sig: Rrsig) => string;
}

/** Why an RRSIG does not make its RRset secure, from what is the farthest from it to what is the nearest. */
const KINDS = {
  type: { ede: EDE.BOGUS, why: (sig) => `covers ${typeToText(sig.covered)}` },
  signer: { ede: EDE.BOGUS, why: () => 'is not by the zone' },
  labels: { ede: EDE.BOGUS, why: (sig) => `has ${sig.labels} labels` },
  algorithm: { ede: EDE.UNSUPPORTED_DNSKEY_ALGORITHM, why: () => 'is of an unsupported algorithm' },
  'no key': { ede: EDE.DNSKEY_MISSING, why: () => 'has no DNSKEY' },
  revoked: { ede: EDE.DNSKEY_MISSING, why: () => 'is by a revoked key' },
  'no zone key': { ede: EDE.NO_ZONE_KEY_BIT, why: () => 'is by a DNSKEY without the zone bit' },
  inverted: { ede: EDE.BOGUS, why: () => 'expires before it begins' },
  early: {
    ede: EDE.SIGNATURE_NOT_YET_VALID,
    why: (sig) => `is not valid before ${timestampToText(sig.inception)}`,
  },
  expired: { ede: EDE.SIGNATURE_EXPIRED, why: (sig) => `expired at ${timestampToText(sig.expiration)}` },
  'broken key': { ede: EDE.BOGUS, why: () => 'is by a key that is malformed, too long or too short' },
  mismatch: { ede: EDE.BOGUS, why: () => 'does not verify' },
} as const satisfies Record<string, Kind>;

export type FaultKind = keyof typeof KINDS;

const ORDER = Object.keys(KINDS) as FaultKind[];

/** Text is made only of the fault that is told, because an attacker can cause many. */
export interface Fault {
  readonly kind: FaultKind;
  readonly sig: Rrsig;
}

export function faultEde(fault: Fault): number {
  return KINDS[fault.kind].ede;
}

/** `www.example. A: RRSIG 12345 ECDSAP256SHA256 of example. expired at 20260102030405` */
export function faultWhy(fault: Fault, rrset: Rrset): string {
  const { sig } = fault;
  const by = `${sig.tag} ${algorithmToText(sig.algorithm)} of ${nameToText(sig.signer)}`;
  return `${rrsetToText(rrset)}: RRSIG ${by} ${KINDS[fault.kind].why(sig)}`;
}

export function rrsetToText(rrset: Rrset): string {
  return `${nameToText(rrset.name)} ${typeToText(rrset.type)}`;
}

/** Of several RRSIGs, the one that came the farthest was meant to be good, and its fault is the one to tell. */
export function nearerFault(a: Fault | undefined, b: Fault): Fault {
  return a === undefined || ORDER.indexOf(b.kind) > ORDER.indexOf(a.kind) ? b : a;
}
