/** Real workers on real sockets: killed, hung and stopped under load. */
import { closeSync, openSync, readdirSync } from 'node:fs';
import t from 'tap';
import { Nursery } from '../../src/server/nursery.ts';
import { Sockets } from '../../src/server/sockets.ts';
import { Supervisor } from '../../src/server/supervise.ts';
import { tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { Workers } from '../../src/server/workers.ts';
import type { Logger } from '../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { CidrTable } from '../../src/util/cidr.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import { beatsFor } from '../../src/util/heartbeat.ts';
import { ringBuffer } from '../../src/util/ring.ts';
import { MAIN_SLOT, SHARED_SLOTS, WORKERS_MAX } from '../../src/view/channel.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { fifo } from '../support/echo.ts';
import { type EchoEvent, EVENTS } from '../support/echo-events.ts';
import { Flows } from '../support/flows.ts';
import { freePort } from '../support/ports.ts';
import { query, sleep, textOf, UdpClient, until } from '../support/sockets.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

/** What workers of these tests look at. */
function snapshotWith(port: number, revision = 1): Snapshot {
  const endpoint = {
    id: 'in-1',
    serves: 'resolver',
    listen: [{ address: '127.0.0.1', port }],
    protocols: ['do53'],
    view: -1,
    defaultView: -1,
    allow: CidrTable.build([]).buffer,
    outside: 'drop',
    rateLimited: true,
    clientSubnet: CidrTable.build([]).buffer,
  };
  return { revision, endpoints: [endpoint] } as unknown as Snapshot;
}

async function run(slots: number, file = '../support/echo-worker.ts') {
  const port = await freePort();
  const shared = {
    counters: daemonCounters(SHARED_SLOTS).buffer,
    dependencies: new SharedArrayBuffer(0),
    health: new SharedArrayBuffer(0),
    beats: beatsFor(SHARED_SLOTS),
    rateLimit: new SharedArrayBuffer(0),
    tcpClients: tcpClientsBuffer(WORKERS_MAX),
    waiting: new SharedArrayBuffer(0),
    outstanding: new SharedArrayBuffer(0),
  };
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields: { ...fields } });
  const log: Logger = { debug: note, info: note, warn: note, error: note, fatal: note };
  const abandoned: string[] = [];
  const supervisor = new Supervisor({
    clock,
    beats: shared.beats,
    log,
    abandon: (reason) => abandoned.push(reason),
  });
  const snapshot = snapshotWith(port);
  const sockets = new Sockets({ ffi, clock, workers: slots });
  sockets.apply(snapshot.endpoints);
  const counters = daemonCounters(SHARED_SLOTS, shared.counters);
  const workers = new Workers(
    {
      nursery: new Nursery(new URL(file, import.meta.url)),
      seeds: {
        shared,
        seed: 1,
        loopToken: new Uint8Array(8),
        ticketKeys: { current: new Uint8Array(48) },
        cookieSecrets: { current: new Uint8Array(16) },
      },
      rings: Array.from({ length: slots }, () => ringBuffer(1024)),
      sockets,
      supervisor,
      clock,
      log,
      metrics: new Metrics(counters.block(MAIN_SLOT)),
    },
    snapshot,
  );
  return {
    port,
    workers,
    lines,
    abandoned,
    counters,
    sockets,
    async close() {
      sockets.closeAll();
      sockets.closeWatches();
      await supervisor.stop();
    },
  };
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** More than these wait in no socket's buffer, however long a successor takes to start. */
const WAITING_MAX = 1500;

/** Queries of many clients, again and again, until told to end. */
function load(flows: Flows): { end(): Promise<void> } {
  let isOn = true;
  const ended = (async () => {
    while (isOn) {
      if (flows.lost < WAITING_MAX) await flows.ask();
      await sleep(20);
    }
  })();
  return {
    end: () => {
      isOn = false;
      return ended;
    },
  };
}

