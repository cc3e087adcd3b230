import type { Logger } from '../../telemetry/log.ts';
import { METRIC, type Metrics } from '../../telemetry/metrics.ts';
import {
  type QueryRecord,
  readQueryRecord,
  readTraceRecord,
  revisionOfRecord,
} from '../../telemetry/queryrecord.ts';
import type { Clock } from '../../util/clock.ts';
import { RingReader } from '../../util/ring.ts';
import type { QueryLogs as Logs } from '../../view/querylog.ts';
import { readMessage } from '../../wire/message.ts';
import { Outputs } from './outputs.ts';
import type { Plan } from './plan.ts';
import { Plans } from './plans.ts';

export interface QueryLogsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Of all workers (util/ring). */
  readonly rings: readonly SharedArrayBuffer[];
  readonly logs: Logs;
}

/** Records that are taken from one ring before the others have their turn. */
const TURN_RECORDS = 512;
/** What is done before messages are heard and lines are written. */
const STEP_RECORDS = 8192;

/** Takes what workers have written, and writes it down: what is taken together in the order of its time. */
export class QueryLogs {
  readonly #metrics: Metrics;
  readonly #rings: readonly RingReader[];
  readonly #plans: Plans;
  readonly #outputs: Outputs;
  #taken: { readonly record: QueryRecord; readonly plan: Plan }[] = [];

  constructor({ clock, log, metrics, rings, logs }: QueryLogsOptions) {
    this.#metrics = metrics;
    this.#rings = rings.map((ring) => new RingReader(ring));
    this.#plans = new Plans(clock, logs);
    this.#outputs = new Outputs({ clock, log, metrics });
    this.#outputs.configure(logs);
  }

  /** What is logged from now on. What was answered before, as far as it is here, is written where it was to go. */
  adopt(logs: Logs): void {
    while (this.step());
    this.#plans.adopt(logs);
    this.#outputs.configure(logs);
  }

  reopen(): void {
    this.#outputs.reopen();
  }

  /** Writes what the rings hold, up to a bound: true where more is there. */
  step(): boolean {
    let left = STEP_RECORDS;
    for (let taken = -1; taken !== 0 && left > 0; left -= taken) {
      taken = 0;
      for (const ring of this.#rings) taken += this.#drain(ring, TURN_RECORDS);
    }
    const records = this.#taken.sort((a, b) => a.record.wall - b.record.wall);
    this.#taken = [];
    for (const { record, plan } of records) this.#write(record, plan);
    this.#outputs.flush();
    return left <= 0;
  }

  /** Writes all of it; what comes afterwards is not written. Resolves when receivers have it, or will not. */
  close(): Promise<void> {
    while (this.step());
    return this.#outputs.close();
  }

  /** Returns how many records were taken. */
  #drain(ring: RingReader, most: number): number {
    for (let taken = 0; taken < most; taken++) {
      if (!ring.next()) return taken;
      const plan = this.#plans.of(revisionOfRecord(ring));
      // The message that tells of it is on its way.
      if (plan === 'later') return taken;
      // A copy, taken first: one that fails this thread does not fail its successor.
      const spans = readTraceRecord(ring);
      const record = spans === undefined ? readQueryRecord(ring) : undefined;
      ring.take();
      if (plan === 'gone')
        this.#metrics.add(spans === undefined ? METRIC.logDroppedRevision : METRIC.tracesDropped);
      else if (record !== undefined) this.#taken.push({ record, plan });
      else if (spans !== undefined) this.#trace(plan.logs, spans);
    }
    return most;
  }

  #trace({ traces, node }: Logs, spans: Uint8Array): void {
    if (traces !== undefined) this.#outputs.addTrace(traces, node, spans);
  }

  #write(record: QueryRecord, plan: Plan): void {
    const message = readMessage(record.message);
    const question = message.question!;
    const owner = plan.ownerOf(record, question.name);
    if (owner === undefined) return;
    const logged = { record, message, owner, node: plan.logs.node };
    for (const log of plan.logsOf(owner, record, question.name)) this.#outputs.add(log, logged, question);
  }
}
