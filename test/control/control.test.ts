import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { Control } from '../../src/control/control.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { type Clock, ManualClock, systemClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { type Port, serveCalls } from '../../src/util/rpc.ts';
import { type Posted, received } from '../../src/view/change.ts';
import type { ControlNews, WorkerCall } from '../../src/view/channel.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { figures, workerStatus } from '../support/fake-daemon.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/sockets.ts';

const config = (over: { node?: string; rules?: string; records?: string } = {}): string => `
node: { name: n1, state: ./state, workers: 2, metrics: off${over.node ?? ''} }
vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5399"] }], outbound: [{ id: out-1 }] }
rules: [${over.rules ?? '{ id: r1, domain: corp.test., type: forward, outbound: out-1, targets: [192.0.2.1], vpcs: [vpc-a] }'}]
zones:
  - { id: z1, name: int.test., vpcs: [vpc-a], file: int.zone }
`;
const zone = (address: string): string =>
  `@ 300 SOA ns h 1 2 3 4 5\n@ 300 NS ns\nns 300 A 10.1.0.1\nwww 300 A ${address}\n`;

interface Main {
  readonly control: Control;
  readonly folder: string;
  readonly file: string;
  readonly news: ControlNews[];
  readonly logged: () => string[];
  readonly counters: ReturnType<typeof daemonCounters>;
  readonly dependencies: Dependencies;
  /** Starts a worker that serves from now on what it is told. */
  worker(slot: number, revision: number): { served: number[]; close(): void };
  write(text: string): void;
}

/** Stands for the main thread: opens sockets by saying so, unless told to fail. */
function startMain(
  options: {
    inForce?: Snapshot;
    folder?: string;
    socketFailure?: string;
    clock?: Clock;
    /** False: main says nothing by itself. */
    hears?: (revision: number) => boolean;
  } = {},
): Main {
  const folder = options.folder ?? realpathSync(mkdtempSync(join(tmpdir(), 'causeway-')));
  const file = join(folder, 'causeway.yaml');
  if (options.folder === undefined) {
    writeFileSync(file, config());
    writeFileSync(join(folder, 'int.zone'), zone('10.1.0.2'));
  }
  const news: ControlNews[] = [];
  const lines: string[] = [];
  const counters = daemonCounters(1);
  const dependencies = new Dependencies();
  const control: Control = new Control({
    start: { configFile: file, inForce: options.inForce },
    clock: options.clock ?? systemClock,
    log: createLogger({ thread: 'control', format: 'json', write: (line) => lines.push(line) }),
    counters,
    metrics: new Metrics(counters.block(0)),
    dependencies,
    healthBits: new HealthBits().buffer,
    version: '0.1.0',
    tell: (item) => {
      news.push(item);
      if (item.news === 'snapshot' && options.hears?.(item.snapshot.revision) !== false)
        queueMicrotask(() => control.socketsOpened(item.snapshot.revision, options.socketFailure));
    },
  });
  const worker: Main['worker'] = (slot, revision) => {
    const { port1, port2 } = new MessageChannel();
    const served: number[] = [];
    serveCalls<WorkerCall>(port2 as unknown as Port, (call) => {
      if ('snapshot' in call) {
        served.push(call.snapshot.revision);
        return { serving: call.snapshot.revision };
      }
      return { answer: workerStatus(slot, { revision: served.at(-1) ?? revision }) };
    });
    port1.unref();
    port2.unref();
    void control.attach(slot, 'plain', revision, port1 as unknown as Port);
    return { served, close: () => port2.close() };
  };
  const write = (text: string): void => writeFileSync(file, text);
  return { control, folder, file, news, logged: () => lines, counters, dependencies, worker, write };
}

async function stop({ control, folder }: Main): Promise<void> {
  await control.stop();
  rmSync(folder, { recursive: true });
}

const generations = ({ dependencies }: Main): number => {
  let sum = 0;
  for (let slot = 0; slot < 65_536; slot++) sum += dependencies.generation(slot);
  return sum;
};

t.test('start: one proposal, then status tells of what is in force', async (t) => {
  const main = startMain();
  await main.control.start();
  t.match(main.news, [{ news: 'snapshot', workers: 2, snapshot: { revision: 1 } }]);
  t.equal(main.news.length, 1);
  t.ok(existsSync(join(main.folder, 'state', 'control.sock')));
  t.match(await main.control.status(), {
    ready: false,
    workers: [{ state: 'starting' }, { state: 'starting' }],
  });
  const first = main.worker(0, 1);
  main.worker(1, 1);
  const status = await main.control.status();
  t.match(status, {
    node: { name: 'n1' },
    ready: true,
    config: { file: main.file, revision: 1, errors: [] },
    workers: [
      { worker: 0, state: 'serving' },
      { worker: 1, state: 'serving' },
    ],
    endpoints: [{ id: 'in-1', listen: ['127.0.0.1:5399'], vpc: 'by-source' }],
    views: [{ vpc: 'vpc-a', zones: 1, rules: 1 }],
    targets: [{ target: '192.0.2.1:53', breaker: 'closed' }],
    caches: { answers: { entries: 2 * figures(10).entries } },
  });
  t.same(first.served, [], 'a worker that serves what is in force is left alone');
  first.close();
  t.match((await main.control.status()).workers[0], { state: 'silent' });
  main.control.detach(0);
  t.match((await main.control.status()).workers[0], { state: 'starting' });
  await stop(main);
  t.notOk(existsSync(join(main.folder, 'state', 'control.sock')));
});

