/** What only native connections can get wrong: descriptors and their numbers, what is told again and again, what waits to leave. */
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import type { Streams } from '../../src/util/streams.ts';
import { altered } from '../support/altered.ts';
import { freePort } from '../support/ports.ts';
import { headerV1 } from '../support/proxyheader.ts';
import { framed, Handler, idOf, query, reply, sleep, TcpClient, textOf, until } from '../support/sockets.ts';
import { type Setting, serveTcp, type Test } from '../support/tcpendpoint.ts';
import { BIG, big, tcpSuite } from '../support/tcpsuite.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;
tcpSuite('native');

/** @param calls some of native streams, `other` of all else, that are made instead */
function serve(
  t: Test,
  { calls = {}, other = {}, ...rest }: Setting & { calls?: Partial<Streams>; other?: Partial<Ffi> } = {},
) {
  const changed = altered(ffi, { ...other, streams: altered(ffi.streams, calls) } as Partial<Ffi>);
  return serveTcp(t, 'native', { ...rest, ffi: changed });
}

/** As main has it: open whatever becomes of workers. */
async function mains(t: Test): Promise<{ fd: number; port: number }> {
  const port = await freePort('127.0.0.1');
  const fd = ffi.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'shared' });
  t.teardown(() => ffi.close(fd));
  return { fd, port };
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** How often the set is asked. */
function countedReady() {
  const seen = { asked: 0 };
  const ready: Ffi['ready'] = (watch, fds, events) => {
    seen.asked++;
    return ffi.ready(watch, fds, events);
  };
  return { seen, other: { ready } };
}

t.test('whatever becomes of connections, no descriptor is left', async (t) => {
  const before = openFiles();
  const { client, clients, endpoint, native } = await serve(t);
  for (let round = 0; round < 10; round++) {
    const some = [await client(), await client(), await client()];
    for (const one of some) one.send(framed(query(1)));
    await until(() => some.every((one) => one.received.length === 1), 'replies');
    some[0]!.destroy();
    some[1]!.socket.end();
    some[2]!.socket.resetAndDestroy();
    await until(() => clients.total === 0, 'their ends');
    await until(() => some.every((one) => one.socket.destroyed), 'the ends at the clients');
  }
  endpoint.close();
  native!.close();
  // Closed in the next turn of the event loop, as sockets of Node's are.
  await until(() => openFiles() === before, 'descriptors');
  t.equal(openFiles(), before);
});

t.test('what a worker that died had open is closed by its successor, which listens on', async (t) => {
  const main = await mains(t);
  const watch = ffi.openWatch();
  t.teardown(() => ffi.close(watch));
  const died = await serve(t, { watch, main, dies: true });
  const one = await died.client();
  one.send(framed(query(1)));
  await until(() => one.received.length === 1, 'the reply');
  // As if its thread had ended: nobody hears its bell.
  died.native!.close();
  const next = await serve(t, { watch, main });
  await until(() => one.state !== 'open', 'the end of its connection');
  const other = await next.client();
  other.send(framed(query(2)));
  await until(() => other.received.length === 1, 'a reply of the successor');
  t.equal(next.endpoint.connections, 1);
});

t.test('without a descriptor nobody is accepted for a while, and nothing spins', async (t) => {
  const { seen, other } = countedReady();
  const calls: Partial<Streams> = {
    accept: (listening, watch) => (failing ? 'EMFILE' : ffi.streams.accept(listening, watch)),
  };
  let failing = true;
  const { client, clock, counters } = await serve(t, { calls, other });
  const one = await client();
  one.send(framed(query(1)));
  await until(() => counters.sum('tcpRefused') === 1, 'the failure');
  const asked = seen.asked;
  await sleep(30);
  t.equal(seen.asked, asked);
  failing = false;
  clock.advance(100);
  await until(() => one.received.length === 1, 'the reply');
});

t.test('a client that goes while it is accepted costs nobody else a turn', async (t) => {
  const { seen, other } = countedReady();
  const turns: number[] = [];
  let codes: string[] | undefined;
  const calls: Partial<Streams> = {
    accept: (listening, watch) => {
      if (codes === undefined) return 'EAGAIN';
      turns.push(seen.asked);
      return codes.shift() ?? ffi.streams.accept(listening, watch);
    },
  };
  const { client, counters } = await serve(t, { calls, other });
  const both = [await client(), await client()];
  codes = ['ECONNABORTED', 'EINTR'];
  for (const one of both) one.send(framed(query(1)));
  await until(() => both.every((one) => one.received.length === 1), 'replies');
  t.equal(turns.length, 5, 'two failures, two clients, nobody');
  t.equal(new Set(turns).size, 1, 'all in one turn');
  t.equal(counters.sum('tcpRefused'), 0);
});

