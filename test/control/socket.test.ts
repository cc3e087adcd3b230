import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BODY_OCTETS_MAX } from '../../src/control/http.ts';
import { ControlSocket, SocketError } from '../../src/control/socket.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { nameToText } from '../../src/wire/name.ts';
import { explanation, type FakeDaemon, startFakeDaemon, status } from '../support/fake-daemon.ts';

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

/** Whoever waits longer waits for ever. */
const REPLY_MS_MAX = 5_000;

/** A daemon that is gone after the test, however that ends. */
async function fakeDaemon(t: Test, options: Parameters<typeof startFakeDaemon>[0]): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon(options);
  t.teardown(() => daemon.close());
  return daemon;
}

function ask(socketPath: string, method: string, path: string, body?: string): Promise<Reply> {
  return new Promise((done, fail) => {
    const outgoing = request({ socketPath, method, path }, (reply) => {
      let text = '';
      reply.on('data', (chunk) => (text += chunk));
      reply.on('end', () => {
        const isJson = reply.headers['content-type'] === 'application/json';
        done({ status: reply.statusCode!, text, json: isJson ? JSON.parse(text) : undefined });
      });
    });
    outgoing.on('error', fail);
    outgoing.setTimeout(REPLY_MS_MAX, () => outgoing.destroy(new Error('no reply in time')));
    outgoing.end(body);
  });
}

const post = (socket: string, path: string, body: unknown): Promise<Reply> =>
  ask(socket, 'POST', path, JSON.stringify(body));
const quiet = createLogger({ thread: 'test', level: 'fatal' });

t.test('the socket is its owner’s alone, and gone after closing', async (t) => {
  const daemon = await fakeDaemon(t, {});
  const { path } = daemon.socket;
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.notOk(existsSync(`${path}.new`));
  await daemon.socket.close();
  t.notOk(existsSync(path));
  await daemon.close();
});

t.test('a missing state folder is made, for its owner alone', async (t) => {
  const state = join(mkdtempSync(join(tmpdir(), 'causeway-')), 'a', 'b');
  const socket = await ControlSocket.open(state, {}, quiet);
  t.teardown(() => socket.close());
  t.equal(statSync(state).mode & 0o777, 0o700);
  await socket.close();
});

t.test('a file that a dead daemon left is replaced, that of a living one is not', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'causeway-'));
  const dead = createServer();
  await new Promise<void>((done) => void dead.listen(join(state, 'left'), done));
  const { renameSync } = await import('node:fs');
  renameSync(join(state, 'left'), join(state, 'control.sock'));
  await new Promise((done) => dead.close(done));
  t.ok(existsSync(join(state, 'control.sock')), 'the file is left over');
  const socket = await ControlSocket.open(state, { 'GET /healthz': () => ({ ok: true }) }, quiet);
  t.teardown(() => socket.close());
  await t.rejects(ControlSocket.open(state, {}, quiet), SocketError);
  t.same((await ask(socket.path, 'GET', '/healthz')).json, { ok: true }, 'the first goes on');
  await socket.close();
});

t.test('a path that does not fit a socket address, a folder that cannot be made', async (t) => {
  await t.rejects(ControlSocket.open(join(tmpdir(), 'x'.repeat(100)), {}, quiet), /shorter node\.state/);
  await t.rejects(
    ControlSocket.open(join(import.meta.filename, 'state'), {}, quiet),
    /cannot make the state folder/,
  );
});

t.test('what only reads', async (t) => {
  const daemon = await fakeDaemon(t, {});
  const { path } = daemon.socket;
  t.same((await ask(path, 'GET', '/status')).json, JSON.parse(JSON.stringify(status)));
  t.match((await ask(path, 'GET', '/cache/stats')).json, {
    total: { answers: { entries: 21, bytesBudget: 2 * 1024 * 1024 }, records: { entries: 40 } },
    workers: [{ worker: 0 }, { worker: 1, answers: { entries: 11 } }],
  });
  const dump = (await ask(path, 'GET', '/cache/dump?limit=4')).json as { entries: { name: string }[] };
  t.match(dump, { truncated: true });
  t.same(
    dump.entries.map(({ name }) => name),
    ['n0-0.corp.example.', 'n0-1.corp.example.', 'n1-0.corp.example.', 'n1-1.corp.example.'],
  );
  t.match(await ask(path, 'GET', '/cache/dump?limit=x'), { status: 400 });
  t.match(await ask(path, 'GET', '/healthz'), { status: 200, text: 'ok\n' });
  t.match(await ask(path, 'HEAD', '/healthz'), { status: 200, text: '' });
  t.match(await ask(path, 'GET', '/readyz'), { status: 200 });
  t.match(await ask(path, 'GET', '/metrics'), { status: 200 });
  await daemon.close();
});

t.test('flush goes to every worker', async (t) => {
  const daemon = await fakeDaemon(t, { slots: 3 });
  const { path } = daemon.socket;
  const reply = await post(path, '/cache/flush', { name: 'Corp.Example', subtree: true, vpc: 'vpc-corp' });
  t.same(reply.json, { removed: 3 });
  t.equal(daemon.asked.length, 3);
  const asked = daemon.asked[0]!;
  t.match(asked, { ask: 'cache-flush', subtree: true, vpc: 'vpc-corp' });
  t.equal(asked.ask === 'cache-flush' && nameToText(asked.name), 'Corp.Example.');
  t.match(await post(path, '/cache/flush', { name: 'x', vpc: 'vpc-other' }), {
    status: 404,
    json: { remedy: 'known are vpc-corp, vpc-lab' },
  });
  t.match(await post(path, '/cache/flush', { name: 'a..b' }), {
    status: 400,
    json: { error: /no domain name/ },
  });
  await daemon.close();
});

