/** What only native listeners can get wrong: descriptors of a dead worker, turns without an end, what a pause loses. */
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { PendingReplies, type UdpBackEnd, UdpEndpoint } from '../../src/server/udp.ts';
import { NativeUdpListeners } from '../../src/server/udpnative.ts';
import { loneMetrics } from '../../src/telemetry/metrics.ts';
import { addressToText } from '../../src/util/cidr.ts';
import { type Clock, ManualClock, systemClock } from '../../src/util/clock.ts';
import type { Datagrams } from '../../src/util/datagrams.ts';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import { altered } from '../support/altered.ts';
import type { ListeningStart } from '../support/listening-worker.ts';
import { freePort } from '../support/ports.ts';
import { descriptor, Handler, idOf, query, reply, UdpClient, until } from '../support/sockets.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;

function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

function endpointOn(backEnd: UdpBackEnd, handler: Handler): UdpEndpoint {
  return new UdpEndpoint({
    backEnd,
    endpoint: 0,
    handler,
    metrics: loneMetrics(),
    pending: new PendingReplies(),
  });
}

const openShared = (port: number, address = '127.0.0.1'): number =>
  ffi.open({ kind: 'udp', address, port, sharing: 'shared' });

t.test('workers that die leave their duplicates to their successors, and the queue with it', async (t) => {
  const port = await freePort('127.0.0.1');
  const mains = openShared(port);
  const watch = ffi.openWatch();
  const client = new UdpClient('127.0.0.1', port);
  t.teardown(() => {
    client.close();
    ffi.close(watch);
    ffi.close(mains);
  });
  await client.send(query(0));
  const before = sockets();
  for (let round = 1; round <= 3; round++) {
    const file = new URL('../support/listening-worker.ts', import.meta.url);
    const start: ListeningStart = { watch, port, fd: ffi.duplicate(mains) };
    const worker = new Worker(file, { workerData: start });
    await new Promise((resolve) => worker.once('message', resolve));
    await until(() => client.received.length === round, 'what was in the queue');
    t.equal(sockets(), before + 1, 'one duplicate, whoever died before');
    await worker.terminate();
    await client.send(query(round));
  }
  t.same(client.received.map(idOf), [0, 1, 2]);
});

t.test("workers beyond the threads of libuv's pool wait for queries in none of them", async (t) => {
  const port = await freePort('127.0.0.1');
  const client = new UdpClient('127.0.0.1', port);
  const file = new URL('../support/listening-worker.ts', import.meta.url);
  const mains = Array.from({ length: 8 }, () => ({ fd: openShared(port), watch: ffi.openWatch() }));
  const workers = mains.map(({ fd, watch }) => {
    const start: ListeningStart = { watch, port, fd: ffi.duplicate(fd) };
    return new Worker(file, { workerData: start });
  });
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  // Their duplicates are enough.
  for (const { fd } of mains) ffi.close(fd);
  await client.send(query(1));
  await until(() => client.received.length === 1, 'a reply');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const text = Buffer.from('signed');
  const signature = sign(null, text, privateKey);
  const isSigned = promisify<string | null, Buffer, KeyObject, Buffer, boolean>(verify);
  for (let i = 0; i < 32; i++)
    t.ok(await isSigned(null, text, publicKey, signature), 'and the pool does its work');
  await Promise.all(workers.map((worker) => worker.terminate()));
  client.close();
  for (const { watch } of mains) ffi.close(watch);
});

t.test('one socket that systemd passed is read by all workers, and each query by one of them', async (t) => {
  const port = await freePort('127.0.0.1');
  const passed = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const client = new UdpClient('127.0.0.1', port);
  const workers = [0, 1].map(() => {
    const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
    const handler = new Handler();
    const fd = ffi.duplicate(passed);
    const endpoint = endpointOn(
      listeners.backEnd(descriptor('udp', '127.0.0.1', port, fd), () => undefined),
      handler,
    );
    return { listeners, handler, endpoint };
  });
  for (const { endpoint } of workers) await endpoint.start();
  for (let id = 0; id < 200; id++) await client.send(query(id));
  await until(() => client.received.length >= 200, 'all replies');
  workers[0]!.endpoint.close();
  await client.send(query(200));
  await until(() => client.received.length >= 201, 'the reply of the one that is left');
  t.strictSame(
    client.received.map(idOf).toSorted((a, b) => a - b),
    Array.from({ length: 201 }, (_, id) => id),
  );
  workers[1]!.endpoint.close();
  for (const { listeners } of workers) listeners.close();
  client.close();
  ffi.close(passed);
});

