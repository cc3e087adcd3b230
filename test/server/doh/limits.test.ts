/** DNS over HTTPS and clients that are no friends: frames that nobody needs, streams without end, and who does not read. */
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import {
  BLOCKED_MS,
  FIRST_MS,
  MESSAGE_MS,
  QUERY_OCTETS_MAX,
  QUEUED_OCTETS_MAX,
} from '../../../src/server/connection.ts';
import {
  IDLE_OCTETS_MAX,
  REQUEST_OCTETS_MAX,
  REQUESTS_MAX,
  VAIN_MAX,
} from '../../../src/server/doh/connection.ts';
import { HEADER_OCTETS_MAX, HEADER_PAIRS_MAX } from '../../../src/server/doh/http2.ts';
import { STREAMS_FIRST_MAX } from '../../../src/server/doh/streamlimit.ts';
import { HTTP_CLIENTS_MAX, IDLE_MS } from '../../../src/server/tcpclients.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  type FrameClient,
  frame,
  getHeaders,
  headerBlock,
  selfSigned,
  serveDoh,
} from '../../support/doh.ts';
import { missing } from '../../support/servers.ts';
import { Handler, query, sleep, until } from '../../support/sockets.ts';

const skip = missing('openssl');
const credentials = selfSigned(t);

const GET = `/dns-query?dns=${query(1, 'x').toString('base64url')}`;
const CALM = 11;
const PROTOCOL_ERROR = 1;

const get = (stream: number, flags = END_HEADERS | END_STREAM): Buffer =>
  frame(FRAME.headers, flags, stream, headerBlock(getHeaders(GET)));
const post = (stream: number): Buffer =>
  frame(
    FRAME.headers,
    END_HEADERS,
    stream,
    headerBlock({
      ...getHeaders('/dns-query'),
      ':method': 'POST',
      'content-type': 'application/dns-message',
    }),
  );
const reset = (stream: number): Buffer => frame(FRAME.rst, 0, stream, Buffer.from([0, 0, 0, 8]));
const streams = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 * i + 1);

type Served = Awaited<ReturnType<typeof serveDoh>>;

/** The endpoint is there for others, nothing was counted as a fault of its own. */
async function servesOthers(t: Test, served: Served): Promise<void> {
  served.handler.answer = (octets) => octets;
  const other = served.http2();
  t.equal((await other.get(query(1))).status, 200, 'others are served');
  t.equal(served.count('workerErrors'), 0);
  other.session.close();
}

/** Lets deadlines be looked at until the connection is closed. */
async function closed(served: Served, client: FrameClient): Promise<void> {
  await until(() => {
    if (client.state !== 'closed') served.clock.advance(100);
    return client.state === 'closed';
  }, 'the end');
}

t.test('streams that are reset at once (CVE-2023-44487)', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  client.send(...streams(5_000).flatMap((stream) => [get(stream), reset(stream)]));
  await until(() => client.goaway !== undefined, 'last words');
  t.equal(client.goaway, CALM);
  await closed(served, client);
  t.equal(served.count('tcpAbusive'), 1);
  t.ok(served.handler.asked.length <= VAIN_MAX + 1, `${served.handler.asked.length} were asked`);
  await servesOthers(t, served);
});

t.test('streams that are reset while they wait count until they are answered', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  let stream = -1;
  for (let i = 0; i < VAIN_MAX; i++) {
    client.send(get((stream += 2)));
    await until(() => handler.asked.length === i + 1, 'a query');
    client.send(reset(stream));
  }
  t.equal(served.endpoint.pending, VAIN_MAX);
  t.equal(client.state, 'open');
  client.send(get((stream += 2)));
  await until(() => handler.asked.length === VAIN_MAX + 1, 'one more');
  client.send(reset(stream));
  await closed(served, client);
  t.equal(client.goaway, CALM);
  t.equal(served.count('tcpAbusive'), 1);
  for (const each of release) each();
  await until(() => served.clients.total === 0, 'the end');
  await servesOthers(t, served);
});

t.test('answers make up for what was cancelled', { skip }, async (t) => {
  const waiting = new Handler(() => new Promise(() => undefined));
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  let stream = -1;
  for (let round = 0; round < 4; round++) {
    served.handler.answer = waiting.answer;
    const before = served.handler.asked.length;
    for (let i = 0; i < 20; i++) client.send(get((stream += 2)));
    await until(() => served.handler.asked.length === before + 20, 'what is cancelled');
    for (let i = 0; i < 20; i++) client.send(reset(stream - 2 * i));
    served.handler.answer = (octets) => octets;
    const answered = client.of(FRAME.data).length;
    for (let i = 0; i < 20; i++) {
      client.send(get((stream += 2)));
      await until(() => client.of(FRAME.data).length > answered + i, 'an answer');
    }
  }
  t.equal(client.state, 'open');
  t.equal(served.count('tcpAbusive'), 0);
});

