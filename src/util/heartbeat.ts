import type { Clock, Timer } from './clock.ts';

/**
 * A sign of life without messages: each thread adds to its own cell of a shared Int32Array as long as its event
 * loop turns, and whoever supervises it looks whether the cell still moves.
 */
export const BEAT_MS = 100;

/** Beats in cell `slot` of `beats` until cancelled; the first beat is at once. */
export function beat(beats: SharedArrayBuffer, slot: number, clock: Clock): Timer {
  const cells = new Int32Array(beats);
  Atomics.add(cells, slot, 1);
  return clock.every(BEAT_MS, () => Atomics.add(cells, slot, 1));
}