t.test('explain goes to one worker, in the VPC that is named or that the client is in', async (t) => {
  const daemon = await fakeDaemon(t, {});
  const { path } = daemon.socket;
  const named = await post(path, '/explain', { name: 'db.internal.example', type: 'a', vpc: 'vpc-corp' });
  t.same(named.json, JSON.parse(JSON.stringify(explanation)));
  await post(path, '/explain', {
    name: 'db.internal.example',
    type: 'TYPE65400',
    client: '10.20.1.1',
    live: true,
  });
  t.match(daemon.asked, [
    { ask: 'explain', type: 1, vpc: 'vpc-corp', live: false },
    { ask: 'explain', type: 65400, vpc: 'vpc-corp', client: '10.20.1.1', live: true },
  ]);
  t.equal(daemon.asked.length, 2);
  const status = async (body: object): Promise<number> =>
    (await post(path, '/explain', { name: 'x', type: 'A', ...body })).status;
  t.match(await post(path, '/explain', { name: 'x', type: 'A', vpc: 'vpc-corp', client: '10.30.0.1' }), {
    status: 409,
    json: {
      error: '10.30.0.1 is in VPC vpc-lab, not in vpc-corp',
      remedy: 'leave out the VPC or the client',
    },
  });
  t.equal(await status({ vpc: 'vpc-lab', client: '192.0.2.1' }), 200, 'an endpoint may give it that VPC');
  t.equal(await status({ client: '10.99.0.1' }), 404);
  t.equal(await status({ client: '010.20.0.1' }), 400);
  t.equal(await status({}), 400);
  t.equal(await status({ vpc: 'vpc-corp', type: 'NOPE' }), 400);
  t.equal(await status({ vpc: 'vpc-corp', colour: 'red' }), 400);
  await daemon.close();
});

t.test('a worker that is silent does not hold up the others; without workers explain says so', async (t) => {
  const silent = await fakeDaemon(t, {
    answer: (ask, slot) => (slot === 0 ? new Promise(() => {}) : { answers: {}, records: {}, ask }),
  });
  const stats = (await ask(silent.socket.path, 'GET', '/cache/stats')).json as {
    workers: { worker: number }[];
  };
  t.same(
    stats.workers.map(({ worker }) => worker),
    [1],
  );
  await silent.close();
  const none = await fakeDaemon(t, { slots: 0 });
  const reply = await post(none.socket.path, '/explain', { name: 'x', type: 'A', vpc: 'vpc-corp' });
  t.match(reply, { status: 503, json: { error: 'no worker is running' } });
  await none.close();
});

t.test('reload tells what came of it', async (t) => {
  const daemon = await fakeDaemon(t, {});
  t.match((await ask(daemon.socket.path, 'POST', '/reload')).json, { applied: true, revision: 8 });
  t.match(await ask(daemon.socket.path, 'GET', '/reload'), {
    status: 405,
    json: { error: '/reload takes POST' },
  });
  await daemon.close();
});

t.test('hostile requests', async (t) => {
  const daemon = await fakeDaemon(t, {
    daemon: {
      status: async () => {
        throw new Error('a bug with a secret in it');
      },
    },
  });
  const { path } = daemon.socket;
  t.match(await ask(path, 'GET', '/nothing'), { status: 404 });
  t.match(await ask(path, 'GET', '/__proto__'), { status: 404 });
  t.match(await ask(path, 'POST', '/explain', 'x'.repeat(BODY_OCTETS_MAX + 1)), { status: 413 });
  t.match(await ask(path, 'POST', '/explain', '{'), { status: 400, json: { error: /not JSON/ } });
  t.match(await ask(path, 'POST', '/explain', '[]'), { status: 400 });
  t.match(await ask(path, 'POST', '/explain', '{"__proto__":{"vpc":"x"},"name":"a","type":"A"}'), {
    status: 400,
  });
  t.notOk(Object.hasOwn(Object.prototype, 'vpc'));
  const failed = await ask(path, 'GET', '/status');
  t.equal(failed.status, 500);
  t.notMatch(failed.text, /secret/);
  t.match(daemon.logged.join(''), /a bug with a secret/);
  t.match(await raw(path, 'NOT HTTP\r\n\r\n'), /^HTTP\/1\.1 400 /);
  t.match(await chunked(path, 1024 * 1024), /^HTTP\/1\.1 413 /, 'an endless body is cut off at the limit');
  t.match(await ask(path, 'GET', '/healthz'), { status: 200 }, 'and it goes on');
  await daemon.close();
});

/** Sends bytes and returns what comes back until the other side closes. */
function raw(path: string, bytes: string): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(path, () => socket.write(bytes));
    socket.setTimeout(REPLY_MS_MAX, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk));
    socket.on('error', () => done(text));
    socket.on('close', () => done(text));
  });
}

function chunked(path: string, octets: number): Promise<string> {
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
  const head = 'POST /explain HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
  return raw(path, head + chunk.repeat(octets / 4096));
}
