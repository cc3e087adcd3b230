import { LRUCache } from 'lru-cache';
import { algorithmToText } from '../dnssec/algorithm.ts';
import { proveNoDs, proveWildcard } from '../dnssec/denial.ts';
import { digestToText, type Trusted, verifyDnskeys } from '../dnssec/ds.ts';
import type { DnsKey } from '../dnssec/key.ts';
import { EDE, TYPE } from '../wire/constants.ts';
import {
  fold,
  isAtOrBelow,
  labelCount,
  type Name,
  nameEquals,
  nameKey,
  nameToText,
  parentOf,
  suffixOf,
} from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import { Budget } from './budget.ts';
import { type Checking, signerOf } from './checking.ts';
import type { Failed, Finding, Job } from './finding.ts';
import { failedFetch } from './iterate.ts';
import { KEY_TAG_TYPE, keyTagName } from './keytag.ts';
import type { Recursor } from './recursor.ts';
import type { NegativeTrustAnchor, TrustAnchor } from './settings.ts';
import type { TrustStep } from './truststep.ts';

/** Names of which it is known whether and how they are signed; a few per zone. */
export const TRUST_MAX = 65_536;
/** A key, or its absence, is looked up again after a day. */
const TRUST_SECONDS_MAX = 86_400;
/** That a zone is broken is believed for so long: its owner will hurry, and its servers must not be hammered. */
const BOGUS_SECONDS = 60;

/** What is known of a name as a zone. */
export type Trust = SecureZone | InsecureZone | BogusZone;

interface TrustBase {
  readonly zone: Name;
  readonly step: TrustStep;
  /** The zone above it in the chain; undefined at the anchor. */
  readonly above: Trust | undefined;
  /** Clock time. */
  readonly expiresAt: number;
}

export interface SecureZone extends TrustBase {
  readonly kind: 'secure';
  readonly keys: readonly DnsKey[];
}
/** From here down nothing is signed, or nothing that can be checked (RFC 4035 section 4.3). */
export interface InsecureZone extends TrustBase {
  readonly kind: 'insecure';
}
export interface BogusZone extends TrustBase {
  readonly kind: 'bogus';
  readonly ede: Ede;
}

/** The name is no zone of its own: it belongs to the one above. */
interface Inner {
  readonly kind: 'inner';
  readonly zone: Name;
  readonly expiresAt: number;
}

/** Anchors, negative anchors and what was found between them, by context. */
export class TrustTable {
  readonly #recursor: Recursor;
  readonly #checking: Checking;
  readonly #table = new LRUCache<string, Trust | Inner>({ max: TRUST_MAX });
  readonly #pending = new Map<string, Promise<Trust | Inner | Failed>>();
  #anchors: readonly TrustAnchor[] = [];
  #ntas: readonly NegativeTrustAnchor[] = [];
  /** Of the anchors: what was begun under older ones is not kept. */
  #generation = 0;

  constructor(recursor: Recursor, checking: Checking) {
    this.#recursor = recursor;
    this.#checking = checking;
  }

  /** Takes anchors. What was derived from others is forgotten. */
  configure(anchors: readonly TrustAnchor[], ntas: readonly NegativeTrustAnchor[]): void {
    this.#anchors = anchors;
    this.#ntas = ntas;
    this.#table.clear();
    this.#pending.clear();
    this.#generation++;
  }

  /** Drops what is known of these zones, for a flush. Returns how many. */
  flush(isMeant: (name: Name, context: number) => boolean): number {
    let removed = 0;
    for (const [key, trust] of this.#table.entries()) {
      if (!isMeant(trust.zone, Number.parseInt(key, 10))) continue;
      this.#table.delete(key);
      removed++;
    }
    return removed;
  }

