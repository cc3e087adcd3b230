import { proveNoDs, proveWildcard } from '../dnssec/denial.ts';
import type { KeysChecked, Trusted } from '../dnssec/ds.ts';
import { keysWithin } from '../dnssec/key.ts';
import { type Soon, soon } from '../util/soon.ts';
import { EDE, TYPE } from '../wire/constants.ts';
import { fold, isAtOrBelow, type Name, nameToText, parentOf } from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import { Budget } from './budget.ts';
import { type CheckedProofs, type Checking, type SignedCheck, signerOf } from './checking.ts';
import type { Failed, Finding, Job } from './finding.ts';
import { KEY_TAG_TYPE, keyTagName } from './keytag.ts';
import type { Recursor } from './recursor.ts';
import type { TrustAnchor } from './settings.ts';
import {
  type BogusZone,
  exhausted,
  type Inner,
  type InsecureZone,
  type SecureZone,
  TRUST_SECONDS_MAX,
  type Trust,
} from './trust.ts';

/**
 * What is kept of a zone's keys: a dozen of RSA with 4096 bits, more than any honest zone has. Trust is kept by number, and
 * a reply by TCP has room for sixty kilobytes of keys. RRSIGs by others are as by unknown keys.
 */
const KEYS_OCTETS_MAX = 8_192;
/** That a zone is broken is believed for so long: its owner will hurry, and its servers must not be hammered. */
const BOGUS_SECONDS = 60;

/**
 * Finds out what one name on a chain of trust is, by the records of the zone above it or by an anchor:
 *
 *     delegated ──DS──▶ withDs ──▶ keysOf ──DNSKEY──▶ hold ──▶ secure, insecure, bogus
 *       │ │               anchored ──▲
 *       │ └──none──▶ withoutDs ──▶ insecure, inner, bogus
 *       └──alias──▶ aliased ──▶ inner, insecure, bogus
 */
export class TrustLinks {
  readonly #recursor: Recursor;
  readonly #checking: Checking;
  readonly #zoneOf: (job: Job, name: Name) => Soon<Trust | Failed>;

  /** @param zoneOf the zone of a name that is known by other links */
  constructor(
    recursor: Recursor,
    checking: Checking,
    zoneOf: (job: Job, name: Name) => Soon<Trust | Failed>,
  ) {
    this.#recursor = recursor;
    this.#checking = checking;
    this.#zoneOf = zoneOf;
  }

  /** The zone of an anchor: its keys must be those that the anchor stands for. */
  anchored(job: Job, anchor: TrustAnchor): Soon<Trust | Failed> {
    this.#signalTags(job, anchor);
    return this.#keysOf(job, anchor.zone, anchor, TRUST_SECONDS_MAX, undefined);
  }

  /** RFC 8145 section 5: beside the question for the keys. Nobody waits for the answer or pays for it. */
  #signalTags(job: Job, anchor: TrustAnchor): void {
    const name = this.#recursor.settings.keyTagSignal ? keyTagName(anchor) : undefined;
    if (name === undefined) return;
    const budget = new Budget(this.#now());
    void this.#recursor.fetch({ ...job, budget }, fold(name), KEY_TAG_TYPE);
  }

