import type { QueryLog, QueryLogs } from '../view/querylog.ts';

/** Random numbers are below this. */
const DRAWS = 2 ** 32;
const ALL_RCODES = 0xffff_ffff;
/** In a word of bits; an rcode beyond it stands where this one does, and the log looks again. */
const RCODE_BITS = 32;

/**
 * Which answers of which views a log wants, in the form in which the packet path asks: a word of bits by rcode, 0 where
 * nothing is logged. What else a log asks for is found out behind the ring.
 */
export class LoggedViews {
  /** See QueryLogs. */
  readonly revision: number;
  /** By index of the view: answers from the cache, and others. */
  readonly cached: Uint32Array;
  readonly looked: Uint32Array;
  /** By index of the view: draws below it are of the largest sample. */
  readonly bound: Float64Array;
  /** By index of the view: 1 where a log takes a sample only. */
  readonly sampled: Uint8Array;
  /** By index of the view: 1 where a log wants the query as well, and not the reply alone. */
  readonly whole: Uint8Array;

  /** Draws below it are traced; 0: none. */
  readonly traced: number;

  /** @param views number of views in the snapshot */
  constructor({ revision, logs, traces, views: logged }: QueryLogs, views: number) {
    this.revision = revision;
    this.traced = traces === undefined ? 0 : Math.ceil(traces.sample * DRAWS);
    this.cached = new Uint32Array(views);
    this.looked = new Uint32Array(views);
    this.bound = new Float64Array(views);
    this.sampled = new Uint8Array(views);
    this.whole = new Uint8Array(views);
    logged.forEach((view, index) => {
      const zones = view.zones?.groups.flatMap((zone) => zone?.logs ?? []) ?? [];
      for (const log of new Set([...view.logs, ...zones])) this.#add(index, logs[log]!);
    });
  }

  #add(view: number, log: QueryLog): void {
    const bits =
      log.rcodes.length === 0 ? ALL_RCODES : log.rcodes.reduce((set, code) => set | bitOf(code), 0);
    this.looked[view]! |= bits;
    if (log.hits) this.cached[view]! |= bits;
    if (log.sample < 1) this.sampled[view] = 1;
    if (log.format === 'dnstap') this.whole[view] = 1;
    this.bound[view] = Math.max(this.bound[view]!, Math.ceil(log.sample * DRAWS));
  }
}

/** @param rcode with its extended bits, 0..4095 */
export function bitOf(rcode: number): number {
  return 1 << Math.min(rcode, RCODE_BITS - 1);
}
