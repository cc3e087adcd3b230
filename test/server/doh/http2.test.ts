/** HTTP/2 frame by frame: windows, forms of requests that clients seldom send, and ends of connections. */
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import t from 'tap';
import { QUERY_OCTETS_MAX } from '../../../src/server/connection.ts';
import { VAIN_MAX, WAITING_OCTETS_MAX } from '../../../src/server/doh/connection.ts';
import { serveHttp2 } from '../../../src/server/doh/http2.ts';
import { STREAMS_FIRST_MAX } from '../../../src/server/doh/streamlimit.ts';
import { daemonCounters, Metrics } from '../../../src/telemetry/metrics.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  FrameClient,
  frame,
  getHeaders,
  headerBlock,
  selfSigned,
  serveDoh,
} from '../../support/doh.ts';
import { missing } from '../../support/servers.ts';
import { Handler, query, sleep, textOf, until } from '../../support/sockets.ts';

const skip = missing('openssl');
const credentials = selfSigned(t);

const PADDED = 8;
const PRIORITY = 0x20;
const CODE = { none: 0, protocol: 1, flowControl: 3, streamClosed: 5, refused: 7, calm: 11 } as const;

const path = (text: string): string => `/dns-query?dns=${query(1, text).toString('base64url')}`;
const get = (stream: number, text = 'x'): Buffer =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, stream, headerBlock(getHeaders(path(text))));
const postHeaders = (more = {}): Record<string, string> => ({
  ...getHeaders('/dns-query'),
  ':method': 'POST',
  'content-type': 'application/dns-message',
  ...more,
});
const post = (stream: number, more = {}): Buffer =>
  frame(FRAME.headers, END_HEADERS, stream, headerBlock(postHeaders(more)));
const data = (stream: number, octets: Uint8Array): Buffer => frame(FRAME.data, END_STREAM, stream, octets);
const setting = (number: number, value: number): Buffer => {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(number);
  payload.writeUInt32BE(value, 2);
  return frame(FRAME.settings, 0, 0, payload);
};
const windowUpdate = (stream: number, by: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(by);
  return frame(FRAME.window, 0, stream, payload);
};
const reset = (stream: number): Buffer => frame(FRAME.rst, 0, stream, Buffer.from([0, 0, 0, 8]));

/** The content of a stream's response so far. */
function content(client: FrameClient, stream: number): Buffer {
  return Buffer.concat(
    client.of(FRAME.data).flatMap((each) => (each.stream === stream ? [each.payload] : [])),
  );
}

/** Code of the reset of a stream. */
function resetOf(client: FrameClient, stream: number): number | undefined {
  return client
    .of(FRAME.rst)
    .find((each) => each.stream === stream)
    ?.payload.readUInt32BE();
}

async function read(client: FrameClient): Promise<void> {
  const acks = (): number => client.of(FRAME.ping).length;
  const before = acks();
  client.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await until(() => acks() > before, 'an acknowledgement');
}

t.test('a response goes as far as windows let it', { skip }, async (t) => {
  const big = Buffer.alloc(60_000, 7);
  const served = await serveDoh(t, credentials, { handler: new Handler(() => big) });
  const client = await served.frames();
  client.send(setting(4, 10), get(1));
  await until(() => content(client, 1).length === 10, 'what the stream lets through');
  client.send(windowUpdate(1, 5));
  await until(() => content(client, 1).length === 15, 'five more');
  client.send(setting(4, 20));
  await until(() => content(client, 1).length === 25, 'ten more for all streams');
  // Below zero: 5 more are not enough then.
  client.send(setting(4, 0), windowUpdate(1, 5));
  await read(client);
  t.equal(content(client, 1).length, 25);
  client.send(windowUpdate(1, 20));
  await until(() => content(client, 1).length === 30, 'what is above zero');
  client.send(windowUpdate(1, 100_000));
  await until(() => content(client, 1).length === big.length, 'all');
  t.ok(content(client, 1).equals(big));
  t.ok(client.of(FRAME.data).every(({ payload }) => payload.length <= 16_384));
  t.equal(client.of(FRAME.data).at(-1)!.flags & END_STREAM, END_STREAM);
  // The connection has 5,535 left.
  client.send(setting(4, 65_535), get(3));
  await until(() => content(client, 3).length === 5_535, 'what the connection lets through');
  client.send(windowUpdate(0, 1_000_000));
  await until(() => content(client, 3).length === big.length, 'the rest');
  t.equal(served.count('tcpAbusive'), 0);
});

