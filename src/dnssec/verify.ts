import { EDE, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, labelCount, type Name, nameEquals, nameToText, suffixOf } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import type { Algorithm, AlgorithmTable } from './algorithm.ts';
import { canonicalRdatas, signedData, signedLabels } from './canonical.ts';
import { type Fault, type FaultKind, faultEde, faultWhy, nearerFault, rrsetToText } from './fault.ts';
import type { DnsKey, KeyStore, PublicKey } from './key.ts';
import { type Rrsig, readRrsig } from './rrsig.ts';
import { atOnce, type SignatureCheck, type Steps, type Verdict } from './signaturecheck.ts';
import type { GoodSignatures } from './signatures.ts';
import { cappedTtl, validityOf } from './validity.ts';
import type { Work } from './work.ts';

/** RRSIGs of one RRset that are read: two algorithms, two signers and a roll-over make eight, old ones beside them more. */
export const RRSIGS_READ_MAX = 64;
/**
 * Checks of one RRset that may fail, and so also RRSIGs that are tried: more than one only fails where two keys have one
 * tag, or under attack. As many may fail of all that one query needs (resolver/budget).
 */
export const FAILED_CHECKS_MAX = 4;
/** Keys of one algorithm and tag that are tried. That there are two is an accident, three are KeyTrap. */
export const SAME_TAG_KEYS_MAX = 2;

/** What checks are made with. */
export interface Verifier {
  readonly algorithms: AlgorithmTable;
  readonly keys: KeyStore;
  /** Those that need no check any more, and cost none; absent: each is checked. */
  readonly good?: GoodSignatures;
  /** Wall clock, seconds. */
  readonly now: number;
  readonly work: Work;
}

export type Checked =
  | {
      status: 'secure';
      /**
       * TTL capped by the original TTL and the time to expiration. All signatures are left: who it is passed on to may
       * know other algorithms than we do.
       */
      rrset: Rrset;
      signer: Name;
      key: DnsKey;
      /** The one that is good. */
      sig: Rrsig;
      /**
       * The closest encloser, where the RRset was made from the wildcard below it: it is secure only with a proof that
       * there is nothing closer, and as an NSEC or NSEC3 it proves nothing.
       */
      wildcard: Name | undefined;
    }
  | { status: 'bogus'; ede: number; why: string }
  | { status: 'exhausted' };

/** As `rrsetSteps`, at once. */
export function verifyRrset(rrset: Rrset, zone: Name, keys: readonly DnsKey[], verifier: Verifier): Checked {
  return atOnce(rrsetSteps(rrset, zone, keys, verifier));
}

/**
 * Looks for an RRSIG of `rrset` that one of `keys`, the trusted keys of `zone`, made (RFC 4035 section 5.3). All else
 * about an RRSIG is looked at before its signature is, because only that is costly.
 */
export function* rrsetSteps(
  rrset: Rrset,
  zone: Name,
  keys: readonly DnsKey[],
  verifier: Verifier,
): Steps<Checked> {
  const sigs = rrset.sigs ?? [];
  if (!mayBeSignedBy(rrset, zone))
    return bogus(EDE.BOGUS, `${rrsetToText(rrset)}: not for zone ${nameToText(zone)} to sign`);
  if (sigs.length === 0) return bogus(EDE.RRSIGS_MISSING, `${rrsetToText(rrset)}: no RRSIG`);
  const check = new Check(rrset, zone, keys, verifier);
  const read = Math.min(sigs.length, RRSIGS_READ_MAX);
  for (let i = 0; i < read && check.mayTry; i++) {
    const sig = readRrsig(sigs[i]!);
    const algorithm = sig && check.algorithmOf(sig);
    if (sig === undefined || algorithm === undefined) continue;
    let sameTag = 0;
    for (const key of keys) {
      if (!isKeyOf(sig, key) || !isUsable(key)) continue;
      if (sameTag++ === SAME_TAG_KEYS_MAX || !check.mayTry) break;
      const before = check.before(sig, key, algorithm);
      if ('status' in before) return before;
      const outcome = check.after(sig, key, before.key, yield before);
      if (outcome !== undefined) return outcome;
    }
  }
  return check.bogus();
}

/** Data of the zone; its DS is its parent's, and its keys nobody else's. */
function mayBeSignedBy({ name, type }: Rrset, zone: Name): boolean {
  const isApex = nameEquals(name, zone);
  if (type === TYPE.DNSKEY) return isApex;
  return type === TYPE.DS ? !isApex && isAtOrBelow(name, zone) : isAtOrBelow(name, zone);
}

function bogus(ede: number, why: string): Checked {
  return { status: 'bogus', ede, why };
}

/** The check of one RRset. */
class Check {
  readonly #rrset: Rrset;
  readonly #zone: Name;
  readonly #keys: readonly DnsKey[];
  readonly #verifier: Verifier;
  readonly #ownerLabels: number;
  readonly #zoneLabels: number;
  /** Made when a signature is checked for the first time. */
  #rdatas: readonly Uint8Array[] | undefined;
  #fault: Fault | undefined;
  #failed = 0;
  /** Of the signature that is being checked, if it may be kept. */
  #ticket: number | undefined;

