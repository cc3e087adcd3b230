/** Where clients are, as the control thread puts it in force: at the start, when a file changes, and as it is asked. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask } from '../../../src/cli/daemon.ts';
import { Control } from '../../../src/control/control.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../../src/telemetry/metrics.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { Dependencies } from '../../../src/util/deps.ts';
import { HealthBits } from '../../../src/util/healthbits.ts';
import { received } from '../../../src/view/change.ts';
import type { GeoReport } from '../../../src/view/report.ts';
import type { Snapshot } from '../../../src/view/snapshot.ts';
import { mmdb } from '../../support/mmdb.ts';

const database = (country: string): Buffer =>
  mmdb({ '203.0.113.0/24': { country: { iso_code: country }, continent: { code: 'XX' } } });

interface Running {
  readonly control: Control;
  readonly snapshots: Snapshot[];
  readonly logged: () => string;
  write(name: string, content: string | Uint8Array): void;
  /** As the control socket answers. */
  geo(address?: string): Promise<GeoReport>;
  /** Resolves with the snapshot of this revision. */
  revision(wanted: number): Promise<Snapshot>;
}

async function start(t: Test, geo: string): Promise<Running> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'causeway-')));
  const write = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(folder, name), content);
  write('a.mmdb', database('DE'));
  write('rtt.txt', 'DE eu-west-1 20\n203.0.113.0/24 us-east-1 7\n');
  write(
    'causeway.yaml',
    `node: { state: ./state, metrics: off }
vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]
${geo}
cidrCollections: [{ id: c1, locations: [{ name: office, cidrs: [203.0.113.0/24] }] }]
`,
  );
  const lines: string[] = [];
  const snapshots: Snapshot[] = [];
  let heard = (): void => {};
  const counters = daemonCounters(1);
  const control: Control = new Control({
    start: { configFile: join(folder, 'causeway.yaml'), inForce: undefined },
    clock: systemClock,
    log: createLogger({ thread: 'control', format: 'json', write: (line) => lines.push(line) }),
    counters,
    metrics: new Metrics(counters.block(0)),
    dependencies: new Dependencies(),
    healthBits: new HealthBits().buffer,
    version: '0.1.0',
    tell: (item) => {
      if (item.news !== 'snapshot') return;
      snapshots.push(received(item.snapshot, snapshots.at(-1)));
      heard();
      queueMicrotask(() => control.socketsOpened(item.snapshot.revision, undefined));
    },
  });
  t.teardown(async () => {
    await control.stop();
    rmSync(folder, { recursive: true });
  });
  await control.start();
  return {
    control,
    snapshots,
    logged: () => lines.join(''),
    write,
    geo: (address) =>
      ask(
        join(folder, 'state', 'control.sock'),
        'GET',
        `/geo${address === undefined ? '' : `?address=${address}`}`,
      ),
    async revision(wanted) {
      while (snapshots.at(-1)!.revision < wanted)
        await new Promise<void>((done) => {
          heard = done;
        });
      return snapshots.at(-1)!;
    },
  };
}

const GEO = 'geo: { database: a.mmdb, rtt: rtt.txt, refresh: 1s }';

t.test('the first snapshot has the tables; a changed file makes another snapshot', async (t) => {
  const { snapshots, write, revision, geo } = await start(t, GEO);
  t.equal(snapshots.length, 1);
  const [first] = snapshots as [Snapshot];
  t.equal(first.geo.locations.length, 1);
  t.match((await geo('203.0.113.9')).client, { country: 'DE', continent: 'EU' });
  write('a.mmdb', database('FR'));
  const second = await revision(2);
  t.not(second.geo.locations[0], first.geo.locations[0]);
  t.equal(second.geo.rtt, first.geo.rtt);
  t.same({ ...second, revision: 1, geo: first.geo }, first, 'and nothing else is other');
  t.match((await geo('203.0.113.9')).client, { country: 'FR' });
});

t.test('what is known of an address', async (t) => {
  const { geo } = await start(t, GEO);
  const { files, client } = await geo('203.0.113.9');
  t.match(files, [
    { kind: 'database', type: 'Test', faults: [] },
    { kind: 'rtt', entries: 2 },
  ]);
  t.match(client, {
    address: '203.0.113.9',
    country: 'DE',
    latitude: 52.5,
    longitude: 13.4,
    bits: 24,
    collections: [{ collection: 'c1', location: 'office' }],
    records: [{ record: '{"country":{"iso_code":"DE"},"continent":{"code":"XX"}}', bits: 24 }],
  });
  t.match(client!.regions.slice(0, 3), [
    { region: 'us-east-1', ms: 7 },
    { region: 'eu-west-1', ms: 20 },
    { region: 'eusc-de-east-1', ms: undefined },
  ]);
  t.equal(client!.regions.length, 39);
  const unknown = (await geo('2001:db8::1')).client!;
  t.match(unknown, { country: undefined, latitude: undefined, regions: [], collections: [] });
  t.equal((await geo()).client, undefined);
  await t.rejects(geo('example.com'), { message: /no address/ });
});

t.test('a reload reads what has changed, and goes on where a file is broken', async (t) => {
  const { control, snapshots, write, logged, geo } = await start(
    t,
    'geo: { database: [a.mmdb], refresh: 1d }',
  );
  write('a.mmdb', 'broken');
  t.match(await control.reload(), { applied: true });
  t.equal(snapshots.at(-1)!.geo.locations[0], snapshots[0]!.geo.locations[0]);
  t.match(logged(), /is refused; what was read before stays/);
  t.match((await geo()).files, [{ faults: [/metadata are missing/] }]);
  write('a.mmdb', database('FR'));
  t.match(await control.reload(), { applied: true });
  t.match((await geo('203.0.113.9')).client, { country: 'FR' });
});

t.test('without any file', async (t) => {
  const { geo, snapshots } = await start(t, '');
  t.same(snapshots[0]!.geo, { locations: [], rtt: undefined });
  t.match(await geo('203.0.113.9'), { files: [], client: { bits: 0, regions: [], records: [] } });
});

t.test('a file that is missing is warned of', async (t) => {
  const { logged, snapshots } = await start(t, 'geo: { database: [a.mmdb, none.mmdb], rtt: none.txt }');
  t.match(logged(), /none\.mmdb: there is no such file, and until then clients are located without it/);
  t.match(logged(), /geo\.rtt.*none\.txt: there is no such file/);
  t.equal(snapshots[0]!.geo.locations.length, 1);
});
