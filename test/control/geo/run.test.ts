/** Files are read in a thread of their own, which is ended when it takes too long. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runTask } from '../../../src/control/geo/run.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { Locations } from '../../../src/zone/geo/locations.ts';
import { Rtt } from '../../../src/zone/geo/rtt.ts';
import { mmdb, pointer } from '../../support/mmdb.ts';

const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const path = (name: string, content: string | Uint8Array): string => {
  const full = join(folder, name);
  writeFileSync(full, content);
  return full;
};
const database = mmdb({ '10.0.0.0/8': { country: { iso_code: 'DE' }, names: { ja: '都' }, n: 2n ** 60n } });

t.test('a database, an RTT table', async (t) => {
  const task = { task: 'database', path: path('a.mmdb', database) } as const;
  const { result } = await runTask(task, systemClock);
  t.equal(result?.metadata.type, 'Test');
  t.equal(Locations.from(result!.locations).places, 1);
  const rtt = await runTask({ task: 'rtt', path: path('rtt.txt', 'DE us-east-1 90\n') }, systemClock);
  t.equal(Rtt.from(rtt.result!).rows, 1);
});

t.test('what is wrong is said', async (t) => {
  const faults = async (file: string): Promise<readonly string[] | undefined> =>
    (await runTask({ task: 'database', path: file }, systemClock)).faults;
  t.match(await faults(join(folder, 'none')), [/there is no such file; check the path/]);
  t.match(await faults(folder), [/not a regular file/]);
  t.match(await faults(path('b.mmdb', 'text')), [/metadata are missing/]);
  t.match((await runTask({ task: 'rtt', path: path('b.txt', 'x\ny\n') }, systemClock)).faults, [
    /^1: /,
    /^2: /,
  ]);
});

t.test('what takes too long is ended', async (t) => {
  const task = { task: 'database', path: path('a.mmdb', database) } as const;
  const { faults } = await runTask(task, systemClock, 1);
  t.match(faults, [/takes longer than 0\.001 s/]);
});

t.test('records as another reader has them, of broken files too', async (t) => {
  const paths = [
    path('a.mmdb', database),
    path('c.mmdb', mmdb({ '10.0.0.0/8': { country: pointer(0) } })),
    path('b.mmdb', 'text'),
  ];
  const { result } = await runTask({ task: 'records', paths, address: '10.1.2.3' }, systemClock);
  t.match(result, [
    { record: '{"country":{"iso_code":"DE"},"names":{"ja":"都"},"n":"1152921504606846976"}', bits: 8 },
    { record: undefined, fault: /call stack/ },
    { record: undefined, fault: String },
  ]);
});