t.test('no more streams than are allowed, at first half of them', { skip }, async (t) => {
  const handler = new Handler(() => new Promise(() => undefined));
  const served = await serveDoh(t, credentials, { handler });
  const first = await served.frames();
  first.send(...streams(STREAMS_FIRST_MAX).map((stream) => get(stream)));
  await until(() => handler.asked.length === STREAMS_FIRST_MAX, 'as many as are allowed');
  first.send(get(2 * STREAMS_FIRST_MAX + 1));
  await closed(served, first);
  t.equal(first.goaway, PROTOCOL_ERROR);
  const second = await served.frames();
  handler.answer = (octets) => octets;
  second.send(get(1));
  await until(() => second.of(FRAME.settings).length === 3, 'an answer, and more streams');
  handler.answer = () => new Promise(() => undefined);
  const before = handler.asked.length;
  second.send(...streams(REQUESTS_MAX).map((stream) => get(stream + 2)));
  await until(() => handler.asked.length === before + REQUESTS_MAX, 'as many as are allowed now');
  second.send(get(2 * REQUESTS_MAX + 3));
  await closed(served, second);
  t.equal(handler.asked.length, before + REQUESTS_MAX);
  await servesOthers(t, served);
});

t.test('a content that is cut off is no query', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  client.send(post(1), frame(FRAME.data, 0, 1, query(1, 'a part')), reset(1));
  client.send(get(3));
  await until(() => client.of(FRAME.data).length === 1, 'an answer');
  t.equal(served.handler.asked.length, 1);
  const other = await served.frames();
  other.send(post(1), frame(FRAME.data, 0, 1, query(1, 'a part')));
  other.socket.end();
  await closed(served, other);
  await until(() => served.clients.total === 1, 'the end of that one');
  t.equal(served.handler.asked.length, 1);
  await servesOthers(t, served);
});

/** What is sent many times, by name; each takes a number that no other frame has. */
const FLOODS: Readonly<Record<string, (i: number) => Buffer>> = {
  ping: () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  settings: () => frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255])),
  'settings, empty': () => frame(FRAME.settings, 0, 0),
  'window update (CVE-2026-21714)': () => frame(FRAME.window, 0, 0, Buffer.from([0, 0, 0, 1])),
  priority: (i) => frame(FRAME.priority, 0, 2 * i + 1, Buffer.from([0, 0, 0, 0, 7])),
  'of no known type': () => frame(0xee, 0, 0, Buffer.alloc(8)),
  'data of no stream': (i) => frame(FRAME.data, 0, 2 * i + 1, Buffer.alloc(1)),
  'reset of no stream': (i) => reset(2 * i + 1),
  'headers that are too many': (i) =>
    frame(
      FRAME.headers,
      END_HEADERS | END_STREAM,
      2 * i + 1,
      headerBlock({
        ...getHeaders(GET),
        ...Object.fromEntries(Array.from({ length: HEADER_PAIRS_MAX }, (_, n) => [`x-${n}`, ''])),
      }),
    ),
  'headers that are too long': (i) =>
    frame(
      FRAME.headers,
      END_HEADERS | END_STREAM,
      2 * i + 1,
      headerBlock({ ...getHeaders(GET), x: 'a'.repeat(HEADER_OCTETS_MAX) }),
    ),
  'a method that is none': (i) =>
    frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * i + 1, headerBlock({ ...getHeaders(GET), 'X y': '' })),
};

for (const [name, make] of Object.entries(FLOODS))
  t.test(`a flood of frames: ${name}`, { skip }, async (t) => {
    const served = await serveDoh(t, credentials);
    const client = await served.frames();
    const before = process.memoryUsage().rss;
    // Not more at a time than a socket holds: what is not read is no load.
    for (let i = 0; client.state !== 'closed'; i += 100) {
      client.send(...Array.from({ length: 100 }, (_, n) => make(i + n)));
      await sleep(0);
      served.clock.advance(100);
      if (i > 200_000) throw new Error('it goes on');
    }
    t.equal(served.handler.asked.length, 0);
    t.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024, 'memory');
    await until(() => served.clients.total === 0, 'the end');
    await servesOthers(t, served);
  });

