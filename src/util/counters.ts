import { assert } from './assert.ts';

/**
 * Figures that all threads write and any may read, without locks: each thread adds to its own block of one
 * shared buffer, and a reader sums the blocks.
 *
 *     buffer  │ block of slot 0 │ block of slot 1 │ …          f64 cells, blocks are multiples of 128 octets
 *     block   │ counters │ gauges │ histograms: 27 cells each │ padding │
 *
 * Cells are float64 (exact to 2^53) and are added to without Atomics, as each has one writer. An aligned float64
 * is written in one piece on the machines that Node runs on; a reader may see a figure a moment old, never half
 * of one.
 */
export class Counters<C extends string, G extends string, H extends string> {
  readonly layout: CounterLayout<C, G, H>;
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly #cells: Float64Array;

  /**
   * The names, which each thread must give alike: counters only rise, gauges are set, histograms count
   * durations.
   */
  static layout<const C extends string, const G extends string = never, const H extends string = never>(
    counters: readonly C[],
    gauges: readonly G[] = [],
    histograms: readonly H[] = [],
  ): CounterLayout<C, G, H> {
    return new CounterLayout(counters, gauges, histograms);
  }

  /** `slots`: number of writing threads. With the `buffer` of another thread's Counters of this layout, shares it. */
  constructor(layout: CounterLayout<C, G, H>, slots: number, buffer?: SharedArrayBuffer) {
    const octets = layout.blockCells * slots * Float64Array.BYTES_PER_ELEMENT;
    this.layout = layout;
    this.slots = slots;
    this.buffer = buffer ?? new SharedArrayBuffer(octets);
    assert(this.buffer.byteLength === octets, 'a buffer of other counters');
    this.#cells = new Float64Array(this.buffer);
  }

  /**
   * The block that the thread in `slot` writes, and nobody else. The successor of a thread that died goes on
   * with its counters; its gauges start again at 0.
   */
  block(slot: number): CounterBlock {
    assert(slot >= 0 && slot < this.slots, 'a slot of these counters');
    const { blockCells, firstGauge, firstHistogram } = this.layout;
    const cells = this.#cells.subarray(slot * blockCells, (slot + 1) * blockCells);
    cells.fill(0, firstGauge, firstHistogram);
    return new CounterBlock(cells);
  }

  /** A counter or gauge, over all threads. */
  sum(name: C | G): number {
    return this.#sumCell(this.layout.cell(name));
  }

  /** A counter or gauge of one thread. */
  of(slot: number, name: C | G): number {
    return this.#cells[slot * this.layout.blockCells + this.layout.cell(name)]!;
  }

  /** All durations that were observed under this name, over all threads. */
  histogram(name: H): Histogram {
    const first = this.layout.histogram(name);
    const counts = Array.from({ length: BUCKETS }, (_, bucket) => this.#sumCell(first + bucket));
    return { counts, sum: this.#sumCell(first + BUCKETS) };
  }

  #sumCell(cell: number): number {
    let sum = 0;
    for (let at = cell; at < this.#cells.length; at += this.layout.blockCells) sum += this.#cells[at]!;
    return sum;
  }
}

/** Where each name's cell is in a block. Made once at start; the packet path holds cell numbers. */
export class CounterLayout<C extends string, G extends string, H extends string> {
  readonly counters: readonly C[];
  readonly gauges: readonly G[];
  readonly histograms: readonly H[];
  readonly firstGauge: number;
  readonly firstHistogram: number;
  readonly blockCells: number;
  readonly #cells = new Map<string, number>();

  constructor(counters: readonly C[], gauges: readonly G[], histograms: readonly H[]) {
    this.counters = counters;
    this.gauges = gauges;
    this.histograms = histograms;
    this.firstGauge = counters.length;
    this.firstHistogram = counters.length + gauges.length;
    for (const [cell, name] of [...counters, ...gauges].entries()) this.#cells.set(name, cell);
    for (const [i, name] of histograms.entries())
      this.#cells.set(name, this.firstHistogram + i * HISTOGRAM_CELLS);
    assert(this.#cells.size === this.firstHistogram + histograms.length, 'each name once');
    const used = this.firstHistogram + histograms.length * HISTOGRAM_CELLS;
    this.blockCells = Math.ceil(used / CELLS_PER_LINE_PAIR) * CELLS_PER_LINE_PAIR;
  }

  /** The cell to give to `CounterBlock.add` or `set`. */
  cell(name: C | G): number {
    return this.#cells.get(name)!;
  }

  /** The cell to give to `CounterBlock.observe`. */
  histogram(name: H): number {
    return this.#cells.get(name)!;
  }
}

/** The writing end, in one thread. */
export class CounterBlock {
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  add(cell: number, count = 1): void {
    this.#cells[cell]! += count;
  }

  set(cell: number, value: number): void {
    this.#cells[cell] = value;
  }

  /** Counts a duration in microseconds. */
  observe(histogram: number, micros: number): void {
    const whole = Math.ceil(Math.min(micros, 2 ** BUCKETS));
    const bucket = whole <= 1 ? 0 : 32 - Math.clz32(whole - 1);
    this.#cells[histogram + Math.min(bucket, BUCKETS - 1)]! += 1;
    this.#cells[histogram + BUCKETS]! += micros;
  }
}

/** `counts[i]` durations of at most 2^i µs and more than 2^(i-1); the last bucket has no upper bound. */
export interface Histogram {
  readonly counts: readonly number[];
  /** Microseconds, all durations together. */
  readonly sum: number;
}

/**
 * An upper bound in microseconds, within a factor of two, of the duration that the share `q` (0..1) does not
 * exceed; 0 where nothing was observed.
 */
export function quantile(histogram: Histogram, q: number): number {
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of histogram.counts.entries()) {
    seen += count;
    if (seen > 0 && seen >= q * total) return 2 ** bucket;
  }
  return 0;
}

/** Up to 2^24 µs, 16.8 s: more than any budget lasts; and one for what is longer. */
export const BUCKETS = 26;
const HISTOGRAM_CELLS = BUCKETS + 1;
/** Two cache lines of 64 octets: processors fetch neighbours in pairs, and two writers on one pair would slow both. */
const CELLS_PER_LINE_PAIR = 16;