  /**
   * The zone that `name` belongs to, as far down from an anchor as the chain of trust goes: a secure one, or where
   * it ends. A failure where a link of it could not be fetched.
   */
  async of(job: Job, name: Name): Promise<Trust | Failed> {
    const generation = this.#generation;
    let trust = await this.#start(job, name);
    if (trust.kind === 'failure') return trust;
    const labels = labelCount(name);
    for (let at = labelCount(trust.zone) + 1; at <= labels && trust.kind === 'secure'; at++) {
      // Other anchors came meanwhile: what the old ones led to is nothing to go on from.
      if (generation !== this.#generation) return this.of(job, name);
      const next = await this.#step(job, trust, suffixOf(name, at));
      if (next.kind === 'failure') return next;
      if (next.kind !== 'inner') trust = next;
    }
    return trust;
  }

  /** Below a negative trust anchor, which need not be a zone's name: whatever signs it is not asked (RFC 7646). */
  exempt(name: Name): InsecureZone | undefined {
    if (this.#ntas.length === 0) return undefined;
    for (let labels = labelCount(name); labels >= 0; labels--) {
      const zone = suffixOf(name, labels);
      const nta = this.#ntaAt(zone);
      if (nta !== undefined) return this.#untrusted(zone, nta, this.#now());
      // An anchor below it holds for what is below that.
      if (this.#anchors.some((anchor) => nameEquals(anchor.zone, zone))) return undefined;
    }
    return undefined;
  }

  /** Until it has to be found out anew. */
  secondsLeft(trust: Trust): number {
    return Math.max(0, Math.floor((trust.expiresAt - this.#now()) / 1000));
  }

  /** The chain to a zone as far as it is known; nothing is asked. From the anchor down. */
  known(context: number, name: Name): TrustStep[] {
    const trust = this.#deepest(context, name);
    return trust === undefined ? [] : chainOf(trust);
  }

  /** The deepest known zone at or above `name`, if it is secure; nothing is asked. */
  secureZone(context: number, name: Name): Name | undefined {
    const trust = this.#deepest(context, name);
    return trust?.kind === 'secure' ? trust.zone : undefined;
  }

  /** The deepest zone at or above `name` that is known. */
  #deepest(context: number, name: Name): Trust | undefined {
    const now = this.#now();
    for (let labels = labelCount(name); labels >= 0; labels--) {
      const trust = this.#table.get(keyOf(context, suffixOf(name, labels)));
      if (trust !== undefined && trust.kind !== 'inner' && now < trust.expiresAt) return trust;
    }
    return undefined;
  }

  /** The deepest zone at or above `name` that is known, else an anchor. */
  async #start(job: Job, name: Name): Promise<Trust | Failed> {
    const now = this.#now();
    for (let labels = labelCount(name); labels >= 0; labels--) {
      const suffix = suffixOf(name, labels);
      const by = this.#by(job, suffix);
      const known = this.#table.get(keyOf(by.path.context, suffix));
      if (known !== undefined && known.kind !== 'inner' && now < known.expiresAt) return known;
      const nta = this.#ntaAt(suffix);
      if (nta !== undefined) return this.#keep(by, this.#untrusted(suffix, nta, now));
      const anchor = this.#anchors.find(({ zone }) => nameEquals(zone, suffix));
      if (anchor === undefined) continue;
      const found = await this.#once(by, suffix, () => this.#anchored(by, anchor));
      if (found.kind !== 'inner') return found;
    }
    const step: TrustStep = {
      zone: '.',
      outcome: 'insecure',
      by: 'anchor',
      keys: [],
      digests: [],
      why: 'no anchor',
    };
    return { kind: 'insecure', zone: suffixOf(name, 0), step, above: undefined, expiresAt: now };
  }

  #ntaAt(name: Name): NegativeTrustAnchor | undefined {
    const wall = this.#recursor.env.clock.wall();
    return this.#ntas.find(
      ({ domain, until }) => nameEquals(domain, name) && (until === undefined || wall < until),
    );
  }

  #untrusted(zone: Name, nta: NegativeTrustAnchor, now: number): InsecureZone {
    const left =
      nta.until === undefined ? Number.POSITIVE_INFINITY : nta.until - this.#recursor.env.clock.wall();
    const why = `negative trust anchor: ${nta.reason}`;
    const step: TrustStep = {
      zone: nameToText(zone),
      outcome: 'insecure',
      by: 'nta',
      keys: [],
      digests: [],
      why,
    };
    return {
      kind: 'insecure',
      zone,
      step,
      above: undefined,
      expiresAt: now + Math.min(left, 1000 * TRUST_SECONDS_MAX),
    };
  }

  /** `job` by the path that has what is said of `name`: of names above a rule's domain its servers need know nothing. */
  #by(job: Job, name: Name): Job {
    let { path } = job;
    while (path.above !== undefined && !isAtOrBelow(name, path.domain)) path = path.above;
    return path === job.path ? job : { ...job, path };
  }

