import { assert } from '../util/assert.ts';
import { EDE } from '../wire/constants.ts';
import { fold, type Name, nameToText } from '../wire/name.ts';
import { partOf } from '../wire/octets.ts';
import { type Rrset, readEach } from '../wire/record.ts';
import { type AlgorithmTable, algorithmToText } from './algorithm.ts';
import { canonicalRdatas, compareOctets } from './canonical.ts';
import { digest } from './digest.ts';
import { type DnsKey, readDnskey } from './key.ts';
import type { Rrsig } from './rrsig.ts';
import { atOnce, type Steps } from './signaturecheck.ts';
import { rrsetSteps, SAME_TAG_KEYS_MAX, type Verifier } from './verify.ts';

/** DS records of one zone that are held against its keys: two keys, each with two digests, make four. */
export const DS_MAX = 8;
/** Keys of one zone. A roll-over of keys and algorithm at once by several signers needs a dozen. */
export const DNSKEYS_MAX = 64;

export interface Ds {
  readonly tag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: Uint8Array;
}

/** Undefined for rdata that is cut off (RFC 4034 section 5.1). */
export function readDs(rdata: Uint8Array): Ds | undefined {
  if (rdata.length < 5) return undefined;
  return {
    tag: (rdata[0]! << 8) | rdata[1]!,
    algorithm: rdata[2]!,
    digestType: rdata[3]!,
    digest: partOf(rdata, 4, rdata.length),
  };
}

const SHA1 = 1;

/** RFC 4509, RFC 6605. SHA-1 only where nothing better is there, because it is still in use. */
const HASHES: Readonly<Record<number, string>> = { [SHA1]: 'sha1', 2: 'sha256', 4: 'sha384' };

const DIGEST_NAMES: Readonly<Record<number, string>> = {
  1: 'SHA-1',
  2: 'SHA-256',
  3: 'GOST R 34.11-94',
  4: 'SHA-384',
  5: 'GOST R 34.11-2012',
  6: 'SM3',
};

/** `SHA-256` for 2, `DIGEST99` for what has no name. */
export function digestToText(digestType: number): string {
  return DIGEST_NAMES[digestType] ?? `DIGEST${digestType}`;
}

/** What a zone's keys are held against; trusted already. */
export interface Trusted {
  /** rdata, of the parent or of an anchor */
  readonly ds: readonly Uint8Array[];
  /** rdata, of an anchor */
  readonly dnskey: readonly Uint8Array[];
}

export type KeysChecked =
  | {
      status: 'secure';
      /** All of the zone that can be read, revoked ones too. */
      keys: readonly DnsKey[];
      /** As `rrsetSteps` gives it. */
      rrset: Rrset;
      sig: Rrsig;
      /** Keys that are trusted by themselves, and that sign the others. */
      by: { tag: number; algorithm: number }[];
      /** Types of the digests that they were known by. */
      digests: number[];
    }
  | { status: 'insecure'; ede: number; why: string }
  | { status: 'bogus'; ede: number; why: string }
  | { status: 'exhausted' };

/** As `dnskeysSteps`, at once. */
export function verifyDnskeys(dnskeys: Rrset, zone: Name, trusted: Trusted, verifier: Verifier): KeysChecked {
  return atOnce(dnskeysSteps(dnskeys, zone, trusted, verifier));
}

/**
 * The DNSKEY RRset of `zone` held against DS records or DNSKEYs that are trusted already (RFC 4035 section 5.2). Where
 * none of them is of a supported algorithm and digest, the zone is insecure, whatever its keys are.
 */
export function* dnskeysSteps(
  dnskeys: Rrset,
  zone: Name,
  trusted: Trusted,
  verifier: Verifier,
): Steps<KeysChecked> {
  const supported = supportedOf(trusted, verifier.algorithms);
  if ('why' in supported) return { status: 'insecure', ...supported };
  const count = dnskeys.rdatas.length;
  if (count > DNSKEYS_MAX)
    return bogus(EDE.BOGUS, `${nameToText(zone)}: ${count} DNSKEYs; at most ${DNSKEYS_MAX}`);
  const keys = readEach(canonicalRdatas(dnskeys.type, dnskeys.rdatas), readDnskey);
  const entries = entryKeys(keys, zone, supported);
  if (entries.size === 0) return noEntry(zone, supported);
  const checked = yield* rrsetSteps(dnskeys, zone, [...entries.keys()], verifier);
  if (checked.status !== 'secure') return checked;
  const { tag, algorithm } = checked.key;
  return {
    status: 'secure',
    keys,
    rrset: checked.rrset,
    sig: checked.sig,
    by: [{ tag, algorithm }],
    digests: [...entries.get(checked.key)!],
  };
}