  /** By the DS records that the parent has for `name`, or the proof that it has none. */
  delegated(job: Job, parent: SecureZone, name: Name): Soon<Trust | Inner | Failed> {
    const cut = this.#recursor.cuts.at(job.path.context, name, this.#now());
    if (cut === undefined) return this.#asked(job, parent, name);
    const said = cut.told;
    // Older records than those of the delegation that holds now say nothing: it may have none any more.
    if (said === undefined && cut.hasDs) return this.#remembered(job, parent, name);
    if (said === undefined) return this.#asked(job, parent, name);
    const ttl = Math.floor((cut.expiresAt - this.#now()) / 1000);
    const left = (rrset: Rrset): Rrset => ({ ...rrset, ttl: Math.min(ttl, rrset.ttl) });
    const told = this.#byDs(job, parent, cut.zone, said.ds && left(said.ds), said.proofs.map(left));
    return soon<Trust | Inner | Failed, Trust | Inner | Failed>(told, (trust) => {
      // Known for as long as the cut itself, or kept in the cache where keys are to be held against it again.
      if (trust.kind !== 'bogus' && trust.kind !== 'failure') cut.forgetTold();
      // A referral may be cut short or forged: then the parent is asked outright.
      return trust.kind === 'bogus' ? this.#asked(job, parent, name) : trust;
    });
  }

  /** By the DS records that were checked before: keys have a TTL of their own, and are held against them again then. */
  #remembered(job: Job, parent: SecureZone, name: Name): Soon<Trust | Inner | Failed> {
    const ds = this.#checking.kept(job, name, TYPE.DS);
    if (ds === undefined) return this.#asked(job, parent, name);
    return soon<Trust | Inner | Failed, Trust | Inner | Failed>(
      this.#byDs(job, parent, name, ds, [], 'cache'),
      (trust) => (trust.kind === 'bogus' ? this.#asked(job, parent, name) : trust),
    );
  }

  #asked(job: Job, parent: SecureZone, name: Name): Promise<Trust | Inner | Failed> {
    const by = jobBy(job, parentOf(name));
    const { path } = by;
    // Where none was seen the name is hardly a zone, and who gives no proof at all knows no DNSSEC: its answer then is
    // asked of another, by whose signature there is no need to ask for the DS.
    const isCut =
      path.kind === 'forward' || this.#recursor.cuts.at(path.context, name, this.#now()) !== undefined;
    const isWorth = ({ scrubbed }: Finding): boolean =>
      isCut || scrubbed.kind === 'answer' || scrubbed.proofs.length > 0;
    const judge = (finding: Finding): Soon<Trust | Inner | Failed> =>
      this.#bySaid(job, parent, name, finding);
    return this.#fetched(by, name, TYPE.DS, 'DS records', judge, isWorth);
  }

  #bySaid(job: Job, parent: SecureZone, name: Name, { scrubbed }: Finding): Soon<Trust | Inner | Failed> {
    // An alias stands at the name: it is no zone (RFC 2181 section 10.1).
    const alias = scrubbed.chain[0];
    if (alias !== undefined) return this.#aliased(job, parent, name, alias, scrubbed.proofs);
    const ds = scrubbed.kind === 'answer' ? scrubbed.rrsets[0] : undefined;
    return this.#byDs(job, parent, name, ds, scrubbed.proofs);
  }

