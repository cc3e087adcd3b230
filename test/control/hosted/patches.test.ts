/** Images that follow the store by patches, and are as those that are built of it anew. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { KIND, putSet, type SetBody, setId, type ZoneResource } from '../../../src/control/hosted/bodies.ts';
import { originOf } from '../../../src/control/hosted/merging.ts';
import { type HostedZone, HostedZones } from '../../../src/control/hosted/zones.ts';
import { StoreError } from '../../../src/control/store/errors.ts';
import { openStore } from '../../../src/control/store/open.ts';
import { nameOrder, recordSetOrder } from '../../../src/control/store/order.ts';
import type { Item, Origin, Store } from '../../../src/control/store/store.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { type Name, nameFromText, nameToText } from '../../../src/wire/name.ts';
import { diffPatched, diffZones } from '../../../src/zone/diff.ts';
import { lookup } from '../../../src/zone/lookup.ts';
import { openZone } from '../../../src/zone/patch.ts';
import type { Zone } from '../../../src/zone/zone.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { until } from '../../support/sockets.ts';
import { show } from '../../zone/support.ts';
import { RESOURCES } from '../records/support.ts';

const ORIGIN: Origin = { account: '000000000000', accessKey: '', source: '', operation: 'test', summary: '' };
const LOG = createLogger({ thread: 'control', format: 'json', write: () => undefined });
const SAME = { declared: 'same', stored: new Map<string, number>() };
const NAME = 'example.com.';
const APEX: SetBody[] = [
  { name: NAME, type: 'SOA', ttl: 900, values: ['ns.example.net. h.example.net. 1 7200 900 1209600 86400'] },
  { name: NAME, type: 'NS', ttl: 60, values: ['ns.example.net.'] },
];

interface Test {
  teardown(end: () => unknown): void;
}

function opened(t: Test): Store {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-patches-'));
  const store = openStore({ folder, clock: systemClock, log: LOG });
  t.teardown(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

class Fixture {
  readonly store: Store;
  readonly zones: HostedZones;
  told = 0;
  #zone: ZoneResource | undefined;

  constructor(store: Store) {
    this.store = store;
    this.zones = new HostedZones(store, LOG);
  }

  async start(): Promise<void> {
    const body = { name: NAME, callerReference: '1', vpcs: [], nameServers: [] };
    const { account } = ORIGIN;
    const put = {
      action: 'put',
      kind: KIND.zone,
      id: 'Z1',
      account,
      sort: nameOrder(nameFromText(NAME)),
      body,
    } as const;
    await this.store.apply({ origin: ORIGIN, items: [put] });
    this.#zone = this.store.get(KIND.zone, 'Z1');
    this.zones.follow(() => this.told++);
    await this.put(...APEX);
  }

  async put(...sets: SetBody[]): Promise<void> {
    await this.#apply(sets.map((set) => putSet(this.#zone!, nameFromText(set.name), set)));
  }

  async remove(...sets: SetBody[]): Promise<void> {
    await this.#apply(
      sets.flatMap(({ name, type, setIdentifier }): Item[] => {
        const id = setId('Z1', recordSetOrder(nameFromText(name), type, setIdentifier));
        return this.store.get(KIND.set, id) === undefined ? [] : [{ action: 'delete', kind: KIND.set, id }];
      }),
    );
  }

  async #apply(items: Item[]): Promise<void> {
    const unique = [...new Map(items.map((item) => [item.id, item])).values()];
    if (unique.length > 0) await this.store.apply({ origin: ORIGIN, items: unique });
  }

  build(zones = this.zones): HostedZone {
    return zones.build(RESOURCES, SAME).zones[0]!;
  }

  /** As it follows, and as it is built by somebody who has not. */
  both(): [Zone, Zone] {
    const anew = this.build(new HostedZones(this.store, LOG));
    return [openZone({ ...this.build(), key: 0 }), openZone({ ...anew, key: 0 })];
  }
}

