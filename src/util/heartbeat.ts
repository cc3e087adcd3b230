import type { Clock, Timer } from './clock.ts';
import { ownThread } from './threadload.ts';

/**
 * A sign of life without messages: each thread adds to its own cell of a shared Int32Array as long as its event
 * loop turns, and whoever supervises it looks whether the cell still moves. As many cells behind these have the
 * kernel's numbers of the threads, to ask what one that is silent does.
 */
export const BEAT_MS = 125;
/** Of a thread that may be silent for long: an idle one need not wake up for it so often. */
export const SLOW_BEAT_MS = 1_000;

/** Cells for so many threads. */
export function beatsFor(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * slots * Int32Array.BYTES_PER_ELEMENT);
}

/** The kernel's number of the thread that beat last in a cell; 0: not known. */
export function threadOf(cells: Int32Array, slot: number): number {
  return Atomics.load(cells, cells.length / 2 + slot);
}

/** Beats in cell `slot` of `beats` each `ms` until cancelled; the first beat is at once. */
export function beat(beats: SharedArrayBuffer, slot: number, clock: Clock, ms = BEAT_MS): Timer {
  const cells = new Int32Array(beats);
  Atomics.store(cells, cells.length / 2 + slot, ownThread());
  Atomics.add(cells, slot, 1);
  return clock.every(ms, () => Atomics.add(cells, slot, 1));
}

/**
 * Beats that work makes between the timer's: a turn of the event loop that has hundreds of packets to go through is
 * long, and alive all the same.
 */
export function pulse(beats: SharedArrayBuffer, slot: number): () => void {
  const cells = new Int32Array(beats);
  return () => {
    Atomics.add(cells, slot, 1);
  };
}