t.test('replies that wait for the end of the turn leave before their socket is closed', async (t) => {
  const port = await freePort('127.0.0.1');
  const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
  const client = new UdpClient('127.0.0.1', port);
  const release: (() => void)[] = [];
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
  );
  const backEnd = listeners.backEnd(descriptor('udp', '127.0.0.1', port, openShared(port)), () => undefined);
  const endpoint = endpointOn(backEnd, handler);
  await endpoint.start();
  for (const id of [1, 2]) await client.send(query(id));
  await until(() => release.length === 2, 'the queries');
  for (const each of release) each();
  // In the same turn, once both have gone through their promises.
  while (endpoint.pending > 0) await undefined;
  endpoint.close();
  await until(() => client.received.length === 2, 'both replies');
  t.same(client.received.map(idOf), [1, 2]);
  client.close();
  listeners.close();
});

t.test('a pause leaves in the kernel what is not read, for whoever reads next', async (t) => {
  const port = await freePort('127.0.0.1');
  const mains = openShared(port);
  const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
  const client = new UdpClient('127.0.0.1', port);
  const open = (): UdpBackEnd =>
    listeners.backEnd(descriptor('udp', '127.0.0.1', port, ffi.duplicate(mains)), () => undefined);
  const first = endpointOn(open(), new Handler());
  await first.start();
  first.pause();
  await client.send(query(1));
  first.close();
  const second = endpointOn(open(), new Handler());
  await second.start();
  await until(() => client.received.length === 1, 'the reply of the second');
  second.close();
  t.same(client.received.map(idOf), [1]);
  client.close();
  listeners.close();
  ffi.close(mains);
});

t.test(
  'a socket may close while it is read: the rest of the batch is answered or not, nothing breaks',
  async (t) => {
    const port = await freePort('127.0.0.1');
    const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
    t.teardown(() => listeners.close());
    const client = new UdpClient('127.0.0.1', port);
    t.teardown(() => client.close());
    const handler = new Handler((octets) => {
      if (idOf(octets) === 5) endpoint.close();
      return reply(octets);
    });
    const backEnd = listeners.backEnd(
      descriptor('udp', '127.0.0.1', port, openShared(port)),
      () => undefined,
    );
    const endpoint = endpointOn(backEnd, handler);
    for (let id = 0; id < 100; id++) await client.send(query(id));
    await endpoint.start();
    await until(() => handler.asked.length >= 6, 'the queries');
    const other = endpointOn(
      listeners.backEnd(descriptor('udp', '127.0.0.1', port, openShared(port)), () => undefined),
      new Handler(),
    );
    await other.start();
    await client.send(query(1000));
    await until(() => client.received.some((octets) => idOf(octets) === 1000), 'another socket to be read');
    other.close();
  },
);

t.test('a turn ends when its time is over, and slow queries come in small batches', async (t) => {
  const port = await freePort('127.0.0.1');
  // Each look at the clock costs nothing, each query 1 ms.
  let now = 0;
  const clock: Clock = Object.assign(Object.create(systemClock) as Clock, { now: () => now });
  const listeners = new NativeUdpListeners({ ffi, clock });
  t.teardown(() => listeners.close());
  const client = new UdpClient('127.0.0.1', port);
  t.teardown(() => client.close());
  const turns: number[] = [];
  let inTurn = 0;
  const handler = new Handler((octets) => {
    now += 1;
    if (inTurn++ === 0)
      setImmediate(() => {
        turns.push(inTurn);
        inTurn = 0;
      });
    return reply(octets);
  });
  const endpoint = endpointOn(
    listeners.backEnd(descriptor('udp', '127.0.0.1', port, openShared(port)), () => undefined),
    handler,
  );
  for (let id = 0; id < 200; id++) await client.send(query(id));
  await endpoint.start();
  await until(() => client.received.length === 200, 'all replies');
  t.same(turns.slice(0, 6), [64, 32, 16, 8, 4, 4], 'one batch a turn, halved each time down to 4');
  endpoint.close();
});

