import t from 'tap';
import { ServiceManager } from '../../src/server/systemd.ts';
import { ManualClock } from '../../src/util/clock.ts';
import type { Ffi } from '../../src/util/ffi.ts';

/** Keeps what is sent, as `socket text`. */
function recorder(): { ffi: Ffi; sent: string[] } {
  const sent: string[] = [];
  const sendUnix = (path: string, text: string): undefined => void sent.push(`${path} ${text}`);
  return { ffi: { sendUnix } as Partial<Ffi> as Ffi, sent };
}

t.test('states, with a status for a person; the variables are gone', (t) => {
  const { ffi, sent } = recorder();
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_PID: '1', WATCHDOG_USEC: '1', OTHER: 'x' };
  new ServiceManager(ffi, env, 7).tell('READY=1', 'serving');
  t.same(sent, ['/run/n READY=1\nSTATUS=serving\n']);
  t.same(env, { OTHER: 'x' });
  t.end();
});

t.test('nobody is told without a socket or without native calls', (t) => {
  const { ffi, sent } = recorder();
  new ServiceManager(ffi, { WATCHDOG_USEC: '1000000' }, 7).tell('READY=1', 'serving');
  new ServiceManager(undefined, { NOTIFY_SOCKET: '/run/n' }, 7).tell('READY=1', 'serving');
  t.same(sent, []);
  t.equal(
    new ServiceManager(ffi, { WATCHDOG_USEC: '1000000' }, 7).keepWatched(new ManualClock(), () => true),
    undefined,
  );
  t.end();
});

t.test('the watchdog is fed four times in its time, while alive', (t) => {
  const { ffi, sent } = recorder();
  const clock = new ManualClock();
  let isAlive = true;
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' };
  const watched = new ServiceManager(ffi, env, 7).keepWatched(clock, () => isAlive);
  clock.advance(10_000);
  t.same(sent, Array(4).fill('/run/n WATCHDOG=1\n'));
  isAlive = false;
  clock.advance(60_000);
  t.equal(sent.length, 4);
  isAlive = true;
  clock.advance(2_500);
  t.equal(sent.length, 5);
  watched!.cancel();
  t.end();
});

t.test('a watchdog that is not asked for, is another process’s, or makes no sense', (t) => {
  const { ffi } = recorder();
  for (const more of [
    {},
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'soon' },
    { WATCHDOG_USEC: '-5' },
    { WATCHDOG_USEC: '1e400' },
    { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' },
  ]) {
    const manager = new ServiceManager(ffi, { NOTIFY_SOCKET: '/run/n', ...more }, 7);
    t.equal(
      manager.keepWatched(new ManualClock(), () => true),
      undefined,
      JSON.stringify(more),
    );
  }
  t.end();
});
