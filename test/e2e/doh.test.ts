/** DNS over HTTPS at a whole daemon, by kdig, curl and dnsperf: what is answered, logged, counted, and shown. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readMessage } from '../../src/wire/message.ts';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { kdig } from '../support/dig.ts';
import { query } from '../support/pipeline.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { until } from '../support/sockets.ts';
import { findTool } from '../support/tools.ts';
import { configOf } from './config.ts';

const skip = missing('openssl', 'kdig', 'curl', 'dnsperf');
const ZONE =
  '$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 60\n@ NS ns\nns A 192.0.2.254\nwww A 192.0.2.1\nhere A 127.0.0.1\n';

/** What a program prints, both streams; nothing is thrown. */
function run(program: string, ...args: string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const options = { encoding: 'buffer' as const, timeout: 30_000, maxBuffer: 1 << 26 };
    execFile(findTool(program)!, args, options, (_, stdout, stderr) =>
      resolve(Buffer.concat([stdout, stderr])),
    );
  });
}

t.test('DNS over HTTPS', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const names = 'DNS:dns.example,IP:127.0.0.1';
  const { certFile, keyFile } = certificate(folder, 'dns', { names });
  const log = join(folder, 'queries.log');
  const [port, metrics] = [await freePort(), await freePort()];
  const inbound = (more = '') =>
    `{ id: in-1, listen: ["127.0.0.1:PORT"], protocols: [do53, doh], doh: ["127.0.0.1:${port}"], tls: { certificate: "${certFile}", key: "${keyFile}" }, allow: [127.0.0.0/29]${more} }`;
  const config = (more?: string): string =>
    configOf({
      zones: ['{ name: corp.test., file: zones/corp, vpcs: [vpc-test] }'],
      inbound: inbound(more),
    }).replace('metrics: off', `metrics: "127.0.0.1:${metrics}"`) +
    `logs: [{ id: all, to: "${log}", vpcs: [vpc-test] }]\n`;
  const daemon = await startDaemon({ config: config(), files: { 'zones/corp': ZONE } });
  t.teardown(() => daemon.stop());
  const url = `https://127.0.0.1:${port}/dns-query`;
  const https = (...args: string[]) =>
    kdig('@127.0.0.1', '-p', String(port), `+tls-ca=${certFile}`, '+tls-hostname=dns.example', ...args);
  const curl = (...args: string[]) => run('curl', '-s', '--cacert', certFile, ...args);
  const count = async (series: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(series));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  await t.test('by kdig, POST and GET, padded for who pads', async (t) => {
    for (const way of ['+https', '+https-get'])
      for (const padding of ['+padding', '+nopadding']) {
        const reply = await https(way, padding, 'www.corp.test.', 'A');
        t.equal(reply.status, 'NOERROR', reply.output);
        t.same(
          reply.answers.map(({ rdata }) => rdata),
          ['192.0.2.1'],
        );
        t.match(reply.output, /HTTP session \(HTTP\/2-/);
        if (padding === '+padding') t.equal(reply.size, 468, reply.output);
        else t.ok(reply.size < 100, reply.output);
      }
    t.equal((await https('+https', 'none.corp.test.', 'A')).status, 'NXDOMAIN');
    t.equal((await https('+https=/elsewhere', 'www.corp.test.', 'A')).status, 'NOREPLY');
  });

  await t.test('by curl: HTTP/1.1 and 2, and what caches are told', async (t) => {
    const file = join(folder, 'query');
    writeFileSync(file, query('www.corp.test.', 'A', { id: 0 }));
    const post = ['--data-binary', `@${file}`, '-H', 'content-type: application/dns-message'];
    for (const version of ['--http1.1', '--http2']) {
      const { id, answer } = readMessage(await curl(version, ...post, url));
      t.equal(id, 0);
      t.equal(answer.length, 1);
      const head = String(await curl(version, ...post, '-D', '-', '-o', join(folder, 'out'), url));
      t.match(head, /^HTTP\/(1\.1|2) 200/);
      t.match(head, /^cache-control: private, max-age=300\r$/im);
      t.match(head, /^content-type: application\/dns-message\r$/im);
      for (const [status, ...args] of [
        ['404', `https://127.0.0.1:${port}/`],
        ['400', url],
        ['415', '-d', 'x', url],
        ['405', '-X', 'PUT', ...post, url],
        ['400', `${url}?name=www.corp.test&type=A`],
      ])
        t.equal(
          String(await curl(version, '-o', '/dev/null', '-w', '%{http_code}', ...args)),
          status,
          args.join(' '),
        );
    }
    const negative = query('none.corp.test.', 'A', { id: 0 });
    const head = String(
      await curl(
        '-D',
        '-',
        '-o',
        join(folder, 'out'),
        `${url}?dns=${Buffer.from(negative).toString('base64url')}`,
      ),
    );
    t.match(head, /^cache-control: private, max-age=60\r$/im, 'MINIMUM of the SOA');
  });

  await t.test('curl resolves a name by it', async (t) => {
    const page = `http://here.corp.test:${metrics}/metrics`;
    t.match(String(await curl('--doh-url', url, '--doh-insecure', page)), /causeway_queries_total/);
  });

  await t.test('dnsperf, with hits as hits', async (t) => {
    const file = join(folder, 'questions');
    writeFileSync(file, 'www.corp.test A\nhere.corp.test A\nnone.corp.test A\n'.repeat(100));
    const before = await count('causeway_answer_cache_lookups_total{result="hit"}');
    // One query at a time on each connection: it loses answers that come together (DNS-OARC/dnsperf#240).
    const one = ['-T', '4', '-c', '4', '-q', '4', '-t', '20'];
    const args = ['-m', 'doh', '-s', '127.0.0.1', '-p', String(port), '-O', `doh-uri=${url}`];
    const said = String(await run('dnsperf', ...args, '-d', file, '-n', '1', ...one));
    t.match(said, /Queries sent: +300\n/, said);
    t.match(said, /Queries completed: +300 /, said);
    t.match(said, /NOERROR 200 .*NXDOMAIN 100 /, said);
    const hits = (await count('causeway_answer_cache_lookups_total{result="hit"}')) - before;
    t.ok(hits >= 300 - 3 * 2, `${hits} hits; each worker makes each answer once`);
  });

  await t.test('it is counted, logged and shown as what it is', async (t) => {
    t.ok((await count('causeway_queries_total{transport="doh"}')) >= 300);
    t.ok((await count('causeway_doh_refused_total')) >= 10);
    t.equal(await count('causeway_worker_errors_total'), 0);
    await until(() => readFileSync(log, 'utf8').includes('"transport":"DOH"'), 'a line of the log');
    const { stdout } = await daemon.cli('status');
    t.match(stdout, new RegExp(`do53 doh .*https://127\\.0\\.0\\.1:${port}`));
  });

  await t.test('the JSON form, where it is switched on', async (t) => {
    daemon.configure(config(', dohJson: true'));
    t.equal((await daemon.cli('reload')).code, 0);
    const reply = JSON.parse(String(await curl(`${url}?name=www.corp.test&type=A`)));
    t.match(reply, { Status: 0, Answer: [{ name: 'www.corp.test.', type: 1, data: '192.0.2.1' }] });
  });

  await t.test('who is outside the access list does not get as far as TLS', async (t) => {
    const dropped = 'causeway_queries_dropped_total{reason="acl"}';
    const failed = 'causeway_tcp_connections_total{result="tls-failed"}';
    const before = [await count(dropped), await count(failed)];
    t.equal(String(await curl('--interface', '127.0.0.77', '-w', '%{http_code}', url)), '000');
    t.same([await count(dropped), await count(failed)], [before[0]! + 1, before[1]!]);
  });
});
