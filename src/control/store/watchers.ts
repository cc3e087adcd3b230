import type { Logger } from '../../telemetry/log.ts';
import type { AppliedChange, Watch } from './store.ts';

type Listener = (change: AppliedChange) => void;

/** Those who are told of changes. One that throws does not keep the others from being told. */
export class Watchers {
  readonly #listeners = new Set<{ readonly listener: Listener }>();
  readonly #log: Pick<Logger, 'error'>;

  constructor(log: Pick<Logger, 'error'>) {
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): Watch {
    const entry = { listener };
    this.#listeners.add(entry);
    return { close: () => void this.#listeners.delete(entry) };
  }

  tell(change: AppliedChange): void {
    for (const { listener } of this.#listeners) this.#tellOne(listener, change);
  }

  #tellOne(listener: Listener, change: AppliedChange): void {
    try {
      listener(change);
    } catch (err) {
      this.#log.error({ err, revision: change.revision }, 'a change of the store was not dealt with');
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
