/** Health checks and collections of a store on their way into a snapshot. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { resourcesOf } from '../../../src/control/compile/resources.ts';
import { KIND } from '../../../src/control/hosted/bodies.ts';
import { CheckError, declaredCheck } from '../../../src/control/hosted/checks.ts';
import { NamedResources, withNamed } from '../../../src/control/hosted/named.ts';
import { HostedZones, type Slots } from '../../../src/control/hosted/zones.ts';
import { openStore } from '../../../src/control/store/open.ts';
import { revisionOrder } from '../../../src/control/store/order.ts';
import type { Item, Store } from '../../../src/control/store/store.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { systemClock } from '../../../src/util/clock.ts';

const ACCOUNT = '000000000000';
const NAMES = { healthChecks: ['hc-1'], cidrCollections: [], unread: [] };

async function opened(t: Test): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-named-'));
  const log = createLogger({ thread: 'test', write: () => undefined });
  const store = openStore({ folder, clock: systemClock, log });
  t.teardown(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

function apply(store: Store, ...items: Item[]): Promise<number> {
  const origin = { account: ACCOUNT, accessKey: '', source: 'test', operation: 'Test', summary: '' };
  return store.apply({ origin, items });
}

function check(id: string, made: number, Port = 80): Item {
  const config = { Type: 'TCP', IPAddress: '192.0.2.1', Port };
  const body = { callerReference: id, version: 1, config };
  return { action: 'put', kind: KIND.healthCheck, id, account: ACCOUNT, sort: revisionOrder(made), body };
}

t.test('they come in the order of their making, behind what is declared, and are read once', async (t) => {
  const store = await opened(t);
  const named = new NamedResources(store);
  let told = 0;
  named.follow(() => told++);
  t.teardown(() => named.close());
  await apply(store, check('f', 1));
  await apply(store, check('a', 2));
  t.equal(told, 2);
  const [f, a] = named.read({ resources: NAMES }).healthChecks;
  t.match([f, a], [{ id: 'f' }, { id: 'a', port: 80, requestInterval: 30 }]);
  await apply(store, check('a', 2, 81));
  const [sameF, otherA] = named.read({ resources: NAMES }).healthChecks;
  t.equal(sameF, f, 'what did not change is not read again');
  t.equal(otherA!.port, 81);
  const ids = { ...NAMES, healthChecks: ['hc-1', 'f'] };
  t.match(named.read({ resources: ids }).healthChecks, [{ id: 'a' }], 'what is declared comes first');
  await apply(store, { action: 'delete', kind: KIND.healthCheck, id: 'f' });
  t.equal(told, 4);
  t.same(
    named.read({ resources: NAMES }).healthChecks.map(({ id }) => id),
    ['a'],
  );
  const zone = { name: 'x.', callerReference: 'x', vpcs: [], nameServers: [] };
  await apply(store, { action: 'put', kind: KIND.zone, id: 'Z', account: ACCOUNT, sort: 'x', body: zone });
  t.equal(told, 4, 'zones are told of by others');
});

t.test('slots of the declared are those without the others', (t) => {
  const before = { health: { checks: [], controls: [], rules: [], nextSlot: 7 }, collections: [] };
  const made = {
    healthChecks: [declaredCheck('u', { Type: 'TCP', IPAddress: '::1', Port: 1 })],
    cidrCollections: [],
  };
  const resources = resourcesOf(withNamed(NAMES, made), before);
  t.equal(resources.healthCheck('hc-1'), resourcesOf(NAMES, before).healthCheck('hc-1'));
  t.equal(resources.healthCheck('u'), 8);
  t.end();
});

t.test('zones are built anew where something left its slot, not where something came', async (t) => {
  const store = await opened(t);
  const soa = { name: 'x.example.', type: 'SOA', ttl: 900, values: ['ns. h. 1 2 3 4 5'] };
  const ns = { name: 'x.example.', type: 'NS', ttl: 900, values: ['ns.'] };
  const body = { name: 'x.example.', callerReference: 'x', vpcs: [], nameServers: [] };
  const put = { action: 'put', account: ACCOUNT } as const;
  await apply(
    store,
    { ...put, kind: KIND.zone, id: 'Z', sort: 'x', body },
    { ...put, kind: KIND.set, id: 'Z soa', parent: 'Z', sort: 'b', body: soa },
    { ...put, kind: KIND.set, id: 'Z ns', parent: 'Z', sort: 'a', body: ns },
  );
  const log = createLogger({ thread: 'test', write: () => undefined });
  const zones = new HostedZones(store, log);
  const build = (declared: string, stored: [string, number][]): SharedArrayBuffer => {
    const slots: Slots = { declared, stored: new Map(stored) };
    return zones.build(resourcesOf(NAMES, undefined), slots).zones[0]!.image;
  };
  const first = build('d', [['u', 1]]);
  t.equal(
    build('d', [
      ['u', 1],
      ['v', 2],
    ]),
    first,
  );
  const moved = build('d', [
    ['u', 3],
    ['v', 2],
  ]);
  t.not(moved, first);
  const gone = build('d', [['v', 2]]);
  t.not(gone, moved);
  t.not(build('other', [['v', 2]]), gone);
});

t.test('members are read by the rules of the configuration', (t) => {
  const bad = { Type: 'HTTP', IPAddress: '192.0.2.1', ResourcePath: 'a b' } as const;
  t.throws(() => declaredCheck('u', bad), {
    constructor: CheckError,
    member: 'ResourcePath',
    message: /a b/,
  });
  const arn = 'arn:aws:route53-recovery-control::1:controlpanel/0/routingcontrol/eu';
  t.match(declaredCheck('u', { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn }), { routingControl: 'eu' });
  t.throws(() => declaredCheck('u', { Type: 'RECOVERY_CONTROL', RoutingControlArn: 'x/' }), /not an id/);
  t.end();
});