t.test('windows that are no windows', { skip }, async (t) => {
  const served = await serveDoh(t, credentials, { handler: new Handler(() => new Promise(() => undefined)) });
  for (const [what, code, ...frames] of [
    ['none more for the connection', CODE.protocol, windowUpdate(0, 0)],
    ['too much for the connection', CODE.flowControl, windowUpdate(0, 0x7fffffff)],
    ['settings that are too large', CODE.flowControl, setting(4, 0x80000000)],
    [
      'settings that are too large with what was added',
      CODE.flowControl,
      get(1),
      windowUpdate(1, 1000),
      setting(4, 0x7fffffff),
    ],
    ['of a stream that was never there', CODE.protocol, windowUpdate(5, 1)],
    ['frames that are too small', CODE.protocol, setting(5, 1000)],
    ['pushes that are neither on nor off', CODE.protocol, setting(2, 2)],
    [
      'more content than there may be',
      CODE.flowControl,
      post(1),
      ...Array.from({ length: 5 }, () =>
        frame(FRAME.data, PADDED, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(16_000)])),
      ),
    ],
  ] as const) {
    const client = await served.frames();
    client.send(...frames);
    // Content is given back while it comes, so the connection's window holds and the stream's ends it.
    await until(() => client.goaway !== undefined || resetOf(client, 1) !== undefined, what);
    t.equal(client.goaway ?? resetOf(client, 1), what.startsWith('more content') ? CODE.none : code, what);
    client.socket.destroy();
  }
  const client = await served.frames();
  client.send(get(1), get(3), get(5), windowUpdate(1, 0), windowUpdate(3, 0x7fffffff));
  await until(() => resetOf(client, 3) !== undefined, 'resets');
  t.equal(resetOf(client, 1), CODE.protocol);
  t.equal(resetOf(client, 3), CODE.flowControl);
  t.equal(client.state, 'open');
  t.equal(client.goaway, undefined);
});

t.test('forms that requests may have', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  const block = headerBlock(getHeaders(path('a')));
  const padded = Buffer.concat([Buffer.from([200]), block, Buffer.alloc(200)]);
  client.send(frame(FRAME.headers, END_HEADERS | END_STREAM | PADDED, 1, padded));
  const weighed = Buffer.concat([Buffer.from([0x80, 0, 0, 0, 200]), block]);
  client.send(frame(FRAME.headers, END_HEADERS | END_STREAM | PRIORITY, 3, weighed));
  // In three frames, and with the end of the stream in the first.
  client.send(
    frame(FRAME.headers, END_STREAM, 5, block.subarray(0, 10)),
    frame(FRAME.continuation, 0, 5, block.subarray(10, 11)),
    frame(FRAME.continuation, END_HEADERS, 5, block.subarray(11)),
  );
  const message = query(1, 'a');
  const content7 = Buffer.concat([Buffer.from([100]), message.subarray(0, 5), Buffer.alloc(100)]);
  client.send(
    post(7),
    frame(FRAME.data, PADDED, 7, content7),
    frame(FRAME.data, 0, 7),
    data(7, message.subarray(5)),
  );
  // Trailers end it as well.
  client.send(
    post(9, { 'content-length': String(message.length), te: 'trailers' }),
    frame(FRAME.data, 0, 9, message),
    frame(FRAME.headers, END_HEADERS | END_STREAM, 9, headerBlock({ 'x-checksum': '1' })),
  );
  client.send(frame(0x10, 0, 0, Buffer.from([0, 0, 0, 9, 0x75])));
  await until(() => client.of(FRAME.data).length === 5, 'all answers');
  for (const stream of [1, 3, 5, 7, 9]) t.equal(textOf(content(client, stream)), 'a', `stream ${stream}`);
  // Octet by octet.
  for (const octet of get(11, 'slow')) client.send(Buffer.from([octet]));
  await until(() => content(client, 11).length > 0, 'the slow one');
  t.equal(textOf(content(client, 11)), 'slow');
  t.equal(client.goaway, undefined);
  t.equal(client.of(FRAME.rst).length, 0);
});