/** Why a zone with these anchors would be insecure; undefined where it would not. */
export function whyUnsupported(trusted: Trusted, algorithms: AlgorithmTable): Unsupported | undefined {
  const supported = supportedOf(trusted, algorithms);
  return 'why' in supported ? supported : undefined;
}

interface Supported {
  readonly ds: readonly Ds[];
  readonly keys: readonly DnsKey[];
}

/** With the code of an Extended DNS Error. */
export interface Unsupported {
  readonly ede: number;
  readonly why: string;
}

function supportedOf(trusted: Trusted, algorithms: AlgorithmTable): Supported | Unsupported {
  assert(trusted.ds.length + trusted.dnskey.length > 0, 'keys are held against something');
  const all = readEach(trusted.ds, readDs);
  const keys = readEach(trusted.dnskey, readDnskey);
  const usableKeys = keys.filter((key) => algorithms.has(key.algorithm));
  const known = all.filter((ds) => algorithms.has(ds.algorithm));
  const usable = known.filter((ds) => HASHES[ds.digestType] !== undefined);
  const strong = usable.filter((ds) => ds.digestType !== SHA1);
  // RFC 4509 section 3: or whoever can make SHA-1 collide could choose it.
  const chosen = strong.length > 0 ? strong : usable;
  if (chosen.length + usableKeys.length > 0) return { ds: chosen.slice(0, DS_MAX), keys: usableKeys };
  return known.length > 0 ? unsupportedDigests(known) : unsupportedAlgorithms([...all, ...keys]);
}

function unsupportedDigests(all: readonly Ds[]): Unsupported {
  const names = new Set(all.map((ds) => digestToText(ds.digestType)));
  return { ede: EDE.UNSUPPORTED_DS_DIGEST, why: `no supported DS digest: ${[...names].join(', ')}` };
}

function unsupportedAlgorithms(all: readonly { algorithm: number }[]): Unsupported {
  const names = new Set(all.map((one) => algorithmToText(one.algorithm)));
  return { ede: EDE.UNSUPPORTED_DNSKEY_ALGORITHM, why: `no supported algorithm: ${[...names].join(', ')}` };
}

/** The keys that are trusted by themselves, each with the types of the digests that say so. */
type Entries = Map<DnsKey, Set<number>>;

function entryKeys(keys: readonly DnsKey[], zone: Name, { ds, keys: anchors }: Supported): Entries {
  const entries: Entries = new Map();
  for (const anchor of anchors)
    for (const key of keys) if (compareOctets(key.rdata, anchor.rdata) === 0) entries.set(key, new Set());
  const owner = fold(zone);
  for (const one of ds) {
    const key = keyOfDs(keys, owner, one);
    if (key !== undefined) entries.set(key, (entries.get(key) ?? new Set()).add(one.digestType));
  }
  return entries;
}

/** RFC 4034 section 5.1.4: the digest is over the owner and the whole rdata, flags too. */
function keyOfDs(keys: readonly DnsKey[], owner: Name, ds: Ds): DnsKey | undefined {
  return keys
    .filter((key) => key.tag === ds.tag && key.algorithm === ds.algorithm)
    .slice(0, SAME_TAG_KEYS_MAX)
    .find((key) => compareOctets(digestOf(owner, key, ds.digestType), ds.digest) === 0);
}

/** True where `ds` stands for `key` of `zone`; false also where its digest cannot be made. */
export function standsFor(ds: Ds, zone: Name, key: DnsKey): boolean {
  return HASHES[ds.digestType] !== undefined && keyOfDs([key], fold(zone), ds) !== undefined;
}

/** The rdata of the DS by which the parent of `zone` stands for `key`. @param digestType one that can be made: 2 or 4 */
export function dsOf(zone: Name, key: DnsKey, digestType: number): Uint8Array {
  const { tag, algorithm } = key;
  return Uint8Array.from([
    tag >> 8,
    tag & 0xff,
    algorithm,
    digestType,
    ...digestOf(fold(zone), key, digestType),
  ]);
}

/** A weak digest counts only where there is no better one beside it (RFC 4509 section 3). */
export function isWeak(ds: Ds): boolean {
  return ds.digestType === SHA1;
}

function digestOf(owner: Name, key: DnsKey, digestType: number): Uint8Array {
  return digest(HASHES[digestType]!, owner, key.rdata);
}

function noEntry(zone: Name, { ds, keys }: Supported): KeysChecked {
  const wanted = [
    ...ds.map((one) => `DS ${one.tag} ${algorithmToText(one.algorithm)}`),
    ...keys.map((key) => `anchor ${key.tag} ${algorithmToText(key.algorithm)}`),
  ];
  const what = [...new Set(wanted)].join(', ');
  return bogus(EDE.DNSKEY_MISSING, `${nameToText(zone)}: no DNSKEY for ${what}`);
}

function bogus(ede: number, why: string): KeysChecked {
  return { status: 'bogus', ede, why };
}
