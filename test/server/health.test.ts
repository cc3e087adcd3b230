/** The health thread among the others: when it begins, and what its death and that of control leave standing. */
import t from 'tap';
import { start } from '../support/echo.ts';
import { freePort } from '../support/ports.ts';
import { sleep } from '../support/sockets.ts';

t.test('it begins with the first check, and goes on when there are none', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1 });
  await daemon.logged('serving with');
  await sleep(200);
  t.notMatch(daemon.log(), 'health begins');
  daemon.configure({ ports: [port], checks: 2 });
  daemon.child.kill('SIGHUP');
  await daemon.logged('health begins with 0 checks, slot 0 is healthy');
  await daemon.logged('health is told of 2 checks');
  daemon.configure({ ports: [port], checks: 0 });
  daemon.child.kill('SIGHUP');
  await daemon.logged('health is told of 0 checks');
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});

t.test('when it dies the next one goes on from the bits, and control tells it again', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1, checks: 3 });
  await daemon.logged('health is told of 3 checks');
  daemon.configure({ ports: [port], checks: 3, fault: 'health' });
  daemon.child.kill('SIGHUP');
  await daemon.logged('health ended by itself and is replaced');
  await daemon.logged('health begins with 3 checks, slot 0 is unhealthy');
  await daemon.logged('health is told of', 2);
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});

t.test('when control dies it goes on, and the next control reaches it', async (t) => {
  const port = await freePort();
  const daemon = start(t, { ports: [port], workers: 1, checks: 3 });
  await daemon.logged('health is told of 3 checks');
  const told = daemon.log().split('health is told of').length - 1;
  daemon.configure({ ports: [port], checks: 3, fault: 'throw' });
  daemon.child.kill('SIGHUP');
  await daemon.logged('control ended by itself and is replaced');
  await daemon.logged('health is told of', told + 1);
  t.equal(daemon.log().split('health begins').length, 2, 'it is the same thread');
  daemon.child.kill('SIGTERM');
  t.equal(await daemon.ended, 0);
});