t.test('a worker that dies under load is replaced, and every flow is answered again', async (t) => {
  const { port, workers, lines, counters, close } = await run(2);
  await workers.start();
  const flows = await Flows.open(300, port);
  await flows.ask();
  await flows.settle();
  t.equal(flows.lost, 0);
  t.ok(flows.clientOf(0) >= 0 && flows.clientOf(1) >= 0, 'both slots have clients');
  const before = flows.answeredBy[flows.clientOf(1)];
  const traffic = load(flows);
  await until(() => flows.answered > 600, 'the load');
  for (const way of ['throw', 'exit']) {
    flows.poison(flows.clientOf(1), way);
    await until(() => workers.running === 1, 'the death');
    await until(() => workers.running === 2, 'the successor');
    const { answered } = flows;
    await until(() => flows.answered > answered + 600, 'the load to go on');
  }
  await traffic.end();
  await until(() => flows.lost <= 70, 'all replies but to what the dead had read');
  t.ok(flows.sent > 2000, `${flows.sent} queries`);
  flows.forget();
  await flows.ask();
  await flows.settle();
  t.equal(flows.disappointed, 0, 'no flow is in a hole');
  t.not(flows.answeredBy[flows.clientOf(1)], before, 'by another worker in the same slot');
  t.equal(counters.sum('workerRestarts'), 2);
  t.match(
    lines.map(({ message }) => message),
    Array(2).fill('worker 1 ended by itself and is replaced'),
  );
  t.match(lines[0]!.fields, { err: { message: 'told to throw' } });
  t.match(lines[1]!.fields, { exitCode: 3 });
  flows.close();
  await close();
});

t.test('whether any worker beats, for the watchdog', async (t) => {
  const { port, workers, lines, close } = await run(1);
  t.notOk(workers.haveBeaten(), 'none is there');
  await workers.start();
  await until(() => workers.haveBeaten(), 'a beat');
  const flows = await Flows.open(1, port);
  flows.poison(0, 'spin');
  await until(() => lines.some(({ message }) => /hangs and is ended/.test(message)), 'the verdict');
  workers.haveBeaten();
  t.notOk(workers.haveBeaten(), 'not since the last call');
  await until(() => workers.haveBeaten(), 'a beat of the successor');
  flows.close();
  await close();
});

t.test('a worker that hangs is replaced, and its successor answers what has waited', async (t) => {
  const { port, workers, lines, close } = await run(2);
  await workers.start();
  const flows = await Flows.open(200, port);
  await flows.ask();
  await flows.settle();
  const before = [...flows.answeredBy];
  const clients = before.filter((by) => by.startsWith('1.')).length;
  flows.poison(flows.clientOf(1), 'spin');
  await flows.ask();
  await until(() => lines.some(({ message }) => /hangs and is ended/.test(message)), 'the verdict');
  await until(() => workers.running === 2, 'the successor');
  await until(() => flows.lost <= 32, 'all replies but to what it had read before');
  const waited = flows.answeredBy.filter((by, i) => by.startsWith('1.') && by !== before[i]).length;
  t.ok(waited >= clients - 32, `of ${clients} the successor answered ${waited}, which waited in the kernel`);
  flows.forget();
  await flows.ask();
  await flows.settle();
  t.equal(flows.disappointed, 0);
  flows.close();
  await close();
});

