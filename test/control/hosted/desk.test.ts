/** The handlers that there are, and what they say while there is no store. */
import t from 'tap';
import { SERVED } from '../../../src/control/api/states.ts';
import { HostedDesk } from '../../../src/control/hosted/desk.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { loneMetrics } from '../../../src/telemetry/metrics.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';

t.test('docs/api.md says of each operation what is so', async (t) => {
  const desk = new HostedDesk({
    clock: new ManualClock(),
    log: createLogger({ thread: 'control', format: 'json', write: () => undefined }),
    prng: new SeededPrng(1),
    metrics: loneMetrics(),
    open: () => {
      throw new Error('not opened');
    },
    changed: () => undefined,
    health: { report: async () => undefined },
    explain: async () => undefined,
  });
  const { handlers } = desk;
  for (const service of ['route53', 'route53resolver', 'route53profiles'] as const)
    t.same(Object.keys(handlers[service] ?? {}).sort(), SERVED[service]);
});
