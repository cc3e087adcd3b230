import t from 'tap';
import {
  BLOCKED_MS,
  CLOSING_MS,
  FIRST_MS,
  MESSAGE_MS,
  QUERY_OCTETS_MAX,
  QUEUED_OCTETS_MAX,
} from '../../src/server/connection.ts';
import { IDLE_MS } from '../../src/server/tcpclients.ts';
import { IN_FLIGHT_MAX } from '../../src/server/tcpconnection.ts';
import { framed, Handler, idOf, query, reply, sleep, TcpClient, textOf, until } from './sockets.ts';
import { type Setting, serveTcp, type Test, type Way } from './tcpendpoint.ts';

/** Octets of a reply of `big`. */
export const BIG = 16_000;
export const big = (octets: Uint8Array): Buffer =>
  reply(Buffer.concat([octets, Buffer.alloc(BIG - octets.length)]));

/** TCP against raw sockets: ordinary clients, and those that dribble, never read, or come in numbers. */
export function tcpSuite(way: Way): void {
  const serve = (t: Test, setting: Setting = {}) => serveTcp(t, way, setting);

  /** A handler whose replies are given by hand. */
  function held() {
    const release = new Map<number, () => void>();
    const handler = new Handler(
      (octets) => new Promise((resolve) => release.set(idOf(octets), () => resolve(reply(octets)))),
    );
    return { handler, release };
  }

  for (const address of ['127.0.0.1', '::1']) {
    t.test(`a query and its reply, ${address}`, async (t) => {
      const { client, handler, counters } = await serve(t, { address });
      const one = await client();
      one.send(framed(query(5, 'hello')));
      await until(() => one.received.length === 1, 'the reply');
      t.equal(textOf(one.received[0]!), 'hello');
      const seen = handler.asked[0]!.client;
      t.match(seen, { transport: 'tcp', endpoint: 3 });
      t.equal(seen.address.length, address === '::1' ? 16 : 4);
      t.equal(seen.port, one.socket.localPort);
      t.equal(counters.sum('tcpAccepted'), 1);
    });
  }

  t.test('a connection is used again, and queries may come many at a time', async (t) => {
    const { client, clients } = await serve(t);
    const one = await client();
    one.send(Buffer.concat([1, 2, 3].map((id) => framed(query(id, `text ${id}`)))));
    await until(() => one.received.length === 3, 'three replies');
    one.send(framed(query(4, 'text 4')));
    await until(() => one.received.length === 4, 'the fourth');
    t.same(one.received.map(textOf), ['text 1', 'text 2', 'text 3', 'text 4']);
    t.equal(clients.total, 1);
  });

  t.test('others are served before whatever is done for a connection', async (t) => {
    let times = 0;
    const { client, clock, clients } = await serve(t, { interleave: () => times++ });
    const more = async (what: string): Promise<void> => {
      await until(() => times > 0, what);
      times = 0;
    };
    const one = await client();
    await more('accepted');
    one.send(Uint8Array.of(0));
    await more('an octet came');
    clock.advance(100);
    await more('looked at');
    one.destroy();
    await until(() => clients.total === 0, 'the end');
    await more('closed');
  });

  t.test('those whose time is over at once end a few at a time', async (t) => {
    const { client, clock, counters } = await serve(t);
    for (let i = 0; i < 30; i++) await client();
    await until(() => counters.sum('tcpAccepted') === 30, 'all of them');
    clock.advance(FIRST_MS - 100);
    const ended: number[] = [];
    for (let passed = 0; passed < 200; passed += 10) {
      const before = counters.sum('tcpTimedOut');
      clock.advance(10);
      ended.push(counters.sum('tcpTimedOut') - before);
      await sleep(0);
    }
    t.equal(counters.sum('tcpTimedOut'), 30);
    t.equal(Math.max(...ended), 3);
  });

  t.test('replies go out as they come, in any order (RFC 7766 section 6.2.1.1)', async (t) => {
    const { handler, release } = held();
    const { client } = await serve(t, { handler });
    const one = await client();
    for (const id of [1, 2, 3]) one.send(framed(query(id)));
    await until(() => release.size === 3, 'the queries');
    for (const id of [3, 1, 2]) {
      release.get(id)!();
      await sleep(5);
    }
    await until(() => one.received.length === 3, 'the replies');
    t.same(one.received.map(idOf), [3, 1, 2]);
  });

  t.test('a message may come in pieces, its length too', async (t) => {
    const { client, handler } = await serve(t);
    const one = await client();
    one.socket.setNoDelay(true);
    for (const octet of Buffer.concat([framed(query(1, 'first')), framed(query(2, 'second'))])) {
      one.send(Buffer.from([octet]));
      await sleep(0);
    }
    await until(() => one.received.length === 2, 'the replies');
    t.same(
      handler.asked.map((asked) => textOf(asked.query)),
      ['first', 'second'],
    );
  });

  for (const length of [0, 11, QUERY_OCTETS_MAX + 1, 65_535]) {
    t.test(`a length of ${length} ends the connection before the message is there`, async (t) => {
      const { client, handler, counters, clients } = await serve(t);
      const one = await client();
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(length);
      one.send(prefix);
      await until(() => one.state !== 'open', 'the end');
      t.equal(handler.asked.length, 0);
      t.equal(counters.sum('droppedMalformed'), 1);
      t.equal(one.state, 'reset');
      await until(() => clients.total === 0, 'the client to be counted out');
    });
  }

  t.test('replies to what came before a length that is none leave before the reset', async (t) => {
    const { client } = await serve(t);
    const one = await client();
    one.send(Buffer.concat([framed(query(1)), Buffer.from([0, 0])]));
    await until(() => one.state !== 'open', 'the end');
    t.equal(one.state, 'reset');
    t.equal(one.received.length, 1);
  });

  t.test('the longest message that is taken', async (t) => {
    const { client, handler } = await serve(t);
    const one = await client();
    one.send(framed(query(1, 'x'.repeat(QUERY_OCTETS_MAX - 12))));
    await until(() => one.received.length === 1, 'the reply');
    t.equal(handler.asked[0]!.query.length, QUERY_OCTETS_MAX);
  });

  t.test('who says nothing is closed after the time for the first message', async (t) => {
    const { client, pass, counters } = await serve(t);
    const one = await client();
    await until(() => counters.sum('tcpAccepted') === 1, 'the connection');
    await pass(FIRST_MS - 100);
    await sleep(10);
    t.equal(one.state, 'open');
    await pass(200);
    await until(() => one.state !== 'open', 'the end');
    t.equal(counters.sum('tcpTimedOut'), 1);
  });

  t.test('who dribbles the first message is closed as well', async (t) => {
    const { client, pass, handler } = await serve(t);
    const one = await client();
    for (let ms = 0; ms < FIRST_MS && one.state === 'open'; ms += 200) {
      one.send(Buffer.from([ms === 0 ? 0 : 20]));
      await sleep(2);
      await pass(200);
    }
    await pass(100);
    await until(() => one.state !== 'open', 'the end');
    t.equal(handler.asked.length, 0);
  });

  t.test('who dribbles a later message has a little longer, whatever comes meanwhile', async (t) => {
    const { client, pass, clock } = await serve(t);
    const one = await client();
    one.send(framed(query(1)));
    await until(() => one.received.length === 1, 'the reply');
    one.send(Buffer.from([0, 100]));
    await sleep(10);
    const start = clock.now();
    while (one.state === 'open' && clock.now() - start < 2 * MESSAGE_MS) {
      one.send(Buffer.from([1]));
      await sleep(2);
      await pass(200);
    }
    await until(() => one.state !== 'open', 'the end');
    t.ok(clock.now() - start >= MESSAGE_MS - 200, 'not before its time');
  });

  t.test('an idle connection is closed, and one that is used is not', async (t) => {
    const { client, pass } = await serve(t);
    const idle = await client();
    const used = await client();
    for (const one of [idle, used]) one.send(framed(query(1)));
    await until(() => idle.received.length + used.received.length === 2, 'the replies');
    await pass(IDLE_MS - 200);
    used.send(framed(query(2)));
    await until(() => used.received.length === 2, 'the second reply');
    await pass(400);
    await until(() => idle.state !== 'open', 'the end of the idle one');
    await pass(IDLE_MS - 600);
    await sleep(10);
    t.equal(used.state, 'open');
    await pass(500);
    await until(() => used.state !== 'open', 'the end of the other');
  });

  t.test('idle connections are kept for a shorter time the fuller the process is', async (t) => {
    const { client, pass, clients } = await serve(t, { maxClients: 4 });
    const some = [await client(), await client(), await client()];
    for (const one of some) one.send(framed(query(1)));
    await until(() => some.every((one) => one.received.length === 1), 'the replies');
    t.equal(clients.idleMs(), IDLE_MS / 2);
    await pass(IDLE_MS / 2 + 200);
    await until(() => some.some((one) => one.state !== 'open'), 'the end of one');
  });

  t.test('who waits for an answer is not idle', async (t) => {
    const { handler, release } = held();
    const { client, pass } = await serve(t, { handler });
    const one = await client();
    one.send(framed(query(1)));
    await until(() => release.size === 1, 'the query');
    await pass(IDLE_MS + 500);
    await sleep(10);
    t.equal(one.state, 'open');
    release.get(1)!();
    await until(() => one.received.length === 1, 'the reply');
  });

  t.test('queries beyond those that may be under way wait in the client', async (t) => {
    const { handler, release } = held();
    const { client, endpoint, pass } = await serve(t, { handler });
    const one = await client();
    one.send(Buffer.concat(Array.from({ length: 100 }, (_, id) => framed(query(id)))));
    await until(() => release.size === IN_FLIGHT_MAX, 'the first queries');
    await sleep(20);
    t.equal(release.size, IN_FLIGHT_MAX);
    t.equal(endpoint.pending, IN_FLIGHT_MAX);
    await pass(MESSAGE_MS + 500);
    t.equal(one.state, 'open', 'waiting for us is not its fault');
    release.get(7)!();
    await until(() => release.size === IN_FLIGHT_MAX + 1, 'one more');
    for (let id = 0; id < 100; id++) {
      await until(() => release.has(id), `query ${id}`);
      release.get(id)!();
    }
    await until(() => one.received.length === 100, 'all replies');
    t.equal(endpoint.pending, 0);
  });

  t.test('for a client that never reads, work stops, and then the connection', async (t) => {
    const handler = new Handler(big);
    const { client, pass, clients } = await serve(t, { handler });
    const one = await client({ read: false });
    const count = 4000;
    one.send(Buffer.concat(Array.from({ length: count }, (_, id) => framed(query(id)))));
    let asked = -1;
    await until(() => {
      const isSame = asked === handler.asked.length && asked > 0;
      asked = handler.asked.length;
      return isSame;
    }, 'the handler to be left alone');
    await sleep(100);
    const octets = handler.asked.length * BIG;
    t.ok(handler.asked.length < count, `${handler.asked.length} of ${count} were asked`);
    t.ok(octets < 10_000_000 + QUEUED_OCTETS_MAX, `${octets} octets, of which the kernel has most`);
    await pass(BLOCKED_MS - 500);
    t.equal(clients.total, 1);
    await pass(1000);
    await until(() => clients.total === 0, 'the end');
  });

  t.test('a client that reads again in time gets everything', async (t) => {
    const handler = new Handler(big);
    const { client, pass } = await serve(t, { handler });
    const one = await client({ read: false });
    const count = 1000;
    one.send(Buffer.concat(Array.from({ length: count }, (_, id) => framed(query(id)))));
    await sleep(100);
    t.ok(handler.asked.length < count);
    await pass(BLOCKED_MS - 1000);
    let received = 0;
    one.socket.on('data', (chunk) => (received += chunk.length));
    await until(() => received === count * (BIG + 2), 'all replies');
  });

  t.test('a pipeline full of queries leaves other clients their turn', async (t) => {
    const { client, handler } = await serve(t);
    const greedy = await client();
    const modest = await client();
    const count = 4000;
    greedy.send(Buffer.concat(Array.from({ length: count }, (_, id) => framed(query(id & 0xff)))));
    await sleep(1);
    modest.send(framed(query(999)));
    await until(() => handler.asked.length === count + 1, 'all queries');
    const turn = handler.asked.findIndex((asked) => idOf(asked.query) === 999);
    t.ok(turn < count, `it was number ${turn} of ${count}`);
  });

  t.test('half-close: answers under way still arrive, then the end', async (t) => {
    const { handler, release } = held();
    const { client, clients } = await serve(t, { handler });
    const one = await client();
    one.send(Buffer.concat([framed(query(1)), framed(query(2))]));
    one.socket.end();
    await until(() => release.size === 2, 'the queries');
    await sleep(20);
    t.equal(one.state, 'open');
    release.get(2)!();
    release.get(1)!();
    await until(() => one.state !== 'open', 'the end');
    t.equal(one.state, 'closed', 'by FIN');
    t.same(one.received.map(idOf), [2, 1]);
    await until(() => clients.total === 0, 'the client to be counted out');
  });

  t.test('half-close with more queries than may be under way: all are answered', async (t) => {
    const handler = new Handler(
      (octets) => new Promise((resolve) => setImmediate(() => resolve(reply(octets)))),
    );
    const { client } = await serve(t, { handler });
    const one = await client();
    one.send(Buffer.concat(Array.from({ length: 100 }, (_, id) => framed(query(id)))));
    one.socket.end();
    await until(() => one.state === 'closed', 'the end');
    t.equal(one.received.length, 100);
  });

  t.test('who only connects and leaves, or breaks off in the middle, leaves nothing behind', async (t) => {
    const { handler, release } = held();
    const { client, clients, endpoint } = await serve(t, { handler });
    (await client()).socket.end();
    const middle = await client();
    middle.send(Buffer.from([0, 50, 1, 2, 3]));
    middle.socket.end();
    const waiting = await client();
    waiting.send(framed(query(1)));
    await until(() => release.size === 1, 'the query');
    waiting.socket.resetAndDestroy();
    await until(() => clients.total === 0, 'all to be counted out');
    release.get(1)!();
    await sleep(5);
    t.equal(endpoint.connections, 0);
  });

  t.test('32 connections of one address, and no more; others are not concerned', async (t) => {
    const { client, clients, counters } = await serve(t);
    const some: TcpClient[] = [];
    for (let i = 0; i < 32; i++) some.push(await client());
    await until(() => clients.total === 32, 'all connections');
    const beyond = await client();
    await until(() => beyond.state !== 'open', 'the end of the 33rd');
    t.equal(beyond.state, 'reset');
    t.equal(counters.sum('tcpRefused'), 1);
    const other = await client({ localAddress: '127.0.0.2' });
    other.send(framed(query(1)));
    await until(() => other.received.length === 1, 'the other address to be served');
    some[0]!.destroy();
    await until(() => clients.total === 32, 'one to be counted out');
    const again = await client();
    again.send(framed(query(1)));
    await until(() => again.received.length === 1, 'the place to be taken again');
  });

  t.test('connections of the whole process are bounded', async (t) => {
    const { client, clients, counters } = await serve(t, { maxClients: 3 });
    for (let i = 0; i < 3; i++) await client({ localAddress: `127.0.0.${10 + i}` });
    await until(() => clients.total === 3, 'all connections');
    const beyond = await client({ localAddress: '127.0.0.20' });
    await until(() => beyond.state !== 'open', 'the end of the fourth');
    t.equal(beyond.state, 'reset');
    t.equal(counters.sum('tcpRefused'), 1);
  });

  t.test('who is outside the access list is closed before anything is read', async (t) => {
    const { client, handler, clients, counters } = await serve(t, {
      admits: (endpoint, address) => endpoint === 3 && address[3] !== 2,
    });
    const outside = await client({ localAddress: '127.0.0.2' });
    outside.send(framed(query(1)));
    await until(() => outside.state !== 'open', 'the end');
    t.equal(outside.state, 'reset');
    const inside = await client();
    inside.send(framed(query(2)));
    await until(() => inside.received.length === 1, 'the reply');
    t.equal(handler.asked.length, 1);
    t.equal(clients.total, 1);
    t.equal(counters.sum('droppedAcl'), 1);
  });

  t.test('no reply, and replies that fail, leave the connection usable', async (t) => {
    const handler = new Handler((octets) => {
      if (textOf(octets) === 'silence') return undefined;
      if (textOf(octets) === 'throw') throw new Error('a bug');
      if (textOf(octets) === 'reject') return Promise.reject(new Error('a bug'));
      return reply(octets);
    });
    const { client, counters, endpoint } = await serve(t, { handler });
    const one = await client();
    for (const text of ['silence', 'throw', 'reject', 'answer']) one.send(framed(query(1, text)));
    await until(() => one.received.length === 1, 'the reply');
    t.equal(textOf(one.received[0]!), 'answer');
    await until(() => counters.sum('workerErrors') === 2, 'the errors to be counted');
    t.equal(endpoint.pending, 0);
  });

  t.test('stopping: what is under way is answered, nothing new is taken', async (t) => {
    const { handler, release } = held();
    const { client, endpoint, port } = await serve(t, { handler });
    const one = await client();
    const idle = await client();
    idle.send(framed(query(2)));
    one.send(framed(query(1)));
    await until(() => release.size === 2, 'the queries');
    release.get(2)!();
    await until(() => idle.received.length === 1, 'the reply');
    endpoint.pause();
    await until(() => idle.state === 'closed', 'the end of the idle one');
    one.send(framed(query(3)));
    const late = new TcpClient('127.0.0.1', port);
    await until(() => late.state === 'reset', 'the late one to be refused');
    release.get(1)!();
    await until(() => one.state === 'closed', 'the end');
    t.same(one.received.map(idOf), [1]);
    t.equal(handler.asked.length, 2);
  });

  t.test('stopping: a client that does not end its side is not waited for long', async (t) => {
    const { client, endpoint, pass } = await serve(t);
    const one = await client();
    one.send(framed(query(1)));
    await until(() => one.received.length === 1, 'the reply');
    endpoint.pause();
    await until(() => one.state === 'closed', 'our end');
    t.equal(endpoint.connections, 1, 'the client has not ended');
    await pass(CLOSING_MS + 200);
    await until(() => endpoint.connections === 0, 'the end');
  });

  t.test('a connection lives on with the heir of its listener, and asks under its index', async (t) => {
    const { client, endpoint, handler } = await serve(t);
    const heir = await serve(t, { handler });
    const one = await client();
    one.send(framed(query(1)));
    await until(() => one.received.length === 1, 'the reply');
    heir.endpoint.endpoint = 8;
    heir.endpoint.adopt(endpoint);
    t.equal(endpoint.connections, 0);
    t.equal(heir.endpoint.connections, 1);
    one.send(framed(query(2)));
    await until(() => one.received.length === 2, 'the second reply');
    heir.endpoint.endpoint = 9;
    one.send(framed(query(3)));
    await until(() => one.received.length === 3, 'the third reply');
    t.same(
      handler.asked.map((asked) => asked.client.endpoint),
      [3, 8, 9],
    );
    one.destroy();
    await until(() => heir.endpoint.connections === 0, 'the end');
  });
}