t.test('while the brake holds, another worker answers for the empty slot', async (t) => {
  const { port, workers, lines, close } = await run(2);
  await workers.start();
  const flows = await Flows.open(60, port);
  await flows.ask();
  await flows.settle();
  const client = flows.clientOf(1);
  const delayMs = (): number => Number(lines.at(-1)?.fields['delayMs'] ?? 0);
  while (delayMs() < 800) {
    const deaths = lines.length;
    flows.poison(client, 'exit');
    await until(() => lines.length > deaths, 'the death');
    if (delayMs() < 800) await until(() => workers.running === 2, 'the successor');
  }
  // On a slow machine it may be over before all are answered: it is longer then, the next time.
  for (let isHeld = false; !isHeld; ) {
    flows.forget();
    await flows.ask();
    await flows.settle();
    isHeld = workers.running === 1;
    if (isHeld) break;
    const deaths = lines.length;
    flows.poison(client, 'exit');
    await until(() => lines.length > deaths, 'the death');
  }
  t.equal(flows.disappointed, 0, 'all are answered');
  t.match(flows.answeredBy[client], /^0\./, 'by the other');
  await until(() => workers.running === 2, 'the successor');
  for (let i = 0; i < 5; i++) await flows.ask();
  await flows.settle();
  t.equal(flows.disappointed, 0, 'nothing is lost when it gives the sockets back');
  await flows.ask();
  await flows.settle();
  t.match(flows.answeredBy[client], /^1\./);
  flows.close();
  await close();
});

t.test('workers talk to each other, and again after one was replaced', async (t) => {
  const { port, workers, close } = await run(3);
  await workers.start();
  const flows = await Flows.open(60, port);
  await flows.ask();
  await flows.settle();
  const check = async (): Promise<void> => {
    for (const slot of [0, 1, 2]) {
      const others = [0, 1, 2].filter((other) => other !== slot);
      const expected = others.map((other) => `${other}:pong of ${other}`).join(' ');
      t.equal(await flows.askOf(flows.clientOf(slot), 'peers'), expected, `worker ${slot}`);
      await flows.ask();
      await flows.settle();
    }
  };
  await check();
  flows.poison(flows.clientOf(1), 'exit');
  await until(() => workers.running === 2, 'the death');
  await until(() => workers.running === 3, 'the successor');
  await check();
  flows.close();
  await close();
});

t.test('keys of session tickets are those of all workers, and of those to come', async (t) => {
  const { port, workers, close } = await run(2);
  await workers.start();
  const [current, previous] = [7, 6].map((fill) => new Uint8Array(48).fill(fill));
  workers.useTicketKeys({ current: current!, previous: previous! });
  const flows = await Flows.open(50, port);
  await flows.ask();
  await flows.settle();
  const clients = [0, 1].map((slot) => flows.clientOf(slot));
  const told = (): Promise<(string | undefined)[]> =>
    Promise.all(clients.map((client) => flows.askOf(client, 'ticket keys')));
  t.same(await told(), ['7 6', '7 6']);
  flows.poison(clients[1]!, 'exit');
  await until(() => workers.running === 1, 'the death');
  await until(() => workers.running === 2, 'the successor');
  t.same(await told(), ['7 6', '7 6']);
  flows.close();
  await close();
});

t.test('workers for TLS begin with the first socket for it, and help out where nobody else is', async (t) => {
  const { port, workers, lines, sockets, close } = await run(1);
  await workers.start();
  t.equal(workers.running, 1);
  const dot = await freePort();
  const plain = snapshotWith(port, 2);
  const endpoints = plain.endpoints.map((endpoint) => ({
    ...endpoint,
    encrypted: {
      dot: [{ address: '127.0.0.1', port: dot }],
      doh: [],
      json: false,
      credentials: { cert: '', key: '' },
    },
  }));
  sockets.apply(endpoints);
  // As for an address that the host got later: there is no new snapshot.
  for (const _ of ['once', 'twice']) workers.giveSockets();
  await until(() => workers.running === 2, 'it');
  const flows = await Flows.open(20, port);
  await flows.ask();
  await flows.settle();
  t.ok(flows.answeredBy.every((by) => by.startsWith('0.')));
  t.equal(await flows.askOf(0, 'peers'), '1:pong of 1', 'it hands questions over');
  t.ok(workers.haveBeaten());
  for (let isHeld = false; !isHeld; ) {
    const deaths = lines.length;
    flows.poison(0, 'exit');
    await until(() => lines.length > deaths, 'the death');
    const delayMs = Number(lines.at(-1)?.fields['delayMs'] ?? 0);
    if (delayMs < 800) {
      await until(() => workers.running === 2, 'the successor');
      continue;
    }
    flows.forget();
    await flows.ask();
    await flows.settle();
    isHeld = workers.running === 1;
    if (isHeld) {
      t.equal(flows.disappointed, 0);
      t.ok(flows.answeredBy.every((by) => by.startsWith('1.')));
      workers.haveBeaten();
      t.notOk(workers.haveBeaten(), 'without the other one the daemon is not alive');
    }
    await until(() => workers.running === 2, 'the successor');
  }
  flows.close();
  await close();
});

