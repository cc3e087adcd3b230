/** What the units of `systemd/` rest on: notifications, the watchdog, sockets that are passed. A script plays systemd. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'dns-packet';
import t from 'tap';
import { runCli } from '../support/daemon.ts';
import { fifo } from '../support/echo.ts';
import { Flows } from '../support/flows.ts';
import { freePort } from '../support/ports.ts';
import { framed, query, TcpClient, textOf, UdpClient, until } from '../support/sockets.ts';
import { python, supervise, type Wish } from '../support/supervisor.ts';
import { findTool } from '../support/tools.ts';
import { configOf } from './config.ts';

const root = join(import.meta.dirname, '..', '..');
const skip =
  (process.platform !== 'linux' && 'Linux only') || (python === undefined && 'python3 is not installed');

function folderOf(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-systemd-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The daemon of echo-daemon.ts under the script. */
async function echo(
  t: { teardown(fn: () => void): void },
  config: object,
  wish: Partial<Pick<Wish, 'watchdog' | 'listen' | 'env'>>,
) {
  const folder = folderOf(t);
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const flags = ['--disable-warning=ExperimentalWarning', join(root, 'test/support/echo-daemon.ts'), file];
  return supervise(t, { notify: join(folder, 'notify'), ...wish, command: [process.execPath, ...flags] });
}

t.test(
  'Type=notify: what waits in passed sockets is answered, then READY, RELOADING, STOPPING',
  { skip },
  async (t) => {
    const folder = folderOf(t);
    const port = await freePort();
    const file = join(folder, 'causeway.yaml');
    const write = (text: string): void => writeFileSync(file, text.replaceAll('PORT', String(port)));
    const zone =
      'name: in.test., vpcs: [vpc-test], records: [{ name: www, type: A, ttl: 60, values: 10.0.0.1 }]';
    write(configOf({ zones: [`{ ${zone} }`] }));
    const service = await supervise(t, {
      notify: `@causeway-test-${process.pid}`,
      watchdog: 2_000_000,
      listen: [
        ['udp', '127.0.0.1', port],
        ['tcp', '127.0.0.1', port],
      ],
      command: [join(root, 'bin/causeway'), 'serve', '--config', file],
    });
    const early = new UdpClient('127.0.0.1', port);
    await early.send(encode({ id: 7, type: 'query', questions: [{ type: 'A', name: 'www.in.test' }] }));
    service.begin();
    await service.hears('READY=1');
    await until(() => early.received.length > 0, 'an answer to what was asked before the start');
    t.match(decode(early.received[0]!), { id: 7, answers: [{ data: '10.0.0.1' }] });
    early.close();
    t.same(service.senders(), [service.pid()], 'it is the main process that notifies');
    const tcp = await runCli(['query', '@127.0.0.1', '-p', String(port), '--tcp', 'www.in.test']);
    t.match(tcp.stdout, /10\.0\.0\.1/);
    await service.hears('WATCHDOG=1', 2);

    service.signal('SIGHUP');
    await service.hears('RELOADING=1');
    await service.hears('READY=1', 2);
    write('node: 1\n');
    service.signal('SIGHUP');
    await service.hears('RELOADING=1', 2);
    await service.hears('READY=1', 3);

    service.signal('SIGTERM');
    t.equal(await service.ended(), 0);
    t.ok(service.heard().includes('STOPPING=1'));
  },
);

t.test('a configuration with errors: never READY, and a failure', { skip }, async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'causeway.yaml');
  writeFileSync(file, 'node: 1\n');
  const command = [join(root, 'bin/causeway'), 'serve', '--config', file];
  const service = await supervise(t, { notify: join(folder, 'notify'), command });
  service.begin();
  t.not(await service.ended(), 0);
  t.same(service.heard(), []);
});

t.test('the watchdog hears nothing while no worker lives', { skip }, async (t) => {
  const port = await freePort();
  const service = await echo(t, { ports: [port], workers: 1 }, { watchdog: 400_000 });
  service.begin();
  await service.hears('READY=1');
  await service.hears('WATCHDOG=1', 3);
  const client = new UdpClient('127.0.0.1', port);
  await client.send(query(1, `fifo ${fifo(t)}`));
  await until(() => service.log().includes('hangs and is ended'), 'the verdict on the worker');
  const before = service.heard().length;
  // Main itself is well for three seconds more, thirty looks, before it gives up.
  t.equal(await service.ended(), 70);
  const after = service.heard().slice(before);
  t.ok(after.length <= 1, `one may have been on its way: ${after}`);
  client.close();
});

const withoutProgram = findTool('systemd-notify') === undefined && 'not installed: systemd';
t.test(
  'without native calls all of it is told by systemd-notify',
  { skip: skip || withoutProgram },
  async (t) => {
    const port = await freePort();
    const env = { ECHO_WITHOUT_FFI: '1' };
    const service = await echo(t, { ports: [port], workers: 1 }, { watchdog: 400_000, env });
    service.begin();
    await service.hears('READY=1');
    await service.hears('WATCHDOG=1', 3);
    service.signal('SIGHUP');
    await service.hears('READY=1', 2);
    service.signal('SIGTERM');
    t.equal(await service.ended(), 0);
    t.ok(service.heard().includes('STOPPING=1'), `${service.heard()}`);
    t.match(service.log(), /told by systemd-notify.*NotifyAccess=all/);
    t.notMatch(service.log(), /"level":"warn"/);
  },
);

t.test('ReusePort=yes: two workers read all three sockets of an address', { skip }, async (t) => {
  const port = await freePort();
  const listen = (['udp', 'tcp'] as const).flatMap((kind) =>
    Array.from({ length: 3 }, () => [kind, '127.0.0.1', port] as const),
  );
  const service = await echo(t, { ports: [port], workers: 2 }, { listen });
  service.begin();
  await service.hears('READY=1');
  const flows = await Flows.open(100, port);
  await flows.ask();
  await flows.settle(10_000);
  t.equal(flows.lost, 0, 'the kernel gives each socket a share of the clients');
  t.ok(flows.clientOf(0) >= 0 && flows.clientOf(1) >= 0, 'and both workers answer');
  flows.close();
  const clients = Array.from({ length: 30 }, () => new TcpClient('127.0.0.1', port));
  for (const client of clients) client.send(framed(query(1, 'echo')));
  await until(() => clients.every(({ received }) => received.length === 1), 'an answer on each connection');
  t.same([...new Set(clients.map(({ received }) => textOf(received[0]!)[0]))].sort(), ['0', '1']);
  service.signal('SIGTERM');
  t.equal(await service.ended(), 0);
  t.notMatch(service.log(), /no endpoint listens/);
});
