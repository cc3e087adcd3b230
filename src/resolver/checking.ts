import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import { type AlgorithmTable, algorithmTable } from '../dnssec/algorithm.ts';
import {
  dnskeysSteps,
  type KeysChecked,
  type Trusted,
  type Unsupported,
  whyUnsupported,
} from '../dnssec/ds.ts';
import { KeyStore } from '../dnssec/key.ts';
import { readRrsig } from '../dnssec/rrsig.ts';
import { type SignatureCheck, type Steps, verdictOf } from '../dnssec/signaturecheck.ts';
import { GoodSignatures } from '../dnssec/signatures.ts';
import { type Checked, rrsetSteps, type Verifier } from '../dnssec/verify.ts';
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
 * Signature checks that are made here in one turn of the event loop: under 1 ms by P-256, 6 by P-384. Whoever comes after
 * them waits for the next turn, so that a flood of signed replies leaves room for other clients' answers (KeyTrap,
 * CVE-2023-50387).
 */
export const VERIFIES_PER_TURN = 8;
/**
 * Checks that are made elsewhere at a time: as many as are found in flight where each question needs one, as with fewer
 * the one thread waits for the other (with 64 a twentieth fewer resolutions a second). Those beyond wait for their turn.
 */
export const ELSEWHERE_MAX = 256;

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
  readonly #env: Pick<Env, 'clock' | 'count' | 'signatures'>;
  readonly #cache: RecordCache;
  readonly #keys = new KeyStore();
  readonly #good = new GoodSignatures();
  #algorithms: AlgorithmTable;
  #sha1 = false;
  readonly #fixed: AlgorithmTable | undefined;
  /** Checks that were made here in this turn of the event loop, and whether its end will be noticed. */
  #inTurn = 0;
  #turnEnds = false;
  /** Those that are being made elsewhere. */
  #elsewhere = 0;
  /** Who waits for room, the first first. */
  readonly #waiting: (() => void)[] = [];
  /** All checks made; for metrics and tests. */
  verifies = 0;

  /** @param algorithms instead of those of the settings: for tests */
  constructor(
    env: Pick<Env, 'clock' | 'count' | 'signatures'>,
    cache: RecordCache,
    algorithms?: AlgorithmTable,
  ) {
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
  #verifier(job: Job): Verifier {
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
  };

  /** Takes `steps` at once, if there is room for their checks, and else after those who came before. */
  run<T>(steps: Steps<T>): Soon<T> {
    return this.#waiting.length === 0 && this.#hasRoom
      ? this.#go(steps, steps.next())
      : this.#later('push', () => this.#go(steps, steps.next()));
  }

  get #hasRoom(): boolean {
    return this.#inTurn < VERIFIES_PER_TURN && this.#elsewhere < ELSEWHERE_MAX;
  }

  #go<T>(steps: Steps<T>, first: IteratorResult<SignatureCheck, T>): Soon<T> {
    let step = first;
    while (step.done !== true) {
      const check = step.value;
      const elsewhere = this.#sent(steps, check);
      if (elsewhere !== undefined) return elsewhere;
      if (this.#inTurn === VERIFIES_PER_TURN) {
        const kept = { done: false, value: { ...check, data: check.data.slice() } } as const;
        return this.#later('unshift', () => this.#go(steps, kept));
      }
      this.#inTurn++;
      this.#awaitTurn();
      step = steps.next(verdictOf(check));
    }
    return step.value;
  }

  /** The check is made elsewhere, and `steps` go on with its verdict; undefined: it is not. */
  #sent<T>(steps: Steps<T>, check: SignatureCheck): Promise<T> | undefined {
    let settle: (value: Soon<T>) => void;
    let fail: (error: unknown) => void;
    const isSent = this.#env.signatures?.check(check, (known) => {
      this.#elsewhere--;
      try {
        const isMade = typeof known === 'string';
        settle(this.#go(steps, isMade ? steps.next(known) : { done: false, value: known }));
      } catch (error) {
        // As in `later`.
        fail(error);
      }
      // After it: where another check follows from this one, there is no room for others.
      this.#wake();
    });
    if (isSent !== true) return undefined;
    this.#elsewhere++;
    return new Promise((...outcomes) => {
      [settle, fail] = outcomes;
    });
  }

  #awaitTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    this.#env.clock.after(0, () => {
      this.#turnEnds = false;
      this.#inTurn = 0;
      this.#wake();
    });
  }

  /** Those who wait, as long as there is room. Not all where few need a check: hundreds would be a long turn, too. */
  #wake(): void {
    for (let woken = 0; woken < VERIFIES_PER_TURN && this.#hasRoom && this.#waiting.length > 0; woken++)
      this.#waiting.shift()!();
    // What fills the room wakes the others at its end; nothing fills it.
    if (this.#waiting.length > 0 && this.#hasRoom) this.#awaitTurn();
  }

  /** @param where behind those who wait, or before them: who was served before goes on first */
  #later<T>(where: 'push' | 'unshift', go: () => Soon<T>): Promise<T> {
    return new Promise((settle, fail) => {
      this.#waiting[where](() => {
        try {
          settle(go());
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

  /** Checks one RRset with the keys of `zone`: at once, if there is room for it. */
  rrset(job: Job, zone: SecureZone, rrset: Rrset): Soon<SignedCheck> {
    if (rrset.sigs === undefined || rrset.sigs.length === 0) {
      const what = `${nameToText(rrset.name)} ${typeToText(rrset.type)}`;
      return bogus(EDE.RRSIGS_MISSING, `${what}: no signature, though ${nameToText(zone.zone)} is signed`);
    }
    const checking = this.run(rrsetSteps(rrset, zone.zone, zone.keys, this.#verifier(job)));
    return soon(checking, (checked) => signedCheck(job, checked));
  }

  /** Checks the keys of `zone` with what stands for them: at once, if there is room for it. */
  dnskeys(job: Job, zone: Name, trusted: Trusted, dnskeys: Rrset): Soon<KeysChecked> {
    return this.run(dnskeysSteps(dnskeys, zone, trusted, this.#verifier(job)));
  }

  /** Holds NSEC and NSEC3 RRsets against the keys of `zone`: others are no proof of anything. */
  checkProofs(job: Job, zone: SecureZone, rrsets: readonly Rrset[]): Soon<CheckedProofs | Failed> {
    return soon(
      soonEach(rrsets, (rrset) => this.rrset(job, zone, rrset)),
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

function signedCheck(job: Job, checked: Checked): SignedCheck {
  switch (checked.status) {
    case 'secure':
      return { kind: 'secure', rrset: checked.rrset, wildcard: checked.wildcard };
    case 'bogus':
      return bogus(checked.ede, checked.why);
    case 'exhausted':
      return exhausted(job);
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