t.test('a request that is none ends, and nothing else does', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const message = query(1, 'a');
  for (const [what, code, ...frames] of [
    ['longer than it says', CODE.protocol, post(1, { 'content-length': '5' }), data(1, message)],
    ['shorter than it says', CODE.protocol, post(1, { 'content-length': '500' }), data(1, message)],
    [
      'a length and no content',
      CODE.protocol,
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock(postHeaders({ 'content-length': '5' }))),
    ],
    [
      'no path',
      CODE.protocol,
      frame(
        FRAME.headers,
        END_HEADERS | END_STREAM,
        1,
        headerBlock({ ':method': 'GET', ':scheme': 'https' }),
      ),
    ],
    [
      'trailers that do not end it',
      CODE.protocol,
      post(1),
      frame(FRAME.headers, END_HEADERS, 1, headerBlock({ x: 'y' })),
    ],
    [
      'trailers that are too many',
      CODE.calm,
      post(1),
      frame(
        FRAME.headers,
        END_HEADERS | END_STREAM,
        1,
        headerBlock(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x${i}`, '']))),
      ),
    ],
    [
      'content that is too long',
      CODE.none,
      post(1),
      frame(FRAME.data, 0, 1, Buffer.alloc(QUERY_OCTETS_MAX + 1)),
    ],
  ] as const) {
    const client = await served.frames();
    client.send(...frames);
    await until(() => resetOf(client, 1) !== undefined, what);
    t.equal(resetOf(client, 1), code, what);
    // What was on its way when it ended is no fault.
    client.send(frame(FRAME.data, 0, 1, message), get(3));
    await until(() => content(client, 3).length > 0, 'the next');
    t.equal(client.goaway, undefined, what);
    client.socket.destroy();
  }
  t.equal(served.handler.asked.length, 7);
  t.equal(served.count('workerErrors'), 0);
});

t.test('a request that is refused before it is whole may be sent to its end', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  for (const stream of [1, 3, 5, 7]) client.send(post(stream, { 'content-type': 'text/html' }));
  await until(() => content(client, 7).length > 0, 'all refusals');
  t.equal(client.of(FRAME.rst).length, 0, 'nobody is interrupted');
  client.send(data(1, query(1)));
  client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 3, headerBlock({ x: 'y' })));
  client.send(reset(5));
  for (let i = 0; i < 5; i++) client.send(frame(FRAME.data, 0, 7, Buffer.alloc(1000)));
  await until(() => resetOf(client, 7) !== undefined, 'the end of what is too long');
  t.equal(resetOf(client, 7), CODE.none);
  await read(client);
  t.equal(client.of(FRAME.rst).length, 1);
  t.equal(client.goaway, undefined);
  t.equal(served.count('dohRefused'), 4);
  t.equal(served.handler.asked.length, 0);
  client.send(post(9, { 'content-type': 'text/html' }));
  await until(() => content(client, 9).length > 0, 'one more');
  served.endpoint.pause();
  await until(
    () => client.socket.readableEnded || client.state === 'closed',
    'an end that does not wait for it',
  );
});

t.test('content after the end of a request', { skip }, async (t) => {
  const served = await serveDoh(t, credentials, { handler: new Handler(() => new Promise(() => undefined)) });
  const client = await served.frames();
  client.send(get(1), data(1, query(1)));
  await until(() => resetOf(client, 1) !== undefined, 'a reset');
  t.equal(resetOf(client, 1), CODE.streamClosed);
  // The query was asked, and counts until it is answered.
  t.equal(served.endpoint.pending, 1);
});

t.test('what breaks the protocol ends the connection', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const block = headerBlock(getHeaders(path('a')));
  for (const [what, ...frames] of [
    ['a stream of ours', get(2)],
    ['a stream with no number', get(0)],
    [
      'padding that is longer than its frame',
      frame(FRAME.headers, END_HEADERS | PADDED, 1, Buffer.from([9, 0])),
    ],
    ['padding of nothing', frame(FRAME.headers, END_HEADERS | PADDED, 1)],
    ['no room for a priority', frame(FRAME.headers, END_HEADERS | PRIORITY, 1, Buffer.alloc(3))],
    [
      'another frame within headers',
      frame(FRAME.headers, 0, 1, block),
      frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
    ],
    [
      'headers that go on elsewhere',
      frame(FRAME.headers, 0, 1, block),
      frame(FRAME.continuation, END_HEADERS, 3),
    ],
    ['content of no stream', data(1, query(1))],
    ['padding that is longer than the content', post(1), frame(FRAME.data, PADDED, 1, Buffer.from([1]))],
    ['a push', frame(5, END_HEADERS, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), block]))],
    ['a ping of a stream', frame(FRAME.ping, 0, 1, Buffer.alloc(8))],
    ['a ping that is too long', frame(FRAME.ping, 0, 0, Buffer.alloc(9))],
    ['settings of a stream', frame(FRAME.settings, 0, 1)],
    ['an acknowledgement with settings', frame(FRAME.settings, 1, 0, Buffer.alloc(6))],
    ['a reset of what never was', reset(1)],
    ['a reset of nothing', frame(FRAME.rst, 0, 0, Buffer.alloc(4))],
    ['a priority of nothing', frame(FRAME.priority, 0, 0, Buffer.alloc(5))],
    ['a frame that is too long', frame(0x20, 0, 0, Buffer.alloc(16_385))],
    ['headers that cannot be read', frame(FRAME.headers, END_HEADERS, 1, Buffer.from([0xff]))],
    ['too many settings', frame(FRAME.settings, 0, 0, Buffer.alloc(6 * 17, 9))],
  ] as const) {
    const client = await served.frames();
    client.send(...frames, get(9));
    await until(() => client.goaway !== undefined, what);
    t.not(client.goaway, CODE.none, what);
    t.equal(content(client, 9).length, 0, `${what}: nothing is read behind it`);
    client.socket.destroy();
  }
  t.equal(served.count('tcpAbusive'), 20);
  t.equal(served.count('workerErrors'), 0);
});

t.test(
  'before the client knows how many streams there may be, too many are no fault',
  { skip },
  async (t) => {
    const handler = new Handler(() => new Promise(() => undefined));
    const served = await serveDoh(t, credentials, { handler });
    const client = new FrameClient(served.port, credentials.cert);
    t.teardown(() => client.socket.destroy());
    // Before it has read a single frame.
    client.socket.once('secureConnect', () =>
      client.send(...Array.from({ length: STREAMS_FIRST_MAX + 9 }, (_, i) => get(2 * i + 1))),
    );
    await until(() => client.of(FRAME.rst).length === 9, 'refusals');
    t.ok(client.of(FRAME.rst).every(({ payload }) => payload.readUInt32BE() === CODE.refused));
    t.equal(handler.asked.length, STREAMS_FIRST_MAX);
    t.equal(client.goaway, undefined);
  },
);

t.test('at the end', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  client.send(get(1, 'one'));
  await until(() => release.length === 1, 'a query');
  served.endpoint.pause();
  await until(() => client.goaway === CODE.none, 'it is said');
  t.equal(client.of(FRAME.goaway)[0]!.payload.readUInt32BE(), 1, 'what was heard');
  client.send(get(3, 'late'));
  await read(client);
  t.equal(release.length, 1, 'it is not asked');
  release[0]!();
  await until(() => client.state === 'closed' || client.socket.readableEnded, 'the end');
  t.equal(textOf(content(client, 1)), 'one');
  t.equal(content(client, 3).length, 0);
});

t.test('a client that sends no more gets what it asked for', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  client.send(get(1), post(3));
  await until(() => release.length === 1, 'a query');
  client.send(frame(FRAME.goaway, 0, 0, Buffer.alloc(8)));
  await read(client);
  release[0]!();
  await until(() => content(client, 1).length > 0, 'an answer');
  // The other may still be sent.
  client.send(data(3, query(1, 'late')));
  await until(() => release.length === 2, 'another query');
  release[1]!();
  await until(() => content(client, 3).length > 0, 'its answer');
  await until(() => served.clients.total === 0, 'the end');
});

t.test('who takes nothing is not read from', { skip }, async (t) => {
  const served = await serveDoh(t, credentials, { handler: new Handler(() => Buffer.alloc(4_000)) });
  const client = await served.frames();
  client.socket.pause();
  client.send(windowUpdate(0, 0x7000_0000));
  let before = -1;
  for (let i = 0; before !== served.handler.asked.length || i < 3_000; i += 100) {
    before = served.handler.asked.length;
    client.send(...Array.from({ length: 100 }, (_, n) => get(2 * (i + n) + 1)));
    await sleep(10);
    if (i > 50_000) throw new Error('it is read for ever');
  }
  const { asked } = served.handler;
  const [at, sent] = [asked.length, client.socket.bytesWritten];
  client.socket.resume();
  await until(() => asked.length > at, 'it goes on when it is taken');
  t.ok(sent > 0);
  t.equal(served.count('dohRefused'), 0, 'nothing that was read is refused');
});

t.test('whatever is sent, others are served', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const prng = new SeededPrng(20260101);
  const valid = (stream: number): Buffer[] => [
    get(stream),
    post(stream),
    data(stream, query(1)),
    reset(stream),
    windowUpdate(prng.below(2) * stream, prng.below(100)),
    setting(1 + prng.below(6), prng.below(70_000)),
    frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
    frame(FRAME.priority, 0, stream, Buffer.alloc(5)),
    frame(FRAME.headers, prng.below(64), stream, headerBlock(getHeaders('/'))),
    frame(FRAME.continuation, prng.below(8), stream, prng.fill(Buffer.alloc(prng.below(40)))),
    frame(prng.below(12), prng.below(256), stream, prng.fill(Buffer.alloc(prng.below(60)))),
  ];
  for (let round = 0; round < 150; round++) {
    const client = await served.frames();
    for (let i = 0; i < 40 && client.state !== 'closed'; i++) {
      const frames = valid(1 + 2 * prng.below(i + 1));
      const octets = Buffer.from(frames[prng.below(frames.length)]!);
      if (prng.below(10) === 0) octets[prng.below(octets.length)] = prng.below(256);
      client.send(octets);
    }
    await sleep(0);
    client.socket.destroy();
  }
  const other = served.http2();
  t.equal((await other.get(query(1))).status, 200);
  t.equal(served.count('workerErrors'), 0);
  other.session.close();
  await until(() => served.clients.total === 0, 'nothing is left');
  t.equal(served.endpoint.pending, 0);
});

t.test('a client whose table is smaller is told that it is heeded', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  const blocks = (): Buffer[] => client.of(FRAME.headers).map(({ payload }) => payload);
  client.send(setting(1, 0), get(1));
  await until(() => blocks().length === 1, 'an answer');
  // RFC 9113 section 4.3.1, RFC 7541 section 6.3: a size of 0, once.
  t.equal(blocks()[0]![0], 0x20);
  client.send(get(3));
  await until(() => blocks().length === 2, 'another');
  t.equal(blocks()[1]![0], 0x88);
  // nghttp2 ends the connection where it is not.
  const session = connect(`https://127.0.0.1:${served.port}`, {
    ca: credentials.cert,
    settings: { headerTableSize: 0 },
  });
  t.teardown(() => session.destroy());
  session.on('error', () => undefined);
  await once(session, 'localSettings');
  const stream = session.request({ ':path': path('a') });
  stream.on('error', () => undefined);
  let status: unknown;
  stream.on('response', (headers) => (status = headers[':status']));
  stream.resume();
  await once(stream, 'close').catch(() => undefined);
  t.equal(status, 200);
});

t.test('what waits for a window is kept, not copied each time that one is opened', { skip }, async (t) => {
  let copies = 0;
  class Counted extends Uint8Array {
    override slice(start?: number, end?: number): this {
      copies++;
      return super.slice(start, end) as this;
    }
  }
  const handler = new Handler(() => Promise.resolve(new Counted(60_000)));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  client.send(setting(4, 0), get(1));
  await until(() => client.of(FRAME.headers).length === 1, 'headers');
  client.send(...Array.from({ length: 100 }, () => windowUpdate(0, 1)));
  client.send(...Array.from({ length: 100 }, () => windowUpdate(1, 1)));
  await until(() => content(client, 1).length === 100, 'a hundred octets');
  t.ok(copies <= 1, `${copies} copies`);
});

t.test('a client that ends behind more than a turn gets all that it asked for', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  client.send(get(1));
  await until(() => client.of(FRAME.settings).length === 3, 'all that it has to acknowledge');
  await read(client);
  client.socket.end(Buffer.concat(Array.from({ length: 90 }, (_, i) => get(3 + 2 * i))));
  await until(() => client.state === 'closed', 'the end');
  t.equal(client.of(FRAME.data).length, 91);
});

