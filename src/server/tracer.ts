import { METRIC, type Metrics } from '../telemetry/metrics.ts';
import { writeTraceRecord } from '../telemetry/queryrecord.ts';
import { addressToText } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import type { Prng } from '../util/prng.ts';
import type { RingWriter } from '../util/ring.ts';
import { RCODE, rcodeToText } from '../wire/constants.ts';
import { nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Client } from './handler.ts';
import type { LoggedViews } from './loggedviews.ts';
import type { Query } from './query.ts';
import { Trace } from './trace.ts';

/** Of one query. */
const STEPS_MAX = 64;
/** Numbers of OpenTelemetry's trace.proto. */
const KIND = { INTERNAL: 1, SERVER: 2 } as const;
const STATUS_ERROR = 2;
const TRACE_ID_OCTETS = 16;
const SPAN_ID_OCTETS = 8;

/** A recorder of `explain` that knows when each decision was made. */
class TimedTrace extends Trace {
  override readonly wantsChain = false;
  readonly startedAt: number;
  readonly wall: number;
  readonly times: number[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
    this.startedAt = clock.now();
    this.wall = clock.wall();
  }

  override step(stage: string, decision: string): void {
    if (this.steps.length === STEPS_MAX) return;
    super.step(stage, decision);
    this.times.push(this.#clock.now());
  }
}

/**
 * Traces of a sample of queries, for OpenTelemetry: a span of the query, and in it one of each decision, as `explain` tells
 * it. A worker makes them and puts them into its ring; the logs thread sends them. What the answer cache knows passes no
 * stage, and is not traced.
 */
export class Tracer {
  readonly #ring: RingWriter;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #metrics: Metrics;

  /** @param ring the worker's own, in which its logger writes too: one writes when the other does not */
  constructor(ring: RingWriter, clock: Clock, prng: Prng, metrics: Metrics) {
    this.#ring = ring;
    this.#clock = clock;
    this.#prng = prng;
    this.#metrics = metrics;
  }

  /** A recorder for a query that is drawn; undefined for all others. */
  begin({ traced }: LoggedViews): Trace | undefined {
    return traced > 0 && this.#prng.u32() < traced ? new TimedTrace(this.#clock) : undefined;
  }

  /** The query was answered. */
  end(q: Query, client: Client): void {
    const { trace } = q;
    if (!(trace instanceof TimedTrace)) return;
    const octets = Buffer.from(JSON.stringify(this.#spansOf(q, trace, client)).slice(1, -1));
    const isWritten = writeTraceRecord(this.#ring, q.world.logged.revision, octets);
    if (!isWritten) this.#metrics.add(METRIC.tracesDropped);
  }

  #spansOf(q: Query, trace: TimedTrace, client: Client): object[] {
    const traceId = this.#id(TRACE_ID_OCTETS);
    const spanId = this.#id(SPAN_ID_OCTETS);
    const at = (now: number): string => nanoseconds(trace.wall, now - trace.startedAt);
    const { rcode, ede } = q.answer;
    const root = {
      traceId,
      spanId,
      name: `DNS ${typeToText(q.qtype)}`,
      kind: KIND.SERVER,
      startTimeUnixNano: at(trace.startedAt),
      endTimeUnixNano: at(this.#clock.now()),
      attributes: attributes({
        'dns.question.name': nameToText(q.qname),
        'dns.question.type': typeToText(q.qtype),
        'dns.response.code': rcodeToText(rcode),
        'client.address': addressToText(client.address),
        'client.port': client.port,
        'network.transport': client.transport === 'udp' ? 'udp' : 'tcp',
        'network.protocol.name': 'dns',
        'causeway.view': q.view.vpc,
        'causeway.source': q.source,
      }),
      status: rcode === RCODE.SERVFAIL ? { code: STATUS_ERROR, message: ede[0]?.text ?? '' } : {},
    };
    const steps = trace.steps.map(({ stage, decision }, i) => ({
      traceId,
      spanId: this.#id(SPAN_ID_OCTETS),
      parentSpanId: spanId,
      name: stage,
      kind: KIND.INTERNAL,
      startTimeUnixNano: at(trace.times[i - 1] ?? trace.startedAt),
      endTimeUnixNano: at(trace.times[i]!),
      attributes: attributes({ 'causeway.decision': decision }),
    }));
    return [root, ...steps];
  }

  #id(octets: number): string {
    return Buffer.from(this.#prng.fill(new Uint8Array(octets))).toString('hex');
  }
}

/** In OTLP's JSON integers of 64 bits are texts. */
function attributes(values: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}

/** Since 1970. Beyond 2^53 there are no numbers for them. @param after milliseconds since `wall`, with their fraction */
function nanoseconds(wall: number, after: number): string {
  return String(BigInt(Math.floor(wall)) * 1_000_000n + BigInt(Math.round(after * 1e6)));
}
