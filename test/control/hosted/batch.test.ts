/** Batches of changes: all or nothing, all faults at once in Route 53's words, and what they make of the store. */
import t from 'tap';
import { BatchError, decideBatch } from '../../../src/control/hosted/batch.ts';
import { KIND, type SetBody, type ZoneResource, zoneOf } from '../../../src/control/hosted/bodies.ts';
import { ZoneImages } from '../../../src/control/hosted/images.ts';
import { Merging } from '../../../src/control/hosted/merging.ts';
import { setsOf } from '../../../src/control/hosted/sets.ts';
import { HostedZones } from '../../../src/control/hosted/zones.ts';
import { nameOrder } from '../../../src/control/store/order.ts';
import type { Origin } from '../../../src/control/store/store.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { Zone } from '../../../src/zone/image.ts';
import { lookup } from '../../../src/zone/lookup.ts';
import { openZone } from '../../../src/zone/patch.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { show } from '../../zone/support.ts';
import { RESOURCES } from '../records/support.ts';

const ORIGIN: Origin = {
  account: '000000000000',
  accessKey: '',
  source: 'test',
  operation: 'test',
  summary: '',
};
const ZONE = 'Z1';
const SETS_MAX = 10_000;
const LOG = createLogger({ thread: 'control', format: 'json', write: () => undefined });
const NO_MERGING = new Merging(LOG, () => undefined);

async function zoneIn(store: MemoryStore): Promise<ZoneResource> {
  const name = 'example.com.';
  const body = { name, callerReference: '1', vpcs: [], nameServers: [] };
  const sort = nameOrder(nameFromText(name));
  const account = ORIGIN.account;
  await store.apply({
    origin: ORIGIN,
    items: [{ action: 'put', kind: KIND.zone, id: ZONE, account, sort, body }],
  });
  const soa = 'ns.example.net. h.example.net. 1 7200 900 1209600 86400';
  await change(store, [
    ['CREATE', { name, type: 'SOA', ttl: 900, values: [soa] }],
    ['CREATE', { name, type: 'NS', ttl: 60, values: ['ns.example.net.'] }],
  ]);
  return zoneOf(store, ZONE)!;
}

type Step = readonly ['CREATE' | 'UPSERT' | 'DELETE', SetBody];

/** Resolves with the faults, none where the batch is applied. */
async function change(store: MemoryStore, steps: readonly Step[]): Promise<string[]> {
  const changes = steps.map(([action, set]) => ({ action, set }));
  try {
    await store.apply((state) => ({
      origin: ORIGIN,
      items: decideBatch(state, zoneOf(state, ZONE)!, changes, RESOURCES, SETS_MAX),
    }));
    return [];
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    return error.faults.map(({ message }) => message);
  }
}

const a = (name: string, values: string[], more: Partial<SetBody> = {}): SetBody => ({
  name: `${name}.example.com`,
  type: 'A',
  ttl: 60,
  values,
  ...more,
});

function listed(store: MemoryStore): string[] {
  return [...setsOf(store, ZONE)].map(({ body }) =>
    [body.name, body.type, body.setIdentifier].filter((part) => part !== undefined).join(' '),
  );
}

t.test('changes apply in their order, and all of them or none', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  await zoneIn(store);
  t.same(await change(store, [['CREATE', a('www', ['192.0.2.1'])]]), []);
  t.same(
    await change(store, [
      ['DELETE', a('WWW', ['192.0.2.1'])],
      ['CREATE', a('www', ['192.0.2.2'])],
      ['UPSERT', a('b.a', ['192.0.2.3'])],
      ['UPSERT', a('*', ['192.0.2.4'])],
    ]),
    [],
  );
  t.same(
    listed(store),
    [
      'example.com. NS',
      'example.com. SOA',
      '\\052.example.com. A',
      'b.a.example.com. A',
      'www.example.com. A',
    ],
    'in the order in which Route 53 lists',
  );
  const before = listed(store);
  const { revision } = store;
  t.same(
    await change(store, [
      ['CREATE', a('new', ['192.0.2.9'])],
      ['CREATE', a('www', ['192.0.2.9'])],
      ['DELETE', a('b.a', ['192.0.2.9'])],
      ['DELETE', a('none', ['192.0.2.9'])],
      ['CREATE', a('bad', ['192.0.2.256'])],
    ]),
    [
      "Tried to create resource record set [name='www.example.com.', type='A'] but it already exists",
      "Tried to delete resource record set [name='b.a.example.com.', type='A'] but the values provided do not match the current values",
      "Tried to delete resource record set [name='none.example.com.', type='A'] but it was not found",
      "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '192.0.2.256''",
    ],
  );
  t.same([listed(store), store.revision], [before, revision], 'nothing of it was applied');
});