t.test('requests that are cancelled when their answers are on the way count once', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  const streams = Array.from({ length: VAIN_MAX }, (_, i) => 1 + 2 * i);
  client.send(...streams.map((stream) => get(stream)));
  await until(() => client.of(FRAME.data).length === VAIN_MAX, 'answers');
  client.send(...streams.map(reset));
  await read(client);
  t.equal(client.goaway, undefined);
  t.equal(served.count('tcpAbusive'), 0);
});

t.test('what was heard does not grow once it is said', { skip }, async (t) => {
  const handler = new Handler(() => new Promise(() => undefined));
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  client.send(get(1));
  await until(() => handler.asked.length === 1, 'a query');
  served.endpoint.pause();
  await until(() => client.goaway === CODE.none, 'it is said');
  client.send(get(3), get(5), frame(FRAME.ping, 0, 1, Buffer.alloc(8)));
  await until(() => client.of(FRAME.goaway).length === 2, 'the other end');
  t.same(
    client.of(FRAME.goaway).map(({ payload }) => payload.readUInt32BE()),
    [1, 1],
  );
});

t.test('however many streams come before it knows', { skip }, async (t) => {
  const handler = new Handler(() => new Promise(() => undefined));
  const served = await serveDoh(t, credentials, { handler });
  const client = new FrameClient(served.port, credentials.cert);
  t.teardown(() => client.socket.destroy());
  client.socket.once('secureConnect', () =>
    client.send(...Array.from({ length: 150 }, (_, i) => get(2 * i + 1))),
  );
  await until(() => client.of(FRAME.rst).length === 100 || client.goaway !== undefined, 'refusals');
  t.equal(client.goaway, undefined);
});

