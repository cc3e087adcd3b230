import type { Clock } from '../../util/clock.ts';
import type { QueryLogs } from '../../view/querylog.ts';
import { Plan } from './plan.ts';

/** Longer than any query lasts, and than a worker may serve what is no longer in force. */
export const KEPT_MS = 120_000;

/**
 * What was logged, by revision. A record is of the snapshot in which its query began, which may be an older one than the
 * newest that was heard of; or a newer one, as rings are quicker than messages.
 */
export class Plans {
  readonly #clock: Pick<Clock, 'now'>;
  /** The oldest first. `until`: when it may be forgotten; undefined for the newest. */
  #known: { readonly plan: Plan; until: number | undefined }[] = [];

  constructor(clock: Pick<Clock, 'now'>, logs: QueryLogs) {
    this.#clock = clock;
    this.#known.push({ plan: new Plan(logs), until: undefined });
  }

  get newest(): QueryLogs {
    return this.#known.at(-1)!.plan.logs;
  }

  /** Logs of a higher revision than all before, or of the newest one. */
  adopt(logs: QueryLogs): void {
    if (logs.revision === this.newest.revision) return;
    const now = this.#clock.now();
    this.#known.at(-1)!.until = now + KEPT_MS;
    this.#known = this.#known.filter(({ until }) => until! > now);
    this.#known.push({ plan: new Plan(logs), until: undefined });
  }

  /** `later`: nothing was heard of it yet. `gone`: it is forgotten. */
  of(revision: number): Plan | 'later' | 'gone' {
    if (revision > this.newest.revision) return 'later';
    return this.#known.findLast(({ plan }) => plan.logs.revision === revision)?.plan ?? 'gone';
  }
}
