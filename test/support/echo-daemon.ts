/**
 * The daemon with a control thread and workers for tests: `node echo-daemon.ts CONFIG`. It logs what these say of
 * themselves.
 */
import { Daemon } from '../../src/server/daemon.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { systemClock as clock } from '../../src/util/clock.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng as prng } from '../../src/util/prng.ts';
import { type EchoEvent, EVENTS } from './echo-events.ts';

const log = createLogger({ thread: 'main', format: 'json', clock });
const events = new BroadcastChannel(EVENTS);
events.onmessage = (event) => log.info({}, (event as unknown as { data: EchoEvent }).data);
(events as unknown as { unref(): void }).unref();
const options = {
  configFile: process.argv[2]!,
  workerFile: new URL('./echo-worker.ts', import.meta.url),
  controlFile: new URL('./echo-control.ts', import.meta.url),
  healthFile: new URL('./echo-health.ts', import.meta.url),
  logsFile: new URL('../../src/control/logs/thread.ts', import.meta.url),
  clock,
  prng,
  log,
};
const ffi = process.env['ECHO_WITHOUT_FFI'] === undefined ? await loadFfi() : undefined;
process.exitCode = await new Daemon(options, ffi).run();
