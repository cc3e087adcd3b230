/** The end of a whole daemon by SIGTERM: soon, whatever hangs, and with all that was acknowledged or logged before. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { KIND } from '../../src/control/hosted/bodies.ts';
import { storeIn } from '../control/store/support.ts';
import { certificate } from '../support/certificate.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { query } from '../support/pipeline.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { framed, TcpClient, UdpClient, until } from '../support/sockets.ts';
import { APEX } from './config.ts';

const skip = missing('openssl');
/** What whoever stops a daemon may count on, from the signal to the end of the process. */
const END_MS_MAX = 5_000;
/** Control reads and compiles so many for longer than it is waited for. */
const HOSTS = 1_000_000;
const LARGE = APEX + Array.from({ length: HOSTS }, (_, i) => `h${i} 60 A 10.0.0.1\n`).join('');
/** For what is begun to hang. */
const BEGUN_MS = 300;

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-stop-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The port of a server that takes connections and says nothing on them. */
async function silentTcp(t: Test, server: Server = createServer()): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function silentUdp(t: Test): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return socket.address().port;
}

async function clientOf(t: Test, daemon: Daemon, api: number): Promise<Route53Client> {
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const client = new Route53Client({
    endpoint: `http://127.0.0.1:${api}`,
    region: 'us-east-1',
    credentials: JSON.parse(stdout) as AccessKey,
    maxAttempts: 1,
  });
  t.teardown(() => client.destroy());
  return client;
}

const zone = (name: string): CreateHostedZoneCommand =>
  new CreateHostedZoneCommand({ Name: name, CallerReference: name });

/** Ids of the zones that are in the store. */
function zonesIn(t: Test, folder: string): Set<string> {
  const store = storeIn(t, folder);
  return new Set(store.list({ kind: KIND.zone, limit: 1_000 }).map(({ id }) => `/hostedzone/${id}`));
}

