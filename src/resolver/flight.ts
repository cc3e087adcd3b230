import type { Cached } from '../cache/records.ts';
import type { Timer } from '../util/clock.ts';
import type { Name } from '../wire/name.ts';
import type { Budget } from './budget.ts';
import type { Forwarded, ForwardOwner } from './forward.ts';
import { type InFlight, type QuestionIdentity, questionKey } from './inflight.ts';
import { type Learned, learnedFrom } from './learned.ts';
import type { Path } from './path.ts';
import type { Resolution, ResolveRequest } from './resolution.ts';

/** A client's query that waits for a flight. */
export interface Waiter {
  readonly request: ResolveRequest;
  readonly stale: Cached | undefined;
  readonly settle: (resolution: Resolution | Promise<Resolution>) => void;
  readonly timer: Timer;
}

/** Who started a flight hears of its end through these: of one of them, once. */
export interface FlightOwner {
  landed(flight: Flight, learned: Learned): void;
  /** It has to make room. */
  jostled(flight: Flight): void;
}

/**
 * What is asked, and for whom: a client, or the cache alone. The same question is asked once for those who want it
 * validated and once for those who do not (CD).
 */
export interface FlightQuestion extends QuestionIdentity {
  readonly path: Path;
  /** Of who asked first; what is left of it is what is left for the flight. */
  readonly budget: Budget;
  readonly purpose: 'answer' | 'refresh';
}

/** One question being asked, and who waits for it. */
export class Flight implements InFlight, ForwardOwner {
  readonly question: FlightQuestion;
  readonly hash: number;
  readonly startedAt: number;
  /** What is done for it; to be cancelled where it has to make room. */
  work: { cancel(): void } | undefined = undefined;
  readonly #owner: FlightOwner;
  #waiters: Waiter[] | undefined = undefined;

  constructor(question: FlightQuestion, hash: number, now: number, owner: FlightOwner) {
    this.question = question;
    this.hash = hash;
    this.startedAt = now;
    this.#owner = owner;
  }

  get identity(): QuestionIdentity {
    return this.question;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters?.length ?? 0;
  }

  enter(waiter: Waiter): void {
    if (this.#waiters === undefined) this.#waiters = [waiter];
    else this.#waiters.push(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters = this.#waiters?.filter((each) => each !== waiter);
  }

  jostle(): void {
    this.#owner.jostled(this);
  }

  forwarded(result: Forwarded): void {
    this.#owner.landed(this, learnedFrom(result));
  }

  /** All who wait get the same. */
  answer(resolution: Resolution): void {
    this.settle(() => resolution);
  }

  /** Each of those who wait gets what it is to have. */
  settle(outcome: (waiter: Waiter) => Resolution | Promise<Resolution>): void {
    const waiters = this.#waiters ?? NOBODY;
    this.#waiters = undefined;
    for (const waiter of waiters) {
      waiter.timer.cancel();
      waiter.settle(outcome(waiter));
    }
  }
}

const NOBODY: readonly Waiter[] = [];

/** See `Rechecks`. */
export function keyOf({ context, name, type, checkingDisabled }: QuestionIdentity): string {
  return questionKey(context, name, type, checkingDisabled);
}

/** What makes other requests the same as this one. @param name folded */
export function identityOf(
  { path, type, checkingDisabled = false }: ResolveRequest,
  name: Name,
): QuestionIdentity {
  return { context: path.context, name, type, checkingDisabled: path.validate && checkingDisabled };
}
