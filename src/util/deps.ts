import { assert } from './assert.ts';

/**
 * What stored answers depend on: an owner name of a zone, a view, a health check, hashed onto one of 65,536
 * slots. A stored answer holds up to DEPENDENCIES_MAX pairs (slot, generation); whoever changes the thing bumps
 * its slot, and every answer that holds an older generation is worth nothing from that moment on, in all
 * threads. Two things on one slot cost an answer that is made again, never a wrong one.
 */
export class Dependencies {
  readonly buffer: SharedArrayBuffer;
  readonly #generations: Uint32Array;

  /** With the `buffer` of another thread's Dependencies, shares them. */
  constructor(buffer = new SharedArrayBuffer(DEPENDENCY_SLOTS * 4)) {
    assert(buffer.byteLength === DEPENDENCY_SLOTS * 4, 'a buffer of another Dependencies');
    this.buffer = buffer;
    this.#generations = new Uint32Array(buffer);
  }

  slotOf(hash: number): number {
    return (hash ^ (hash >>> 16)) & (DEPENDENCY_SLOTS - 1);
  }

  /** Changes since the start, modulo 2^32. Read it before the thing itself is read. */
  generation(slot: number): number {
    return Atomics.load(this.#generations, slot);
  }

  /** True if an answer that was made from these things may be stored: few enough, and none has changed since. */
  hold(dependencies: readonly Dependency[]): boolean {
    if (dependencies.length > DEPENDENCIES_MAX) return false;
    for (const { slot, generation } of dependencies) if (this.generation(slot) !== generation) return false;
    return true;
  }

  /** Call after the thing has changed for every reader. */
  bump(slot: number): void {
    Atomics.add(this.#generations, slot, 1);
  }
}

export interface Dependency {
  readonly slot: number;
  readonly generation: number;
}

/** 256 kB: a change of one name in a million spoils the answers of 15 others. */
export const DEPENDENCY_SLOTS = 65536;
/**
 * Covers a CNAME or two with their view, and mail exchanges or name servers with their addresses; an answer that
 * depends on more is not stored.
 */
export const DEPENDENCIES_MAX = 8;
