import { algorithmTable } from '../../dnssec/algorithm.ts';
import { verifyDnskeys } from '../../dnssec/ds.ts';
import { KeyStore } from '../../dnssec/key.ts';
import { readRrsig } from '../../dnssec/rrsig.ts';
import { type Verifier, verifyRrset } from '../../dnssec/verify.ts';
import { verifyZonemd } from '../../dnssec/zonemd.ts';
import { buildLocalRoot } from '../../resolver/localroot.ts';
import type { LocalRootSettings, TrustAnchor } from '../../resolver/settings.ts';
import { TYPE } from '../../wire/constants.ts';
import { groupRrsets } from '../../wire/message.ts';
import { ROOT } from '../../wire/name.ts';
import type { Rr, Rrset } from '../../wire/record.ts';
import { parseZone, type ZoneError } from '../../wire/text/zonefile.ts';

export interface ReadLocalRoot {
  readonly localRoot: LocalRootSettings | undefined;
  readonly errors: readonly ZoneError[];
}

/** What it is held against. */
export interface RootTrust {
  readonly anchors: readonly TrustAnchor[];
  readonly sha1: boolean;
  /** Wall clock, milliseconds. */
  readonly now: number;
}

/**
 * Reads a copy of the root zone (RFC 8806). It counts only as a whole: its digest (RFC 8976) must be that of its
 * records, and signed by a key that an anchor of the root stands for. Without such an anchor the digest alone counts.
 */
export function readLocalRoot(octets: Uint8Array, file: string, trust: RootTrust): ReadLocalRoot {
  const records: Rr[] = [];
  const errors = parseZone(octets, { origin: ROOT, file, defaultTtl: 0, onRecord: (rr) => records.push(rr) });
  if (errors.length > 0) return { localRoot: undefined, errors };
  const fault = faultOf(records, trust);
  if (fault !== undefined)
    return { localRoot: undefined, errors: [{ file, line: 1, column: 1, message: fault }] };
  return { localRoot: { image: buildLocalRoot(records), until: endOf(records, trust.now) }, errors };
}

function faultOf(records: readonly Rr[], trust: RootTrust): string | undefined {
  const own = groupRrsets(records.filter((rr) => rr.name.length === 1));
  if (setOf(own, TYPE.SOA) === undefined) return 'no SOA record of the root; fetch the whole root zone';
  const digest = verifyZonemd(records, ROOT);
  if (digest.status !== 'good') {
    const why = 'why' in digest ? `: ${digest.why}` : '';
    return `its ZONEMD digest is ${digest.status}${why}; fetch the whole root zone anew`;
  }
  return signatureFault(own, trust);
}

/** The digest and the serial must be signed by the root's key, else anybody's file would do. */
function signatureFault(own: readonly Rrset[], { anchors, sha1, now }: RootTrust): string | undefined {
  const anchor = anchors.find(({ zone }) => zone.length === 1);
  if (anchor === undefined) return undefined;
  const dnskeys = setOf(own, TYPE.DNSKEY);
  if (dnskeys === undefined) return 'no DNSKEY records of the root, and there is a trust anchor of it';
  const verifier: Verifier = {
    algorithms: algorithmTable({ sha1 }),
    keys: new KeyStore(),
    now: Math.floor(now / 1000),
    work: { takeVerify: () => true, takeNsec3Blocks: () => true },
  };
  const keys = verifyDnskeys(dnskeys, ROOT, anchor, verifier);
  if (keys.status !== 'secure')
    return `its DNSKEY records are ${keys.status}${'why' in keys ? `: ${keys.why}` : ''}`;
  for (const type of [TYPE.SOA, TYPE.ZONEMD]) {
    const set = setOf(own, type)!;
    const checked = verifyRrset(set, ROOT, keys.keys, verifier);
    if (checked.status !== 'secure') return 'why' in checked ? checked.why : checked.status;
  }
  return undefined;
}

function setOf(sets: readonly Rrset[], type: number): Rrset | undefined {
  return sets.find((set) => set.type === type && set.rdatas.length > 0);
}

/** RFC 8806 section 3: not past the zone's expiry; nor past its signatures, for then all of it would be bogus. */
function endOf(records: readonly Rr[], now: number): number {
  const soa = records.find((rr) => rr.type === TYPE.SOA)!;
  const view = new DataView(soa.rdata.buffer, soa.rdata.byteOffset, soa.rdata.length);
  let end = now + 1000 * view.getUint32(soa.rdata.length - EXPIRE_FROM_END);
  for (const rr of records) {
    const sig = rr.type === TYPE.RRSIG ? readRrsig(rr.rdata) : undefined;
    if (sig !== undefined) end = Math.min(end, 1000 * sig.expiration);
  }
  return end;
}

/** SOA rdata ends in expire and minimum (RFC 1035 section 3.3.13). */
const EXPIRE_FROM_END = 8;
