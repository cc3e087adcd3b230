import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import {
  type AnsweredFrom,
  NO_FIREWALL_RULE,
  type Sender,
  writeQueryRecord,
} from '../telemetry/queryrecord.ts';
import type { Clock } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import type { RingWriter } from '../util/ring.ts';
import { bitOf, type LoggedViews } from './loggedviews.ts';

/** A worker's end of the log of queries. */
export class QueryLogger {
  readonly #ring: RingWriter;
  readonly #clock: Pick<Clock, 'wall'>;
  readonly #prng: Prng;
  readonly #metrics: Metrics;

  /** @param ring the worker's own */
  constructor(ring: RingWriter, clock: Pick<Clock, 'wall'>, prng: Prng, metrics: Metrics) {
    this.#ring = ring;
    this.#clock = clock;
    this.#prng = prng;
    this.#metrics = metrics;
  }

  /**
   * Takes an answer, if a log wants it. Never waits, allocates nothing; what finds the ring full is counted and gone.
   *
   * @param logged those of the snapshot in which the query began
   * @param rule index of the view's firewall rule that alerted or blocked, or NO_RULE
   * @param query its first `queryLength` octets, heeded where a log wants it
   * @param elapsed milliseconds since it came
   */
  add(
    logged: LoggedViews,
    view: number,
    client: Sender,
    from: AnsweredFrom,
    rcode: number,
    rule: number,
    reply: Uint8Array,
    query: Uint8Array,
    queryLength: number,
    elapsed: number,
  ): void {
    const wanted = from === 'cache' ? logged.cached[view]! : logged.looked[view]!;
    if ((wanted & bitOf(rcode)) === 0) return;
    const draw = logged.sampled[view] === 0 ? 0 : this.#prng.u32();
    if (draw >= logged.bound[view]!) return;
    const { revision } = logged;
    const wall = this.#clock.wall();
    const told = rule < 0 ? NO_FIREWALL_RULE : rule;
    const octets = logged.whole[view] === 0 ? 0 : queryLength;
    const ring = this.#ring;
    if (
      !writeQueryRecord(
        ring,
        revision,
        wall,
        view,
        client,
        from,
        rcode,
        told,
        draw,
        elapsed,
        query,
        octets,
        reply,
      )
    )
      this.#metrics.add(METRIC.logDroppedFull);
  }
}
