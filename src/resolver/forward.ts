import type { Timer } from '../util/clock.ts';
import { EDE, RCODE } from '../wire/constants.ts';
import type { EdnsOption } from '../wire/edns.ts';
import type { Message } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import type { Ede } from '../wire/record.ts';
import { Attempt, type AttemptOwner, type AttemptQuestion } from './attempt.ts';
import { type Budget, limitToText } from './budget.ts';
import { Candidate } from './candidate.ts';
import type { Env } from './env.ts';
import type { ForwardPath } from './path.ts';
import type { Probes } from './probe.ts';
import { refusalToText, scrub, type Usable } from './scrub.ts';
import { hedgeDelay, orderTargets } from './select.ts';
import type { Target } from './target.ts';

/** Ends before the client's own 4.5 s, so that a failure is known, and kept, when the client hears of it. */
export const FORWARD_MS_MAX = 4_200;

export interface ForwardQuestion {
  readonly path: ForwardPath;
  /** Folded. */
  readonly name: Name;
  readonly type: number;
  /** EDNS options to send along. */
  readonly options: readonly EdnsOption[];
  /** Signatures are asked for, and the forwarder's own validation is not (RFC 6840 section 5.9): we validate. */
  readonly dnssec?: boolean;
}

/** Who asked hears of it once, and never from within `new Forwarding`. */
export interface ForwardOwner {
  forwarded(result: Forwarded): void;
}

/** What came of asking a path's targets. */
export type Forwarded =
  | { readonly kind: 'usable'; readonly scrubbed: Usable; readonly upstream: Target }
  | { readonly kind: 'failure'; readonly reason: ForwardFailure; readonly rcode: number; readonly ede: Ede };

/** `silent`: no target replied. `refused`: those that did had no answer. The rest are limits of our own. */
export type ForwardFailure = 'silent' | 'refused' | 'overload' | 'budget';

/**
 * Asks the targets of one path one question until one gives an answer:
 *
 *     asking ──late, failed, no answer──▶ the next target, or the same again (three times each)
 *       │  ▲                              none left, some still out ──▶ listening ──▶ done
 *       │  └──probe replied── waiting ◀── all breakers open
 *       └──answer──▶ done
 *
 * An attempt that is late goes on listening while the next target is asked: the first answer wins, whoever gives
 * it. There is no other path to fall back to, whatever fails.
 */
export class Forwarding implements AttemptOwner {
  readonly #env: Env;
  readonly #probes: Probes;
  readonly #question: ForwardQuestion;
  readonly #attemptQuestion: AttemptQuestion;
  readonly #budget: Budget;
  readonly #owner: ForwardOwner;
  readonly #candidates: readonly Candidate[];
  #out: readonly Attempt[] = NOTHING_OUT;
  /** What each target did instead of answering; the last word of each counts. */
  #complaints: Map<Target, string> | undefined = undefined;
  #refused = false;
  #newest: Attempt | undefined = undefined;
  #hedge: Timer | undefined = undefined;
  #waits: (() => void)[] | undefined = undefined;
  #state: 'open' | 'done' = 'open';

