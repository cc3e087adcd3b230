/** The main thread as a process: threads that die or hang, what cannot be served. */
import t from 'tap';
import { loadFfi } from '../../src/util/ffi.ts';
import { ask, askUntil, fifo, start } from '../support/echo.ts';
import { freePort } from '../support/ports.ts';
import { query, UdpClient } from '../support/sockets.ts';

const ffi = await loadFfi();

t.test('workers go on when control dies, and it comes back', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port] });
  await daemon.logged('serving with');
  daemon.configure({ ports: [port], fault: 'throw' });
  daemon.child.kill('SIGHUP');
  await daemon.logged('control ended by itself and is replaced');
  t.match(await ask(port, 'echo'), /^[01]\./);
  daemon.configure({ ports: [port] });
  await daemon.logged('control begins', 2);
  daemon.child.kill('SIGHUP');
  // The new control publishes to the old workers.
  await askUntil(port, 'revision', '2');
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});

t.test('a dead worker’s successor, and SIGTERM while it is on the way', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1 });
  await daemon.logged('serving with');
  const before = await ask(port, 'echo');
  const udp = new UdpClient('127.0.0.1', port);
  await udp.send(query(1, 'throw'));
  await daemon.logged('worker 0 ended by itself and is replaced');
  t.not(await ask(port, 'echo'), before);
  await udp.send(query(2, 'exit'));
  await daemon.logged('worker 0 ended by itself and is replaced', 2);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
  udp.close();
});

t.test('what cannot be served says why and exits with 1', async (t) => {
  const port = await freePort();
  const broken = start(t, { ports: [port], fault: 'failed' });
  t.equal(await broken.ended, 1);
  t.match(broken.log(), /line 1: no[\s\S]*line 2: neither[\s\S]*the configuration has errors/);
  if (ffi === undefined) return;
  const fd = ffi.open({ kind: 'tcp', address: '127.0.0.1', port, sharing: 'alone' });
  const second = start(t, { ports: [port] });
  t.equal(await second.ended, 1);
  t.match(second.log(), /cannot serve: cannot bind tcp 127\.0\.0\.1:\d+: EADDRINUSE; another program/);
  ffi.close(fd);
});

t.test('without FFI workers open their own sockets, and all else is the same', async (t) => {
  const [a, b] = [await freePort(), await freePort()];
  const daemon = start(t, { ports: [a] }, { ECHO_WITHOUT_FFI: '1' });
  await daemon.logged('serving with 2 workers');
  const slots = new Set<string>();
  for (let i = 0; i < 200 && slots.size < 2; i++) slots.add((await ask(a, 'echo'))[0]!);
  t.same([...slots].sort(), ['0', '1'], 'both are asked');
  daemon.configure({ ports: [a, b] });
  daemon.child.kill('SIGHUP');
  await daemon.logged('"listening"', 2);
  t.match(await ask(b, 'echo'), /^[01]\./);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});

t.test('a worker that cannot be ended takes the process with it: 70', async (t) => {
  if (ffi === undefined) return;
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1 });
  await daemon.logged('serving with');
  const udp = new UdpClient('127.0.0.1', port);
  await udp.send(query(1, `fifo ${fifo(t)}`));
  t.equal(await daemon.ended, 70);
  t.match(daemon.log(), /the process ends: worker 0 did not end within 3000 ms/);
  udp.close();
});

t.test('SIGTERM ends it in time, though a worker is in a native call and control hangs', async (t) => {
  if (ffi === undefined) return;
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1 });
  await daemon.logged('serving with');
  daemon.configure({ ports: [port], fault: 'spin' });
  daemon.child.kill('SIGHUP');
  const udp = new UdpClient('127.0.0.1', port);
  await udp.send(query(1, `fifo ${fifo(t)}`));
  await daemon.logged('worker holds fifo');
  const begun = performance.now();
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
  t.ok(performance.now() - begun < 5_000);
  t.match(daemon.log(), /"threads":\["worker 0"\],"msg":"the process ends: threads did not end within/);
  udp.close();
});
