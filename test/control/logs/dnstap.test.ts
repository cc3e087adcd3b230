/** dnstap over Frame Streams: to Debian's fstrm_capture, read back by BIND; and to receivers that do not behave. */
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CONTENT_TYPE, dnstapFrames } from '../../../src/control/logs/dnstap.ts';
import { CONTROL, ControlReader, controlFrame } from '../../../src/control/logs/framestreams.ts';
import { type Logged, Plan } from '../../../src/control/logs/plan.ts';
import { QueryLogs } from '../../../src/control/logs/querylogs.ts';
import { readQueryRecord } from '../../../src/telemetry/queryrecord.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { RingReader, RingWriter, ringBuffer } from '../../../src/util/ring.ts';
import type { StreamAddress } from '../../../src/view/querylog.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { startCapture } from '../../support/fstrm.ts';
import { freePort } from '../../support/ports.ts';
import { missing } from '../../support/servers.ts';
import { AT, folderOf, logOf, logsOf, type QuerySpec, surroundings, writeQuery } from './support.ts';

const skip = missing('fstrm_capture', 'dnstap-read');

function start(at: StreamAddress, clock?: typeof systemClock) {
  const ring = ringBuffer(1 << 20);
  const writer = new RingWriter(ring);
  const around = { ...surroundings(), ...(clock && { clock }) };
  const logs = logsOf([logOf({ id: 'tap', to: { kind: 'dnstap', at }, format: 'dnstap' })]);
  const queryLogs = new QueryLogs({ ...around, rings: [ring], logs });
  const write = (spec: QuerySpec): void => {
    writeQuery(writer, spec);
    queryLogs.step();
  };
  return { ...around, queryLogs, write };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

t.test('what fstrm_capture receives, BIND reads', { skip }, async (t) => {
  const folder = folderOf(t);
  const at = { way: 'unix', path: join(folder, 'sock') } as const;
  const capture = await startCapture(at, join(folder, 'taken'));
  const { write, queryLogs, counters } = start(at, systemClock);
  const set = {
    name: nameFromText('www.corp.test.'),
    type: 1,
    ttl: 60,
    rdatas: [Uint8Array.of(10, 4, 0, 31)],
  };
  write({ name: 'www.corp.test.', answer: [set], elapsed: 27 });
  write({ name: 'none.corp.test.', type: 'AAAA', rcode: 3, transport: 'tcp', address: '2001:db8::9' });
  write({ view: 1, name: 'www.shop.test.', from: 'cache', wall: AT + 5 });
  await queryLogs.close();
  t.equal(counters.sum('logRecords'), 3);
  const { messages: found, lines } = await capture.stop();
  t.match(found[0], { identity: 'FRA6', version: 'causeway', type: 'MESSAGE' });
  t.match(
    found.map(({ message }) => message),
    [
      {
        type: 'CLIENT_QUERY',
        socket_family: 'INET',
        socket_protocol: 'UDP',
        query_address: '10.4.7.9',
        query_port: '41877',
        query_message_data: { QUESTION_SECTION: ['www.corp.test. IN A'] },
      },
      {
        type: 'CLIENT_RESPONSE',
        query_address: '10.4.7.9',
        response_message_data: { status: 'NOERROR', ANSWER_SECTION: ['www.corp.test. 60 IN A 10.4.0.31'] },
      },
      { type: 'CLIENT_QUERY', socket_family: 'INET6', socket_protocol: 'TCP', query_address: '2001:db8::9' },
      { type: 'CLIENT_RESPONSE', response_message_data: { status: 'NXDOMAIN' } },
      { type: 'AUTH_QUERY' },
      { type: 'AUTH_RESPONSE', response_message_data: { status: 'NOERROR' } },
    ],
  );
  t.match(lines[0], /^09-Mar-2026 08:14:02\.086 CQ 10\.4\.7\.9:41877 -> .* UDP \d+b www\.corp\.test\/IN\/A$/);
  t.match(lines[1], /^09-Mar-2026 08:14:02\.113 CR /);
});

/** A field of a message of Protocol Buffers that is a number or octets; see ProtobufWriter. */
function field(message: Buffer, wanted: number): number | Buffer | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const octet = message[at++]!;
      value += (octet & 127) * unit;
      if (octet < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const start = at;
    let value: number | Buffer;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 5) value = message.readUInt32LE((at += 4) - 4);
    else {
      const length = varint();
      value = message.subarray(at, (at += length));
    }
    if (at === start) throw new Error('the message is cut off');
    if (Math.floor(key / 8) === wanted) return value;
  }
  return undefined;
}

