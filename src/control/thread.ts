/** The control thread's entry: main starts it, and the two talk as view/channel.ts says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../telemetry/log.ts';
import { daemonCounters, Metrics } from '../telemetry/metrics.ts';
import { assert, unreachable } from '../util/assert.ts';
import { systemClock } from '../util/clock.ts';
import { Dependencies } from '../util/deps.ts';
import { beat, SLOW_BEAT_MS } from '../util/heartbeat.ts';
import { stayBehindWorkers } from '../util/priority.ts';
import type { Port } from '../util/rpc.ts';
import {
  CONTROL_SLOT,
  type ControlNews,
  type ControlOrder,
  type ControlStart,
  SHARED_SLOTS,
} from '../view/channel.ts';
import { Control } from './control.ts';
import { followFile } from './follow.ts';

assert(parentPort !== null, 'control runs as a worker thread');
const main = parentPort;
const start = workerData as ControlStart;
const counters = daemonCounters(SHARED_SLOTS, start.shared.counters);

beat(start.shared.beats, CONTROL_SLOT, systemClock, SLOW_BEAT_MS);
const log = createLogger({ thread: 'control' });
const control = new Control({
  start,
  clock: systemClock,
  log,
  counters,
  metrics: new Metrics(counters.block(CONTROL_SLOT)),
  dependencies: new Dependencies(start.shared.dependencies),
  healthBits: start.shared.health,
  tell: (news: ControlNews) => main.postMessage(news),
  version: packageVersion(),
});

main.on('message', (order: ControlOrder) => void obey(order));
await control.start();
stayBehindWorkers();
if (start.isFollowed)
  followFile(start.configFile, systemClock, () => {
    log.info({}, 'the configuration file has changed: reading it again');
    void control.reload();
  });

async function obey(order: ControlOrder): Promise<void> {
  switch (order.order) {
    case 'reload':
      await control.reload();
      return;
    case 'worker':
      await control.attach(order.slot, order.duty, order.revision, order.port as unknown as Port);
      return;
    case 'health':
      control.attachHealth(order.port as unknown as Port);
      return;
    case 'worker-gone':
      control.detach(order.slot);
      return;
    case 'sockets':
      control.socketsOpened(order.revision, order.failure);
      return;
    case 'missing':
      control.socketsMissing(order.sockets);
      return;
    case 'stop':
      await control.stop();
      process.exit(0);
      return;
    default:
      unreachable(order);
  }
}

/** package.json stands two folders up from src/control and from dist/control alike. */
function packageVersion(): string {
  const path = join(import.meta.dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
