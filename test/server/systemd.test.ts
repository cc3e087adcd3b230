import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ServiceManager, type ServiceManagerParts } from '../../src/server/systemd.ts';
import type { Logger } from '../../src/telemetry/log.ts';
import { ManualClock } from '../../src/util/clock.ts';
import type { Ffi } from '../../src/util/ffi.ts';
import { until } from '../support/sockets.ts';

/** Keeps what is sent, as `socket text`, and what is logged as a warning. */
function recorder() {
  const sent: string[] = [];
  const warned: string[] = [];
  const sendUnix = (path: string, text: string): undefined => void sent.push(`${path} ${text}`);
  const clock = new ManualClock();
  const log = {
    info: () => undefined,
    warn: (_, message) => void warned.push(message),
  } as Partial<Logger> as Logger;
  const native: ServiceManagerParts = { ffi: { sendUnix } as Partial<Ffi> as Ffi, clock, log };
  return { native, plain: { ...native, ffi: undefined }, clock, sent, warned };
}

/** A systemd-notify that notes its beginning and its end, and is held up by a file. */
function program(t: { teardown(fn: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-notify-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [file, held, noted] = ['systemd-notify', 'held', 'noted'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(
    file,
    `#!/bin/sh
printf '%s' "$NOTIFY_SOCKET$WATCHDOG_USEC" >>${noted}
printf ' [%s]' "$@" >>${noted}
echo >>${noted}
while [ -e ${held} ]; do sleep 0.02; done
echo end >>${noted}
`,
  );
  chmodSync(file, 0o755);
  const lines = (): string[] =>
    existsSync(noted) ? readFileSync(noted, 'utf8').split('\n').slice(0, -1) : [];
  return {
    env: { NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '4000000', PATH: `${folder}:${process.env['PATH']}` },
    lines,
    hold: () => writeFileSync(held, ''),
    release: () => rmSync(held),
    notes: (count: number) => until(() => lines().length >= count, `${count} lines of the program`),
  };
}

t.test('states, with a status for a person; the variables are gone', (t) => {
  const { native, sent } = recorder();
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_PID: '1', WATCHDOG_USEC: '1', OTHER: 'x' };
  new ServiceManager(native, env, 7).tell('READY=1', 'serving');
  t.same(sent, ['/run/n READY=1\nSTATUS=serving\n']);
  t.same(env, { OTHER: 'x' });
  t.end();
});

t.test('nobody is told without a socket', (t) => {
  const { native, plain, sent, warned } = recorder();
  for (const parts of [native, plain]) {
    const manager = new ServiceManager(parts, { WATCHDOG_USEC: '1000000', PATH: '/nonexistent' }, 7);
    manager.tell('READY=1', 'serving');
    t.equal(
      manager.keepWatched(() => true),
      undefined,
    );
  }
  t.same(sent, []);
  t.same(warned, []);
  t.end();
});

t.test('without native calls a program tells it: one at a time, then the last of what waits', async (t) => {
  const { plain, clock, warned } = recorder();
  const { env, lines, hold, release, notes } = program(t);
  hold();
  const manager = new ServiceManager(plain, env, 7);
  const watched = manager.keepWatched(() => true)!;
  manager.tell('READY=1', 'serving with 2 workers');
  await notes(1);
  clock.advance(5_000);
  manager.tell('RELOADING=1', 'reading the configuration');
  manager.tell('READY=1', 'revision 2 is in force');
  watched.cancel();
  release();
  await notes(4);
  t.same(lines(), [
    '/run/n [READY=1] [STATUS=serving with 2 workers]',
    'end',
    '/run/n [WATCHDOG=1] [READY=1] [STATUS=revision 2 is in force]',
    'end',
  ]);
  manager.tell('STOPPING=1', 'finishing');
  await notes(6);
  t.equal(lines()[4], '/run/n [STOPPING=1] [STATUS=finishing]');
  t.same(warned, []);
});

t.test('a program that hangs is ended, and the next one runs', async (t) => {
  const { plain, clock, warned } = recorder();
  const { env, lines, hold, release, notes } = program(t);
  hold();
  const manager = new ServiceManager(plain, env, 7);
  manager.tell('READY=1', 'serving');
  manager.tell('STOPPING=1', 'finishing');
  await notes(1);
  clock.advance(8_000);
  await notes(2);
  t.equal(lines()[1], '/run/n [STOPPING=1] [STATUS=finishing]');
  t.match(warned, [/^systemd-notify failed: .*install koffi/]);
  release();
  await notes(3);
});

t.test('with neither, the log says so once, and what to do', async (t) => {
  const { plain, clock, warned } = recorder();
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '4000000', PATH: '/nonexistent' };
  const manager = new ServiceManager(plain, env, 7);
  const watched = manager.keepWatched(() => true)!;
  manager.tell('READY=1', 'serving');
  await until(() => warned.length > 0, 'a warning');
  clock.advance(5_000);
  manager.tell('STOPPING=1', 'finishing');
  await new Promise((resolve) => setTimeout(resolve, 50));
  watched.cancel();
  t.match(warned, [/neither koffi nor systemd-notify is there; install one/]);
  t.equal(warned.length, 1);
});

t.test('the watchdog is fed four times in its time, while alive', (t) => {
  const { native, clock, sent } = recorder();
  let isAlive = true;
  const env = { NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' };
  const watched = new ServiceManager(native, env, 7).keepWatched(() => isAlive);
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
  const { native } = recorder();
  for (const more of [
    {},
    { WATCHDOG_USEC: '0' },
    { WATCHDOG_USEC: 'soon' },
    { WATCHDOG_USEC: '-5' },
    { WATCHDOG_USEC: '1e400' },
    { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' },
  ]) {
    const manager = new ServiceManager(native, { NOTIFY_SOCKET: '/run/n', ...more }, 7);
    t.equal(
      manager.keepWatched(() => true),
      undefined,
      JSON.stringify(more),
    );
  }
  t.end();
});
