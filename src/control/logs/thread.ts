/** The logs thread's entry: main starts it when something is logged first (view/channel.ts). */

import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../../telemetry/log.ts';
import { daemonCounters, Metrics } from '../../telemetry/metrics.ts';
import { assert, unreachable } from '../../util/assert.ts';
import { systemClock } from '../../util/clock.ts';
import { beat, SLOW_BEAT_MS } from '../../util/heartbeat.ts';
import { stayBehindWorkers } from '../../util/priority.ts';
import { LOGS_SLOT, type LogsOrder, type LogsStart, SHARED_SLOTS } from '../../view/channel.ts';
import { QueryLogs } from './querylogs.ts';

/** How often the rings are looked into while little is logged: nobody who is asked a question rings a bell here. */
const LOOK_MS = 50;

assert(parentPort !== null, 'the logs are written by a worker thread');
const main = parentPort;
const { shared, rings, logs } = workerData as LogsStart;

beat(shared.beats, LOGS_SLOT, systemClock, SLOW_BEAT_MS);
// On a core that workers have to the full, lines are dropped rather than answers held up.
stayBehindWorkers();
const queryLogs = new QueryLogs({
  clock: systemClock,
  log: createLogger({ thread: 'logs' }),
  metrics: new Metrics(daemonCounters(SHARED_SLOTS, shared.counters).block(LOGS_SLOT)),
  rings,
  logs,
});

main.on('message', obey);
look();

function look(): void {
  if (queryLogs.step()) setImmediate(look);
  else systemClock.after(LOOK_MS, look);
}

function obey(order: LogsOrder): void {
  switch (order.order) {
    case 'logs':
      queryLogs.adopt(order.logs);
      return;
    case 'reopen':
      queryLogs.reopen();
      return;
    case 'stop':
      // Receivers may take their time: main ends this thread when there is none left.
      void queryLogs.close().then(() => process.exit(0));
      return;
    default:
      unreachable(order);
  }
}
