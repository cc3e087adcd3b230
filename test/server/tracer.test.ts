/** Traces of sampled queries: which are drawn, what they say, and that they change no answer. */
import t from 'tap';
import { Tracer } from '../../src/server/tracer.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { readTraceRecord, revisionOfRecord } from '../../src/telemetry/queryrecord.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { RingReader, RingWriter, ringBuffer } from '../../src/util/ring.ts';
import { NO_QUERY_LOGS } from '../../src/view/querylog.ts';
import { ask, clientAt, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

interface Span {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

function start(sample: number | undefined, ringOctets = 1 << 20) {
  const to = { kind: 'http', url: 'http://127.0.0.1/', authorization: undefined } as const;
  const traces = sample === undefined ? undefined : { to, sample };
  const zones = { 'example.test.': 'www CNAME web\nweb A 10.0.0.1' };
  const made = snapshotOf({ a: { cidrs: ['10.0.0.0/8'], zones } }, 9);
  const snapshot = { ...made, logs: { ...NO_QUERY_LOGS, revision: 7, traces } };
  const ring = ringBuffer(ringOctets);
  const counters = daemonCounters(1);
  const clock = new ManualClock();
  const metrics = new Metrics(counters.block(0));
  const tracer = new Tracer(new RingWriter(ring), clock, new SeededPrng(3), metrics);
  const { pipeline } = pipelineOf(snapshot, { clock, tracer });
  const reader = new RingReader(ring);
  const traced = (): Span[][] => {
    const found: Span[][] = [];
    for (; reader.next(); reader.take()) {
      t.equal(revisionOfRecord(reader), 7);
      found.push(JSON.parse(`[${Buffer.from(readTraceRecord(reader)!).toString()}]`));
    }
    return found;
  };
  const asked = (name: string) => ask(pipeline, clientAt('10.1.2.3'), query(name, 'A'));
  return { traced, asked, counters };
}

t.test('a span of the query, and one of each decision', async (t) => {
  const { traced, asked } = start(1);
  await asked('www.example.test.');
  const [[root, ...steps] = []] = traced();
  t.equal(root!.name, 'DNS A');
  const said = Object.fromEntries(root!.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  t.match(said, {
    'dns.question.name': 'www.example.test.',
    'dns.response.code': 'NOERROR',
    'client.address': '10.1.2.3',
    'client.port': '4242',
    'causeway.view': 'a',
    'causeway.source': 'zone',
  });
  t.same(
    steps.map(({ name, attributes }) => `${name}: ${attributes[0]!.value.stringValue}`),
    ['zone: example.test.: cname', 'follow: web.example.test.', 'zone: example.test.: hit'],
  );
  t.ok(steps.every(({ traceId, parentSpanId }) => traceId === root!.traceId && parentSpanId !== undefined));
  t.match(root!.startTimeUnixNano, /^1700000000000\d{6}$/);
});

t.test('what the answer cache knows is not traced; nor is anything unless it is asked for', async (t) => {
  const once = start(1);
  await once.asked('www.example.test.');
  await once.asked('www.example.test.');
  t.equal(once.traced().length, 1);
  const off = start(undefined);
  await off.asked('www.example.test.');
  t.equal(off.traced().length, 0);
});

t.test('a sample, and a ring that is full', async (t) => {
  const { traced, asked } = start(0.25);
  for (let i = 0; i < 400; i++) await asked(`n${i}.example.test.`);
  const { length } = traced();
  t.ok(length > 60 && length < 140, `${length} of 400`);
  const full = start(1, 1024);
  for (let i = 0; i < 3; i++) await full.asked(`n${i}.example.test.`);
  t.equal(full.traced().length + full.counters.sum('tracesDropped'), 3);
  t.ok(full.counters.sum('tracesDropped') > 0);
});
