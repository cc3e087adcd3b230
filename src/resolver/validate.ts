import { leastSecurity, type Security } from '../cache/security.ts';
import { type Proof, proveNameError, proveNoData, proveWildcard } from '../dnssec/denial.ts';
import { EDE, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameToText, parentOf } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import { type Checking, signerOf } from './checking.ts';
import type { Failed, Finding, Job } from './finding.ts';
import { chainOf, exhausted, type SecureZone, type Trust } from './trust.ts';
import { lastStep, type TrustStep } from './truststep.ts';
import type { TrustTable } from './trusttable.ts';

/** One RRset of an answer with what validation made of it. */
export interface Part {
  readonly rrset: Rrset;
  readonly security: Security;
  /** That nothing stands at the name itself, where a wildcard made the RRset; or the DNAME that made the CNAME. */
  readonly proofs: readonly Rrset[];
}

/** A finding after validation: RRsets with TTLs that their signatures allow. */
export interface Validated {
  readonly kind: 'validated';
  /** CNAMEs in order; a DNAME stands before the CNAME that it makes. */
  readonly chain: readonly Part[];
  readonly rrsets: readonly Part[];
  /** Of a denial. */
  readonly denial: Denial | undefined;
  readonly security: Security;
  /** Of the zone at the end of the aliases, for `explain`. */
  readonly steps: readonly TrustStep[];
  /** The zone whose NSEC or NSEC3 records the proofs are, where they are secure. */
  readonly signer: Name | undefined;
}

export interface Denial {
  readonly soa: Rrset | undefined;
  readonly proofs: readonly Rrset[];
  readonly security: Security;
}

export interface Bogus {
  readonly kind: 'bogus';
  readonly ede: Ede;
  readonly steps: readonly TrustStep[];
}

type Outcome = Validated | Bogus | Failed;

/** Turns what servers said into what may be believed (RFC 4035 section 5): link by link, then the answer or denial. */
export class Validator {
  readonly #trust: TrustTable;
  readonly #checking: Checking;

  constructor(trust: TrustTable, checking: Checking) {
    this.#trust = trust;
    this.#checking = checking;
  }

  validate(job: Job, type: number, finding: Finding): Promise<Outcome> {
    return new Validation(this.#trust, this.#checking, job, finding).run(type);
  }
}

/** A zone of which it is known whether it is signed. */
type Believed = Exclude<Trust, { kind: 'bogus' }>;

/** Ends a validation from within. */
class Broken {
  readonly outcome: Bogus | Failed;
  constructor(outcome: Bogus | Failed) {
    this.outcome = outcome;
  }
}

/** One finding being validated. */
class Validation {
  readonly #trust: TrustTable;
  readonly #checking: Checking;
  readonly #job: Job;
  readonly #finding: Finding;
  #security: Security = 'secure';
  #steps: readonly TrustStep[] = [];
  #signer: Name | undefined = undefined;
  #proofFault: Ede | undefined = undefined;
  /** Proofs by signer that were checked already. */
  #proven: Map<SecureZone, readonly Rrset[]> | undefined = undefined;

  constructor(trust: TrustTable, checking: Checking, job: Job, finding: Finding) {
    this.#trust = trust;
    this.#checking = checking;
    this.#job = job;
    this.#finding = finding;
  }

  async run(type: number): Promise<Outcome> {
    const { scrubbed } = this.#finding;
    try {
      const chain = scrubbed.chain.length === 0 ? NO_PARTS : await this.#chain(scrubbed.chain);
      const rrsets = scrubbed.kind === 'answer' ? await this.#answer(chain, scrubbed.rrsets) : NO_PARTS;
      const denial =
        scrubbed.kind === 'nodata' || scrubbed.kind === 'nxdomain'
          ? await this.#denial(scrubbed.kind, scrubbed.name, type, scrubbed.soa)
          : undefined;
      return {
        kind: 'validated',
        chain,
        rrsets,
        denial,
        security: this.#security,
        steps: this.#steps,
        signer: this.#signer,
      };
    } catch (error) {
      if (error instanceof Broken) return error.outcome;
      throw error;
    }
  }