t.test('a connection has its turn while datagrams never end', async (t) => {
  const port = await freePort('127.0.0.1');
  let now = 0;
  const clock: Clock = Object.assign(Object.create(systemClock) as Clock, { now: () => now });
  const listeners = new NativeUdpListeners({ ffi, clock });
  const flood = new UdpClient('127.0.0.1', port);
  let turns = 0;
  let answered = 0;
  // Each query takes a tenth of a millisecond, and each is followed by another: there is always one to read.
  const handler = new Handler((octets) => {
    now += 0.1;
    answered++;
    void flood.send(octets);
    if (answered % 10 === 0) turns++;
    return undefined;
  });
  const endpoint = endpointOn(
    listeners.backEnd(descriptor('udp', '127.0.0.1', port, openShared(port)), () => undefined),
    handler,
  );
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise<void>((resolve) => connection.on('connect', resolve));
  for (let id = 0; id < 200; id++) await flood.send(query(id));
  await endpoint.start();
  for (let round = 0; round < 10; round++) {
    const before = turns;
    connection.write('?');
    await new Promise((resolve) => connection.once('data', resolve));
    // There, through and back are three passes of the event loop, each with one turn of 1 ms.
    // The first finds batches that are too large for such queries.
    if (round > 0) t.ok(turns - before <= 6, `${turns - before} turns`);
  }
  t.ok(answered > 200, `${answered} datagrams meanwhile`);
  endpoint.close();
  listeners.close();
  flood.close();
  connection.destroy();
  server.close();
});

t.test('a mapped IPv4 address is the IPv4 address', async (t) => {
  // Only a socket that systemd passes can be of both families; a dual-stack one of Node's stands for it.
  const port = await freePort('127.0.0.1');
  const { createSocket } = await import('node:dgram');
  const dual = createSocket({ type: 'udp6', reusePort: true });
  await new Promise<void>((resolve) => dual.bind(port, '::', resolve));
  const fd = readdirSync('/proc/self/fd')
    .map(Number)
    .find((each) => ffi.inspect(each)?.port === port && ffi.inspect(each)?.kind === 'udp');
  const listeners = new NativeUdpListeners({ ffi, clock: systemClock });
  const handler = new Handler();
  const copy = ffi.duplicate(fd!);
  dual.close();
  const endpoint = endpointOn(
    listeners.backEnd(descriptor('udp', '::', port, copy), () => undefined),
    handler,
  );
  await endpoint.start();
  const client = new UdpClient('127.0.0.1', port);
  await client.send(query(3));
  await until(() => client.received.length === 1, 'the reply');
  t.equal(addressToText(handler.asked[0]!.client.address), '127.0.0.1');
  client.close();
  endpoint.close();
  listeners.close();
});

t.test('queries are answered between connections, without a turn of the event loop', async (t) => {
  const port = await freePort('127.0.0.1');
  const clock = new ManualClock();
  const listeners = new NativeUdpListeners({ ffi, clock });
  const handler = new Handler();
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const endpoint = endpointOn(
    listeners.backEnd(descriptor('udp', '127.0.0.1', port, fd), () => undefined),
    handler,
  );
  await endpoint.start();
  clock.advance(10);
  const watch = ffi.openWatch();
  const [from, to] = [ffi.endpoint('127.0.0.1', 0), ffi.endpoint('127.0.0.1', port)];
  const client = ffi.connectUdp(watch, from, 0, to) as number;
  const asked = (): number => handler.asked.length;
  for (let i = 0; i < 100; i++) ffi.send(client, query(i));
  t.equal(asked(), 0);
  listeners.interleave();
  const first = asked();
  t.ok(first > 0 && first < 100, `a batch of ${first}`);
  listeners.interleave();
  t.equal(asked(), first, 'and no more for a while');
  clock.advance(1);
  listeners.interleave();
  t.ok(asked() > first);
  endpoint.close();
  listeners.close();
  ffi.close(client);
  ffi.close(watch);
});

t.test('who finds no queries between connections looks again later, who finds some sooner', async (t) => {
  const port = await freePort('127.0.0.1');
  const clock = new ManualClock();
  let looks = 0;
  const receive: Datagrams['receive'] = (fd, max, failed) => {
    looks++;
    return ffi.datagrams.receive(fd, max, failed);
  };
  const counted = altered(ffi, { datagrams: altered(ffi.datagrams, { receive }) } as Partial<Ffi>);
  const listeners = new NativeUdpListeners({ ffi: counted, clock });
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const backEnd = listeners.backEnd(descriptor('udp', '127.0.0.1', port, fd), () => undefined);
  const endpoint = endpointOn(backEnd, new Handler());
  await endpoint.start();
  clock.advance(10);
  const between = (ms: number): number => {
    looks = 0;
    for (let passed = 0; passed < ms; passed += 0.01) {
      clock.advance(0.01);
      listeners.interleave();
    }
    return looks;
  };
  t.ok(between(10) <= 45, 'a quarter of a millisecond, once nothing has come for a while');
  const client = new UdpClient('127.0.0.1', port);
  await client.send(query(1));
  await until(() => client.received.length === 1, 'the reply');
  looks = 0;
  t.ok(between(0.05) >= 1, 'where something has come it is 0.03 ms');
  client.close();
  endpoint.close();
  listeners.close();
});
