import { createSocket } from 'node:dgram';
import t from 'tap';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import { listenBelow, Watch } from '../../src/util/watch.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/sockets.ts';

const loaded = await loadFfi();
if (loaded === undefined) {
  t.pass('all of it', { skip: 'no native interface here' });
  process.exit(0);
}
const ffi: Ffi = loaded;

/** Rings of a set with one socket, to which one datagram comes. */
async function rings(): Promise<number> {
  const port = await freePort('127.0.0.1');
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  let count = 0;
  const ready = new Int32Array(8);
  const watch = new Watch(
    ffi,
    undefined,
    () => {
      count++;
      const sockets = ffi.ready(watch.fd, ready);
      for (let i = 0; i < sockets; i++) ffi.receive(ready[i]!);
      return sockets;
    },
    () => undefined,
  );
  ffi.watch(watch.fd, fd);
  watch.awaited = true;
  const sender = createSocket('udp4');
  await new Promise((resolve) => sender.send('?', port, '127.0.0.1', resolve));
  await until(() => count > 0, 'the bell');
  sender.close();
  watch.close();
  ffi.close(fd);
  return count;
}

t.test('the bell is heard where Node hears it, without an Error for each ring', async (t) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.ok(
    listenBelow(socket, () => undefined),
    'this Node is built as expected',
  );
  socket.close();
  t.equal(await rings(), 1);
});

t.test('where it cannot be heard there, the error event rings it', async (t) => {
  t.capture(Object, 'getOwnPropertySymbols', () => []);
  const socket = createSocket('udp4');
  t.notOk(listenBelow(socket, () => undefined));
  socket.close();
  t.equal(await rings(), 1);
});