  /** The zone of an anchor: its keys must be those that the anchor stands for. */
  async #anchored(job: Job, anchor: TrustAnchor): Promise<Trust | Failed> {
    this.#signalTags(job, anchor);
    return this.#keysOf(
      job,
      anchor.zone,
      { ds: anchor.ds, dnskey: anchor.dnskey },
      TRUST_SECONDS_MAX,
      undefined,
    );
  }

  /** RFC 8145 section 5: beside the question for the keys. Nobody waits for the answer or pays for it. */
  #signalTags(job: Job, anchor: TrustAnchor): void {
    const name = this.#recursor.settings.keyTagSignal ? keyTagName(anchor) : undefined;
    if (name === undefined) return;
    const budget = new Budget(this.#now());
    void this.#recursor.fetch({ ...job, budget }, fold(name), KEY_TAG_TYPE);
  }

  /** What `name`, one label or more below `parent`, is: a zone with keys, without, or none. */
  #step(job: Job, parent: SecureZone, name: Name): Promise<Trust | Inner | Failed> {
    const by = this.#by(job, name);
    const known = this.#table.get(keyOf(by.path.context, name));
    if (known !== undefined && this.#now() < known.expiresAt) return Promise.resolve(known);
    return this.#once(by, name, () => this.#delegated(by, parent, name));
  }

  /** Runs `find` once for all that need it at the same time, and keeps what it found. */
  #once(job: Job, name: Name, find: () => Promise<Trust | Inner | Failed>): Promise<Trust | Inner | Failed> {
    const key = keyOf(job.path.context, name);
    const pending = this.#pending.get(key);
    if (pending !== undefined)
      return pending.then((found) =>
        isOursToRepeat(found, job, this.#now()) ? this.#once(job, name, find) : found,
      );
    const generation = this.#generation;
    const finding = find().then((found) => {
      if (generation !== this.#generation) return found;
      this.#pending.delete(key);
      if (found.kind !== 'failure') this.#table.set(key, found);
      return found;
    });
    this.#pending.set(key, finding);
    return finding;
  }

  #keep(job: Job, trust: InsecureZone): InsecureZone {
    this.#table.set(keyOf(job.path.context, trust.zone), trust);
    return trust;
  }

  /** By the DS records that the parent has for `name`, or the proof that it has none. */
  async #delegated(job: Job, parent: SecureZone, name: Name): Promise<Trust | Inner | Failed> {
    const cut = this.#recursor.cuts.at(job.path.context, name, this.#now());
    if (cut !== undefined && (cut.ds !== undefined || cut.proofs.length > 0)) {
      const ttl = Math.floor((cut.expiresAt - this.#now()) / 1000);
      const left = (rrset: Rrset): Rrset => ({ ...rrset, ttl: Math.min(ttl, rrset.ttl) });
      const told = await this.#byDs(job, parent, name, cut.ds && left(cut.ds), cut.proofs.map(left));
      // A referral may be cut short or forged: then the parent is asked outright.
      if (told.kind !== 'bogus') return told;
    }
    const found = await this.#recursor.fetch(this.#by(job, parentOf(name)), name, TYPE.DS);
    if (found.kind === 'failure') return this.#unobtainable(found, name, 'DS records');
    const { scrubbed } = found;
    // An alias stands at the name: it is no zone (RFC 2181 section 10.1).
    const alias = scrubbed.chain[0];
    if (alias !== undefined) {
      return this.#aliased(job, parent, name, alias, scrubbed.proofs);
    }
    const ds = scrubbed.kind === 'answer' ? scrubbed.rrsets[0] : undefined;
    return this.#byDs(job, parent, name, ds, scrubbed.proofs);
  }

  /** An alias at `name` itself: it belongs to the parent. One from a wildcard does not deny that there is a zone. */
  async #aliased(
    job: Job,
    parent: SecureZone,
    name: Name,
    alias: Rrset,
    proofs: readonly Rrset[],
  ): Promise<Trust | Inner | Failed> {
    const checked = await this.#checking.check(job, parent, alias);
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
    if (proof.status === 'insecure') return this.#insecure(name, parent, checked.rrset.ttl, proof.why);
    const ede = { code: EDE.NSEC_MISSING, text: `${nameToText(name)} from a wildcard: ${proof.why}` };
    return this.#bogus(name, parent, ede);
  }

  async #byDs(
    job: Job,
    parent: SecureZone,
    name: Name,
    ds: Rrset | undefined,
    proofs: readonly Rrset[],
  ): Promise<Trust | Inner | Failed> {
    // A zone in between may have signed it, whose cut no referral showed, because one set of servers has both. It must
    // stand above the name: any insecure zone beside it could else speak for it.
    const signer = (ds === undefined ? proofs : [ds])
      .map(signerOf)
      .find((each) => each !== undefined && each.length < name.length && isAtOrBelow(name, each));
    let zone: Trust | Failed = parent;
    if (signer !== undefined && signer.length > parent.zone.length) zone = await this.of(job, signer);
    if (zone.kind !== 'secure') return zone;
    return ds === undefined ? this.#withoutDs(job, zone, name, proofs) : this.#withDs(job, zone, name, ds);
  }

  async #withDs(job: Job, parent: SecureZone, name: Name, ds: Rrset): Promise<Trust | Failed> {
    const checked = await this.#checking.check(job, parent, ds);
    if (checked.kind === 'failure') return checked;
    if (checked.kind === 'bogus') return this.#bogus(name, parent, checked.ede);
    // Where there is a delegation, no wildcard stands for its DS records (RFC 4592 section 4.5).
    if (checked.wildcard !== undefined)
      return this.#bogus(name, parent, { code: EDE.BOGUS, text: `${nameToText(name)} DS: from a wildcard` });
    this.#checking.keep(job, checked.rrset, []);
    return this.#keysOf(job, name, { ds: checked.rrset.rdatas, dnskey: [] }, checked.rrset.ttl, parent);
  }

  async #withoutDs(
    job: Job,
    parent: SecureZone,
    name: Name,
    proofs: readonly Rrset[],
  ): Promise<Trust | Inner | Failed> {
    const checked = await this.#checking.checkProofs(job, parent, proofs);
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
      case 'opt-out':
        return this.#insecure(
          name,
          parent,
          ttl,
          denied.status === 'cut' ? 'the parent has no DS' : 'opt-out',
        );
      case 'insecure':
        return this.#insecure(name, parent, ttl, 'NSEC3 iterations over the limit', 'no-ds');
      case 'bogus': {
        const text = `${nameToText(parent.zone)}: no proof that ${nameToText(name)} has no DS: ${denied.why}`;
        return this.#bogus(name, parent, fault ?? { code: denied.ede, text });
      }
      case 'exhausted':
        return exhausted(job);
    }
  }

  /** The keys of `zone`, held against what stands for them. */
  async #keysOf(
    job: Job,
    zone: Name,
    trusted: Trusted,
    ttl: number,
    above: SecureZone | undefined,
  ): Promise<Trust | Failed> {
    const unsupported = this.#checking.whyUnsupported(trusted);
    if (unsupported !== undefined) return this.#insecure(zone, above, ttl, unsupported);
    const found = await this.#recursor.fetch(job, zone, TYPE.DNSKEY);
    if (found.kind === 'failure') return this.#unobtainable(found, zone, 'DNSKEY records');
    const held = await this.#hold(job, zone, trusted, ttl, above, found);
    if (held.kind !== 'bogus') return held;
    const other = await this.#recursor.fetchElsewhere(job, zone, TYPE.DNSKEY, found);
    if (other?.kind !== 'finding') return held;
    const again = await this.#hold(job, zone, trusted, ttl, above, other);
    return again.kind === 'failure' ? held : again;
  }

  async #hold(
    job: Job,
    zone: Name,
    trusted: Trusted,
    ttl: number,
    above: SecureZone | undefined,
    { scrubbed }: Finding,
  ): Promise<Trust | Failed> {
    const dnskeys =
      scrubbed.kind === 'answer' && scrubbed.chain.length === 0 ? scrubbed.rrsets[0] : undefined;
    const by = above === undefined ? 'anchor' : 'ds';
    if (dnskeys === undefined) {
      const code = EDE.DNSKEY_MISSING;
      return this.#bogus(zone, above, {
        code,
        text: `${nameToText(zone)} has no DNSKEY records, and ${by} records stand for some`,
      });
    }
    for (let turn = this.#checking.busy; turn; turn = this.#checking.busy) await turn;
    const checked = verifyDnskeys(dnskeys, zone, trusted, this.#checking.verifier(job));
    switch (checked.status) {
      case 'secure': {
        this.#checking.keep(job, checked.rrset, []);
        const step: TrustStep = {
          zone: nameToText(zone),
          outcome: 'secure',
          by,
          keys: checked.by.map(({ tag, algorithm }) => ({ tag, algorithm: algorithmToText(algorithm) })),
          digests: checked.digests.map(digestToText),
        };
        const expiresAt = this.#after(Math.min(ttl, checked.rrset.ttl));
        return { kind: 'secure', zone, keys: checked.keys, step, above, expiresAt };
      }
      case 'insecure':
        return this.#insecure(zone, above, ttl, checked.why);
      case 'bogus':
        return this.#bogus(zone, above, {
          code: checked.ede,
          text: checked.why,
        });
      case 'exhausted':
        return exhausted(job);
    }
  }

  #insecure(
    zone: Name,
    above: Trust | undefined,
    ttl: number,
    why: string,
    by: TrustStep['by'] = above === undefined ? 'anchor' : 'no-ds',
  ): InsecureZone {
    const step: TrustStep = { zone: nameToText(zone), outcome: 'insecure', by, keys: [], digests: [], why };
    return { kind: 'insecure', zone, step, above, expiresAt: this.#after(ttl) };
  }

  #bogus(zone: Name, above: Trust | undefined, ede: Ede): BogusZone {
    const by = above === undefined ? 'anchor' : 'ds';
    const step: TrustStep = {
      zone: nameToText(zone),
      outcome: 'bogus',
      by,
      keys: [],
      digests: [],
      why: ede.text,
    };
    return { kind: 'bogus', zone, ede, step, above, expiresAt: this.#after(BOGUS_SECONDS) };
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

/** A result that another query's budget was too small for. */
function isOursToRepeat(found: Trust | Inner | Failed, job: Job, now: number): boolean {
  return found.kind === 'failure' && found.reason === 'budget' && job.budget.spent(now) === undefined;
}

export function exhausted(job: Job): Failed {
  return failedFetch(
    job.path,
    'budget',
    'the validation of this query is over its limit of signature checks or hashes',
  );
}

export function chainOf(trust: Trust): TrustStep[] {
  const steps: TrustStep[] = [];
  for (let at: Trust | undefined = trust; at !== undefined; at = at.above) steps.unshift(at.step);
  return steps;
}

function keyOf(context: number, name: Name): string {
  return `${context}/${nameKey(name)}`;
}