t.test('a first configuration with errors: all of them, and nothing is proposed', async (t) => {
  const main = startMain();
  main.write('node: { statte: x }\nvpcs: 3\n');
  await main.control.start();
  t.equal(main.news.length, 1);
  const [failed] = main.news;
  t.ok(failed?.news === 'failed' && failed.errors.length >= 2);
  await stop(main);
});

t.test('sockets that cannot be opened end the start', async (t) => {
  const main = startMain({ socketFailure: '127.0.0.1:5399: address in use' });
  await main.control.start();
  t.match(main.news.at(-1), { news: 'failed', errors: [], reason: '127.0.0.1:5399: address in use' });
  await stop(main);
});

t.test('another daemon that holds the control socket is why nothing is served', async (t) => {
  const main = startMain();
  await main.control.start();
  const second = startMain({ folder: main.folder });
  await second.control.start();
  t.match(second.news, [
    { news: 'failed', errors: [], reason: /^control socket: another daemon answers at / },
  ]);
  await second.control.stop();
  await stop(main);
});

t.test('reload: published to every worker, then the changed names are touched, and they alone', async (t) => {
  const main = startMain();
  await main.control.start();
  const workers = [main.worker(0, 1), main.worker(1, 1)];
  writeFileSync(join(main.folder, 'int.zone'), zone('10.1.0.3'));
  const report = await main.control.reload();
  t.match(report, { applied: true, revision: 2, errors: [], changes: [/www\.int\.test\./] });
  t.same(
    workers.map(({ served }) => served),
    [[2], [2]],
  );
  const touched = generations(main);
  t.ok(touched >= 1 && touched <= 4, `${touched} slots`);
  t.same(
    main.news.map(({ news }) => news),
    ['snapshot', 'reloading', 'snapshot', 'settled'],
  );
  t.match(main.news.at(-1), { revision: 2 });
  t.equal(main.counters.sum('reloadsApplied'), 1);
  const nothing = await main.control.reload();
  t.match(nothing, { applied: true, revision: 3, changes: [] });
  t.equal(generations(main), touched);
  await stop(main);
});

t.test('reload with errors: all are logged and told, what was in force stays', async (t) => {
  const main = startMain();
  await main.control.start();
  const worker = main.worker(0, 1);
  main.write(config({ rules: '{ domain: x.test., type: forwrad, vpcs: [vpc-b] }' }));
  const report = await main.control.reload();
  t.match(report, { applied: false, revision: 1 });
  t.ok(report.errors.length >= 2);
  for (const error of report.errors) {
    t.match(error, /causeway\.yaml:\d+:\d+: /);
    t.ok(main.logged().some((line) => (JSON.parse(line) as { problem?: string }).problem === error));
  }
  t.same(worker.served, []);
  t.match(main.news.at(-1), { news: 'settled', revision: 1 });
  t.same((await main.control.status()).config.errors, report.errors);
  t.equal(main.counters.sum('reloadsRefused'), 1);
  main.write(config());
  t.match(await main.control.reload(), { applied: true, revision: 2 });
  t.same((await main.control.status()).config.errors, []);
  await stop(main);
});

t.test('a zone file with errors and sockets that cannot be opened refuse a reload as well', async (t) => {
  const options: { socketFailure?: string } = {};
  const main = startMain(options);
  await main.control.start();
  writeFileSync(join(main.folder, 'int.zone'), '@ 300 SOA oops\n');
  t.match(await main.control.reload(), { applied: false, errors: [/int\.zone:1:/] });
  writeFileSync(join(main.folder, 'int.zone'), zone('10.1.0.9'));
  options.socketFailure = 'no such address';
  t.match(await main.control.reload(), { applied: false, revision: 1, errors: ['no such address'] });
  const line = main.logged().find((each) => each.includes('no such address'))!;
  t.match(JSON.parse(line), { msg: 'its sockets cannot be opened' }, 'which is no error of the file');
  delete options.socketFailure;
  t.match(await main.control.reload(), { applied: true, changes: [/www\.int\.test\./] });
  await stop(main);
});

