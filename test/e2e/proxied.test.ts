/** Behind HAProxy and dnsdist, which say by the PROXY protocol whose each connection and query is. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { at, type DigReply, dig, kdig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { sleep } from '../support/sockets.ts';
import { findTool } from '../support/tools.ts';
import { configOf } from './config.ts';

const skip = missing('openssl', 'dig', 'kdig', 'haproxy', 'dnsdist');
const zone = (address: string): string =>
  `$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.254\nwww A ${address}\n`;
/** Clients of vpc-a and of vpc-b, and one of neither; the proxies ask from 127.0.0.1. */
const [ONE, TWO, OUTSIDE] = ['127.0.1.5', '127.0.2.5', '127.0.3.5'];

function run(t: { teardown(fn: () => void): void }, program: string, ...args: string[]): void {
  const child = spawn(findTool(program)!, args, { stdio: 'ignore' });
  t.teardown(() => void child.kill('SIGKILL'));
}

/** Asks until there is a reply: a proxy takes a moment to start. */
async function reached(ask: () => Promise<DigReply>): Promise<DigReply> {
  for (let i = 0; i < 20; i++) {
    const reply = await ask();
    if (reply.status === 'NOERROR') return reply;
    // Who is refused at once has had no patience yet: on a busy machine a proxy takes seconds to start.
    await sleep(250);
  }
  return await ask();
}

t.test('behind proxies', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { certFile, keyFile } = certificate(folder, 'dns', { names: 'DNS:dns.example,IP:127.0.0.1' });
  const [dot, doh, v1, v2, tls, https, balanced, metrics] = await Promise.all(
    Array.from({ length: 8 }, () => freePort()),
  );
  const daemon = await startDaemon({
    config: configOf({
      vpcs: [
        '{ id: vpc-a, region: eu-central-1, cidrs: [127.0.1.0/24] }',
        '{ id: vpc-b, region: eu-central-1, cidrs: [127.0.2.0/24] }',
      ],
      zones: [
        '{ id: a, name: corp.test., file: zones/a, vpcs: [vpc-a] }',
        '{ id: b, name: corp.test., file: zones/b, vpcs: [vpc-b] }',
      ],
      inbound: `{ id: in-1, listen: ["127.0.0.1:PORT"], protocols: [do53, dot, doh], dot: ["127.0.0.1:${dot}"], doh: ["127.0.0.1:${doh}"], tls: { certificate: "${certFile}", key: "${keyFile}" }, proxyProtocol: { from: [127.0.0.1] } }`,
    }).replace('metrics: off', `metrics: "127.0.0.1:${metrics}"`),
    files: { 'zones/a': zone('192.0.2.1'), 'zones/b': zone('192.0.2.2') },
  });
  t.teardown(() => daemon.stop());
  const front = (name: string, port: number, to: number, how: string): string =>
    `listen ${name}\n  bind 127.0.0.1:${port}\n  server causeway 127.0.0.1:${to} ${how}\n`;
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n` +
      front('v1', v1!, daemon.port, 'send-proxy') +
      front('v2', v2!, daemon.port, 'send-proxy-v2') +
      front('tls', tls!, dot!, 'send-proxy-v2') +
      front('https', https!, doh!, 'send-proxy'),
  );
  writeFileSync(
    join(folder, 'dnsdist.conf'),
    `setLocal('127.0.0.1:${balanced}')\nsetACL({'127.0.0.0/8'})\nnewServer({address='127.0.0.1:${daemon.port}', useProxyProtocol=true}):setUp()\n`,
  );
  run(t, 'haproxy', '-db', '-f', join(folder, 'haproxy.cfg'));
  run(t, 'dnsdist', '-C', join(folder, 'dnsdist.conf'), '--supervised', '--disable-syslog');
  const ways: readonly [string, number, (...args: string[]) => Promise<DigReply>, ...string[]][] = [
    ['version 1', v1!, dig, '+tcp'],
    ['version 2', v2!, dig, '+tcp'],
    ['in front of TLS', tls!, kdig, '+tls'],
    ['in front of HTTPS', https!, kdig, '+https'],
    ['dnsdist, UDP', balanced!, dig, '+notcp'],
    ['dnsdist, TCP', balanced!, dig, '+tcp'],
  ];
  for (const [name, port, program, ...args] of ways)
    await t.test(name, async (t) => {
      const ask = (from: string) =>
        program('-b', from, ...at({ address: '127.0.0.1', port }), ...args, 'www.corp.test.', 'A');
      for (const [from, address] of [
        [ONE, '192.0.2.1'],
        [TWO, '192.0.2.2'],
      ] as const) {
        const reply = await reached(() => ask(from!));
        t.same(
          reply.answers.map(({ rdata }) => rdata),
          [address],
          reply.output,
        );
      }
      if (name !== 'dnsdist, UDP')
        t.equal((await ask(OUTSIDE!)).status, 'NOREPLY', 'outside the access list');
    });

  await t.test('a proxy without a header, and a header of nobody', async (t) => {
    for (const way of ['+tcp', '+notcp'])
      t.equal((await dig(at(daemon), '-b', '127.0.0.1', way, 'www.corp.test.', 'A')).status, 'NOREPLY', way);
    const direct = await dig(at(daemon), '-b', ONE!, '+tcp', 'www.corp.test.', 'A');
    t.equal(direct.answers[0]?.rdata, '192.0.2.1', 'clients may still ask without a proxy');
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    t.match(text, /causeway_tcp_connections_total\{result="no-proxy-header"\} [1-9]/);
    t.match(text, /causeway_worker_errors_total 0/);
  });
});