  /**
   * What `judge` makes of what servers say. Where it is bogus another one is asked, if that `isWorth` it: the first one's
   * copy of the zone may be old, or forged.
   */
  async #fetched<T extends Trust | Inner>(
    job: Job,
    name: Name,
    type: number,
    what: string,
    judge: (finding: Finding) => Soon<T | Failed>,
    isWorth: (finding: Finding) => boolean = () => true,
  ): Promise<T | Failed> {
    const found = await this.#recursor.fetch(job, name, type);
    if (found.kind === 'failure') return this.#unobtainable(found, name, what);
    const judged = await judge(found);
    if (judged.kind !== 'bogus' || !isWorth(found)) return judged;
    const other = await this.#recursor.fetchElsewhere(job, name, type, found);
    if (other?.kind !== 'finding') return judged;
    const again = await judge(other);
    return again.kind === 'failure' ? judged : again;
  }

  /** An alias at `name` itself: it belongs to the parent. One from a wildcard does not deny that there is a zone. */
  async #aliased(
    job: Job,
    parent: SecureZone,
    name: Name,
    alias: Rrset,
    proofs: readonly Rrset[],
  ): Promise<Trust | Inner | Failed> {
    const checked = await this.#checking.rrset(job, parent, alias);
    if (checked.kind === 'failure') return checked;
    if (checked.kind === 'bogus') return this.#bogus(name, parent, checked.ede);
    const inner = { kind: 'inner', zone: name, expiresAt: this.#after(checked.rrset.ttl) } as const;
    if (checked.wildcard === undefined) return inner;
    const proven = await this.#checking.checkProofs(job, parent, proofs);
    if (proven.kind === 'failure') return proven;
    const proof = proveWildcard(name, checked.wildcard, {
      zone: parent.zone,
      rrsets: proven.secure,
      work: job.budget,
      hashes: job.hashes,
    });
    if (proof.status === 'exhausted') return exhausted(job);
    if (proof.status === 'secure') return inner;
    if (proof.status === 'insecure') return this.#insecure(name, parent, checked.rrset.ttl, proof);
    const ede = { code: EDE.NSEC_MISSING, text: `${nameToText(name)} from a wildcard: ${proof.why}` };
    return this.#bogus(name, parent, ede);
  }

  #byDs(
    job: Job,
    parent: SecureZone,
    name: Name,
    ds: Rrset | undefined,
    proofs: readonly Rrset[],
    source: 'servers' | 'cache' = 'servers',
  ): Soon<Trust | Inner | Failed> {
    // A zone in between may have signed it, whose cut no referral showed, because one set of servers has both. It must
    // stand above the name: any insecure zone beside it could else speak for it.
    const signer = (ds === undefined ? proofs : [ds])
      .map(signerOf)
      .find((each) => each !== undefined && each.length < name.length && isAtOrBelow(name, each));
    const isParents = signer === undefined || signer.length <= parent.zone.length;
    return soon<Trust | Failed, Trust | Inner | Failed>(
      isParents ? parent : this.#zoneOf(job, signer),
      (zone) => {
        if (zone.kind !== 'secure') return zone;
        return ds === undefined
          ? soon(this.#checking.checkProofs(job, zone, proofs), (checked) =>
              this.#withoutDs(job, zone, name, checked),
            )
          : soon(this.#checking.rrset(job, zone, ds), (checked) =>
              this.#withDs(job, zone, name, checked, source),
            );
      },
    );
  }

  #withDs(
    job: Job,
    parent: SecureZone,
    name: Name,
    checked: SignedCheck,
    source: 'servers' | 'cache',
  ): Soon<Trust | Failed> {
    if (checked.kind === 'failure') return checked;
    if (checked.kind === 'bogus') return this.#bogus(name, parent, checked.ede);
    // Where there is a delegation, no wildcard stands for its DS records (RFC 4592 section 4.5).
    if (checked.wildcard !== undefined)
      return this.#bogus(name, parent, { code: EDE.BOGUS, text: `${nameToText(name)} DS: from a wildcard` });
    // What is in the cache would come back with what is left of its TTL, less than a second too little each time.
    if (source === 'servers') this.#checking.keep(job, checked.rrset, []);
    return this.#keysOf(job, name, { ds: checked.rrset.rdatas, dnskey: [] }, checked.rrset.ttl, parent);
  }

  #withoutDs(
    job: Job,
    parent: SecureZone,
    name: Name,
    checked: CheckedProofs | Failed,
  ): Trust | Inner | Failed {
    if (checked.kind === 'failure') return checked;
    const { secure, fault } = checked;
    const denied = proveNoDs(name, {
      zone: parent.zone,
      rrsets: secure,
      work: job.budget,
      hashes: job.hashes,
    });
    const ttl = secure.reduce((least, { ttl }) => Math.min(least, ttl), TRUST_SECONDS_MAX);
    switch (denied.status) {
      case 'no-cut':
        return { kind: 'inner', zone: name, expiresAt: this.#after(ttl) };
      case 'cut':
        return this.#insecure(name, parent, ttl, { why: 'the parent has no DS' });
      case 'opt-out':
        return this.#insecure(name, parent, ttl, { why: 'opt-out' });
      case 'insecure':
        return this.#insecure(name, parent, ttl, denied);
      case 'bogus': {
        const text = `${nameToText(parent.zone)}: no proof that ${nameToText(name)} has no DS: ${denied.why}`;
        return this.#bogus(name, parent, fault ?? { code: denied.ede, text });
      }
      case 'exhausted':
        return exhausted(job);
    }
  }

  /** The keys of `zone`, held against what stands for them. */
  #keysOf(
    job: Job,
    zone: Name,
    trusted: Trusted,
    ttl: number,
    above: SecureZone | undefined,
  ): Soon<Trust | Failed> {
    const unsupported = this.#checking.whyUnsupported(trusted);
    return unsupported === undefined
      ? this.#fetchKeys(job, zone, trusted, ttl, above)
      : this.#insecure(zone, above, ttl, unsupported);
  }

  #fetchKeys(
    job: Job,
    zone: Name,
    trusted: Trusted,
    ttl: number,
    above: SecureZone | undefined,
  ): Promise<Trust | Failed> {
    return this.#fetched<Trust>(job, zone, TYPE.DNSKEY, 'DNSKEY records', (finding) =>
      this.#hold(job, zone, trusted, ttl, above, finding),
    );
  }

  #hold(
    job: Job,
    zone: Name,
    trusted: Trusted,
    ttl: number,
    above: SecureZone | undefined,
    { scrubbed }: Finding,
  ): Soon<Trust | Failed> {
    const dnskeys =
      scrubbed.kind === 'answer' && scrubbed.chain.length === 0 ? scrubbed.rrsets[0] : undefined;
    if (dnskeys === undefined) {
      const by = above === undefined ? 'anchor' : 'ds';
      const text = `${nameToText(zone)} has no DNSKEY records, and ${by} records stand for some`;
      return this.#bogus(zone, above, { code: EDE.DNSKEY_MISSING, text });
    }
    return soon(this.#checking.dnskeys(job, zone, trusted, dnskeys), (checked) =>
      this.#held(job, zone, ttl, above, checked),
    );
  }

  #held(
    job: Job,
    zone: Name,
    ttl: number,
    above: SecureZone | undefined,
    checked: KeysChecked,
  ): Trust | Failed {
    switch (checked.status) {
      case 'secure': {
        this.#checking.keep(job, checked.rrset, []);
        const { by, digests } = checked;
        const expiresAt = this.#after(Math.min(ttl, checked.rrset.ttl));
        const keys = keysWithin(checked.keys, KEYS_OCTETS_MAX);
        return { kind: 'secure', zone, keys, by, digests, above, expiresAt };
      }
      case 'insecure':
        return this.#insecure(zone, above, ttl, checked);
      case 'bogus':
        return this.#bogus(zone, above, { code: checked.ede, text: checked.why });
      case 'exhausted':
        return exhausted(job);
    }
  }

  #insecure(
    zone: Name,
    above: Trust | undefined,
    ttl: number,
    { why, ede }: { readonly why: string; readonly ede?: number },
  ): InsecureZone {
    const by = above === undefined ? 'anchor' : 'no-ds';
    const insecure = { kind: 'insecure', zone, by, why, above, expiresAt: this.#after(ttl) } as const;
    return ede === undefined ? insecure : { ...insecure, ede };
  }

  #bogus(zone: Name, above: Trust | undefined, ede: Ede): BogusZone {
    return { kind: 'bogus', zone, ede, above, expiresAt: this.#after(BOGUS_SECONDS) };
  }

  /** A link of the chain that its servers do not give: not validated, hence not answered (RFC 4035 section 4.3). */
  #unobtainable(failed: Failed, name: Name, what: string): Failed {
    const text = `${what} of ${nameToText(name)} could not be fetched: ${failed.ede.text}`;
    const code = what.startsWith('DNSKEY') ? EDE.DNSKEY_MISSING : EDE.INDETERMINATE;
    return { ...failed, ede: { code: failed.reason === 'budget' ? EDE.OTHER : code, text } };
  }

  #after(seconds: number): number {
    return this.#now() + 1000 * Math.min(seconds, TRUST_SECONDS_MAX);
  }

  #now(): number {
    return this.#recursor.env.clock.now();
  }
}

/** `job` by the path that has what is said of `name`: of names above a rule's domain its servers need know nothing. */
export function jobBy(job: Job, name: Name): Job {
  let { path } = job;
  while (path.above !== undefined && !isAtOrBelow(name, path.domain)) path = path.above;
  return path === job.path ? job : { ...job, path };
}