  /** Starts at once. */
  constructor(env: Env, probes: Probes, question: ForwardQuestion, budget: Budget, owner: ForwardOwner) {
    this.#env = env;
    this.#probes = probes;
    this.#question = question;
    this.#budget = budget;
    this.#owner = owner;
    const { path } = question;
    const { dnssec = false } = question;
    const now = env.clock.now();
    this.#attemptQuestion = {
      name: question.name,
      type: question.type,
      recursionDesired: true,
      case0x20: path.case0x20,
      sources: path.sources,
      options: question.options,
      deadline: Math.min(now + FORWARD_MS_MAX, budget.workBy),
      dnssecOk: dnssec,
      checkingDisabled: dnssec,
      signed: dnssec,
    };
    const targets = path.targets.map((target) => env.targets.of(target));
    this.#candidates = orderTargets(path.policy, targets, env.prng).map((target) => new Candidate(target));
    for (const target of targets) this.#probes.due(target, path);
    env.hedges.earn();
    this.#next(now);
  }

  /** Ends silently. */
  cancel(): void {
    this.#state = 'done';
    this.#hedge?.cancel();
    this.#stopWaiting();
    for (const attempt of this.#out) attempt.cancel();
    this.#out = NOTHING_OUT;
  }

  late(attempt: Attempt): void {
    this.#complain(attempt.candidate.target, 'no reply');
    if (attempt === this.#newest) this.#next();
  }

  failed(attempt: Attempt, why: string): void {
    this.#complain(attempt.candidate.target, why);
    this.#ended(attempt);
  }

  suspect(target: Target): void {
    this.#probes.suspect(target, this.#question.path);
  }

  replied(attempt: Attempt, message: Message, sent: Name): void {
    const { target } = attempt.candidate;
    const { name, type, path } = this.#question;
    const { refersOn = false } = path;
    const scrubbed = scrub(message, { name, type, sent, apex: path.domain, refersOn });
    switch (scrubbed.kind) {
      case 'rcode':
      case 'invalid':
        this.#env.count('upstream_refusals');
        target.judge(false);
        this.#refused = true;
        attempt.candidate.done = true;
        this.#complain(target, refusalToText(scrubbed));
        this.#ended(attempt);
        break;
      default:
        target.judge(true);
        this.#leave(attempt);
        this.#finish({ kind: 'usable', scrubbed, upstream: target });
    }
  }

  #complain(target: Target, why: string): void {
    this.#complaints ??= new Map();
    this.#complaints.set(target, why);
  }

  #ended(attempt: Attempt): void {
    this.#leave(attempt);
    if (attempt === this.#newest || this.#out.length === 0) this.#next();
  }

  /** Mostly it is the only one. */
  #leave(attempt: Attempt): void {
    const isAll = this.#out.length === 1 && this.#out[0] === attempt;
    this.#out = isAll ? NOTHING_OUT : this.#out.filter((each) => each !== attempt);
  }

  /** Asks the next target, or finds out that there is none. */
  #next(now = this.#env.clock.now()): void {
    if (this.#state === 'done') return;
    this.#hedge?.cancel();
    const mayAsk = now < this.#attemptQuestion.deadline && this.#budget.spent(now) === undefined;
    const candidate = mayAsk ? this.#pick(now) : undefined;
    if (candidate !== undefined) this.#ask(candidate);
    else if (this.#out.length === 0 && !(mayAsk && this.#waitForProbes())) this.#later(this.#verdict());
  }

  #ask(candidate: Candidate): void {
    const first = this.#newest === undefined;
    candidate.target.makeRoom();
    const attempt = new Attempt(this.#env, candidate, this.#attemptQuestion, this.#budget, this);
    this.#newest = attempt;
    this.#out = [...this.#out, attempt];
    if (!first || this.#question.path.policy !== 'hedged' || this.#pick() === undefined) return;
    this.#hedge = this.#env.clock.after(hedgeDelay(candidate.target), () => this.#askAnother(candidate));
  }

  #askAnother(slow: Candidate): void {
    if (this.#pick() === undefined || !this.#env.hedges.take()) return;
    this.#env.count('upstream_hedges');
    slow.target.counts.hedges++;
    this.#next();
  }

  /** Fewest tries first, then the policy's order; those under suspicion and without a route after all others. */
  #pick(now = this.#env.clock.now()): Candidate | undefined {
    let best: Candidate | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates) {
      const { target } = candidate;
      if (!candidate.mayTry || !isUsable(target) || this.#isAsking(candidate)) continue;
      const tries = candidate.tried;
      // A new question takes the place of an old one; a second try does not.
      if (target.full && !(tries === 0 && target.canMakeRoom(now))) continue;
      const doubtful = target.breaker.state === 'suspect' || !this.#env.targets.hasRoute(target.address, now);
      const rank = tries + (doubtful ? 100 : 0);
      if (rank >= bestRank) continue;
      best = candidate;
      bestRank = rank;
    }
    return best;
  }

  #isAsking(candidate: Candidate): boolean {
    for (const attempt of this.#out)
      if (attempt.candidate === candidate && attempt.state === 'asking') return true;
    return false;
  }

  /** With every breaker open the targets are probed, and the question waits for the first that replies. */
  #waitForProbes(): boolean {
    if (this.#candidates.some((candidate) => isUsable(candidate.target))) return false;
    let open = 0;
    this.#stopWaiting();
    for (const candidate of this.#candidates) {
      const { target } = candidate;
      if (!candidate.mayTry) continue;
      const stop = this.#probes.wait(target, this.#question.path, () => {
        open--;
        if (!isUsable(target) && open > 0) return;
        this.#stopWaiting();
        if (isUsable(target)) this.#next();
        else this.#later(this.#verdict());
      });
      if (stop === undefined) continue;
      open++;
      this.#waits ??= [];
      this.#waits.push(stop);
    }
    return open > 0;
  }

  #stopWaiting(): void {
    for (const stop of this.#waits ?? []) stop();
    this.#waits = undefined;
  }

  /** Why no target is left to ask. */
  #verdict(): Forwarded {
    const limit = this.#budget.spent(this.#env.clock.now());
    if (limit !== undefined)
      return this.#failure('budget', `the work of this query is over its limit of ${limitToText(limit)}`);
    if (
      this.#complaints === undefined &&
      this.#candidates.some(({ target }) => isUsable(target) && target.full)
    )
      return this.#failure('overload', 'too many queries are waiting for the targets');
    const texts = this.#candidates.map(
      ({ target }) => `${target.text} ${this.#complaints?.get(target) ?? idleText(target)}`,
    );
    return this.#failure(this.#refused ? 'refused' : 'silent', texts.join(', '));
  }

  #failure(reason: ForwardFailure, text: string): Forwarded {
    return {
      kind: 'failure',
      reason,
      rcode: RCODE.SERVFAIL,
      ede: { code: EDE_CODE[reason], text: `rule ${this.#question.path.rule}: ${text}` },
    };
  }

  /** Results are never delivered from within the call that caused them. */
  #later(result: Forwarded): void {
    this.#env.clock.after(0, () => this.#finish(result));
  }

  #finish(result: Forwarded): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#hedge?.cancel();
    this.#stopWaiting();
    for (const attempt of this.#out) attempt.detach();
    this.#out = NOTHING_OUT;
    this.#owner.forwarded(result);
  }
}

const NOTHING_OUT: readonly Attempt[] = [];

const EDE_CODE: Readonly<Record<ForwardFailure, number>> = {
  silent: EDE.NO_REACHABLE_AUTHORITY,
  refused: EDE.NETWORK_ERROR,
  overload: EDE.OTHER,
  budget: EDE.OTHER,
};

function isUsable(target: Target): boolean {
  return target.breaker.state === 'closed' || target.breaker.state === 'suspect';
}

/** Why a target was not asked. */
function idleText(target: Target): string {
  return isUsable(target) ? 'not asked' : 'given up for now';
}
