import { assert } from './assert.ts';

/**
 * The state of health checks as workers read it: one bit each in memory that all threads share, 1 for unhealthy. The
 * health thread writes it; when that dies the last state stands. A slot that nobody has written is healthy.
 */
export class HealthBits {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** With the `buffer` of another thread's HealthBits, shares them. */
  constructor(buffer = new SharedArrayBuffer(HEALTH_SLOTS / 8)) {
    assert(buffer.byteLength === HEALTH_SLOTS / 8, 'a buffer of other HealthBits');
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** @param slot 0..HEALTH_SLOTS-1 */
  isHealthy(slot: number): boolean {
    return ((this.#words[slot >>> 5]! >>> (slot & 31)) & 1) === 0;
  }

  /** Seen by every thread from the next look on. */
  set(slot: number, healthy: boolean): void {
    const bit = 1 << (slot & 31);
    if (healthy) Atomics.and(this.#words, slot >>> 5, ~bit);
    else Atomics.or(this.#words, slot >>> 5, bit);
  }
}

/** A slot that no check is given: what is assumed to be down, to see what would follow from it. */
export const DOWN_SLOT = 65_535;

/** More checks than a daemon can make at Route 53's intervals. */
export const HEALTH_SLOTS = 65_536;
