/** Disks that are full, files that cannot be written to or are damaged: the API says so, and queries are answered. */
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import t, { type Test } from 'tap';
import { mount, mountSmall, unmount, unmountable } from '../support/disk.ts';
import { all, answers, change, create, type Hosted, pages, simple, startHosted } from '../support/hosted.ts';
import { LONG } from '../support/long.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig') || unmountable();
/** Each start of a daemon takes seconds, and the store alone is tried in test/control/store. */
const long = LONG ? skip : 'with CAUSEWAY_LONG=1';

/** A file system of its own for the state of a daemon; it goes with the test. */
function disk(t: Test, megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-disk-'));
  mountSmall(folder, megabytes);
  t.teardown(() => {
    unmount(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Octets that are left free at first. */
const ROOM = 1024 * 1024;

/** A record that takes some space. */
const big = (i: number) =>
  simple(
    `n${i}.shop.example`,
    'TXT',
    60,
    ...Array.from({ length: 60 }, (_, j) => `"${i} ${j} ${'x'.repeat(200)}"`),
  );

/** How the API tells that the store refuses. */
const told = { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } };

/** A daemon with a record made by the API. */
async function started(t: Test, state: string, metrics?: number): Promise<{ hosted: Hosted; zone: string }> {
  const hosted = await startHosted(t, state, metrics);
  const zone = await create(hosted.client, 'shop.example');
  await change(hosted.client, zone, ...all('CREATE', [simple('www.shop.example', 'A', 60, '192.0.2.1')]));
  return { hosted, zone };
}

t.test('a disk that is full, and then is not', { skip }, async (t) => {
  const state = disk(t, 8);
  const metrics = await freePort();
  const { hosted, zone } = await started(t, state, metrics);
  const scraped = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  t.match(await scraped(), /^causeway_store_writable 1$/m);
  const { client } = hosted;
  const ballast = join(state, 'ballast');
  const { bavail, bsize } = statfsSync(state);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - ROOM));
  let acknowledged = 0;
  let refusal: unknown;
  const add = (i: number) => change(client, zone, ...all('CREATE', [big(i)]));
  while (refusal === undefined && acknowledged < 1000)
    await add(acknowledged).then(
      () => void acknowledged++,
      (error) => void (refusal = error),
    );
  t.ok(acknowledged > 10, `${acknowledged} changes fit`);
  t.match(refusal, { ...told, message: /no space is left on the disk/ });
  const www = simple('www.shop.example', 'A', 60, '192.0.2.2');
  await t.rejects(change(client, zone, ...all('UPSERT', [www, big(0)])), told);
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.1'], 'what was refused is not served');
  const full = await scraped();
  t.match(full, /^causeway_store_writable 0$/m);
  t.match(full, /^causeway_api_requests_total\{service="route53",result="server-error"\} 2$/m);
  t.match(full, /^causeway_change_waiting_seconds 0$/m, 'what was refused does not wait');
  const kept = async (): Promise<number> => {
    let found = 0;
    for await (const page of pages(client, zone, 300)) found += page.length;
    return found;
  };
  t.equal(await kept(), 3 + acknowledged, 'reading goes on: SOA, NS, www and what was acknowledged');
  t.equal((await answers(hosted, `n${acknowledged - 1}.shop.example`, 'TXT')).length, 60);
  rmSync(ballast);
  await change(client, zone, ...all('UPSERT', [www]));
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.2'], 'without a restart');
  t.match(await scraped(), /^causeway_store_writable 1$/m);
});

t.test('a file that cannot be written to', { skip: long }, async (t) => {
  const state = disk(t, 8);
  const first = await started(t, state);
  await first.hosted.daemon.stop();
  const file = join(state, 'store.db');
  mount('--bind', file, file);
  t.teardown(() => unmount(file));
  mount('-o', 'remount,ro,bind', file);
  const hosted = await startHosted(t, state);
  t.match(hosted.daemon.log(), /the store can only be read/);
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.1']);
  await t.rejects(create(hosted.client, 'other.example'), { ...told, message: /read-only file system/ });
  const { HostedZones } = await hosted.client.send(new ListHostedZonesCommand({}));
  t.equal(HostedZones!.length, 1, 'reading goes on');
});

t.test('a file that is damaged while it is open', { skip }, async (t) => {
  const state = disk(t, 8);
  const { hosted, zone } = await started(t, state);
  const { client, daemon } = hosted;
  for (const name of ['store.db', 'store.db-wal']) {
    const file = join(state, name);
    writeFileSync(file, Buffer.alloc(statSync(file).size, 'noise'), { flag: 'r+' });
  }
  const www = simple('www.shop.example', 'A', 60, '192.0.2.2');
  const damaged = { ...told, message: /store\.db: the file is damaged/ };
  await t.rejects(change(client, zone, ...all('UPSERT', [www])), damaged, 'it never is INSYNC');
  await t.rejects(client.send(new ListHostedZonesCommand({})), damaged, 'once that is known, all is refused');
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.1'], 'what was in force is');
  t.match(await daemon.cli('reload'), { code: 1, stderr: /the file is damaged.*causeway restore/ });
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.1'], 'no reload leaves it out');
});

t.test('a file that is damaged at the start', { skip: long }, async (t) => {
  const state = disk(t, 8);
  writeFileSync(join(state, 'store.db'), 'noise '.repeat(10_000));
  const hosted = await startHosted(t, state);
  await t.rejects(create(hosted.client, 'shop.example'), told);
  t.same(
    await answers(hosted, 'www.shop.example', 'A'),
    ['REFUSED'],
    'a reply, if that of a zone that is not there',
  );
  t.match(await hosted.daemon.cli('reload'), { code: 0 }, 'the configuration is put in force without it');
  rmSync(join(state, 'store.db'));
  await hosted.daemon.cli('reload');
  const zone = await create(hosted.client, 'shop.example');
  await change(hosted.client, zone, ...all('CREATE', [simple('www.shop.example', 'A', 60, '192.0.2.1')]));
  t.same(await answers(hosted, 'www.shop.example', 'A'), ['192.0.2.1'], 'once it can be opened, all is well');
});