const FINISH_MS = 60_000;

t.test('stopping: what is in flight is answered, then all are gone', async (t) => {
  const { port, workers, sockets, close } = await run(2);
  await workers.start();
  const flows = await Flows.open(50, port);
  const told: EchoEvent[] = [];
  const events = new BroadcastChannel(EVENTS);
  events.onmessage = (event) => told.push((event as unknown as { data: EchoEvent }).data);
  const times = (event: EchoEvent): number => told.filter((each) => each === event).length;
  await flows.ask('later');
  await until(() => times('worker holds later') === 50, 'all to be in flight');
  const start = clock.now();
  const stopped = workers.stop(FINISH_MS);
  sockets.closeAll();
  sockets.closeWatches();
  await until(() => times('worker takes no more') === 2, 'both to take no more');
  events.close();
  const late = new UdpClient('127.0.0.1', port);
  await late.send(query(1, 'echo'));
  await stopped;
  t.ok(clock.now() - start < FINISH_MS, 'before the longest time that was given');
  await flows.settle();
  t.equal(flows.lost, 0);
  t.equal(late.received.length, 0, 'nothing new was taken');
  late.close();
  flows.close();
  await close();
});

t.test('a worker in a native call that does not return ends the process', async (t) => {
  const { port, workers, abandoned, close } = await run(1);
  await workers.start();
  const client = new UdpClient('127.0.0.1', port);
  const path = fifo(t);
  await client.send(query(1, `fifo ${path}`));
  await until(() => abandoned.length > 0, 'the verdict');
  t.match(abandoned, [/worker 0 did not end within 3000 ms: it is in a native call/]);
  closeSync(openSync(path, 'w'));
  await until(() => workers.running === 0, 'the end of the call');
  await until(() => workers.running === 1, 'the successor');
  client.close();
  await close();
});

t.test(
  'workers that die at their start are no reason to try for ever, and leave no descriptors',
  async (t) => {
    const before = openFiles();
    const { workers, close, lines } = await run(2, '../support/broken-worker.ts');
    await t.rejects(workers.start(), /workers die while the daemon starts/);
    await until(() => lines.some(({ fields }) => Number(fields['delayMs']) >= 100), 'the brake');
    await close();
    await until(() => openFiles() <= before, 'all descriptors to be closed');
    t.match(lines[0]!.fields, { err: { message: 'broken from the start' } });
  },
);

t.test("a worker's thread for signatures that fails is told of and counted; the worker stays", async (t) => {
  const { workers, close, lines, counters } = await run(2, '../support/unsigned-worker.ts');
  void workers.start();
  await until(() => lines.length === 2, 'both to be told of');
  t.equal(counters.sum('signaturesRestarts'), 2);
  t.equal(counters.sum('workerRestarts'), 0);
  t.same(new Set(lines.map(({ fields }) => fields['worker'])), new Set([0, 1]));
  t.match(lines[0]!.message, /^the thread that checks signatures is silent for 500 ms; the worker does it/);
  await close();
});

t.test('a snapshot that is in force is what successors begin with', async (t) => {
  const { port, workers, close } = await run(1);
  await workers.start();
  const client = new UdpClient('127.0.0.1', port);
  workers.adopt(snapshotWith(port, 7));
  await client.send(query(1, 'exit'));
  await until(() => workers.running === 0, 'the death');
  await client.send(query(2, 'revision'));
  await until(() => client.received.length === 1, 'the reply');
  t.equal(textOf(client.received[0]!), '7');
  client.close();
  await close();
});
