/** The main thread as a process: signals, reloads. */
import { createSocket } from 'node:dgram';
import t from 'tap';
import { clientsWithin, looksWithin } from '../../src/server/openfiles.ts';
import { ask, askUntil, fifo, start } from '../support/echo.ts';
import { freePort, isFree } from '../support/ports.ts';
import { framed, idOf, query, sleep, TcpClient, UdpClient, until } from '../support/sockets.ts';

t.test('serves, finishes what is in flight on SIGTERM, exits with 0', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port] });
  await daemon.logged('serving with 2 workers');
  t.match(await ask(port, 'echo'), /^[01]\./);
  const udp = new UdpClient('127.0.0.1', port);
  const tcp = new TcpClient('127.0.0.1', port);
  await udp.send(query(1, 'later'));
  tcp.send(framed(query(2, 'later')));
  await daemon.logged('worker holds later', 2);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
  await until(() => udp.received.length > 0 && tcp.state !== 'open', 'what was sent before the end');
  t.same(udp.received.map(idOf), [1]);
  t.same(tcp.received.map(idOf), [2]);
  t.equal(tcp.state, 'closed');
  udp.close();
});

t.test('a second signal ends it at once', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1 });
  await daemon.logged('serving with 1 workers');
  const udp = new UdpClient('127.0.0.1', port);
  await udp.send(query(1, `fifo ${fifo(t)}`));
  await daemon.logged('worker holds fifo');
  daemon.child.kill('SIGINT');
  await daemon.logged('stopping');
  daemon.child.kill('SIGINT');
  t.equal(await daemon.ended, 130, 'though a worker is in a native call that does not return');
  udp.close();
});

t.test('reloads: sockets by difference, refused when one cannot be had', async (t) => {
  const [a, b, taken] = [await freePort(), await freePort(), await freePort()];
  const daemon = start(t, { ports: [a] });
  await daemon.logged('serving with');
  t.equal(await ask(a, 'revision'), '1');
  daemon.configure({ ports: [b, a] });
  daemon.child.kill('SIGHUP');
  await until(() => daemon.log().includes(`udp 127.0.0.1:${b}`), 'the new sockets');
  await askUntil(a, 'revision', '2');
  t.equal(await ask(b, 'revision'), '2');

  const holder = createSocket('udp4');
  await new Promise<void>((resolve) => holder.bind(taken, '127.0.0.1', resolve));
  daemon.configure({ ports: [taken] });
  daemon.child.kill('SIGHUP');
  await daemon.logged('the configuration is refused');
  t.match(daemon.log(), new RegExp(`udp 127\\.0\\.0\\.1:${taken}: EADDRINUSE`));
  t.equal(await ask(a, 'revision'), '2', 'all is as it was');
  t.equal(await ask(b, 'revision'), '2');
  holder.close();

  daemon.configure({ ports: [b] });
  daemon.child.kill('SIGHUP');
  await daemon.logged('no longer listening');
  t.match(await ask(b, 'echo'), /^[01]\./);
  while (!(await isFree('127.0.0.1', a))) await sleep(20);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});

t.test('every line of the log is one JSON object', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port] });
  await daemon.logged('serving with');
  daemon.child.kill('SIGTERM');
  await daemon.ended;
  const lines = daemon.log().trimEnd().split('\n');
  for (const line of lines)
    t.match(JSON.parse(line), { level: String, time: String, thread: 'main', msg: String });
  t.ok(lines.length >= 4);
});

t.test('clients take half of the descriptors that are left', (t) => {
  t.equal(clientsWithin(1_048_576), 1024);
  t.equal(clientsWithin(1024), 448);
  t.equal(clientsWithin(256), 64);
  t.equal(clientsWithin(100), 16);
  t.equal(clientsWithin(Number.POSITIVE_INFINITY), 1024);
  t.end();
});

t.test('health checks take an eighth of them', (t) => {
  t.equal(looksWithin(1_048_576), 2048);
  t.equal(looksWithin(4096), 496);
  t.equal(looksWithin(1024), 112);
  t.equal(looksWithin(100), 8);
  t.equal(looksWithin(Number.POSITIVE_INFINITY), 2048);
  t.end();
});
