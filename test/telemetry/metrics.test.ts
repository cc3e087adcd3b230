import t from 'tap';
import { COUNTERS, daemonCounters, loneMetrics, METRIC, Metrics } from '../../src/telemetry/metrics.ts';

t.test('names follow the conventions of Prometheus, and each series is there once', (t) => {
  const series = new Set<string>();
  for (const { metric, help, labels } of COUNTERS) {
    t.match(metric, /^causeway_[a-z_]+_total$/, metric);
    t.match(help, /^[A-Z].*\.$/, help);
    series.add(metric + JSON.stringify(labels));
  }
  t.equal(series.size, COUNTERS.length);
  t.equal(new Set(COUNTERS.map(({ key }) => key)).size, COUNTERS.length);
  t.end();
});

t.test('the series of one metric stand together and share their help and label name', (t) => {
  const ended = new Set<string>();
  COUNTERS.forEach((spec, index) => {
    const previous = COUNTERS[index - 1];
    if (previous?.metric === spec.metric) {
      t.equal(spec.help, previous.help);
      t.same(Object.keys(spec.labels), Object.keys(previous.labels));
    } else t.notOk(ended.has(spec.metric), spec.metric);
    ended.add(spec.metric);
  });
  t.end();
});

t.test('a thread counts in its block, the reader sums', (t) => {
  const counters = daemonCounters(2);
  const one = new Metrics(counters.block(0));
  const two = new Metrics(daemonCounters(2, counters.buffer).block(1));
  one.add(METRIC.queriesUdp);
  two.add(METRIC.queriesUdp, 4);
  one.rcode(3);
  one.rcode(9);
  two.rcode(23);
  one.source('answer-cache');
  two.resolution(20);
  t.equal(counters.sum('queriesUdp'), 5);
  t.equal(counters.sum('rcodeNxdomain'), 1);
  t.equal(counters.sum('rcodeOther'), 2);
  t.equal(counters.sum('answersFromCache'), 1);
  t.equal(counters.histogram('resolution').sum, 20_000);
  t.doesNotThrow(() => loneMetrics().rcode(0));
  t.end();
});
