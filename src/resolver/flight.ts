import type { Cached } from '../cache/records.ts';
import type { Timer } from '../util/clock.ts';
import type { Name } from '../wire/name.ts';
import type { Budget } from './budget.ts';
import { type InFlight, questionKey } from './inflight.ts';
import type { Path } from './path.ts';
import type { Resolution, ResolveRequest } from './resolution.ts';

/** A client's query that waits for a flight. */
export interface Waiter {
  readonly request: ResolveRequest;
  readonly stale: Cached | undefined;
  readonly settle: (resolution: Resolution | Promise<Resolution>) => void;
  readonly timer: Timer;
}

/** One question being asked, and who waits for it. */
export class Flight implements InFlight {
  readonly key: string;
  readonly path: Path;
  /** Of who asked first; what is left of it is what is left for the flight. */
  readonly budget: Budget;
  readonly startedAt: number;
  readonly waiters = new Set<Waiter>();
  readonly jostle: () => void;
  cancel: () => void = () => undefined;
  ended: () => void = () => undefined;

  constructor(key: string, path: Path, budget: Budget, now: number, jostle: () => void) {
    this.key = key;
    this.path = path;
    this.budget = budget;
    this.startedAt = now;
    this.jostle = jostle;
  }

  get context(): number {
    return this.path.context;
  }

  settle(outcome: (waiter: Waiter) => Resolution | Promise<Resolution>): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) {
      waiter.timer.cancel();
      waiter.settle(outcome(waiter));
    }
  }
}

/** The same question is asked once for those who want it validated and once for those who do not (CD). */
export function flightKey(request: ResolveRequest, name: Name): string {
  const { path, type } = request;
  const key = questionKey(path.context, name, type);
  return path.validate && request.checkingDisabled ? `cd/${key}` : key;
}