t.test('a burst of connections is taken in several turns', async (t) => {
  const { seen, other } = countedReady();
  const taken = new Map<number, number>();
  let holds = true;
  const calls: Partial<Streams> = {
    accept: (listening, watch) => {
      const fd = holds ? 'EAGAIN' : ffi.streams.accept(listening, watch);
      if (typeof fd === 'number') taken.set(seen.asked, (taken.get(seen.asked) ?? 0) + 1);
      return fd;
    },
  };
  const { client, counters } = await serve(t, { calls, other });
  for (let i = 0; i < 30; i++) await client();
  holds = false;
  await until(() => counters.sum('tcpAccepted') === 30, 'all of them');
  t.same([...taken.values()], [16, 14]);
});

t.test('a listening socket that is closed while descriptors are short is not looked at again', async (t) => {
  const watched: number[] = [];
  const calls: Partial<Streams> = {
    accept: () => 'EMFILE',
    watchFor: (watch, fd, events) => {
      watched.push(events);
      ffi.streams.watchFor(watch, fd, events);
    },
  };
  const { client, clock, endpoint, counters } = await serve(t, { calls });
  await client();
  await until(() => counters.sum('tcpRefused') === 1, 'the failure');
  endpoint.close();
  clock.advance(100);
  t.same(watched, [0]);
});

t.test('a listening socket that is closed is told of no more, though others have it', async (t) => {
  const { seen, other } = countedReady();
  const { client, endpoint, port } = await serve(t, { other, main: await mains(t) });
  const one = await client();
  one.send(framed(query(1)));
  await until(() => one.received.length === 1, 'the reply');
  endpoint.leave();
  const asked = seen.asked;
  const waiting = new TcpClient('127.0.0.1', port);
  t.teardown(() => waiting.destroy());
  await waiting.connected();
  await sleep(30);
  t.equal(seen.asked, asked);
  one.send(framed(query(2)));
  await until(() => one.received.length === 2, 'its connections go on');
});

t.test('a connection of a proxy is Node’s alone', async (t) => {
  const { seen, other } = countedReady();
  const { client, clients } = await serve(t, { other, isProxy: () => true });
  const one = await client();
  await until(() => clients.total === 1, 'the connection');
  const asked = seen.asked;
  one.send(headerV1('192.0.2.7', 7));
  one.send(framed(query(1)));
  await until(() => one.received.length === 1, 'the reply');
  t.equal(seen.asked, asked);
});

t.test('a reply is copied before the failure of another is told, in which UDP has its turn', async (t) => {
  const handler = new Handler();
  const from = { address: new Uint8Array(4), port: 1, transport: 'udp', endpoint: 0 } as const;
  const interleave = (): void => {
    handler.begin();
    // What is returned is written where the reply before it was.
    handler.handle(query(0xffff, 'by UDP'), from);
  };
  const { client, counters } = await serve(t, { handler, interleave });
  const [one, two] = [await client(), await client()];
  await until(() => counters.sum('tcpAccepted') === 2, 'both');
  one.send(framed(query(1, 'one')));
  two.send(framed(query(2, 'two')));
  one.socket.resetAndDestroy();
  await until(() => two.received.length === 1, 'the reply');
  t.equal(textOf(two.received[0]!), 'two');
});

t.test('what waits while reading is stopped is the client’s own, whatever others send', async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
  );
  const { client } = await serve(t, { handler });
  const [one, two] = [await client(), await client()];
  one.send(Buffer.concat(Array.from({ length: 40 }, (_, id) => framed(query(id, `one ${id}`)))));
  await until(() => release.length === 32, 'as many as may be under way');
  two.send(Buffer.concat(Array.from({ length: 30 }, (_, id) => framed(query(100 + id, 'two '.repeat(20))))));
  await until(() => release.length === 62, 'those of another');
  await until(() => {
    for (const resolve of release.splice(0)) resolve();
    return one.received.length === 40;
  }, 'all replies');
  t.same(
    one.received.map(textOf),
    Array.from({ length: 40 }, (_, id) => `one ${id}`),
  );
});

t.test('a reply to a connection that is closed in the same turn goes nowhere', async (t) => {
  const sent: number[] = [];
  const calls: Partial<Streams> = {
    send: (fd, octets, length) => {
      sent.push(length);
      return ffi.streams.send(fd, octets, length);
    },
  };
  const handler = new Handler((octets) => {
    if (textOf(octets) === 'close') endpoint.close();
    return reply(octets);
  });
  const { client, endpoint } = await serve(t, { handler, calls });
  const one = await client();
  one.send(Buffer.concat([framed(query(1)), framed(query(2, 'close'))]));
  await until(() => one.state !== 'open', 'the end');
  t.same(sent, []);
});

t.test('the number of a descriptor is free when all that was to be told is told', async (t) => {
  let closed: number | undefined;
  const handler = new Handler((octets) => {
    const before = openFiles();
    endpoint.close();
    closed ??= before - openFiles();
    return reply(octets);
  });
  const { client, clients, endpoint, counters } = await serve(t, { handler });
  const some = [await client(), await client(), await client()];
  await until(() => counters.sum('tcpAccepted') === 3, 'all of them');
  for (const one of some) one.send(framed(query(1)));
  await until(() => closed !== undefined, 'the query');
  t.equal(closed, 0);
  await until(() => some.every((one) => one.state !== 'open'), 'the ends');
  t.equal(clients.total, 0);
});