t.test('clients, servers, receivers of logs and control hang at once', { skip }, async (t) => {
  const folder = folderOf(t);
  const { certFile, keyFile } = certificate(folder, 'dns', { names: 'IP:127.0.0.1' });
  const [api, dot, doh] = [await freePort(), await freePort(), await freePort()];
  const [udp, tls, syslog] = [await silentUdp(t), await silentTcp(t), await silentTcp(t)];
  const [checked, collector] = [
    await silentTcp(t, createHttpServer()),
    await silentTcp(t, createHttpServer()),
  ];
  const rule = (domain: string, target: string): string =>
    `{ domain: ${domain}, type: forward, outbound: out-1, targets: ["${target}"], vpcs: [vpc-a] }`;
  const config = (
    file: string,
  ): string => `node: { state: "${folder}/state", workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8], dnssec: off }]
endpoints:
  inbound:
    - id: in-1
      listen: ["127.0.0.1:PORT"]
      protocols: [do53, dot, doh]
      dot: ["127.0.0.1:${dot}"]
      doh: ["127.0.0.1:${doh}"]
      tls: { certificate: "${certFile}", key: "${keyFile}" }
      rateLimit: false
  outbound: [{ id: out-1, source: [] }]
rules: [${rule('udp.test.', `127.0.0.1:${udp}`)}, ${rule('dot.test.', `tls://127.0.0.1:${tls}#dns.example`)}]
zones: [{ name: corp.test., file: ${file}, vpcs: [vpc-a] }]
healthChecks: [{ id: hc-1, type: HTTP, ipAddress: 127.0.0.1, port: ${checked}, requestInterval: 10 }]
logs:
  - { id: file, to: logs/q.jsonl, vpcs: [vpc-a], hits: true }
  - { id: post, to: "http://127.0.0.1:${collector}/", vpcs: [vpc-a], hits: true }
  - { id: sys, to: "syslog+tcp://127.0.0.1:${syslog}", vpcs: [vpc-a], hits: true }
`;
  const files = { small: `${APEX}www 60 A 10.0.0.1\n`, large: LARGE };
  const daemon = await startDaemon({ config: config('small'), files });
  t.teardown(() => daemon.stop());
  const made = await (await clientOf(t, daemon, api)).send(zone('made.test'));

  const [idle, slow] = [new TcpClient('127.0.0.1', daemon.port), new TcpClient('127.0.0.1', daemon.port)];
  idle.send(framed(query('www.corp.test.', 'A')));
  slow.send(framed(query('www.corp.test.', 'A')).subarray(0, 5));
  for (const port of [dot, doh, dot]) {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
  }
  const asker = new UdpClient('127.0.0.1', daemon.port);
  t.teardown(() => {
    idle.destroy();
    slow.destroy();
    asker.close();
  });
  await until(() => idle.received.length > 0, 'an answer');
  daemon.configure(config('large'));
  daemon.kill('SIGHUP');
  await sleep(BEGUN_MS);
  // What is asked later lasts longer.
  for (const [id, name] of ['www.udp.test.', 'www.dot.test.'].entries())
    await asker.send(query(name, 'A', { id }));
  slow.send(framed(query('tcp.udp.test.', 'A')));
  await asker.send(query('logged.corp.test.', 'A', { id: 9 }));
  await until(() => asker.received.length > 0, 'an answer in between');

  const begun = performance.now();
  const code = await daemon.stop();
  const ms = performance.now() - begun;
  t.equal(code, 0, daemon.log());
  t.ok(ms < END_MS_MAX, `${ms} ms`);
  t.match(daemon.log(), /"stopped"/);
  t.same([...zonesIn(t, join(folder, 'state'))], [made.HostedZone!.Id], 'what was acknowledged');
  t.match(readFileSync(join(folder, 'state', 'logs', 'q.jsonl'), 'utf8'), /logged\.corp\.test[^\n]*\n/);
});

t.test('changes under way: each is answered, and what was acknowledged is kept', async (t) => {
  const folder = folderOf(t);
  const api = await freePort();
  const config = `node: { state: "${folder}/state", workers: 1, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"] }]
  authoritative: [{ id: auth, listen: ["127.0.0.1:${await freePort()}"], delegationSet: N1 }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net.] }]
`;
  const daemon = await startDaemon({ config });
  t.teardown(() => daemon.stop());
  const client = await clientOf(t, daemon, api);
  const acknowledged: (string | undefined)[] = [];
  let refusal: unknown;
  const makeSome = async (who: number): Promise<void> => {
    for (let i = 0; refusal === undefined; i++)
      await client.send(zone(`z${i}.of${who}.test`)).then(
        ({ HostedZone }) => acknowledged.push(HostedZone?.Id),
        (error: unknown) => void (refusal ??= error),
      );
  };
  const makers = Array.from({ length: 8 }, (_, who) => makeSome(who));
  await until(() => acknowledged.length > 20, 'some changes');
  const begun = performance.now();
  t.equal(await daemon.stop(), 0);
  const ms = performance.now() - begun;
  await Promise.all(makers);
  t.ok(ms < END_MS_MAX, `${ms} ms`);
  const kept = zonesIn(t, join(folder, 'state'));
  t.same(
    acknowledged.filter((id) => !kept.has(id!)),
    [],
    'what was acknowledged',
  );
  t.equal(kept.size, acknowledged.length, 'nothing else was made');
});

t.test('while it reads its first configuration', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'causeway.yaml');
  writeFileSync(join(folder, 'large'), LARGE);
  writeFileSync(
    file,
    `vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:${await freePort()}"] }] }
zones: [{ name: corp.test., file: large, vpcs: [vpc-a] }]
`,
  );
  const bin = fileURLToPath(new URL('../../bin/causeway', import.meta.url));
  const child = spawn(bin, ['serve', '--config', file], { stdio: 'ignore', cwd: folder });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await sleep(2_000);
  const begun = performance.now();
  child.kill('SIGTERM');
  await ended;
  const ms = performance.now() - begun;
  t.ok(ms < END_MS_MAX, `${ms} ms`);
});
