import { StoreError } from './errors.ts';
import type { Change, Decision, Revision } from './store.ts';

/** Callers wait for their answer, so more than this is a flood. */
const WAITING_MAX = 10_000;
export interface Waiting {
  readonly change: Change | Decision;
  readonly done: (revision: Revision) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Changes that wait for the next transaction. It begins when the event loop has read what clients have sent meanwhile,
 * so that those who ask together share one write to the disk.
 */
export class ChangeQueue {
  #waiting: Waiting[] = [];
  #taken = 0;
  #scheduled = false;
  readonly #commit: () => void;

  /** @param commit takes some; it is called again while any are left. It does not throw. */
  constructor(commit: () => void) {
    this.#commit = commit;
  }

  private get length(): number {
    return this.#waiting.length - this.#taken;
  }

  add(change: Change | Decision): Promise<Revision> {
    if (this.length >= WAITING_MAX)
      return Promise.reject(
        new StoreError('busy', `${WAITING_MAX} changes wait to be written`, 'send changes more slowly'),
      );
    return new Promise((done, fail) => {
      this.#waiting.push({ change, done, fail });
      this.#schedule();
    });
  }

  take(): Waiting | undefined {
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken++;
    if (this.#taken === this.#waiting.length) {
      this.#waiting = [];
      this.#taken = 0;
    }
    return next;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.length > 0) this.#commit();
      if (this.length > 0) this.#schedule();
    });
  }

  /** Writes all that is left now. */
  drain(): void {
    while (this.length > 0) this.#commit();
  }
}
