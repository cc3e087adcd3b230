/** DNS over TLS at a whole daemon, by kdig and openssl: what is asked, logged and counted, and a new certificate. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { TCP_CLIENTS_PER_ADDRESS_MAX } from '../../src/server/tcpclients.ts';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { query } from '../support/pipeline.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { framed, until } from '../support/sockets.ts';
import { configOf } from './config.ts';

const skip = missing('openssl', 'kdig', 'dig');
const ZONE =
  '$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.254\nwww A 192.0.2.1\n';

/** `openssl s_client`, which says nothing and leaves. What it prints, and nothing is thrown. */
function client(port: number, ...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const command = ['s_client', '-connect', `127.0.0.1:${port}`, ...args];
    const child = execFile('openssl', command, { timeout: 60_000 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
    child.stdin!.end();
  });
}

t.test('DNS over TLS', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [first, second] = ['first', 'second'].map((name) =>
    certificate(folder, name, { names: 'DNS:dns.example,IP:127.0.0.1' }),
  );
  const [cert, key, log] = ['dns.crt', 'dns.key', 'queries.log'].map((name) => join(folder, name));
  const install = (by: { cert: string | Buffer; key: string | Buffer }): void => {
    writeFileSync(cert!, by.cert);
    writeFileSync(key!, by.key, { mode: 0o600 });
  };
  install(first!);
  const [port, metrics, other] = [await freePort(), await freePort(), await freePort()];
  const config = (dot: number, more = ''): string =>
    configOf({
      node: 'METRICS',
      zones: ['{ name: corp.test., file: zones/corp, vpcs: [vpc-test] }'],
      inbound: `{ id: in-1, listen: ["127.0.0.1:PORT"], protocols: [do53, dot], dot: ["127.0.0.1:${dot}"], tls: { certificate: "${cert}", key: "${key}" }, allow: [127.0.0.0/29]${more} }`,
    })
      .replace('metrics: off', `metrics: "127.0.0.1:${metrics}"`)
      .replace(', METRICS', '') + `logs: [{ id: all, to: "${log}", vpcs: [vpc-test] }]\n`;
  const daemon = await startDaemon({ config: config(port), files: { 'zones/corp': ZONE } });
  t.teardown(() => daemon.stop());
  const tls = (...args: string[]) =>
    kdig(
      `@127.0.0.1`,
      '-p',
      String(port),
      `+tls-ca=${first!.certFile}`,
      '+tls-hostname=dns.example',
      ...args,
    );
  const count = async (series: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(series));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const reload = async (t: Test) => t.equal((await daemon.cli('reload')).code, 0, 'reload');

  await t.test('answers as by TCP, padded for who pads', async (t) => {
    for (const padding of ['+padding', '+nopadding']) {
      const reply = await tls('www.corp.test.', 'A', padding);
      t.equal(reply.status, 'NOERROR', reply.output);
      t.same(
        reply.answers.map(({ rdata }) => rdata),
        ['192.0.2.1'],
      );
      t.match(reply.output, /TLS session \(TLS1\.3\)/);
      if (padding === '+padding') t.equal(reply.size, 468, reply.output);
      else t.ok(reply.size < 100, reply.output);
    }
    t.equal((await tls('none.corp.test.', 'A')).status, 'NXDOMAIN');
    const plain = await dig(at(daemon), 'www.corp.test.', 'A', '+tcp');
    t.same(
      plain.answers.map(({ rdata }) => rdata),
      ['192.0.2.1'],
      'and in plain text beside',
    );
  });

  await t.test('it is counted, logged and shown as what it is', async (t) => {
    t.equal(await count('causeway_queries_total{transport="dot"}'), 3);
    await until(
      () => existsSync(log!) && readFileSync(log!, 'utf8').includes('"transport":"DOT"'),
      'a line of the log',
    );
    const { stdout } = await daemon.cli('status');
    t.match(stdout, new RegExp(`do53 dot .*tls://127\\.0\\.0\\.1:${port}`));
  });

  await t.test('versions, ALPN, resumption', async (t) => {
    t.match(await client(port, '-tls1_2', '-alpn', 'dot'), /ALPN protocol: dot[\s\S]*Protocol *: TLSv1\.2/);
    t.match(await client(port, '-tls1_3', '-alpn', 'dot'), /TLSv1\.3[\s\S]*ALPN protocol: dot/);
    t.match(
      await client(port, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'),
      /alert protocol version|no protocols available|unsupported protocol/,
    );
    t.match(await client(port, '-alpn', 'h2'), /no application protocol/);
    const session = join(folder, 'session');
    t.match(await client(port, '-tls1_2', '-sess_out', session), /^New, /m);
    // Which worker has the next connection is the kernel's choice.
    for (let i = 0; i < 6; i++)
      t.match(await client(port, '-tls1_2', '-sess_in', session), /^Reused, /m, 'by any worker');
  });

  await t.test(
    'many who are silent: others are served, and they are no more than an address may have',
    async (t) => {
      const failedBefore = await count('causeway_tcp_connections_total{result="tls-failed"}');
      const silent = Array.from({ length: TCP_CLIENTS_PER_ADDRESS_MAX + 8 }, () => {
        const socket = connectPlain({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
        socket.on('error', () => undefined);
        return socket;
      });
      t.teardown(() => silent.forEach((socket) => void socket.destroy()));
      await until(
        () => silent.filter(({ destroyed }) => destroyed).length >= 8,
        'those above the limit are reset',
      );
      t.equal((await tls('www.corp.test.', 'A')).status, 'NOERROR');
      t.equal((await dig(at(daemon), 'www.corp.test.', 'A')).status, 'NOERROR');
      await until(
        () => silent.every(({ destroyed, readableEnded }) => destroyed || readableEnded),
        'the others',
      );
      // Where this host is slow to connect them all, the last come when the first have gone.
      const failed = (await count('causeway_tcp_connections_total{result="tls-failed"}')) - failedBefore;
      t.ok(failed >= TCP_CLIENTS_PER_ADDRESS_MAX && failed < silent.length, `${failed} of ${silent.length}`);
    },
  );

  await t.test('the access list comes before TLS', async (t) => {
    const socket = connectPlain({ port, host: '127.0.0.1', localAddress: '127.0.0.77' });
    socket.on('error', () => undefined);
    await until(() => socket.destroyed, 'a reset');
    t.ok((await count('causeway_queries_dropped_total{reason="acl"}')) > 0);
  });

  await t.test('a bad certificate changes nothing, a good one is for the next connection', async (t) => {
    const open = connect({ port, host: '127.0.0.1', ca: first!.cert, ALPNProtocols: ['dot'] });
    t.teardown(() => open.destroy());
    let replies = 0;
    open.on('data', () => replies++);
    const ask = (): void => void open.write(framed(query('www.corp.test.', 'A')));
    ask();
    await until(() => replies === 1, 'a reply');
    // Often enough for it not to be idle, however long the rest takes.
    let asked = 1;
    const again = setInterval(() => {
      if (replies < asked) return;
      asked++;
      ask();
    }, 1_000);
    t.teardown(() => clearInterval(again));
    install({ cert: first!.cert, key: second!.key });
    const { code, stderr, stdout } = await daemon.cli('reload');
    t.not(code, 0);
    t.match(stderr + stdout, /inbound\[0\]\.tls\.certificate: .*dns\.crt is not the certificate of the key/);
    t.equal((await tls('www.corp.test.', 'A')).status, 'NOERROR');
    install(second!);
    await reload(t);
    t.equal((await tls('www.corp.test.', 'A')).status, 'NOREPLY', 'the old one is not shown any more');
    const trusting = [`+tls-ca=${second!.certFile}`, '+tls-hostname=dns.example'];
    const reply = await kdig('@127.0.0.1', '-p', String(port), ...trusting, 'www.corp.test.', 'A');
    t.equal(reply.status, 'NOERROR', reply.output);
    const before = asked;
    await until(() => replies > before, 'replies on the connection that was open');
  });

  await t.test('files that are replaced are in force by themselves, when they fit together', async (t) => {
    const shown = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({
          port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ALPNProtocols: ['dot'],
        });
        socket.on('error', () => resolve('nobody'));
        socket.on('secureConnect', () => {
          const { raw } = socket.getPeerCertificate();
          socket.destroy();
          const [a, b] = [first!, second!].map((each) => new X509Certificate(each.cert).raw.equals(raw));
          resolve(a ? 'first' : b ? 'second' : 'another');
        });
      });
    const mark = daemon.log().length;
    const told = (text: RegExp) => text.test(daemon.log().slice(mark));
    t.equal(await shown(), 'second');
    // As two programs, or two copies by hand, would.
    writeFileSync(cert!, first!.cert);
    await until(
      () => told(/dns\.crt is not the certificate of the key.*stays in force/),
      'a line of the log',
    );
    t.equal(await shown(), 'second');
    writeFileSync(key!, first!.key);
    await until(() => told(/who connects from now on is shown it/), 'a line of the log');
    await until(async () => (await shown()) === 'first', 'the new certificate');
    t.equal((await tls('www.corp.test.', 'A')).status, 'NOERROR');
    t.notOk(told(/the configuration is reloaded/), 'no reload');
    install(second!);
    await until(async () => (await shown()) === 'second', 'and the other again');
  });

  await t.test('addresses come and go, and may change what they speak', async (t) => {
    daemon.configure(config(other));
    await reload(t);
    const ask = (at: number, ...args: string[]) =>
      kdig('@127.0.0.1', '-p', String(at), ...args, 'www.corp.test.', 'A');
    t.equal((await ask(other, '+tls')).status, 'NOERROR');
    t.equal((await ask(port, '+tls')).status, 'NOREPLY');
    daemon.configure(
      config(other)
        .replace('[do53, dot]', '[do53]')
        .replace(/, dot: .*?\]/, '')
        .replace('127.0.0.1:PORT"]', `127.0.0.1:${other}"]`),
    );
    await reload(t);
    t.equal((await ask(other, '+tcp')).status, 'NOERROR', 'in plain text now');
    t.equal((await ask(other, '+tls')).status, 'NOREPLY');
    daemon.configure(config(other));
    await reload(t);
    t.equal((await ask(other, '+tls')).status, 'NOERROR', 'and encrypted again');
    t.equal((await ask(other, '+tcp')).status, 'NOREPLY');
  });
  t.notMatch(daemon.log(), readFileSync(key!, 'utf8').split('\n')[1]!, 'no key in the log');
});