const a = (name: string, value = '192.0.2.1'): SetBody => ({
  name: `${name}.${NAME}`,
  type: 'A',
  ttl: 60,
  values: [value],
});
const answer = (zone: Zone, name: string): string[] =>
  show(lookup(zone, nameFromText(`${name}.${NAME}`), TYPE.A));

const LABELS = ['a', 'b', '*'];
const PLACES = [...LABELS, ...LABELS.flatMap((x) => LABELS.map((y) => `${x}.${y}`))];
// Aliases stand where nothing leads to: none goes in a circle.
const ASKED = [...PLACES, 'p', 'p.a', 'c.q', 'c', 'c.a', 'c.b', 'c.c', 'c.a.b', 'c.*.a'];
const place = fc.constantFrom(...PLACES);
const set = fc.oneof(
  fc.tuple(place, fc.constantFrom('192.0.2.1', '192.0.2.2')).map(([name, value]) => a(name, value)),
  place.map((name): SetBody => ({ name: `${name}.${NAME}`, type: 'TXT', ttl: 60, values: ['"x"'] })),
  fc.tuple(fc.constantFrom('p', 'p.a', '*.q'), place).map(
    ([name, target]): SetBody => ({
      name: `${name}.${NAME}`,
      type: 'A',
      aliasTarget: { hostedZoneId: 'Z1', dnsName: `${target}.${NAME}`, evaluateTargetHealth: false },
    }),
  ),
);
const step = fc.tuple(fc.boolean(), fc.array(set, { minLength: 1, maxLength: 3 }));

t.test('random changes, one after the other', async (t) => {
  let patches = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(set, { maxLength: 4 }),
      fc.array(step, { minLength: 1, maxLength: 8 }),
      async (first, steps) => {
        const fixture = new Fixture(new MemoryStore(() => 0, 1));
        await fixture.start();
        await fixture.put(...first);
        fixture.build();
        for (const [isPut, sets] of steps) {
          await (isPut ? fixture.put(...sets) : fixture.remove(...sets));
          const [followed, anew] = fixture.both();
          if (fixture.build().patch !== undefined) patches++;
          for (const name of ASKED) t.same(answer(followed, name), answer(anew, name), name);
          t.equal(followed.size, anew.size);
        }
      },
    ),
    { seed: 7, numRuns: 100 },
  );
  t.ok(patches > 80, `${patches} were patches`);
});

t.test('a patch that grows long is merged; nothing is lost, and the image keeps its number', async (t) => {
  const fixture = new Fixture(opened(t));
  await fixture.start();
  const first = fixture.build();
  const numbers = new Set<number>();
  for (let i = 0; i < 1200; i += 100) {
    await fixture.put(...Array.from({ length: 100 }, (_, j) => a(`n${i + j}`)));
    const [followed, anew] = fixture.both();
    numbers.add(followed.number);
    for (const name of ['n0', `n${i}`, `n${i + 99}`, `n${i + 100}`])
      t.same(answer(followed, name), answer(anew, name));
  }
  t.not(fixture.build().image, first.image, 'it was merged');
  t.same([...numbers], [openZone({ ...first, key: 0 }).number]);
  const { image } = fixture.build();
  for (let i = 0; i < 5000; i += 500)
    await fixture
      .put(...Array.from({ length: 500 }, (_, j) => a(`n${j}`, `192.0.2.${1 + i / 500}`)))
      .then(() => fixture.build());
  t.ok(fixture.build().image.byteLength < 4 * image.byteLength, 'what is replaced is not kept for ever');
});