  async #answer(chain: readonly Part[], rrsets: readonly Rrset[]): Promise<readonly Part[]> {
    const before = chain.at(-1);
    // But for ANY there is one.
    const parts = [await this.#link(before, rrsets[0]!)];
    for (let i = 1; i < rrsets.length; i++) parts.push(await this.#link(before, rrsets[i]!));
    return parts;
  }

  async #chain(links: readonly Rrset[]): Promise<Part[]> {
    const parts: Part[] = [];
    for (const link of links) parts.push(await this.#link(parts.at(-1), link));
    return parts;
  }

  /** A CNAME that the DNAME before it makes, which is signed in its place (RFC 6672 section 5.3.1), or any RRset. */
  #link(before: Part | undefined, rrset: Rrset): Promise<Part> {
    const isMade = before?.rrset.type === TYPE.DNAME && rrset.type === TYPE.CNAME;
    return isMade ? this.#made(before, rrset) : this.#part(rrset);
  }

  async #made(before: Part, { name, type, rdatas }: Rrset): Promise<Part> {
    // An unsigned DNAME has no say in a zone below it that is signed.
    if (before.security === 'insecure' && (await this.#trustOf(undefined, name, name)).kind === 'secure')
      throw this.#bogus({
        code: EDE.RRSIGS_MISSING,
        text: `${nameToText(name)} CNAME: from an unsigned DNAME`,
      });
    return {
      rrset: { name, type, ttl: before.rrset.ttl, rdatas },
      security: before.security,
      proofs: [before.rrset],
    };
  }

