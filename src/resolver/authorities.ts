import { isDeepStrictEqual } from 'node:util';
import type { Extent } from '../cache/key.ts';
import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import type { AlgorithmTable } from '../dnssec/algorithm.ts';
import { type Soon, soon } from '../util/soon.ts';
import { TYPE, UDP_PAYLOAD } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { Checking } from './checking.ts';
import type { Env } from './env.ts';
import type { Finding, Found, Job } from './finding.ts';
import { type Learned, unvalidated, validatedFrom } from './learned.ts';
import type { Probes } from './probe.ts';
import { Recursor } from './recursor.ts';
import type { RecursionSettings } from './settings.ts';
import { Synthesis } from './synthesis.ts';
import type { TrustStep } from './truststep.ts';
import { TrustTable } from './trusttable.ts';
import { type Outcome, Validator } from './validate.ts';

/** Plain data: it travels between threads. */
export type FetchedKeys =
  | { readonly kind: 'keys'; readonly rrset: Rrset }
  | { readonly kind: 'failure'; readonly why: string };

/** Until the snapshot says otherwise: nothing is trusted. */
export const RECURSION_DEFAULTS: RecursionSettings = {
  qnameMinimisation: 'relaxed',
  ednsPayload: UDP_PAYLOAD,
  priming: true,
  ipv4: true,
  ipv6: 'auto',
  loopbackServers: false,
  port: 53,
  aggressiveNsec: true,
  sha1: false,
  anchors: [],
  ntas: [],
  keyTagSignal: false,
  keySentinel: true,
};

/**
 * Questions for authoritative servers, and all that is to be validated:
 *
 *     synthesis ──what was proven before denies or makes it──▶ learned
 *       └──▶ recursor ──finding──▶ validator ──▶ learned, or bogus
 */
export class Authorities {
  readonly #recursor: Recursor;
  readonly #checking: Checking;
  readonly #trust: TrustTable;
  readonly #validator: Validator;
  readonly #synthesis: Synthesis;

  constructor(env: Env, probes: Probes, cache: RecordCache, algorithms?: AlgorithmTable) {
    this.#recursor = new Recursor(env, probes, cache, RECURSION_DEFAULTS);
    this.#checking = new Checking(env, cache, algorithms);
    this.#trust = new TrustTable(this.#recursor, this.#checking);
    this.#validator = new Validator(this.#trust, this.#checking);
    this.#synthesis = new Synthesis(env.clock, cache, this.#trust);
  }

  configure(settings: RecursionSettings): void {
    // By content: each snapshot is a copy of its own, and a reload that changes no anchor must not cost the chains.
    const isSame = isDeepStrictEqual(trustedBy(settings), trustedBy(this.#recursor.settings));
    this.#recursor.configure(settings);
    this.#checking.configure(settings);
    if (!isSame) this.#trust.configure(settings.anchors, settings.ntas);
  }

  get verifies(): number {
    return this.#checking.verifies;
  }

  /** The chain of trust to a name as far as it is known. */
  chainTo(context: number, name: Name): TrustStep[] {
    return this.#trust.known(context, name);
  }

  flush(name: Name, extent: Extent, isMeantContext: (context: number) => boolean): number {
    const isMeant = (zone: Name, context: number): boolean =>
      isMeantContext(context) && (extent === 'subtree' ? isAtOrBelow(zone, name) : nameEquals(zone, name));
    this.#synthesis.flush(name, extent, isMeantContext);
    return this.#trust.flush(isMeant) + this.#recursor.cuts.flush(isMeant);
  }

  /** The DNSKEY records of a zone as its servers give them now: all signatures, nothing validated (RFC 5011). */
  async fetchKeys(job: Job, zone: Name): Promise<FetchedKeys> {
    const found = await this.#recursor.fetch(job, zone, TYPE.DNSKEY);
    if (found.kind === 'failure') return { kind: 'failure', why: found.ede.text };
    const { scrubbed } = found;
    const rrset = scrubbed.kind === 'answer' && scrubbed.chain.length === 0 ? scrubbed.rrsets[0] : undefined;
    return rrset === undefined
      ? { kind: 'failure', why: `${found.upstream} has no DNSKEY records` }
      : { kind: 'keys', rrset };
  }

  /** The answer to a question that no cache has. Never rejects. */
  learn(job: Job, name: Name, type: number, validate: boolean): Promise<Learned> {
    const { aggressiveNsec } = this.#recursor.settings;
    const known = validate ? this.#synthesis.find(job, name, type, aggressiveNsec) : undefined;
    if (known !== undefined) return Promise.resolve(known);
    return this.#recursor
      .fetch(job, name, type)
      .then((found) => this.#judged(job, name, type, validate, found));
  }

  #judged(job: Job, name: Name, type: number, validate: boolean, found: Found): Soon<Learned> {
    if (found.kind === 'failure') return found;
    const { path } = job;
    const rank = path.kind === 'forward' ? RANK.answer : RANK.answerAuthoritative;
    if (!validate) {
      const security = path.validate ? 'unchecked' : 'insecure';
      return unvalidated(found.scrubbed, security, path.validate ? RANK.answer : rank, found.upstream);
    }
    // Nobody signs the NS records of a delegation, nor glue (RFC 4035 section 2.2).
    if (found.scrubbed.kind === 'referral')
      return unvalidated(found.scrubbed, 'insecure', rank, found.upstream);
    return soon(this.#validate(job, name, type, found), ({ validated, finding }) => {
      if (validated.kind === 'failure') return validated;
      if (validated.kind === 'validated' && this.#recursor.settings.aggressiveNsec)
        this.#synthesis.add(job.path.context, validated);
      return validatedFrom(validated, finding, rank);
    });
  }

  #validate(job: Job, name: Name, type: number, finding: Finding): Soon<Verdict> {
    return soon(this.#validator.validate(job, type, finding), (validated) =>
      validated.kind === 'bogus'
        ? this.#validateElsewhere(job, name, type, { validated, finding })
        : { validated, finding },
    );
  }

  /** What one server says may be bogus where another's word is good: of several one is asked more. */
  async #validateElsewhere(job: Job, name: Name, type: number, verdict: Verdict): Promise<Verdict> {
    const { finding } = verdict;
    const start = startOfChain(finding);
    const begun = start && (await this.#validator.validate(job, type, start));
    if (begun?.kind === 'validated') return { validated: begun, finding: start! };
    const other = await this.#recursor.fetchElsewhere(job, name, type, finding);
    if (other?.kind !== 'finding') return verdict;
    const again = await this.#validator.validate(job, type, other);
    return again.kind === 'validated' ? { validated: again, finding: other } : verdict;
  }
}

interface Verdict {
  readonly validated: Outcome;
  readonly finding: Finding;
}

/** What decides which zones are secure. */
function trustedBy({ anchors, ntas, sha1 }: RecursionSettings): Partial<RecursionSettings> {
  return { anchors, ntas, sha1 };
}

/**
 * The first link of a chain alone. Servers add what they have of its target, of a child zone too, and not always with
 * all that proves it: the target is then a question of its own.
 */
function startOfChain(finding: Finding): Finding | undefined {
  const { chain, proofs } = finding.scrubbed;
  const links = chain.slice(0, chain.findIndex(({ type }) => type === TYPE.CNAME) + 1);
  const cname = links.at(-1);
  if (cname === undefined) return undefined;
  return { ...finding, scrubbed: { kind: 'alias', chain: links, target: cname.rdatas[0]!, proofs } };
}
