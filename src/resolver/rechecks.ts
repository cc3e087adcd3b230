import { LRUCache } from 'lru-cache';
import type { Env } from './env.ts';
import type { Path } from './path.ts';

/** RFC 8767 section 5 (failure recheck timer): stale data is served for that long before the upstream is tried again. */
export const RECHECK_MS = 30_000;
/** Questions whose recheck timers are remembered; a forgotten one is asked once more. */
const RECHECKS_MAX = 16_384;

/** Which questions failed lately, by the keys of their flights. */
export class Rechecks {
  readonly #env: Pick<Env, 'clock' | 'targets'>;
  /** Clock time. */
  readonly #failedAt = new LRUCache<string, number>({ max: RECHECKS_MAX });

  constructor(env: Pick<Env, 'clock' | 'targets'>) {
    this.#env = env;
  }

  /** There is nothing to be told by a key. */
  get isEmpty(): boolean {
    return this.#failedAt.size === 0;
  }

  failed(key: string): void {
    this.#failedAt.set(key, this.#env.clock.now());
  }

  answered(key: string): void {
    this.#failedAt.delete(key);
  }

  /** It failed so lately that it is not asked again yet. */
  isEarly(key: string, path: Path): boolean {
    const at = this.#failedAt.get(key);
    if (at === undefined || this.#env.clock.now() - at >= RECHECK_MS) return false;
    return !this.recovered(key, path);
  }

  /** A failure is not held against targets that have come back since (AdGuardHome#8414). */
  recovered(key: string, path: Path): boolean {
    const at = this.#failedAt.get(key);
    if (at === undefined || path.kind !== 'forward') return false;
    return path.targets.some((target) => this.#env.targets.of(target).recoveredAt > at);
  }
}
