import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import { type AlgorithmTable, algorithmTable } from '../dnssec/algorithm.ts';
import { type Trusted, type Unsupported, whyUnsupported } from '../dnssec/ds.ts';
import { KeyStore } from '../dnssec/key.ts';
import { readRrsig } from '../dnssec/rrsig.ts';
import { GoodSignatures } from '../dnssec/signatures.ts';
import { type Verifier, verifyRrset } from '../dnssec/verify.ts';
import type { Work } from '../dnssec/work.ts';
import { type Soon, soon, soonEach } from '../util/soon.ts';
import { EDE, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import type { Env } from './env.ts';
import type { Failed, Job } from './finding.ts';
import { exhausted, type SecureZone } from './trust.ts';

/**
 * Signature checks of one turn of the event loop: about 1 ms of the slowest kind. Whoever comes after them waits for
 * the next turn, so that a flood of signed replies leaves room for other clients' answers (KeyTrap, CVE-2023-50387).
 */
export const VERIFIES_PER_TURN = 8;

export type SignedCheck =
  | {
      readonly kind: 'secure';
      readonly rrset: Rrset;
      /** The closest encloser, where a wildcard below it made the RRset. */
      readonly wildcard: Name | undefined;
    }
  | { readonly kind: 'bogus'; readonly ede: Ede }
  | Failed;

export interface CheckedProofs {
  readonly kind: 'checked';
  readonly secure: readonly Rrset[];
  /** What is wrong with the first that is bogus. */
  readonly fault: Ede | undefined;
}

/** Holds RRsets against the keys of their zone, at a pace that leaves the event loop to others. */
export class Checking {
  readonly #env: Pick<Env, 'clock' | 'count'>;
  readonly #cache: RecordCache;
  readonly #keys = new KeyStore();
  readonly #good = new GoodSignatures();
  #algorithms: AlgorithmTable;
  #sha1 = false;
  readonly #fixed: AlgorithmTable | undefined;
  /** Checks made in this turn of the event loop, and who waits for another, the first first. */
  #inTurn = 0;
  readonly #waiting: (() => void)[] = [];
  /** All checks made; for metrics and tests. */
  verifies = 0;

  /** @param algorithms instead of those of the settings: for tests */
  constructor(env: Pick<Env, 'clock' | 'count'>, cache: RecordCache, algorithms?: AlgorithmTable) {
    this.#env = env;
    this.#cache = cache;
    this.#fixed = algorithms;
    this.#algorithms = algorithms ?? algorithmTable({ sha1: false });
  }

  configure(settings: { readonly sha1: boolean }): void {
    if (settings.sha1 === this.#sha1) return;
    this.#sha1 = settings.sha1;
    this.#algorithms = this.#fixed ?? algorithmTable(settings);
  }

  /** For one query's checks. */
  verifier(job: Job): Verifier {
    const { budget } = job;
    return {
      algorithms: this.#algorithms,
      keys: this.#keys,
      good: this.#good,
      now: Math.floor(this.#env.clock.wall() / 1000),
      work: new CountedWork(budget, this.#count),
    };
  }

  readonly #count = (): void => {
    this.verifies++;
    this.#env.count('dnssec_verifies');
    if (this.#inTurn++ === 0) this.#env.clock.after(0, () => this.#endTurn());
  };

  #endTurn(): void {
    // A turn in which nobody is served, as those that are woken need no check, ends as well.
    this.#inTurn = this.#waiting.length > VERIFIES_PER_TURN ? 1 : 0;
    if (this.#inTurn > 0) this.#env.clock.after(0, () => this.#endTurn());
    // No more than can make a check: to wake hundreds for nothing would cost more than the checks.
    const most = Math.min(this.#waiting.length, VERIFIES_PER_TURN);
    let woken = 0;
    while (woken < most && this.#inTurn < VERIFIES_PER_TURN) this.#waiting[woken++]!();
    this.#waiting.splice(0, woken);
  }

  /** Does what makes checks in a turn that has room for it: at once, if this one has. */
  inTurn<T>(work: () => T): Soon<T> {
    return this.#inTurn < VERIFIES_PER_TURN ? work() : this.#later(work);
  }

  /** After those who came before it. */
  #later<T>(work: () => T): Promise<T> {
    return new Promise((settle, fail) => {
      this.#waiting.push(() => {
        try {
          settle(work());
        } catch (error) {
          // A mistake of ours, and of no concern to those who wait behind it.
          fail(error);
        }
      });
    });
  }

  /** Why keys that these stand for cannot be checked at all; undefined if they can (RFC 4035 section 5.2). */
  whyUnsupported(trusted: Trusted): Unsupported | undefined {
    return whyUnsupported(trusted, this.#algorithms);
  }

  /** Checks one RRset with the keys of `zone`: at once, if this turn has room for it. */
  check(job: Job, zone: SecureZone, rrset: Rrset): Soon<SignedCheck> {
    return this.inTurn(() => this.#check(job, zone, rrset));
  }

  #check(job: Job, zone: SecureZone, rrset: Rrset): SignedCheck {
    if (rrset.sigs === undefined || rrset.sigs.length === 0) {
      const what = `${nameToText(rrset.name)} ${typeToText(rrset.type)}`;
      return bogus(EDE.RRSIGS_MISSING, `${what}: no signature, though ${nameToText(zone.zone)} is signed`);
    }
    const checked = verifyRrset(rrset, zone.zone, zone.keys, this.verifier(job));
    switch (checked.status) {
      case 'secure':
        return { kind: 'secure', rrset: checked.rrset, wildcard: checked.wildcard };
      case 'bogus':
        return bogus(checked.ede, checked.why);
      case 'exhausted':
        return exhausted(job);
    }
  }

  /** Holds NSEC and NSEC3 RRsets against the keys of `zone`: others are no proof of anything. */
  checkProofs(job: Job, zone: SecureZone, rrsets: readonly Rrset[]): Soon<CheckedProofs | Failed> {
    return soon(
      soonEach(rrsets, (rrset) => this.check(job, zone, rrset)),
      checkedProofs,
    );
  }

  /** Keeps what was checked: clients ask for it too, and then no server has to be asked. */
  keep(job: Job, rrset: Rrset, proofs: readonly Rrset[]): void {
    this.#cache.putRrset(job.path.context, rrset, RANK.secure, { security: 'secure', proofs });
  }

  /** What was checked and kept, with its signatures, as long as it is good. */
  kept(job: Job, name: Name, type: number): Rrset | undefined {
    const known = this.#cache.peek(job.path.context, name, type);
    return known?.state === 'fresh' && known.security === 'secure' ? known.rrset : undefined;
  }
}

/** The work of one query, each check of which is counted. */
class CountedWork implements Work {
  readonly #budget: Work;
  readonly #count: () => void;

  constructor(budget: Work, count: () => void) {
    this.#budget = budget;
    this.#count = count;
  }

  takeVerify(): boolean {
    if (!this.#budget.takeVerify()) return false;
    this.#count();
    return true;
  }

  verifyFailed(): void {
    this.#budget.verifyFailed?.();
  }

  takeNsec3Blocks(blocks: number): boolean {
    return this.#budget.takeNsec3Blocks(blocks);
  }
}

function checkedProofs(checks: readonly SignedCheck[]): CheckedProofs | Failed {
  const secure: Rrset[] = [];
  let fault: Ede | undefined;
  for (const checked of checks) {
    if (checked.kind === 'failure') return checked;
    if (checked.kind === 'bogus') fault ??= checked.ede;
    // One that a wildcard made proves nothing about its name.
    else if (checked.wildcard === undefined) secure.push(checked.rrset);
  }
  return { kind: 'checked', secure, fault };
}

function bogus(code: number, text: string): SignedCheck {
  return { kind: 'bogus', ede: { code, text } };
}

/** The zone that says it signed the RRset: of several the deepest. Undefined: none that could have. */
export function signerOf(rrset: Rrset): Name | undefined {
  let deepest: Name | undefined;
  for (const rdata of rrset.sigs ?? []) {
    const signer = readRrsig(rdata)?.signer;
    if (signer === undefined || !isAtOrBelow(rrset.name, signer)) continue;
    // DS records are signed by the zone above (RFC 4035 section 2.4).
    if (rrset.type === TYPE.DS && signer.length === rrset.name.length && rrset.name.length > 1) continue;
    if (deepest === undefined || signer.length > deepest.length) deepest = signer;
  }
  return deepest;
}