t.test('what main takes too late is no other proposal', async (t) => {
  const clock = new ManualClock(systemClock.wall());
  const late: number[] = [];
  const hears = (revision: number): boolean => {
    late.push(revision);
    return revision > 3;
  };
  const main = startMain({ clock, hears });
  const started = main.control.start();
  await until(() => late.length === 1, 'the first');
  main.control.socketsOpened(1, undefined);
  await started;
  main.write(config({ node: ', prefetch: false' }));
  const refused = main.control.reload();
  await until(() => late.length === 2, 'the second');
  clock.advance(30_000);
  t.match(await refused, {
    applied: false,
    revision: 1,
    errors: ['the main thread does not open the sockets'],
  });
  main.write(config());
  const next = main.control.reload();
  await until(() => late.length === 3, 'the third');
  // Now it takes the one that was refused.
  main.control.socketsOpened(2, undefined);
  main.control.socketsOpened(3, 'address in use');
  t.match(await next, { applied: false, revision: 1, errors: ['address in use'] });
  const { applied, revision } = await main.control.reload();
  t.ok(applied);
  t.ok(revision > 3, 'no number is given out twice');
  const posted = main.news.flatMap((item) => (item.news === 'snapshot' ? [item.snapshot] : []));
  t.same(
    posted.slice(0, 4).map((each) => [each.revision, 'from' in each]),
    [
      [1, false],
      [2, true],
      [3, false],
      [4, false],
    ],
    'after a refusal it is not known what main has',
  );
  t.same(new Set(late).size, late.length);
  await stop(main);
});

t.test('reloads that are asked for while one runs are one more', async (t) => {
  const main = startMain();
  await main.control.start();
  const reports = await Promise.all([1, 2, 3, 4].map(() => main.control.reload()));
  t.same(
    reports.map(({ revision }) => revision),
    [2, 3, 3, 3],
  );
  await stop(main);
});

t.test('a worker that comes with an older snapshot gets the newest', async (t) => {
  const main = startMain();
  await main.control.start();
  await main.control.reload();
  const worker = main.worker(0, 1);
  t.match(await main.control.status(), { workers: [{ revision: 2 }, {}] });
  t.same(worker.served, [2]);
  await stop(main);
});

t.test('a control that replaces a dead one leaves the workers and their caches alone', async (t) => {
  const dead = startMain();
  await dead.control.start();
  const proposal = dead.news[0]!;
  t.ok(proposal.news === 'snapshot');
  const inForce = (proposal as { snapshot: Snapshot }).snapshot;
  await dead.control.stop();

  const main = startMain({ inForce, folder: dead.folder });
  await main.control.start();
  t.same(main.news, []);
  const worker = main.worker(0, 1);
  t.match(await main.control.status(), { ready: true, config: { revision: 1 } });
  t.same(worker.served, []);
  t.equal(generations(main), 0);

  t.match(await main.control.reload(), { applied: true, revision: 2, changes: [] });
  t.same(worker.served, [2]);
  t.equal(generations(main), 0, 'nothing changed, so nothing is touched');
  const { snapshot: change } = main.news.find((item) => item.news === 'snapshot') as { snapshot: Posted };
  const next = received(change, inForce);
  const contexts = (snapshot: Snapshot): number[] => snapshot.paths.map(({ context }) => context);
  t.same(contexts(next), contexts(inForce), 'what was learned by a rule is kept');
  t.equal(next.views[0]!.key, inForce.views[0]!.key);
  await stop(main);
});

t.test(
  'a control that takes over and cannot open the store refuses to leave out what is in it',
  async (t) => {
    const dead = startMain();
    await dead.control.start();
    const proposal = dead.news.find(({ news }) => news === 'snapshot');
    const inForce = (proposal as { snapshot: Snapshot }).snapshot;
    await dead.control.stop();
    const main = startMain({ inForce, folder: dead.folder });
    writeFileSync(join(main.folder, 'state/store.db'), 'noise '.repeat(10_000));
    await main.control.start();
    t.match(await main.control.reload(), { applied: false, errors: [/store\.db.*causeway restore/] });
    t.notOk(main.news.some(({ news }) => news === 'snapshot'));
    t.equal((await main.control.status()).config.revision, inForce.revision);
    await stop(main);
  },
);

t.test('a metrics address that is taken is logged, and had at the next reload', async (t) => {
  const port = await freePort();
  const taken = createServer();
  await new Promise<void>((done) => void taken.listen(port, '127.0.0.1', done));
  const main = startMain();
  main.write(config().replace('metrics: off', `metrics: "127.0.0.1:${port}"`));
  await main.control.start();
  t.equal(main.news.at(-1)?.news, 'snapshot', 'queries are answered all the same');
  t.match(main.logged().join(''), /metrics cannot be served/);
  await new Promise((done) => taken.close(done));
  await main.control.reload();
  main.worker(0, 2);
  const reply = await fetch(`http://127.0.0.1:${port}/metrics`);
  t.match(await reply.text(), /^causeway_config_revision 2$/m);
  t.match(main.logged().join(''), /metrics are served/);
  await stop(main);
});
