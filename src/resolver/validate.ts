import { leastSecurity, type Security } from '../cache/security.ts';
import { type Evidence, type Proof, proveNameError, proveNoData, proveWildcard } from '../dnssec/denial.ts';
import { type Soon, soon, soonEach } from '../util/soon.ts';
import { EDE, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameToText, parentOf } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import { type Checking, type SignedCheck, signerOf } from './checking.ts';
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
  /** It comes from the cache, which has it for longer than what is left of its TTL here. Absent: false. */
  readonly isCached?: boolean;
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
  readonly trust: Trust | undefined;
  /** Of what is insecure though it is signed: by what it is that cannot be checked here. */
  readonly ede: Ede | undefined;
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

export type Outcome = Validated | Bogus | Failed;

/** Turns what servers said into what may be believed (RFC 4035 section 5): link by link, then the answer or denial. */
export class Validator {
  readonly #trust: TrustTable;
  readonly #checking: Checking;

  constructor(trust: TrustTable, checking: Checking) {
    this.#trust = trust;
    this.#checking = checking;
  }

  /** At once, if all that it takes is known. */
  validate(job: Job, type: number, finding: Finding): Soon<Outcome> {
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
  /** The zone that was looked at last. */
  #zone: Trust | undefined = undefined;
  #signer: Name | undefined = undefined;
  #proofFault: Ede | undefined = undefined;
  #unsupported: Ede | undefined = undefined;
  /** Proofs by signer that were checked already. */
  #proven: Map<SecureZone, readonly Rrset[]> | undefined = undefined;

  constructor(trust: TrustTable, checking: Checking, job: Job, finding: Finding) {
    this.#trust = trust;
    this.#checking = checking;
    this.#job = job;
    this.#finding = finding;
  }

  run(type: number): Soon<Outcome> {
    try {
      const outcome = soon(this.#chain(), (chain) => this.#rest(type, chain));
      return outcome instanceof Promise ? outcome.catch(outcomeOf) : outcome;
    } catch (error) {
      return outcomeOf(error);
    }
  }

  #chain(): Soon<readonly Part[]> {
    const { chain } = this.#finding.scrubbed;
    return soonEach(chain, (rrset, before) => this.#link(before.at(-1), rrset));
  }

  #rest(type: number, chain: readonly Part[]): Soon<Outcome> {
    const { scrubbed } = this.#finding;
    switch (scrubbed.kind) {
      case 'answer': {
        const parts = soonEach(scrubbed.rrsets, (rrset) => this.#link(chain.at(-1), rrset));
        return soon(parts, (rrsets) => this.#validated(chain, rrsets, undefined));
      }
      case 'nodata':
      case 'nxdomain': {
        const denial = this.#denial(scrubbed.kind, scrubbed.name, type, scrubbed.soa);
        return soon(denial, (proven) => this.#validated(chain, NO_PARTS, proven));
      }
      default:
        return this.#validated(chain, NO_PARTS, undefined);
    }
  }

  #validated(chain: readonly Part[], rrsets: readonly Part[], denial: Denial | undefined): Validated {
    const security = this.#security;
    const ede = this.#unsupported;
    return {
      kind: 'validated',
      chain,
      rrsets,
      denial,
      security,
      trust: this.#zone,
      signer: this.#signer,
      ede,
    };
  }

  /** A CNAME that the DNAME before it makes, which is signed in its place (RFC 6672 section 5.3.1), or any RRset. */
  #link(before: Part | undefined, rrset: Rrset): Soon<Part> {
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
  #part(rrset: Rrset): Soon<Part> {
    return soon(this.#trustOf(signerOf(rrset), ownerZone(rrset), rrset.name), (trust) => {
      // Nothing signs signatures (RFC 4035 section 2.2).
      if (trust.kind === 'insecure' || rrset.type === TYPE.RRSIG)
        return this.#insecurePart(cap(rrset, this.#ntaSeconds(trust)));
      const checking = this.#checking.rrset(this.#job, trust, rrset);
      return soon(checking, (checked) => this.#securePart(trust, checked));
    });
  }

  #securePart(zone: SecureZone, check: SignedCheck): Soon<Part> {
    const { rrset, wildcard } = this.#passed(check);
    if (wildcard === undefined) return { rrset, security: 'secure', proofs: [] };
    return this.#wildcardPart(zone, rrset, wildcard);
  }

  #passed(check: SignedCheck): Extract<SignedCheck, { kind: 'secure' }> {
    if (check.kind === 'failure') throw new Broken(check);
    if (check.kind === 'bogus') throw this.#bogus(check.ede);
    return check;
  }