t.test('long headers, and many of them, are no abuse', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const client = await served.frames();
  const block = headerBlock({ ...getHeaders(path('a')), cookie: 'c'.repeat(5_000) });
  for (let i = 0; i < 60; i++) {
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * i + 1, block));
    await until(() => client.of(FRAME.data).length === i + 1, 'an answer');
    served.clock.advance(100);
  }
  t.equal(client.goaway, undefined);
});

t.test('answers that nobody takes have an end, however many were waited for', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler(
    () => new Promise((resolve) => release.push(() => resolve(Buffer.alloc(60_000)))),
  );
  const served = await serveDoh(t, credentials, { handler });
  const client = await served.frames();
  handler.answer = (octets) => octets;
  client.send(get(1));
  await until(() => client.of(FRAME.settings).length === 3, 'more streams');
  await read(client);
  handler.answer = () => new Promise((resolve) => release.push(() => resolve(Buffer.alloc(60_000))));
  client.send(setting(4, 0), ...Array.from({ length: 90 }, (_, i) => get(2 * i + 3)));
  await until(() => release.length === 90, 'all of them');
  for (const each of release) each();
  await until(() => client.of(FRAME.headers).length === 91, 'all headers');
  const taken = Math.ceil(WAITING_OCTETS_MAX / 60_000);
  t.equal(served.count('dohRefused'), 90 - taken);
});

