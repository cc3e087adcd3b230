/** What the packet path hands to the log: which answers, of which views, and what it tells of them. */
import t from 'tap';
import { QueryLogger } from '../../src/server/querylogger.ts';
import { World } from '../../src/server/world.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { type QueryRecord, readQueryRecord } from '../../src/telemetry/queryrecord.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { RingReader, RingWriter, ringBuffer } from '../../src/util/ring.ts';
import { type LoggedView, NO_QUERY_LOGS, type QueryLog, type QueryLogs } from '../../src/view/querylog.ts';
import { RCODE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { ask, clientAt, pipelineOf, query } from '../support/pipeline.ts';
import { type FirewallSpec, snapshotOf } from '../support/world.ts';

const LOG: QueryLog = {
  id: 'log',
  format: 'resolver',
  to: { kind: 'stdout' },
  sample: 1,
  hits: false,
  names: [],
  rcodes: [],
  firewallActions: [],
  rotate: { bytes: 1e6, keep: 1, compress: false },
};
const VIEW: LoggedView = {
  vpc: 'a',
  account: '1',
  region: 'r',
  logs: [],
  zones: undefined,
  firewallRules: [],
};

/** Two VPCs with one zone; the first is logged as `logs` say. */
function start(logs: readonly Partial<QueryLog>[], ringOctets = 1 << 16, firewall?: FirewallSpec) {
  const queryLogs: QueryLogs = {
    ...NO_QUERY_LOGS,
    revision: 7,
    logs: logs.map((log) => ({ ...LOG, ...log })),
    views: [{ ...VIEW, logs: logs.map((_, i) => i) }, VIEW],
  };
  const zones = { 'example.test.': 'www A 10.0.0.1' };
  const snapshot = {
    ...snapshotOf(
      { a: { cidrs: ['10.0.0.0/8'], zones, firewall }, b: { cidrs: ['192.0.2.0/24'], zones } },
      9,
    ),
    logs: queryLogs,
  };
  const ring = ringBuffer(ringOctets);
  const counters = daemonCounters(1);
  const clock = new ManualClock();
  const metrics = new Metrics(counters.block(0));
  const queryLogger = new QueryLogger(new RingWriter(ring), clock, new SeededPrng(3), metrics);
  const { pipeline, counters: answered } = pipelineOf(snapshot, { clock, queryLogger });
  const reader = new RingReader(ring);
  const records = (): QueryRecord[] => {
    const found: QueryRecord[] = [];
    for (; reader.next(); reader.take()) found.push(readQueryRecord(reader));
    return found;
  };
  const queries = async (name: string, address: string, times = 1): Promise<void> => {
    for (let i = 0; i < times; i++) await ask(pipeline, clientAt(address), query(name, 'A'));
  };
  return { records, queries, counters, answered, pipeline, snapshot };
}

const told = (record: QueryRecord): string => {
  const { question, rcode, answer } = readMessage(record.message);
  return `${record.from} ${nameToText(question!.name)} ${rcode} ${answer.length}`;
};

t.test('each question once, as Route 53 does; hits where a log wants them', async (t) => {
  const once = start([{}]);
  await once.queries('www.example.test.', '10.1.2.3', 3);
  await once.queries('none.example.test.', '10.1.2.3');
  const records = once.records();
  t.same(records.map(told), ['lookup www.example.test. 0 1', 'lookup none.example.test. 3 0']);
  t.match(records[0], {
    revision: 7,
    view: 0,
    endpoint: 0,
    port: 4242,
    transport: 'udp',
    firewallRule: 0xffff,
  });
  t.same(records[0]!.address, Uint8Array.of(10, 1, 2, 3));

  const all = start([{}, { hits: true }]);
  await all.queries('www.EXAMPLE.test.', '10.1.2.3', 3);
  t.same(all.records().map(told), [
    'lookup www.EXAMPLE.test. 0 1',
    'cache www.EXAMPLE.test. 0 1',
    'cache www.EXAMPLE.test. 0 1',
  ]);
});

t.test('what the firewall alerts of or blocks is logged each time, with its rule', async (t) => {
  const { queries, records } = start([{}], 1 << 16, {
    rules: [
      { domains: ['other.example'], action: { kind: 'alert' } },
      { domains: ['www.example.test'], action: { kind: 'alert' } },
      { domains: ['bad.example'], action: { kind: 'block', response: 'nxdomain' } },
      { domains: ['none.example.test'], action: { kind: 'allow' } },
    ],
  });
  for (const name of ['www.example.test.', 'bad.example.', 'none.example.test.'])
    await queries(name, '10.1.2.3', 3);
  t.same(
    records().map((record) => `${told(record)}, rule ${record.firewallRule}`),
    [
      ...Array(3).fill('lookup www.example.test. 0 1, rule 1'),
      ...Array(3).fill('lookup bad.example. 3 0, rule 2'),
      'lookup none.example.test. 3 0, rule 65535',
    ],
  );
});

t.test('another VPC is not logged', async (t) => {
  const { queries, records } = start([{ hits: true }]);
  await queries('www.example.test.', '192.0.2.9', 3);
  t.same(records(), []);
});

t.test('only rcodes that a log wants leave the worker', async (t) => {
  const { queries, records } = start([
    { rcodes: [RCODE.NXDOMAIN], hits: true },
    { rcodes: [RCODE.NXDOMAIN] },
  ]);
  await queries('www.example.test.', '10.1.2.3', 2);
  await queries('none.example.test.', '10.1.2.3', 2);
  t.same(records().map(told), ['lookup none.example.test. 3 0', 'cache none.example.test. 3 0']);
});

t.test('of samples the largest', async (t) => {
  const { queries, records } = start(
    [
      { sample: 0.1, hits: true },
      { sample: 0.25, hits: true },
    ],
    1 << 20,
  );
  await queries('www.example.test.', '10.1.2.3', 4000);
  const draws = records().map(({ draw }) => draw / 2 ** 32);
  t.ok(draws.length > 900 && draws.length < 1100, String(draws.length));
  t.ok(draws.every((draw) => draw < 0.25));
  t.ok(Math.abs(draws.filter((draw) => draw < 0.1).length - 400) < 80);
});

t.test('a full ring costs a count and no answer', async (t) => {
  const { queries, records, counters, answered } = start([{ hits: true }], 256);
  await queries('www.example.test.', '10.1.2.3', 10);
  const got = records().length;
  t.ok(got > 0 && got < 10);
  t.equal(counters.sum('logDroppedFull'), 10 - got);
  t.equal(answered.sum('rcodeNoerror'), 10);
});

t.test('a query is logged by the snapshot in which it began', async (t) => {
  const { queries, records, pipeline, snapshot } = start([{ hits: true }]);
  await queries('www.example.test.', '10.1.2.3');
  const logs = { ...snapshot.logs, revision: 8, logs: [], views: [] };
  pipeline.serve(new World({ ...snapshot, logs }, new Dependencies()));
  await queries('www.example.test.', '10.1.2.3');
  pipeline.serve(new World({ ...snapshot, logs: { ...snapshot.logs, revision: 9 } }, new Dependencies()));
  await queries('www.example.test.', '10.1.2.3');
  t.same(
    records().map(({ revision }) => revision),
    [7, 9],
  );
});

t.test('a sample is one also where another log of the VPC takes all', async (t) => {
  const { queries, records } = start([{ hits: true }, { hits: true, sample: 0.01 }]);
  await queries('www.example.test.', '10.1.2.3', 200);
  const draws = records().map(({ draw }) => draw);
  t.equal(draws.length, 200);
  const sampled = draws.filter((draw) => draw < 0.01 * 2 ** 32).length;
  t.ok(sampled < 20, `${sampled} of 200 are of the sample`);
});
