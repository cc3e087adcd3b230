/** Geo files are followed; what is wrong with one changes nothing of what is in force. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Loaded } from '../../../src/control/geo/files.ts';
import { GeoTables, type GeoTablesOptions, WAIT_MS_MAX } from '../../../src/control/geo/tables.ts';
import type { GeoOutcome } from '../../../src/control/geo/task.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { parseAddress } from '../../../src/util/cidr.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { Locations } from '../../../src/zone/geo/locations.ts';
import { buildRtt } from '../../../src/zone/geo/rtt.ts';
import { Whereabouts } from '../../../src/zone/geo/whereabouts.ts';
import { mmdb } from '../../support/mmdb.ts';

const database = (country: string): Buffer => mmdb({ '10.0.0.0/8': { country_code: country } });

interface Setup {
  readonly tables: GeoTables;
  readonly clock: ManualClock;
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly logged: string[];
  readonly changes: () => number;
  write(name: string, content: string | Uint8Array): void;
  configure(...databases: string[]): Promise<void>;
  /** Country of 10.1.2.3. */
  country(database?: number): string;
}

function setUp(t: Test, load?: GeoTablesOptions['load']): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const clock = new ManualClock();
  const logged: string[] = [];
  let changes = 0;
  const tables = new GeoTables({
    // The time bound of a reading is the system's.
    clock,
    log: createLogger({ thread: 'control', format: 'json', write: (line) => logged.push(line) }),
    before: undefined,
    changed: () => changes++,
    ...(load === undefined ? {} : { load }),
  });
  t.teardown(() => tables.close());
  const path = (name: string): string => join(folder, name);
  return {
    tables,
    clock,
    folder,
    path,
    logged,
    changes: () => changes,
    write: (name, content) => writeFileSync(path(name), content),
    configure: (...names) =>
      tables.configure({ databases: names.map(path), rtt: path('rtt.txt'), refreshMs: 60_000 }),
    country(at = 0) {
      const found = new Whereabouts();
      Locations.from(tables.data.locations[at]!).lookup(parseAddress('10.1.2.3'), 32, found);
      return String.fromCharCode(found.country >> 8, found.country & 0xff);
    },
  };
}

t.test('files are read, and read again when they change', async (t) => {
  const { tables, clock, write, configure, country, changes, logged, path } = setUp(t);
  write('a.mmdb', database('DE'));
  write('rtt.txt', 'DE us-east-1 90\n');
  await configure('a.mmdb');
  t.equal(country(), 'DE');
  t.ok(tables.data.rtt);
  t.equal(changes(), 1);
  const first = tables.data;
  t.match(tables.reports, [
    { kind: 'database', file: path('a.mmdb'), faults: [], type: 'Test', entries: 4, ageSeconds: 0 },
    { kind: 'rtt', faults: [], entries: 1 },
  ]);
  clock.advance(60_000);
  await tables.look();
  t.equal(tables.data, first, 'the same object while nothing changes');
  t.equal(changes(), 1);
  write('a.mmdb', database('FR'));
  clock.advance(60_000);
  await tables.look();
  t.equal(country(), 'FR');
  t.equal(changes(), 2);
  t.equal(tables.data.rtt, first.rtt, 'what did not change is not read again');
  t.equal(logged.filter((line) => line.includes('a geo file is read')).length, 3);
});

t.test('a broken, a hostile and a missing file: said once, and the old stays', async (t) => {
  const { tables, write, configure, country, changes, logged, path } = setUp(t);
  write('a.mmdb', database('DE'));
  write('rtt.txt', 'DE us-east-1 90\n');
  await configure('a.mmdb');
  const { data } = tables;
  write('a.mmdb', database('FR').subarray(0, 200));
  write('rtt.txt', 'DE us-east-1 fast\n');
  await tables.look();
  await tables.look();
  t.equal(tables.data, data);
  t.equal(country(), 'DE');
  t.equal(changes(), 1);
  const refusals = logged.filter((line) => line.includes('is refused; what was read before stays'));
  t.equal(refusals.length, 2, 'once for each file');
  t.match(tables.reports, [{ faults: [/metadata are missing/], entries: 4 }, { faults: [/^1: "fast"/] }]);
  rmSync(path('a.mmdb'));
  await tables.look();
  t.equal(tables.data, data);
  t.match(tables.reports, [{ faults: [/there is no such file/] }, {}]);
  write('a.mmdb', database('FR'));
  await tables.look();
  t.equal(country(), 'FR');
  t.match(tables.reports, [{ faults: [] }, {}]);
});

t.test('several databases, in their order; one that is missing is done without', async (t) => {
  const { tables, write, configure, country, logged } = setUp(t);
  write('b.mmdb', database('FR'));
  write('rtt.txt', '');
  await configure('a.mmdb', 'b.mmdb');
  t.equal(tables.data.locations.length, 1);
  t.match(logged.join(''), /is refused; it is done without/);
  write('a.mmdb', database('DE'));
  await tables.look();
  t.same([country(0), country(1)], ['DE', 'FR']);
  await configure('b.mmdb');
  t.same([tables.data.locations.length, country()], [1, 'FR']);
  t.equal(logged.filter((line) => line.includes('a geo file is read')).length, 3, 'b is not read again');
});

t.test('a start does not wait for ever', async (t) => {
  const never = Promise.withResolvers<GeoOutcome<Loaded>>();
  const { tables, clock, configure, changes } = setUp(t, async ({ kind }) =>
    kind === 'rtt' ? never.promise : { faults: ['no'] },
  );
  const configured = configure('a.mmdb');
  clock.advance(WAIT_MS_MAX);
  await configured;
  t.same(tables.data.locations, []);
  t.equal(changes(), 0);
  never.resolve({ result: { kind: 'rtt', rtt: buildRtt([]) } });
  await tables.look();
  t.equal(changes(), 1, 'what comes later is told');
});

t.test('until its own files are read, what a control before had stays', async (t) => {
  const buffer = new SharedArrayBuffer(8);
  const before = { locations: [buffer], rtt: undefined };
  const late = Promise.withResolvers<GeoOutcome<Loaded>>();
  const clock = new ManualClock();
  const log = createLogger({ thread: 'control', write: () => {} });
  const tables = new GeoTables({ clock, log, before, changed: () => {}, load: () => late.promise });
  const configured = tables.configure({ databases: ['a.mmdb'], rtt: undefined, refreshMs: 1000 });
  t.equal(tables.data, before);
  late.resolve({ faults: ['no'] });
  await configured;
  t.same(tables.data.locations, [], 'a file that is wrong now is not in force');
  tables.close();
});