t.test('an IPv4 client of a socket for both families is an IPv4 client', async (t) => {
  const both = createServer();
  await new Promise<void>((resolve) => both.listen(0, '::', resolve));
  const { port } = both.address() as AddressInfo;
  const fd = ffi.duplicate((both as unknown as { _handle: { fd: number } })._handle.fd);
  both.close();
  t.teardown(() => ffi.close(fd));
  const handler = new Handler();
  const { client } = await serve(t, { main: { fd, port }, handler });
  const one = await client();
  one.send(framed(query(1)));
  await until(() => one.received.length === 1, 'the reply');
  t.same([...handler.asked[0]!.client.address], [127, 0, 0, 1]);
  t.equal(handler.asked[0]!.client.port, one.socket.localPort);
});

t.test('replies of one turn to one client leave together, those to others are not held up', async (t) => {
  const sent: number[] = [];
  const calls: Partial<Streams> = {
    send: (fd, octets, length) => {
      sent.push(length);
      return ffi.streams.send(fd, octets, length);
    },
  };
  const waiting: (() => void)[] = [];
  const handler = new Handler((octets) =>
    textOf(octets) === 'later'
      ? new Promise((resolve) => waiting.push(() => resolve(reply(octets))))
      : reply(octets),
  );
  const { client } = await serve(t, { handler, calls });
  const [one, two] = [await client(), await client()];
  one.send(Buffer.concat([1, 2, 3].map((id) => framed(query(id)))));
  await until(() => one.received.length === 3, 'replies');
  t.same(sent, [3 * 14]);
  for (const [i, each] of [one, two, one, two].entries()) {
    each.send(framed(query(10 + i, 'later')));
    await until(() => waiting.length === i + 1, 'the query');
  }
  sent.length = 0;
  for (const resolve of waiting) resolve();
  await until(() => one.received.length === 5 && two.received.length === 2, 'the others');
  t.same(one.received.map(idOf), [1, 2, 3, 10, 12]);
  t.equal(sent.length, 4, 'they take turns');
});

t.test('what the kernel takes in parts arrives whole and in order', async (t) => {
  let calls = 0;
  const send: Streams['send'] = (fd, octets, length) => {
    calls++;
    if (calls % 3 === 0) return 'EAGAIN';
    return ffi.streams.send(fd, octets, Math.min(length, 1 + ((calls * 7919) % 9000)));
  };
  const { client } = await serve(t, { handler: new Handler(big), calls: { send } });
  const one = await client();
  for (let id = 0; id < 40; id++) one.send(framed(query(id)));
  one.socket.end();
  await until(() => one.state === 'closed', 'the end');
  t.same(
    one.received.map(idOf),
    Array.from({ length: 40 }, (_, id) => id),
  );
  t.ok(one.received.every((octets) => octets.length === BIG));
});

for (const code of ['EPIPE', 'ECONNRESET'] as const) {
  t.test(`a client that is gone when its reply is sent: ${code}`, async (t) => {
    const { client, clients } = await serve(t, { calls: { send: () => code } });
    const one = await client();
    one.send(Buffer.concat([1, 2].map((id) => framed(query(id)))));
    await until(() => one.state !== 'open', 'the end');
    t.equal(clients.total, 0);
  });
}

t.test('a stream that cannot be read is closed, one of which nothing came is not', async (t) => {
  const codes = ['EAGAIN', 'EINTR', 'ETIMEDOUT'];
  const { client, clients } = await serve(t, { calls: { receive: () => codes.shift()! } });
  const one = await client();
  one.send(framed(query(1)));
  await until(() => one.state !== 'open', 'the end');
  t.same(codes, []);
  t.equal(clients.total, 0);
});

t.test('what waits wakes nobody: not read on, and ended by one side', async (t) => {
  const { seen, other } = countedReady();
  const release: (() => void)[] = [];
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.push(() => resolve(reply(octets)))),
  );
  const { client, endpoint, clients } = await serve(t, { handler, other });
  const full = await client();
  // More than may be under way, and more again once reading has stopped.
  full.send(Buffer.concat(Array.from({ length: 40 }, (_, id) => framed(query(id)))));
  await until(() => release.length === 32, 'as many as may be under way');
  full.send(framed(query(40)));
  const ended = await client();
  ended.send(framed(query(41)));
  ended.socket.end();
  await until(() => release.length === 33, 'another');
  await sleep(20);
  const asked = seen.asked;
  await sleep(50);
  t.ok(seen.asked - asked <= 1, `asked ${seen.asked - asked} times`);
  full.socket.resetAndDestroy();
  await until(() => clients.total === 1, 'the end of one that is not read');
  for (const resolve of release) resolve();
  await until(() => ended.state === 'closed', 'the end of the other');
  t.equal(ended.received.length, 1);
  t.equal(endpoint.pending, 0);
});
