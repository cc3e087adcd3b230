import type { Clock, Timer } from '../../src/util/clock.ts';

interface Due extends Timer {
  at: number;
  readonly sequence: number;
  readonly every: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** As ManualClock, for simulations with thousands of timers: a heap by time, then by order of making. */
export class HeapClock implements Clock {
  #now = 0;
  #sequence = 0;
  readonly #epoch: number;
  readonly #heap: Due[] = [];

  /** @param epoch wall time in milliseconds at `now() === 0` */
  constructor(epoch = 1_700_000_000_000) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }
  wall(): number {
    return this.#epoch + this.#now;
  }
  after(ms: number, fn: () => void): Timer {
    return this.#add(ms, 0, fn);
  }
  every(ms: number, fn: () => void): Timer {
    return this.#add(ms, Math.max(1, ms), fn);
  }

  /** Time of the next timer, or undefined when none is set. */
  next(): number | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0]?.at;
  }

  /** Moves time forward by `ms`, firing every timer on the way. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (let at = this.next(); at !== undefined && at <= target; at = this.next()) {
      const due = this.#pop()!;
      this.#now = Math.max(this.#now, at);
      if (due.every > 0) this.#push(Object.assign(due, { at: this.#now + due.every }));
      due.fn();
    }
    this.#now = target;
  }

  #add(ms: number, every: number, fn: () => void): Timer {
    const due: Due = {
      at: this.#now + Math.max(0, ms),
      sequence: this.#sequence++,
      every,
      fn,
      cancelled: false,
      cancel: () => {
        due.cancelled = true;
      },
    };
    this.#push(due);
    return due;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let i = heap.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!earlier(due, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (!earlier(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function earlier(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