t.test('each transport has its number in dnstap.proto, in what is asked and in what is answered', (t) => {
  const plan = new Plan(logsOf([logOf({ id: 'tap', to: 'x', format: 'dnstap' })]));
  for (const [transport, protocol] of [
    ['udp', 1],
    ['tcp', 2],
    ['dot', 3],
    ['doh', 4],
  ] as const) {
    const ring = ringBuffer(1 << 16);
    writeQuery(new RingWriter(ring), { name: 'www.corp.test.', transport });
    const reader = new RingReader(ring);
    t.ok(reader.next());
    const record = readQueryRecord(reader);
    const owner = plan.ownerOf(record, nameFromText('www.corp.test.'))!;
    const frames = dnstapFrames({ record, owner, node: 'FRA6' } as Logged);
    const found: unknown[] = [];
    for (let at = 0; at < frames.length; at += 4 + frames.readUInt32BE(at)) {
      const message = field(frames.subarray(at + 4, at + 4 + frames.readUInt32BE(at)), 14) as Buffer;
      found.push([field(message, 1), field(message, 3)]);
    }
    // Message.type CLIENT_QUERY and CLIENT_RESPONSE, Message.socket_protocol.
    t.same(
      found,
      [
        [5, protocol],
        [6, protocol],
      ],
      transport,
    );
  }
  t.end();
});

t.test('a receiver by TCP that is away for a while', { skip }, async (t) => {
  const folder = folderOf(t);
  const at = { way: 'tcp', address: '127.0.0.1', port: await freePort('127.0.0.1') } as const;
  const { write, queryLogs, said, clock } = start(at);
  const manual = clock as ReturnType<typeof surroundings>['clock'];
  write({ name: 'early.test.' });
  await until(() => said.length === 1);
  t.same(said, ['warn: nobody receives a log']);
  const capture = await startCapture(at, join(folder, 'taken'));
  write({ name: 'later.test.' });
  manual.advance(500);
  await until(() => said.length === 2);
  t.equal(said[1], 'info: a log is received again');
  await queryLogs.close();
  const { messages } = await capture.stop();
  const questions = messages.flatMap(({ message }) => message.query_message_data?.QUESTION_SECTION ?? []);
  t.same(questions, ['early.test. IN A', 'later.test. IN A'], 'nothing is lost meanwhile');
});

/** A receiver of our own on a unix socket, told of each connection. */
async function receiver(t: Test, serve: (socket: Socket) => void) {
  const path = join(folderOf(t), 'sock');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { way: 'unix', path } as const;
}

t.test('one that takes nothing: what waits is bounded, and what is lost is counted', async (t) => {
  const at = await receiver(t, (socket) => {
    const reader = new ControlReader();
    socket.once('data', (octets: Buffer) => {
      t.equal(reader.read(octets)?.type, CONTROL.READY);
      socket.pause();
      socket.write(controlFrame(CONTROL.ACCEPT, CONTENT_TYPE));
    });
  });
  const { write, queryLogs, counters } = start(at);
  const texts = Array.from({ length: 100 }, () => Uint8Array.from([250, ...Array<number>(250).fill(65)]));
  const set = { name: nameFromText('www.test.'), type: 16, ttl: 60, rdatas: texts };
  let writes = 0;
  for (; counters.sum('logDroppedReceiver') < 10; writes++) {
    write({ name: 'www.test.', answer: [set] });
    if (writes % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // Of 25 kB each: 8 MB wait, and what the kernel took.
  t.ok(writes > 300 && writes < 1_000, `${writes} were written`);
  void queryLogs.close();
});

t.test('one that speaks another language, or out of turn, is left and called again later', async (t) => {
  const answers = [
    Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    controlFrame(CONTROL.ACCEPT, 'protobuf:other'),
    controlFrame(CONTROL.FINISH),
    Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
  ];
  let calls = 0;
  const at = await receiver(t, (socket) => {
    socket.once('data', () => socket.write(answers[calls++ % answers.length]!));
  });
  const { write, said, clock, counters } = start(at);
  const manual = clock as ReturnType<typeof surroundings>['clock'];
  write({ name: 'a.test.' });
  for (let wanted = 1; wanted <= answers.length; wanted++) {
    await until(() => calls === wanted);
    // Its end is noticed in a turn of the event loop: until then there is nothing to wait for.
    const before = calls;
    while (calls === before && wanted < answers.length) {
      manual.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await until(() => said.length > 0);
  t.same(said, ['warn: nobody receives a log'], 'told once');
  t.equal(counters.sum('logRecords'), 0);
});

t.test('control frames that are torn, and some that are none', async (t) => {
  const reader = new ControlReader();
  const octets = controlFrame(CONTROL.ACCEPT, CONTENT_TYPE);
  for (let i = 0; i < octets.length - 1; i++) t.equal(reader.read(octets.subarray(i, i + 1)), undefined);
  t.same(reader.read(octets.subarray(-1)), { type: CONTROL.ACCEPT, contentTypes: [CONTENT_TYPE] });
  for (const bad of [
    [0, 0, 0, 1, 0, 0, 0, 4],
    [0, 0, 0, 0, 0, 0, 0, 3],
    [0, 0, 0, 0, 0, 0, 2, 1],
    [0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
  ])
    t.throws(() => new ControlReader().read(Uint8Array.from(bad)), /Frame Streams/);
});
