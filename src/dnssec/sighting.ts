import { TYPE } from '../wire/constants.ts';
import type { Rrset } from '../wire/record.ts';
import { canonicalRdatas, compareOctets } from './canonical.ts';
import { DNSKEYS_MAX, type Ds, isWeak, readDs, standsFor, verifyDnskeys } from './ds.ts';
import { DnsKey, readDnskey, unrevoked } from './key.ts';
import { isTrusted, revoke, type SeenKey, step, type TrustPoint, trusted } from './rollover.ts';
import { serialDistance } from './validity.ts';
import { type Verifier, verifyRrset } from './verify.ts';

/**
 * What a look at a zone's DNSKEY RRset made of its anchors. Keys that revoke themselves count also where nothing else
 * of the RRset can be believed (RFC 5011 section 2.1). `deleted`: no anchor is left (section 5).
 */
export type Looked =
  | {
      readonly kind: 'validated';
      readonly point: TrustPoint;
      /** Seconds, as signed. */
      readonly originalTtl: number;
      /** Seconds for which the RRSIG that validated it goes on to be valid. */
      readonly expiresIn: number;
    }
  | { readonly kind: 'unvalidated'; readonly point: TrustPoint; readonly why: string }
  | { readonly kind: 'deleted'; readonly point: TrustPoint };

/** Holds the DNSKEY RRset of a zone, with all its signatures, against the zone's anchors, and takes them a step on. */
export function look(point: TrustPoint, dnskeys: Rrset, verifier: Verifier): Looked {
  const rdatas = canonicalRdatas(TYPE.DNSKEY, dnskeys.rdatas).slice(0, DNSKEYS_MAX);
  const keys = rdatas.flatMap((rdata) => readDnskey(rdata) ?? []);
  const vouchers = new Vouchers(point);
  const left = revoke(point, selfRevoked(point, keys, vouchers, dnskeys, verifier), verifier.now);
  const anchors = trusted(left);
  if (anchors === undefined) return { kind: 'deleted', point: left };
  const checked = verifyDnskeys(dnskeys, point.zone, anchors, verifier);
  if (checked.status !== 'secure') {
    const why = 'why' in checked ? checked.why : 'too many signatures to check';
    return { kind: 'unvalidated', point: left, why };
  }
  const { sig } = checked;
  const sighting = {
    present: keys
      .filter((key) => mayBeAnchor(left, key, vouchers, verifier))
      .map((key) => vouchers.seen(key)),
    revoked: keys.filter(({ isRevoked }) => isRevoked).map((key) => unrevoked(key).rdata),
    ttl: sig.originalTtl,
  };
  return {
    kind: 'validated',
    point: step(left, sighting, verifier.now),
    originalTtl: sig.originalTtl,
    expiresIn: Math.max(0, serialDistance(verifier.now, sig.expiration)),
  };
}

/** The trusted keys that say of themselves that they are revoked: nobody else could say it. */
function selfRevoked(
  point: TrustPoint,
  keys: readonly DnsKey[],
  vouchers: Vouchers,
  dnskeys: Rrset,
  verifier: Verifier,
): SeenKey[] {
  return keys.flatMap((key) => {
    if (!key.isRevoked) return [];
    const seen = vouchers.seen(unrevoked(key));
    const isOurs = seen.ds.length > 0 || isTrusted(stateOf(point, seen.rdata));
    // The one use that is left for a revoked key, for which it counts as one that is not.
    const isSelfSigned = (): boolean =>
      verifyRrset(dnskeys, point.zone, [new DnsKey(key.rdata, false)], verifier).status === 'secure';
    return isOurs && isSelfSigned() ? [seen] : [];
  });
}

/** Known keys, and keys that are meant to be anchors (section 3: SEP) and can be used. */
function mayBeAnchor(point: TrustPoint, key: DnsKey, vouchers: Vouchers, verifier: Verifier): boolean {
  if (key.isRevoked || !key.isZoneKey) return false;
  if (stateOf(point, key.rdata) !== 'start') return true;
  const algorithm = verifier.algorithms.get(key.algorithm);
  const isUsable = algorithm !== undefined && verifier.keys.of(key)?.importedBy(algorithm) !== undefined;
  return isUsable && (key.isSep || vouchers.seen(key).isVouchedFor);
}

function stateOf({ keys }: TrustPoint, rdata: Uint8Array): TrustPoint['keys'][number]['state'] {
  return keys.find((key) => compareOctets(key.rdata, rdata) === 0)?.state ?? 'start';
}

/** The DS records of the configuration whose keys have not been seen yet. */
class Vouchers {
  readonly #point: TrustPoint;
  readonly #all: readonly { rdata: Uint8Array; ds: Ds }[];
  /** There are strong digests among all of the zone: then weak ones vouch for nothing. */
  readonly #hasStrong: boolean;

  constructor(point: TrustPoint) {
    this.#point = point;
    this.#all = point.ds.flatMap((rdata) => read(rdata));
    const known = point.keys.flatMap(({ ds }) => ds.flatMap((rdata) => read(rdata)));
    this.#hasStrong = [...this.#all, ...known].some(({ ds }) => !isWeak(ds));
  }

  seen(key: DnsKey): SeenKey {
    const { zone } = this.#point;
    const own = this.#all.filter(({ ds }) => standsFor(ds, zone, key));
    const isVouchedFor = own.some(({ ds }) => !isWeak(ds) || !this.#hasStrong);
    return { rdata: key.rdata, ds: own.map(({ rdata }) => rdata), isVouchedFor };
  }
}

function read(rdata: Uint8Array): { rdata: Uint8Array; ds: Ds }[] {
  const ds = readDs(rdata);
  return ds === undefined ? [] : [{ rdata, ds }];
}