  constructor(rrset: Rrset, zone: Name, keys: readonly DnsKey[], verifier: Verifier) {
    this.#rrset = rrset;
    this.#zone = zone;
    this.#keys = keys;
    this.#verifier = verifier;
    this.#ownerLabels = signedLabels(rrset.name);
    this.#zoneLabels = labelCount(zone);
  }

  get mayTry(): boolean {
    return this.#failed < FAILED_CHECKS_MAX;
  }

  /** What is wrong with the RRSIG that was nearest to being good. */
  bogus(): Checked {
    const fault = this.#fault;
    if (fault === undefined) return bogus(EDE.BOGUS, `${rrsetToText(this.#rrset)}: malformed RRSIG`);
    return bogus(faultEde(fault), faultWhy(fault, this.#rrset));
  }

  /** Undefined where something is wrong with the RRSIG without its signature being looked at. */
  algorithmOf(sig: Rrsig): Algorithm | undefined {
    const algorithm = this.#verifier.algorithms.get(sig.algorithm);
    const fault = this.#faultOf(sig, algorithm);
    if (fault === undefined) return algorithm;
    this.#note(fault, sig);
    return undefined;
  }

  #note(kind: FaultKind, sig: Rrsig): void {
    this.#fault = nearerFault(this.#fault, { kind, sig });
  }

  /** RFC 4035 section 5.3.1. */
  #faultOf(sig: Rrsig, algorithm: Algorithm | undefined): FaultKind | undefined {
    if (sig.covered !== this.#rrset.type) return 'type';
    if (!sig.isBy(this.#zone)) return 'signer';
    // Fewer labels than the zone has would be a wildcard above it: data of others (CVE-2026-11721).
    if (sig.labels > this.#ownerLabels || sig.labels < this.#zoneLabels) return 'labels';
    if (algorithm === undefined) return 'algorithm';
    const keyFault = this.#keyFault(sig);
    if (keyFault !== undefined) return keyFault;
    const validity = validityOf(sig, this.#verifier.now);
    return validity === 'valid' ? undefined : validity;
  }

  /** Undefined where there is a key to try. */
  #keyFault(sig: Rrsig): FaultKind | undefined {
    let fault: FaultKind = 'no key';
    for (const key of this.#keys) {
      if (!isKeyOf(sig, key)) continue;
      if (isUsable(key)) return undefined;
      fault = key.isRevoked ? 'revoked' : 'no zone key';
    }
    return fault;
  }

  /** The check that is to be made, and is paid for; or what is known without one. */
  before(sig: Rrsig, key: DnsKey, algorithm: Algorithm): SignatureCheck | Checked {
    const { keys, good, work } = this.#verifier;
    const publicKey = keys.of(key);
    if (publicKey === undefined || publicKey.isBroken) return this.#broken(sig);
    this.#rdatas ??= canonicalRdatas(this.#rrset.type, this.#rrset.rdatas);
    const data = signedData(this.#rrset, this.#rdatas, sig);
    const { signature } = sig;
    if (good?.has(publicKey, data, signature)) return this.#secure(sig, key);
    if (!work.takeVerify()) return { status: 'exhausted' };
    this.#ticket = good?.reserve(data, signature);
    return { algorithm, key: publicKey, data, signature };
  }

  /** What follows from the verdict; undefined: it is not decided yet. */
  after(sig: Rrsig, key: DnsKey, publicKey: PublicKey, verdict: Verdict): Checked | undefined {
    const { good, work } = this.#verifier;
    switch (verdict) {
      case 'good':
        if (this.#ticket !== undefined) good?.prove(this.#ticket, publicKey);
        return this.#secure(sig, key);
      case 'broken key':
        publicKey.isBroken = true;
        return this.#broken(sig);
      case 'bad':
        this.#failed++;
        work.verifyFailed?.();
        this.#note('mismatch', sig);
        return undefined;
    }
  }

  /** To go on would let a zone of broken keys cost an import for each of its RRSIGs (CVE-2025-8677). */
  #broken(sig: Rrsig): Checked {
    this.#note('broken key', sig);
    return this.bogus();
  }

  #secure(sig: Rrsig, key: DnsKey): Checked {
    const { name, ttl } = this.#rrset;
    return {
      status: 'secure',
      rrset: { ...this.#rrset, ttl: cappedTtl(ttl, sig, this.#verifier.now) },
      signer: this.#zone,
      key,
      sig,
      wildcard: sig.labels < this.#ownerLabels ? suffixOf(name, sig.labels) : undefined,
    };
  }
}

function isKeyOf(sig: Rrsig, key: DnsKey): boolean {
  return key.tag === sig.tag && key.algorithm === sig.algorithm;
}

/** RFC 4034 section 2.1.1, RFC 5011 section 2.1. */
function isUsable(key: DnsKey): boolean {
  return key.isZoneKey && !key.isRevoked;
}