  /** An RRset of the answer section. */
  async #part(rrset: Rrset): Promise<Part> {
    const signer = signerOf(rrset);
    const believed = this.#trustOf(signer, ownerZone(rrset), rrset.name);
    const trust = believed instanceof Promise ? await believed : believed;
    // Nothing signs signatures (RFC 4035 section 2.2).
    if (trust.kind === 'insecure' || rrset.type === TYPE.RRSIG)
      return this.#insecurePart(cap(rrset, this.#ntaSeconds(trust)));
    const checking = this.#checking.check(this.#job, trust, rrset);
    const checked = checking instanceof Promise ? await checking : checking;
    if (checked.kind === 'failure') throw new Broken(checked);
    if (checked.kind === 'bogus') throw this.#bogus(checked.ede);
    if (checked.wildcard === undefined) return { rrset: checked.rrset, security: 'secure', proofs: [] };
    return this.#wildcardPart(trust, checked.rrset, checked.wildcard);
  }

  /** What was taken for the sake of a negative trust anchor is validated again when that ends (RFC 7646 section 2). */
  #ntaSeconds(trust: Trust): number {
    return trust.step.by === 'nta' ? this.#trust.secondsLeft(trust) : Number.POSITIVE_INFINITY;
  }

  #insecurePart(rrset: Rrset): Part {
    this.#security = leastSecurity(this.#security, 'insecure');
    return { rrset, security: 'insecure', proofs: [] };
  }

  /** RFC 4035 section 5.3.4: it must be shown that nothing stands at the name itself. */
  async #wildcardPart(zone: SecureZone, rrset: Rrset, closestEncloser: Name): Promise<Part> {
    const rrsets = await this.#proofsOf(zone);
    const evidence = { zone: zone.zone, rrsets, work: this.#job.budget, hashes: this.#job.hashes };
    const proof = proveWildcard(rrset.name, closestEncloser, evidence);
    const what = (): string => `${nameToText(rrset.name)} ${typeToText(rrset.type)} from a wildcard`;
    const security = this.#securityOf(proof, what);
    return { rrset, security, proofs: usedOf(proof) };
  }

  /** RFC 4035 section 5.4, RFC 5155 section 8. */
  async #denial(
    kind: 'nodata' | 'nxdomain',
    name: Name,
    type: number,
    soa: Rrset | undefined,
  ): Promise<Denial> {
    const { proofs } = this.#finding.scrubbed;
    const asked = type === TYPE.DS && name.length > 1 ? parentOf(name) : name;
    // Of records that a zone above the name signed: whatever else is there, an insecure zone beside it must not speak.
    const signer = [...proofs, ...(soa === undefined ? [] : [soa])]
      .map(signerOf)
      .find((each) => each !== undefined && isAtOrBelow(asked, each));
    const believed = this.#trustOf(signer, asked, name);
    const trust = believed instanceof Promise ? await believed : believed;
    if (trust.kind === 'insecure') {
      this.#security = leastSecurity(this.#security, 'insecure');
      return { soa: soa && cap(soa, this.#ntaSeconds(trust)), proofs: [], security: 'insecure' };
    }
    const evidence = {
      zone: trust.zone,
      rrsets: await this.#proofsOf(trust),
      work: this.#job.budget,
      hashes: this.#job.hashes,
    };
    const proof = kind === 'nxdomain' ? proveNameError(name, evidence) : proveNoData(name, type, evidence);
    const what = (): string =>
      `${nameToText(name)} ${kind === 'nxdomain' ? 'NXDOMAIN' : `no ${typeToText(type)}`}`;
    const security = this.#securityOf(proof, what);
    const checkedSoa = soa === undefined ? undefined : await this.#soa(trust, soa);
    if (security === 'secure') this.#signer = trust.zone;
    return { soa: checkedSoa, proofs: usedOf(proof), security };
  }

  async #soa(zone: SecureZone, soa: Rrset): Promise<Rrset> {
    const checked = await this.#checking.check(this.#job, zone, soa);
    if (checked.kind === 'failure') throw new Broken(checked);
    if (checked.kind === 'bogus') throw this.#bogus(checked.ede);
    return checked.rrset;
  }

  #securityOf(proof: Proof, what: () => string): Security {
    switch (proof.status) {
      case 'secure':
        return 'secure';
      case 'insecure':
        this.#security = leastSecurity(this.#security, 'insecure');
        return 'insecure';
      case 'bogus':
        // Where there were proofs, what was wrong with them says more.
        throw this.#bogus(this.#proofFault ?? { code: proof.ede, text: `${what()}: ${proof.why}` });
      case 'exhausted':
        throw new Broken(exhausted(this.#job));
    }
  }

  /** NSEC and NSEC3 RRsets of the reply that the keys of `zone` signed. */
  async #proofsOf(zone: SecureZone): Promise<readonly Rrset[]> {
    const known = this.#proven?.get(zone);
    if (known !== undefined) return known;
    const checked = await this.#checking.checkProofs(this.#job, zone, this.#finding.scrubbed.proofs);
    if (checked.kind === 'failure') throw new Broken(checked);
    this.#proofFault ??= checked.fault;
    this.#proven ??= new Map();
    this.#proven.set(zone, checked.secure);
    return checked.secure;
  }

  /**
   * The zone by whose keys `owner` has to be signed: that of the `signer`, if that is secure; else what `zone`, the
   * owner's own, is. Who the signer is nobody has checked yet: one that is not secure must not decide that nothing is
   * to be checked, as the owner's zone may have an anchor of its own.
   */
  #trustOf(signer: Name | undefined, zone: Name, owner: Name): Believed | Promise<Believed> {
    const exempt = this.#trust.exempt(owner);
    if (exempt !== undefined) return this.#believed(exempt);
    const trust = this.#trust.of(this.#job, signer ?? zone);
    const isOwn = (of: Trust | Failed): boolean => signer === undefined || of.kind !== 'insecure';
    if (!(trust instanceof Promise) && isOwn(trust)) return this.#believed(trust);
    return this.#trustLater(trust, isOwn, zone);
  }

  async #trustLater(
    coming: Trust | Failed | Promise<Trust | Failed>,
    isOwn: (of: Trust | Failed) => boolean,
    zone: Name,
  ): Promise<Believed> {
    const trust = await coming;
    return this.#believed(isOwn(trust) ? trust : await this.#trust.of(this.#job, zone));
  }

  #believed(trust: Trust | Failed): Believed {
    if (trust.kind === 'failure') throw new Broken(trust);
    this.#steps = chainOf(trust);
    if (trust.kind === 'bogus') throw new Broken({ kind: 'bogus', ede: trust.ede, steps: this.#steps });
    return trust;
  }

  #bogus(ede: Ede): Broken {
    const step = lastStep(this.#steps.at(-1)?.zone ?? '.', 'bogus', 'answer', ede.text);
    return new Broken({ kind: 'bogus', ede, steps: [...this.#steps, step] });
  }
}

const NO_PARTS: readonly Part[] = [];

function cap(rrset: Rrset, seconds: number): Rrset {
  return rrset.ttl <= seconds ? rrset : { ...rrset, ttl: seconds };
}

function usedOf(proof: Proof): readonly Rrset[] {
  return 'used' in proof ? proof.used : [];
}

/** Where an unsigned RRset would have to be signed: by the zone of its name, DS records by the one above. */
function ownerZone(rrset: Rrset): Name {
  return rrset.type === TYPE.DS && rrset.name.length > 1 ? parentOf(rrset.name) : rrset.name;
}