t.test('a response says when it was made', { skip }, async (t) => {
  const served = await serveDoh(t, credentials);
  const { headers } = await served.http2().get(query(1));
  t.equal(Date.parse(String(headers['date'])), Math.floor(served.clock.wall() / 1000) * 1000);
});

t.test('a turn takes so many frames, whatever they are', async (t) => {
  const written: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => {
      written.push(chunk as Buffer);
      done();
    },
  });
  t.teardown(() => socket.destroy());
  const counters = daemonCounters(1);
  serveHttp2({
    socket: socket as Socket,
    client: { address: new Uint8Array(4), port: 1, transport: 'doh', endpoint: 0 },
    handler: new Handler(),
    metrics: new Metrics(counters.block(0)),
    clock: new ManualClock(),
    idleMs: () => 1_000,
    prng: new SeededPrng(1),
    json: () => false,
  });
  const hello = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 0, 0)]);
  const pings = Array.from({ length: 3_000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  const acks = (): number => Math.floor(Buffer.concat(written).length / 17);
  socket.emit('data', Buffer.concat([hello, ...pings]));
  const first = acks();
  t.ok(first > 100 && first <= 260, `${first} in the first turn`);
  let turns = 1;
  for (; acks() < 3_000; turns++) {
    const before = acks();
    await new Promise((resolve) => setImmediate(resolve));
    t.ok(acks() - before <= 260);
    if (turns > 1_000) throw new Error('it stands still');
  }
  t.ok(turns >= 3_000 / 260);
});