  /** What was taken for the sake of a negative trust anchor is validated again when that ends (RFC 7646 section 2). */
  #ntaSeconds(trust: Trust): number {
    return trust.kind === 'insecure' && trust.by === 'nta'
      ? this.#trust.secondsLeft(trust)
      : Number.POSITIVE_INFINITY;
  }

  #insecurePart(rrset: Rrset): Part {
    this.#security = leastSecurity(this.#security, 'insecure');
    return { rrset, security: 'insecure', proofs: [] };
  }

  /** RFC 4035 section 5.3.4: it must be shown that nothing stands at the name itself. */
  #wildcardPart(zone: SecureZone, rrset: Rrset, closestEncloser: Name): Soon<Part> {
    return soon(this.#proofsOf(zone), (rrsets) => {
      const proof = proveWildcard(rrset.name, closestEncloser, this.#evidence(zone, rrsets));
      const what = (): string => `${nameToText(rrset.name)} ${typeToText(rrset.type)} from a wildcard`;
      const security = this.#securityOf(proof, what);
      return { rrset, security, proofs: usedOf(proof) };
    });
  }

  /** RFC 4035 section 5.4, RFC 5155 section 8. */
  #denial(kind: 'nodata' | 'nxdomain', name: Name, type: number, soa: Rrset | undefined): Soon<Denial> {
    const { proofs } = this.#finding.scrubbed;
    const asked = type === TYPE.DS && name.length > 1 ? parentOf(name) : name;
    // Of records that a zone above the name signed: whatever else is there, an insecure zone beside it must not speak.
    const signer = [...proofs, ...(soa === undefined ? [] : [soa])]
      .map(signerOf)
      .find((each) => each !== undefined && isAtOrBelow(asked, each));
    return soon(this.#trustOf(signer, asked, name), (trust) => {
      if (trust.kind === 'secure') return this.#secureDenial(trust, kind, name, type, soa);
      this.#security = leastSecurity(this.#security, 'insecure');
      return { soa: soa && cap(soa, this.#ntaSeconds(trust)), proofs: [], security: 'insecure' };
    });
  }

  #secureDenial(
    zone: SecureZone,
    kind: 'nodata' | 'nxdomain',
    name: Name,
    type: number,
    soa: Rrset | undefined,
  ): Soon<Denial> {
    const what = (): string =>
      `${nameToText(name)} ${kind === 'nxdomain' ? 'NXDOMAIN' : `no ${typeToText(type)}`}`;
    return soon(this.#proofsOf(zone), (rrsets) => {
      const evidence = this.#evidence(zone, rrsets);
      const proof = kind === 'nxdomain' ? proveNameError(name, evidence) : proveNoData(name, type, evidence);
      const security = this.#securityOf(proof, what);
      if (security === 'secure') this.#signer = zone.zone;
      const denial = { soa, proofs: usedOf(proof), security };
      if (soa === undefined) return denial;
      const checking = this.#checking.rrset(this.#job, zone, soa);
      return soon(checking, (checked) => ({ ...denial, soa: this.#passed(checked).rrset }));
    });
  }

  #evidence({ zone }: SecureZone, rrsets: readonly Rrset[]): Evidence {
    return { zone, rrsets, work: this.#job.budget, hashes: this.#job.hashes };
  }

  #securityOf(proof: Proof, what: () => string): Security {
    switch (proof.status) {
      case 'secure':
        return 'secure';
      case 'insecure':
        this.#security = leastSecurity(this.#security, 'insecure');
        if (proof.ede !== undefined)
          this.#unsupported ??= { code: proof.ede, text: `${what()}: ${proof.why}` };
        return 'insecure';
      case 'bogus':
        // Where there were proofs, what was wrong with them says more.
        throw this.#bogus(this.#proofFault ?? { code: proof.ede, text: `${what()}: ${proof.why}` });
      case 'exhausted':
        throw new Broken(exhausted(this.#job));
    }
  }

  /** NSEC and NSEC3 RRsets of the reply that the keys of `zone` signed. */
  #proofsOf(zone: SecureZone): Soon<readonly Rrset[]> {
    const known = this.#proven?.get(zone);
    if (known !== undefined) return known;
    const checking = this.#checking.checkProofs(this.#job, zone, this.#finding.scrubbed.proofs);
    return soon(checking, (checked) => {
      if (checked.kind === 'failure') throw new Broken(checked);
      this.#proofFault ??= checked.fault;
      this.#proven ??= new Map();
      this.#proven.set(zone, checked.secure);
      return checked.secure;
    });
  }

  /**
   * The zone by whose keys `owner` has to be signed: that of the `signer`, if that is secure; else what `zone`, the
   * owner's own, is. Who the signer is nobody has checked yet: one that is not secure must not decide that nothing is
   * to be checked, as the owner's zone may have an anchor of its own.
   */
  #trustOf(signer: Name | undefined, zone: Name, owner: Name): Soon<Believed> {
    const exempt = this.#trust.exempt(owner);
    if (exempt !== undefined) return this.#believed(exempt);
    return soon(this.#trust.of(this.#job, signer ?? zone), (trust) => {
      const isOwn = signer === undefined || trust.kind !== 'insecure';
      return isOwn
        ? this.#believed(trust)
        : soon(this.#trust.of(this.#job, zone), (own) => this.#believed(own));
    });
  }

  #believed(trust: Trust | Failed): Believed {
    if (trust.kind === 'failure') throw new Broken(trust);
    this.#zone = trust;
    if (trust.kind === 'bogus') throw new Broken({ kind: 'bogus', ede: trust.ede, steps: chainOf(trust) });
    if (trust.kind === 'insecure' && trust.ede !== undefined)
      this.#unsupported ??= { code: trust.ede, text: `${nameToText(trust.zone)}: ${trust.why}` };
    return trust;
  }

  #bogus(ede: Ede): Broken {
    const steps = this.#zone === undefined ? [] : chainOf(this.#zone);
    const step = lastStep(steps.at(-1)?.zone ?? '.', 'bogus', 'answer', ede.text);
    return new Broken({ kind: 'bogus', ede, steps: [...steps, step] });
  }
}

const NO_PARTS: readonly Part[] = [];

function outcomeOf(error: unknown): Outcome {
  if (error instanceof Broken) return error.outcome;
  throw error;
}

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
