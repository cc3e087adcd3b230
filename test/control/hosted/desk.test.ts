/** The handlers that there are, and what they say while there is no store. */
import t from 'tap';
import { SERVED } from '../../../src/control/api/states.ts';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { HostedDesk } from '../../../src/control/hosted/desk.ts';
import { StoreError } from '../../../src/control/store/errors.ts';
import type { Store } from '../../../src/control/store/store.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { loneMetrics } from '../../../src/telemetry/metrics.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { BASE, good } from '../config/support.ts';

function deskOf(open: () => Store): HostedDesk {
  return new HostedDesk({
    clock: new ManualClock(),
    log: createLogger({ thread: 'control', format: 'json', write: () => undefined }),
    prng: new SeededPrng(1),
    metrics: loneMetrics(),
    open,
    changed: () => undefined,
    health: { report: async () => undefined },
    explain: async () => undefined,
  });
}

t.test('docs/api.md says of each operation what is so', async (t) => {
  const desk = deskOf(() => {
    throw new Error('not opened');
  });
  const handlers = await desk.handlers();
  for (const service of ['route53', 'route53resolver', 'route53profiles'] as const)
    t.same(Object.keys(handlers[service] ?? {}).sort(), SERVED[service]);
});

t.test('a store that is damaged stays so: nothing is built of a part of it', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  const config = good(BASE);
  const desk = deskOf(() => store);
  t.same(desk.hostedFor(config, undefined).zones, []);
  const zone = { name: 'x.', callerReference: 'x', vpcs: [], nameServers: [] };
  const origin = { account: '000000000000', accessKey: '', source: '', operation: 'test', summary: '' };
  const put = {
    action: 'put',
    kind: KIND.zone,
    id: 'Z1',
    account: origin.account,
    sort: 'x',
    body: zone,
  } as const;
  await store.apply({ origin, items: [put] });
  const snapshot = store.snapshot.bind(store);
  store.snapshot = () => {
    throw new StoreError('corrupt', 'the file is damaged', 'restore a back-up');
  };
  t.throws(() => desk.hostedFor(config, undefined), { name: 'StoreError', fault: 'corrupt' });
  store.snapshot = snapshot;
  t.throws(() => desk.hostedFor(config, undefined), { name: 'StoreError', fault: 'corrupt' });
});
