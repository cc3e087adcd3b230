/** A health thread that makes no check: it logs what it is started with and told, and dies when asked for a report. */
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/util/clock.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { beat } from '../../src/util/heartbeat.ts';
import { serveCalls } from '../../src/util/rpc.ts';
import { HEALTH_SLOT, type HealthOrder, type HealthStart } from '../../src/view/channel.ts';
import type { HealthCall } from '../../src/view/health.ts';

const { shared, checks } = workerData as HealthStart;
const log = createLogger({ thread: 'health', format: 'json' });
const bits = new HealthBits(shared.health);
beat(shared.beats, HEALTH_SLOT, systemClock);
log.info(
  {},
  `health begins with ${checks.length} checks, slot 0 is ${bits.isHealthy(0) ? 'healthy' : 'unhealthy'}`,
);
bits.set(0, false);

parentPort!.on('message', ({ port }: HealthOrder) =>
  serveCalls<HealthCall>(port, (call) => {
    if (!('checks' in call)) process.nextTick(() => die());
    else log.info({}, `health is told of ${call.checks.length} checks`);
    return { taken: true };
  }),
);

function die(): never {
  throw new Error('health is told to die');
}
