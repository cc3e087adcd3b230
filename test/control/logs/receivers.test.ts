/** Logs that go elsewhere: to Debian's rsyslogd in three ways, and to HTTP servers that behave and that do not. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { QueryLogs } from '../../../src/control/logs/querylogs.ts';
import { Reception } from '../../../src/control/logs/reception.ts';
import type { Logger } from '../../../src/telemetry/log.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { RingWriter, ringBuffer } from '../../../src/util/ring.ts';
import type { Destination, QueryLog } from '../../../src/view/querylog.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { startRsyslog } from '../../support/rsyslog.ts';
import { missing } from '../../support/servers.ts';
import { folderOf, logOf, logsOf, type QuerySpec, surroundings, writeQuery } from './support.ts';

function start(logs: readonly QueryLog[], clock?: typeof systemClock) {
  const ring = ringBuffer(1 << 20);
  const writer = new RingWriter(ring);
  const around = surroundings();
  const queryLogs = new QueryLogs({ ...around, ...(clock && { clock }), rings: [ring], logs: logsOf(logs) });
  const write = (spec: QuerySpec): void => {
    writeQuery(writer, spec);
    queryLogs.step();
  };
  return { ...around, queryLogs, write };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await turn();
};

t.test('syslog by UDP, TCP and a unix socket', { skip: missing('rsyslogd') }, async (t) => {
  const rsyslog = await startRsyslog();
  t.teardown(() => rsyslog.stop());
  const { port, path } = rsyslog;
  const address = '127.0.0.1';
  const facility = 'local3';
  const { queryLogs, write, counters } = start(
    [
      logOf({ id: 'by-udp', to: { kind: 'syslog', facility, at: { way: 'udp', address, port } } }),
      logOf({ id: 'by-tcp', to: { kind: 'syslog', facility: 'daemon', at: { way: 'tcp', address, port } } }),
      logOf({ id: 'by-unix', to: { kind: 'syslog', facility, at: { way: 'unix', path } } }),
      logOf({
        id: 'p',
        format: 'public',
        to: { kind: 'syslog', facility, at: { way: 'tcp', address, port } },
      }),
    ],
    systemClock,
  );
  const texts = Array.from({ length: 4 }, () => Uint8Array.from([250, ...Array<number>(250).fill(0x22)]));
  const set = { name: nameFromText('www.corp.test.'), type: 16, ttl: 60, rdatas: texts };
  write({ name: 'a.corp.test.' });
  write({ name: 'www.corp.test.', type: 'TXT', answer: [set] });
  write({ view: 1, name: 'www.shop.test.' });
  await queryLogs.close();
  t.same([counters.sum('logRecords'), counters.sum('logDroppedReceiver')], [7, 0]);
  await until(() => rsyslog.messages().length >= 7);
  const messages = rsyslog.messages();
  const of = (by: string, msgid: string) => messages.filter((each) => each.by === by && each.msgid === msgid);
  const common = { severity: 'info', time: '2026-03-09T08:14:02.113Z', host: 'FRA6', app: 'causeway' };
  for (const [by, msgid] of [
    ['imudp', 'by-udp'],
    ['imtcp', 'by-tcp'],
    ['imuxsock', 'by-unix'],
  ] as const) {
    const [first, second, ...more] = of(by, msgid);
    t.match(first, { ...common, facility: by === 'imtcp' ? 'daemon' : 'local3' }, by);
    t.match(JSON.parse(first!.msg), { query_name: 'a.corp.test.', vpc_id: 'vpc-a' });
    t.match(JSON.parse(second!.msg).answers.length, 4, 'a message of some kilobytes');
    t.same(more, []);
  }
  t.match(of('imtcp', 'p'), [
    { msg: /^ ?1\.0 2026-03-09T08:14:02\.113Z Z0SHOP www\.shop\.test A NOERROR UDP FRA6 10\.4\.7\.9 -$/ },
  ]);
});

t.test(
  'no syslog server: what waits goes to the one that comes',
  { skip: missing('rsyslogd') },
  async (t) => {
    const path = join(folderOf(t), 'nothing');
    const to: Destination = { kind: 'syslog', facility: 'user', at: { way: 'unix', path } };
    const { queryLogs, write, said, clock, counters } = start([logOf({ id: 'q', to })]);
    write({ name: 'a.test.' });
    await until(() => {
      queryLogs.step();
      return said.length > 0;
    });
    t.same(said, ['warn: nobody receives a log']);
    for (let i = 0; i < 100; i++) {
      clock.advance(1_000);
      queryLogs.step();
    }
    t.equal(said.length, 1, 'told once');
    await queryLogs.close();
    t.same([counters.sum('logRecords'), counters.sum('logDroppedReceiver')], [0, 1]);
  },
);

interface Post {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers each POST with the next of these statuses, and at last with 204; 0: not at all. */
async function collector(t: Test, ...statuses: readonly number[]) {
  const posts: Post[] = [];
  const left = [...statuses];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      posts.push({ headers: request.headers, body });
      const status = left.shift() ?? 204;
      if (status !== 0) response.writeHead(status).end(status === 200 ? 'x'.repeat(1 << 20) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?x=1`;
  return {
    posts,
    url,
    names: () => posts.map(({ body }) => body.match(/"query_name":"\w+/g)?.map((each) => each.slice(14))),
  };
}

const httpLog = (url: string, more: Partial<QueryLog> & { authorization?: string } = {}): QueryLog =>
  logOf({ id: 'q', ...more, to: { kind: 'http', url, authorization: more.authorization } });

t.test('lines by POST, together once there are several', async (t) => {
  const token = join(folderOf(t), 'token');
  writeFileSync(token, 'Bearer s3cret\n');
  const { posts, url, names } = await collector(t);
  const { queryLogs, write, clock, counters } = start([
    httpLog(url, { authorization: token }),
    httpLog(url, { id: 'p', format: 'public' }),
  ]);
  write({ name: 'a.test.' });
  await until(() => posts.length === 1 && counters.sum('logRecords') === 1);
  t.match(posts[0], {
    headers: {
      'content-type': 'application/x-ndjson',
      authorization: 'Bearer s3cret',
      'user-agent': 'causeway',
    },
    body: /^\{"version":.*\}\n$/,
  });
  writeFileSync(token, 'Bearer renewed\n');
  write({ name: 'b.test.' });
  write({ name: 'c.test.' });
  await turn();
  t.equal(posts.length, 1, 'they wait for more');
  clock.advance(1_000);
  queryLogs.step();
  await until(() => posts.length === 2);
  t.same(names()[1], ['b', 'c']);
  t.equal(posts[1]!.headers.authorization, 'Bearer renewed');
  write({ view: 1, name: 'www.shop.test.' });
  await queryLogs.close();
  t.match(posts[2], {
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: /^1\.0 .* www\.shop\.test A .*\n$/,
  });
  t.equal(counters.sum('logRecords'), 4);
});

t.test('a server that is busy gets it again, one that refuses does not', async (t) => {
  const { posts, url, names } = await collector(t, 503, 429, 200, 400, 301);
  const { queryLogs, write, clock, counters, said } = start([httpLog(url)]);
  const post = async (count: number): Promise<void> => {
    while (posts.length < count) {
      clock.advance(500);
      queryLogs.step();
      await turn();
    }
  };
  write({ name: 'a.test.' });
  await post(3);
  await until(() => counters.sum('logRecords') === 1);
  t.same(names(), [['a'], ['a'], ['a']]);
  t.same(said, ['warn: nobody receives a log', 'info: a log is received again']);
  write({ name: 'b.test.' });
  await post(4);
  await until(() => counters.sum('logDroppedReceiver') === 1);
  write({ name: 'c.test.' });
  await post(5);
  await until(() => counters.sum('logDroppedReceiver') === 2);
  write({ name: 'd.test.' });
  await post(6);
  await queryLogs.close();
  t.same(names()[5], ['d']);
  t.equal(counters.sum('logRecords'), 2);
});

t.test('a server that does not answer, and none at all', async (t) => {
  const { posts, url } = await collector(t, 0);
  const { queryLogs, write, clock, counters } = start([httpLog(url)]);
  write({ name: 'a.test.' });
  await until(() => posts.length === 1);
  clock.advance(10_000);
  clock.advance(500);
  queryLogs.step();
  await until(() => counters.sum('logRecords') === 1);
  t.equal(posts.length, 2);

  const nobody = start([
    httpLog('http://127.0.0.1:1/'),
    httpLog('http://127.0.0.1:1/', { authorization: '/nonexistent' }),
  ]);
  nobody.write({ name: 'b.test.' });
  await nobody.queryLogs.close();
  t.equal(nobody.counters.sum('logDroppedReceiver'), 2, 'the end does not wait for them');
});

t.test('a server that a reload removed gets what it is being sent, and is not called again', async (t) => {
  const [one, other] = [await collector(t), await collector(t)];
  const logs = [httpLog(one.url), httpLog(other.url)].map((log, i) => ({ ...log, hits: i === 0 }));
  const { queryLogs, write, clock, counters } = start(logs);
  write({ name: 'a.test.', from: 'cache' });
  queryLogs.adopt(logsOf([], 2));
  write({ name: 'b.test.' });
  clock.advance(1_000);
  queryLogs.step();
  await until(() => counters.sum('logRecords') === 2);
  t.equal(counters.sum('logDroppedRevision'), 1);
  t.match(one.posts.map(({ body }) => body).join(''), /a\.test.*b\.test/s);
  clock.advance(120_000);
  write({ name: 'c.test.' });
  queryLogs.step();
  t.equal(counters.sum('logDroppedRevision'), 3);
  t.equal(other.posts.length, 0);
});

t.test('what waits is bounded', async (t) => {
  const { url } = await collector(t, 0);
  const { write, queryLogs, counters, clock } = start([httpLog(url)]);
  const texts = Array.from({ length: 100 }, () => Uint8Array.from([250, ...Array<number>(250).fill(65)]));
  const set = { name: nameFromText('www.test.'), type: 16, ttl: 60, rdatas: texts };
  let writes = 0;
  for (; counters.sum('logDroppedReceiver') === 0; writes++)
    write({ name: 'www.test.', type: 'TXT', answer: [set] });
  t.ok(writes > 250 && writes < 350, `${writes} of about 30 kB each`);
  const ended = queryLogs.close();
  clock.advance(10_000);
  await ended;
  t.equal(counters.sum('logRecords') + counters.sum('logDroppedReceiver'), writes, 'none is told of twice');
});

t.test('what a receiver says is not logged, nor what its address has of secrets', (t) => {
  const lines: string[] = [];
  const note = (fields: unknown, message: string): void => void lines.push(JSON.stringify([fields, message]));
  const log: Logger = { debug: note, info: note, warn: note, error: note, fatal: note };
  const url = 'http://logs.example.net/in/SECRET?api_key=SECRET';
  const reception = new Reception(log, { kind: 'http', url, authorization: undefined });
  const error = new Error(`Parse Error${' '.repeat(300)}SECRET`);
  reception.failed(Object.assign(error, { code: 'HPE_INVALID', rawPacket: Buffer.from('SECRET') }));
  reception.taken(() => 3);
  t.equal(lines.length, 2);
  t.match(lines[0], /"code":"HPE_INVALID","reason":"Parse Error.*"to":"http:\/\/logs.example.net"/);
  t.notMatch(lines.join(), /SECRET|83,69,67/);
  t.end();
});

/** Its descriptors run out, an output by UDP is asked to send, they come back. */
const STARVED = `
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const { UdpOutput } = await import(process.argv[1]);
const note = (_, message) => console.log(message);
const metrics = { add: (_, n) => console.log('counted', n) };
const clock = { now: () => performance.now() };
const at = { way: 'udp', address: '127.0.0.1', port: 9 };
const options = { to: { kind: 'syslog', at }, clock, log: { warn: note, info: note }, metrics };
const output = new UdpOutput(options, at.address, at.port);
const files = [];
try { for (;;) files.push(openSync('/dev/null')); } catch {}
output.add(Buffer.from('one'));
output.flush();
await sleep(50);
files.forEach(closeSync);
output.add(Buffer.from('two'));
await output.close();
console.log('closed');
`;

t.test('no descriptor to send from: told once, counted, and the next is sent', async (t) => {
  const output = new URL('../../../src/control/logs/datagramoutput.ts', import.meta.url).href;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', STARVED, output];
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', 'ulimit -n 128 && exec "$0" "$@"', process.execPath, ...args],
    { env: { ...process.env, NODE_OPTIONS: '' } },
  );
  t.same(stdout.trim().split('\n'), [
    'counted 1',
    'nobody receives a log',
    'counted 1',
    'counted 3',
    'a log is received again',
    'closed',
  ]);
});
