/** Alarms by a query: what answers mean, and servers that answer none. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Resolve } from '../../../src/control/health/probe/probe.ts';
import { type AlarmResult, queryAlarm, readAnswer } from '../../../src/control/health/probe/prometheus.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';
import { type AlarmSource, COMPARISONS } from '../../../src/view/health.ts';
import { freePort } from '../../support/ports.ts';
import { missing } from '../../support/servers.ts';

const vector = (...values: unknown[]): string =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1.5, value] })) },
  });
const above = { comparison: 'GreaterThanThreshold', threshold: 5 } as const;

t.test('the four comparisons: below, at and above the threshold', async (t) => {
  const states = (comparison: (typeof COMPARISONS)[number]): string =>
    ['4', '5', '6'].map((value) => readAnswer(vector(value), { comparison, threshold: 5 }).state).join();
  t.same(COMPARISONS.map(states), ['ok,alarm,alarm', 'ok,ok,alarm', 'alarm,ok,ok', 'alarm,alarm,ok']);
});

t.test('answers', async (t) => {
  const scalar = JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, '6'] } });
  const rows: [string, string, string][] = [
    [scalar, 'alarm', '6 is GreaterThanThreshold 5'],
    [vector('1', '2', '7', '8'), 'alarm', '7 is GreaterThanThreshold 5'],
    [vector('1', '2'), 'ok', '1 is not GreaterThanThreshold 5'],
    [vector('+Inf'), 'alarm', 'Infinity is GreaterThanThreshold 5'],
    [vector('-Inf'), 'ok', '-Infinity is not GreaterThanThreshold 5'],
    [vector('NaN', '6'), 'alarm', '6 is GreaterThanThreshold 5'],
    [vector(), 'insufficient-data', 'the query has no value'],
    [vector('NaN'), 'insufficient-data', 'the query has no value'],
    [vector('', 'x', 6, null), 'insufficient-data', 'the query has no value'],
  ];
  for (const [text, state, reason] of rows) t.same(readAnswer(text, above), { state, reason }, text);
  const none = 'Prometheus answers neither a vector nor a scalar';
  const hostile = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"status":"error"}',
    '{"status":"success","data":{"resultType":"matrix","result":[]}}',
    '{"status":"success","data":{"resultType":"string","result":[1,"6"]}}',
    '{"status":"success","data":{"resultType":"vector","result":{}}}',
    '{"__proto__":{"status":"success"}}',
  ];
  for (const text of hostile)
    t.same(readAnswer(text, above), { state: 'insufficient-data', reason: none }, text);
});

const fast: Clock = { ...systemClockParts(), after: (ms, fn) => systemClock.after(ms / 50, fn) };
function systemClockParts(): Clock {
  return {
    now: () => systemClock.now(),
    wall: () => systemClock.wall(),
    after: (ms, fn) => systemClock.after(ms, fn),
    every: (ms, fn) => systemClock.every(ms, fn),
  };
}

const nobody: Resolve = () => Promise.reject(new Error('nobody is asked'));

function query(url: string, text = 'up', clock: Clock = systemClock, resolve = nobody): Promise<AlarmResult> {
  const source: AlarmSource = { url, query: text, ...above, intervalMs: 60_000 };
  const alive = setInterval(() => undefined, 1000);
  return new Promise<AlarmResult>((done) => {
    queryAlarm(source, { clock, resolve }, done);
  }).finally(() => clearInterval(alive));
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('the query as it is sent', async (t) => {
  let asked: string | undefined;
  const url = await serve(t, (request, response) => {
    asked = request.url;
    response.end(vector('6'));
  });
  t.match(await query(`${url}/prefix`, 'sum(x{a="b"}) > 1 & 2'), { state: 'alarm' });
  const parsed = new URL(asked!, url);
  t.equal(parsed.pathname, '/prefix/api/v1/query');
  t.equal(parsed.searchParams.get('query'), 'sum(x{a="b"}) > 1 & 2');
});

t.test('a name is resolved as those of endpoints are, and anew for each query', async (t) => {
  const hosts: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    hosts.push(request.headers.host);
    response.end(vector('6'));
  });
  const named = url.replace('127.0.0.1', 'prometheus.test');
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    return ['127.0.0.1'];
  };
  t.match(await query(named, 'up', systemClock, resolve), { state: 'alarm' });
  t.match(await query(named, 'up', systemClock, resolve), { state: 'alarm' });
  t.same(asked, ['prometheus.test', 'prometheus.test']);
  t.same(hosts, [new URL(named).host, new URL(named).host]);
  const lack = { state: 'insufficient-data', reason: /^Prometheus cannot be asked/ };
  t.match(await query(named), lack);
  t.match(await query(named, 'up', systemClock, async () => []), lack);
  const silent: Resolve = () => new Promise(() => undefined);
  t.match(await query(named, 'up', fast, silent), { state: 'insufficient-data' });
});

t.test('what is wanting on this host is no want of data', async (t) => {
  const resolve: Resolve = () => Promise.reject(Object.assign(new Error(), { code: 'EMFILE' }));
  t.same(await query('http://prometheus.test', 'up', systemClock, resolve), {
    kind: 'void',
    reason: 'this node cannot connect: EMFILE',
  });
});

t.test('whatever goes wrong is want of data', async (t) => {
  const lack = async (expected: RegExp, url: string, clock?: Clock): Promise<void> =>
    void t.match(await query(url, 'up', clock), { state: 'insufficient-data', reason: expected });
  await lack(/cannot be asked: Connection refused/, `http://127.0.0.1:${await freePort('127.0.0.1')}`);
  await lack(
    /HTTP Status Code 400, Bad Request/,
    await serve(t, (_request, response) => response.writeHead(400).end('{}')),
  );
  await lack(/302/, await serve(t, (_request, response) => response.writeHead(302, { location: '/' }).end()));
  await lack(
    /answers more than is taken/,
    await serve(t, (_request, response) => void response.end('x'.repeat(2_000_000))),
  );
  await lack(/does not answer in time/, await serve(t, () => undefined), fast);
  await lack(
    /cannot be asked/,
    await serve(t, (_request, response) => {
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    }),
  );
});

t.test('a real Prometheus', { skip: missing('prometheus') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const port = await freePort('127.0.0.1');
  const listen = `127.0.0.1:${port}`;
  writeFileSync(join(folder, 'p.yml'), 'global: { scrape_interval: 1s }\n');
  const args = [
    `--config.file=${folder}/p.yml`,
    `--storage.tsdb.path=${folder}/d`,
    `--web.listen-address=${listen}`,
  ];
  const server = spawn('prometheus', args, { stdio: 'ignore' });
  t.teardown(async () => {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://${listen}`;
  let reading = await query(url, 'vector(6)');
  const isThere = (): boolean => reading.kind === 'alarm' && reading.state !== 'insufficient-data';
  for (let tries = 0; !isThere() && tries < 100; tries++) {
    await new Promise((done) => setTimeout(done, 100));
    reading = await query(url, 'vector(6)');
  }
  t.match(reading, { state: 'alarm', reason: '6 is GreaterThanThreshold 5' });
  t.match(await query(url, 'scalar(vector(4))'), { state: 'ok' });
  t.match(await query(url, 'no_such_metric'), {
    state: 'insufficient-data',
    reason: 'the query has no value',
  });
  t.match(await query(url, 'sum('), { state: 'insufficient-data', reason: /400/ });
});