t.test('empty data, headers without end (CVE-2024-12705, CVE-2024-27983)', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const [data, more] = [await served.frames(), await served.frames()];
  data.send(post(1));
  more.send(frame(FRAME.headers, END_STREAM, 1, headerBlock(getHeaders(GET))));
  for (let i = 0; i < 4_000; i++) {
    data.send(frame(FRAME.data, 0, 1));
    more.send(frame(FRAME.continuation, 0, 1));
    if (i % 200 === 0) await sleep(0);
  }
  await until(() => {
    served.clock.advance(100);
    return data.state === 'closed' && more.state === 'closed';
  }, 'the end of both');
  t.equal(served.handler.asked.length, 0);
  await servesOthers(t, served);
});

t.test('octets beside the requests are counted, those of requests are not', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  const waste = (octets: number): Buffer[] =>
    Array.from({ length: Math.floor(octets / 100) }, () => frame(0xee, 0, 0, Buffer.alloc(91)));
  client.send(...waste(IDLE_OCTETS_MAX - 4096));
  const requests = 20;
  for (let i = 0; i < requests; i++) {
    client.send(get(2 * i + 1), ...waste(REQUEST_OCTETS_MAX - 256));
    await until(() => client.of(FRAME.data).length === i + 1, 'an answer');
    served.clock.advance(100);
  }
  t.equal(client.state, 'open');
  client.send(...waste(16_384));
  await closed(served, client);
  t.equal(client.goaway, CALM);
  t.equal(served.count('tcpAbusive'), 1);
});

t.test('who does not take its answers', { skip }, async (t) => {
  const big = 16_000;
  const handler = new Handler((octets) => Buffer.concat([octets, Buffer.alloc(big)]));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  // A window of nothing for each stream.
  client.send(frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])));
  let stream = -1;
  const count = 30;
  for (let i = 0; i < count; i++) {
    client.send(get((stream += 2)));
    await until(() => client.of(FRAME.headers).length === i + 1, 'headers of a response');
  }
  t.equal(client.of(FRAME.data).length, 0);
  const most = Math.ceil(QUEUED_OCTETS_MAX / big) + 1;
  t.ok(handler.asked.length <= most, `${handler.asked.length} of ${count} were asked`);
  t.equal(served.count('dohRefused'), count - handler.asked.length, 'the others got an error');
  await served.pass(BLOCKED_MS);
  await until(() => client.state === 'closed', 'the end');
  t.equal(served.count('tcpTimedOut'), 1);
  await servesOthers(t, served);
});

t.test('who does not read at all', { skip }, async (t) => {
  const handler = new Handler((octets) => Buffer.concat([octets, Buffer.alloc(1_000)]));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  client.socket.pause();
  client.send(frame(FRAME.window, 0, 0, Buffer.from([0x7f, 0, 0, 0])));
  for (let i = 0; i < 20_000 && !client.socket.destroyed; i++) {
    client.send(get(2 * i + 1));
    if (i % 500 === 0) await sleep(0);
  }
  await until(() => {
    served.clock.advance(100);
    return served.clients.total === 0;
  }, 'the end');
  t.ok(handler.asked.length < 20_000);
  await servesOthers(t, served);
});

/** A connection is looked at as often. */
const LOOKED_AT_MS = 100;

/** Waits until the server has read what was sent: an acknowledgement comes behind it. */
async function read(client: FrameClient): Promise<void> {
  const acks = (): number => client.of(FRAME.ping).length;
  const before = acks();
  client.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await until(() => acks() > before, 'an acknowledgement');
}

t.test('a content that dribbles', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  client.send(get(1), post(3));
  await read(client);
  for (let passed = 0; passed < MESSAGE_MS - 100; passed += 100) {
    client.send(frame(FRAME.data, 0, 3, Buffer.from([0])));
    await read(client);
    served.clock.advance(100);
  }
  t.equal(served.count('tcpTimedOut'), 0);
  served.clock.advance(100 + LOOKED_AT_MS);
  t.equal(served.count('tcpTimedOut'), 1);
  await closed(served, client);
  t.equal(served.handler.asked.length, 1);
  await servesOthers(t, served);
});