t.test('a large zone is merged in a thread of its own, and what changes meanwhile stays', async (t) => {
  const fixture = new Fixture(opened(t));
  await fixture.start();
  await fixture.put(...Array.from({ length: 21_000 }, (_, i) => a(`n${i}`)));
  const { image } = fixture.build();
  await fixture.put(...Array.from({ length: 1_400 }, (_, i) => a(`n${i}`, '192.0.2.2')));
  const { told } = fixture;
  t.equal(fixture.build().image, image, 'nobody waits for it');
  await fixture.put(a('n5', '192.0.2.3'));
  await fixture.remove(a('n6'));
  fixture.build();
  await until(() => fixture.told > told + 2, 'it is told that there is another image');
  const [followed, anew] = fixture.both();
  t.not(fixture.build().image, image);
  for (const name of ['n4', 'n5', 'n6', 'n1400', 'n1500']) t.same(answer(followed, name), answer(anew, name));
  t.same(answer(followed, 'n5'), ['HIT', 'n5.example.com. 60 A 192.0.2.3']);
  fixture.zones.close();
});

t.test('a name below the target of an alias decides whether a wildcard stands for it', async (t) => {
  const alias = (target: string): SetBody => ({
    name: `p.${NAME}`,
    type: 'A',
    aliasTarget: { hostedZoneId: 'Z1', dnsName: `${target}.${NAME}`, evaluateTargetHealth: false },
  });
  const text = (name: string): SetBody => ({
    name: `${name}.${NAME}`,
    type: 'TXT',
    ttl: 60,
    values: ['"x"'],
  });
  for (const [target, before, put, gone] of [
    ['www', [], text('x.www'), undefined],
    ['www', [text('x.www')], undefined, text('x.www')],
    ['www.eu', [], text('x.eu'), undefined],
  ] as const) {
    const fixture = new Fixture(new MemoryStore(() => 0, 1));
    await fixture.start();
    await fixture.put(a('*'), alias(target), ...before);
    fixture.build();
    if (put !== undefined) await fixture.put(put);
    if (gone !== undefined) await fixture.remove(gone);
    const [followed, anew] = fixture.both();
    const leads = (zone: Zone): number =>
      zone.routing.leads(
        zone.routing.first(zone.groupAt(zone.indexOf(zone.find(nameFromText(`p.${NAME}`)), TYPE.A))),
      );
    t.equal(leads(followed), leads(anew), `${target}: ${put?.name ?? gone?.name}`);
  }
});

t.test('what was read before the store failed is read again', async (t) => {
  const store = new MemoryStore(() => 0, 1);
  const fixture = new Fixture(store);
  await fixture.start();
  await fixture.put(a('n1'), a('n2'));
  fixture.build();
  await fixture.put(a('n1', '192.0.2.9'));
  const snapshot = store.snapshot.bind(store);
  store.snapshot = () => {
    const state = snapshot();
    state.list = () => {
      throw new StoreError('io', 'the disk does not answer', 'mend it');
    };
    return state;
  };
  t.throws(() => fixture.build(), { name: 'StoreError' });
  store.snapshot = snapshot;
  await fixture.put(a('n2', '192.0.2.9'));
  const [followed, anew] = fixture.both();
  for (const name of ['n1', 'n2']) t.same(answer(followed, name), answer(anew, name));
});

t.test('what differs is found also where the image was merged and was not put in force', async (t) => {
  const fixture = new Fixture(opened(t));
  await fixture.start();
  await fixture.put(...Array.from({ length: 700 }, (_, i) => a(`n${i}`)));
  const inForce = fixture.build();
  await fixture.put(...Array.from({ length: 600 }, (_, i) => a(`n${i}`, '192.0.2.2')));
  fixture.build();
  await fixture.put(a('n650', '192.0.2.2'));
  const next = fixture.build();
  t.not(next.image, inForce.image, 'it was merged');
  const [from, to] = [inForce, next].map((zone) => openZone({ ...zone, key: 0 })) as [Zone, Zone];
  const merged = originOf(next.image);
  t.equal(merged?.image, inForce.image);
  const texts = (names: readonly Name[] | 'all') => (names as Name[]).map(nameToText).sort();
  t.same(texts(diffPatched(from, to, merged!.patch)), texts(diffZones(from, to)));
});