t.test('what is stored counts as what the batch has', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  await zoneIn(store);
  const weighted = (id: string, more: Partial<SetBody> = {}): SetBody =>
    a('w', ['192.0.2.1'], { setIdentifier: id, weight: 1, ...more });
  t.same(await change(store, [['CREATE', weighted('one')]]), []);
  t.match(await change(store, [['CREATE', weighted('two', { ttl: 61 })]]), [
    /weighted sets must contain the same TTL/,
  ]);
  t.match(await change(store, [['UPSERT', a('w', ['192.0.2.1'])]]), [
    /other RRSets exist with the same name and type/,
  ]);
  const cname: SetBody = { name: 'w.example.com', type: 'CNAME', ttl: 60, values: ['x.example.com'] };
  t.match(await change(store, [['CREATE', cname]]), [
    /RRSet of type CNAME .* is not permitted as it conflicts/,
  ]);
  t.match(
    await change(store, [
      ['DELETE', { name: 'example.com', type: 'NS', ttl: 60, values: ['ns.example.net'] }],
    ]),
    [/at least one NS record for the zone itself/],
  );
});

t.test('aliases find what is stored, and never go in a circle', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  const zone = await zoneIn(store);
  const alias = (name: string, target: string): SetBody => ({
    name: `${name}.example.com`,
    type: 'A',
    aliasTarget: { hostedZoneId: ZONE, dnsName: `${target}.example.com`, evaluateTargetHealth: false },
  });
  t.match(await change(store, [['CREATE', alias('one', 'two')]]), [/that target was not found/]);
  t.same(
    await change(store, [
      ['CREATE', a('two', ['192.0.2.2'])],
      ['CREATE', alias('one', 'two')],
    ]),
    [],
  );
  t.same(await change(store, [['CREATE', alias('three', 'one')]]), []);
  t.match(
    await change(store, [
      ['DELETE', a('two', ['192.0.2.2'])],
      ['CREATE', alias('two', 'three')],
    ]),
    [/lead in a circle/],
    'through sets that the batch does not speak of',
  );
  t.same(await change(store, [['DELETE', a('two', ['192.0.2.2'])]]), [], 'a target may go');
  const { image } = new ZoneImages(NO_MERGING).build(store, zone, RESOURCES, new Map());
  const built = Zone.from(image!);
  t.same(show(lookup(built, nameFromText('two.example.com'), TYPE.A)), ['NXDOMAIN']);
  t.same(show(lookup(built, nameFromText('one.example.com'), TYPE.A)), ['ROUTED', 'one.example.com.']);
});

const SAME = { declared: 'same', stored: new Map<string, number>() };

t.test('images follow the store', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  await zoneIn(store);
  const zones = new HostedZones(store, LOG);
  let told = 0;
  zones.follow(() => told++);
  const answer = (name: string): string[] => {
    const [zone] = zones.build(RESOURCES, SAME).zones;
    return show(lookup(openZone({ ...zone!, key: 0 }), nameFromText(name), TYPE.A));
  };
  t.same(answer('www.example.com'), ['NXDOMAIN']);
  await change(store, [['CREATE', a('www', ['192.0.2.1'])]]);
  t.same(answer('www.example.com'), ['HIT', 'www.example.com. 60 A 192.0.2.1']);
  await change(store, [['UPSERT', a('www', ['192.0.2.2'])]]);
  await change(store, [
    ['UPSERT', a('www', ['192.0.2.3'])],
    ['CREATE', a('x', ['192.0.2.4'])],
  ]);
  t.same(answer('www.example.com'), ['HIT', 'www.example.com. 60 A 192.0.2.3']);
  await change(store, [['DELETE', a('www', ['192.0.2.3'])]]);
  t.same(answer('www.example.com'), ['NXDOMAIN']);
  t.same(answer('x.example.com'), ['HIT', 'x.example.com. 60 A 192.0.2.4']);
  t.equal(told, 4);
  const image = zones.build(RESOURCES, SAME).zones[0]?.image;
  t.equal(zones.build(RESOURCES, SAME).zones[0]?.image, image, 'what did not change is not built again');
  t.not(zones.build(RESOURCES, { ...SAME, declared: 'other slots' }).zones[0]?.image, image);
});
