/** The health thread's entry: main starts it, and gives it a port to each control (view/channel.ts). */

import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../../telemetry/log.ts';
import { daemonCounters, Metrics } from '../../telemetry/metrics.ts';
import { assert } from '../../util/assert.ts';
import { systemClock } from '../../util/clock.ts';
import { HealthBits } from '../../util/healthbits.ts';
import { beat, SLOW_BEAT_MS } from '../../util/heartbeat.ts';
import { cryptoPrng } from '../../util/prng.ts';
import { type Port, serveCalls } from '../../util/rpc.ts';
import { HEALTH_SLOT, type HealthOrder, type HealthStart, SHARED_SLOTS } from '../../view/channel.ts';
import type { HealthCall } from '../../view/health.ts';
import { Checker } from './checker.ts';
import { systemResolve } from './names.ts';

assert(parentPort !== null, 'the health checks run as a worker thread');
const main = parentPort;
const { shared, checks, node, looksMax } = workerData as HealthStart;

beat(shared.beats, HEALTH_SLOT, systemClock, SLOW_BEAT_MS);
const checker = new Checker(
  {
    name: node,
    clock: systemClock,
    prng: cryptoPrng,
    log: createLogger({ thread: 'health' }),
    metrics: new Metrics(daemonCounters(SHARED_SLOTS, shared.counters).block(HEALTH_SLOT)),
    bits: new HealthBits(shared.health),
    resolve: systemResolve(systemClock),
    looksMax,
  },
  checks,
);

main.on('message', ({ port }: HealthOrder) =>
  serveCalls<HealthCall>(port as unknown as Port, (call) => checker.answer(call)),
);