t.test('headers that dribble, and pings, are no signs of life', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const [headers, pings] = [await served.frames(), await served.frames()];
  for (const client of [headers, pings]) {
    client.send(get(1));
    await until(() => client.of(FRAME.data).length === 1, 'an answer');
  }
  headers.send(frame(FRAME.headers, 0, 3, headerBlock(getHeaders(GET))));
  for (let passed = 0; passed < IDLE_MS - 100; passed += 100) {
    // More of them end the connection at once.
    if (passed % 2_000 === 0)
      headers.send(frame(FRAME.continuation, 0, 3, Buffer.from([0, 1, 0x61, 1, 0x61])));
    await read(pings);
    served.clock.advance(100);
  }
  t.equal(served.count('tcpTimedOut'), 0);
  served.clock.advance(100 + LOOKED_AT_MS);
  t.equal(served.count('tcpTimedOut'), 2);
  await closed(served, headers);
  await closed(served, pings);
  t.equal(served.handler.asked.length, 2);
  await servesOthers(t, served);
});

t.test('a content of which nobody knows the end is bounded', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  client.send(post(1));
  for (let sent = 0; sent <= QUERY_OCTETS_MAX; sent += 1024)
    client.send(frame(FRAME.data, 0, 1, Buffer.alloc(1024)));
  await until(() => client.of(FRAME.headers).length === 1 || client.of(FRAME.rst).length === 1, 'an end');
  t.equal(served.handler.asked.length, 0);
  await servesOthers(t, served);
});

t.test('what is no HTTP/2 ends the connection, and no more', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const samples: readonly Buffer[] = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    frame(FRAME.continuation, END_HEADERS, 1, Buffer.alloc(5)),
    frame(FRAME.headers, END_HEADERS | END_STREAM, 1, Buffer.from('ffffffffffff', 'hex')),
    frame(FRAME.headers, END_HEADERS | END_STREAM, 2, headerBlock(getHeaders(GET))),
    frame(FRAME.settings, 0, 0, Buffer.alloc(5)),
    frame(FRAME.window, 0, 0, Buffer.alloc(4)),
    frame(FRAME.goaway, 0, 0, Buffer.alloc(3)),
    frame(FRAME.data, END_STREAM, 0, Buffer.alloc(3)),
    Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
  ];
  for (const sample of samples) {
    const client = await served.frames();
    client.send(sample);
    await closed(served, client);
  }
  const strange = await served.frames();
  strange.send(
    frame(
      FRAME.headers,
      END_HEADERS | END_STREAM,
      1,
      headerBlock({ ...getHeaders(GET), ['__proto__']: 'x', constructor: 'y', 'content-length': '0' }),
    ),
  );
  await until(() => strange.received.some(({ stream }) => stream === 1), 'a response');
  await servesOthers(t, served);
});

t.test('clients by HTTP are fewer than by TCP', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  for (let i = 0; i < HTTP_CLIENTS_MAX - 1; i++)
    served.clients.enter(new Uint8Array([10, 0, i >> 8, i]), 'http');
  const last = served.http2();
  t.equal((await last.get(query(1))).status, 200);
  t.equal((await served.frames()).state, 'closed');
  t.equal(served.count('tcpRefused'), 1);
});

t.test('HTTP/1.1: pipelines, long headers, dribbled headers', { skip }, async (t) => {
  const handler = new Handler(() => new Promise(() => undefined));
  const served = await serveDoh(t, credentials, { handler });
  const open = async () => {
    const socket = connect({ port: served.port, host: '127.0.0.1', ca: credentials.cert });
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (text += chunk));
    t.teardown(() => socket.destroy());
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    return { socket, text: () => text };
  };
  const request = `GET ${GET} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const pipeline = await open();
  pipeline.socket.write(request.repeat(REQUESTS_MAX + 20));
  await until(() => handler.asked.length === REQUESTS_MAX && served.count('dohRefused') === 20, 'all');
  t.equal(served.endpoint.pending, REQUESTS_MAX);
  const long = await open();
  long.socket.write(`GET ${GET} HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(2 * HEADER_OCTETS_MAX)}\r\n\r\n`);
  await until(() => long.text().startsWith('HTTP/1.1 431 ') && long.socket.readableEnded, 'a refusal');
  const garbage = await open();
  garbage.socket.write('\x16\x03\x01 nothing\r\n\r\n');
  await until(() => garbage.text().startsWith('HTTP/1.1 400 ') && garbage.socket.readableEnded, 'another');
  const slow = await open();
  slow.socket.write('GET / HTTP/1.1\r\n');
  let passed = 0;
  // The server may come to have it late: it goes on for as long as it is let.
  await until(() => {
    if (slow.socket.readableEnded || slow.socket.destroyed) return true;
    slow.socket.write('X: y\r\n');
    served.clock.advance(100);
    passed += 100;
    return false;
  }, 'the end of the slow one');
  t.ok(passed >= FIRST_MS, `${passed} ms`);
  t.equal(served.count('tcpTimedOut'), 1);
  await servesOthers(t, served);
});
