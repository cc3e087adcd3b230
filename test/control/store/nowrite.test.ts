/** Disks without space, folders that cannot be written to: what is refused is said, what was acknowledged is there. */
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SqliteStore } from '../../../src/control/store/sqlite.ts';
import { mount, mountSmall, unmount, unmountable } from '../../support/disk.ts';
import { change, folderOf, put, rejectionOf, storeIn } from './support.ts';

const CHILD = join(import.meta.dirname, 'nowrite.ts');
const NODE = `'${process.execPath}' --disable-warning=ExperimentalWarning '${CHILD}'`;

/** What the process of `nowrite.ts` has seen. */
function seenBy(what: string, folder: string, before = ''): Record<string, unknown> {
  const out = execFileSync('sh', ['-c', `${before} exec ${NODE} ${what} '${folder}'`], { encoding: 'utf8' });
  return JSON.parse(out) as Record<string, unknown>;
}

const big = (id: string) => change(put('a', id, { body: 'x'.repeat(10_000) }));

/** Fills the disk by changes; returns how many were acknowledged. */
async function fill(t: Test, store: SqliteStore): Promise<number> {
  for (let i = 0; i < 10_000; i++) {
    const fault = await rejectionOf(store.apply(big(`${i}`)));
    if (fault === undefined) continue;
    t.equal(fault, 'full');
    return i;
  }
  throw new Error('the disk is never full');
}

const skip = unmountable();

function smallDisk(t: Test): string {
  const folder = join(folderOf(t), 'disk');
  mountSmall(folder, 4);
  t.teardown(() => unmount(folder));
  return folder;
}

t.test('a disk that is full, and then is not', { skip }, async (t) => {
  const folder = smallDisk(t);
  const store = storeIn(t, folder);
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1024 * 1024));
  const acknowledged = await fill(t, store);
  t.ok(acknowledged > 10, `${acknowledged} changes fit`);
  t.match(store.fault?.message, /no space is left on the disk/);
  t.match(store.fault?.remedy, /free some space/);
  t.equal(store.revision, acknowledged);
  t.equal(store.list({ kind: 'a', limit: 10_000 }).length, acknowledged, 'reading goes on');
  t.equal(store.count({ kind: 'a' }), acknowledged);
  const together = await Promise.all([1, 2, 3].map((i) => rejectionOf(store.apply(big(`together ${i}`)))));
  t.same(together, ['full', 'full', 'full']);
  t.equal(await rejectionOf(store.backup(join(folder, 'backup'))), 'full', 'half a copy is taken away');
  rmSync(ballast);
  t.equal(await store.apply(big('again')), acknowledged + 1, 'no revision was lost by it');
  t.equal(store.fault, undefined);
  await store.close();
  const again = storeIn(t, folder);
  t.equal(again.revision, acknowledged + 1);
  t.equal(again.count({ kind: 'a' }), acknowledged + 1);
  await again.close();
});

t.test('a limit on the size of files', async (t) => {
  const folder = folderOf(t);
  // In blocks of 512 octets (POSIX): half a megabyte.
  const { fault, acknowledged, seen, said } = seenBy('full', folder, 'ulimit -f 1024;');
  t.match(fault, /^(full|io)$/);
  t.match(said, /disk/);
  t.equal(seen, acknowledged, 'what was refused is not seen');
  const store = storeIn(t, folder);
  t.equal(store.revision, acknowledged, 'what was acknowledged is there');
  t.equal(store.count({ kind: 'a' }), acknowledged);
});

t.test('a folder of somebody else: it is read, and changes are refused', async (t) => {
  const folder = folderOf(t);
  const store = storeIn(t, folder);
  await store.apply(change(put('a', '1'), put('b', '1')));
  await store.close();
  execFileSync('chmod', ['-R', 'a+rX,a-w', folder]);
  const { fault, seen, revision, said, missing } = seenBy('read-only', folder);
  t.equal(fault, 'read-only');
  t.equal(missing, 'read-only', 'where there is no store yet none can be opened');
  t.match(said, /EACCES/);
  t.same([seen, revision], [2, 1]);
  chmodSync(folder, 0o700);
});

t.test('a disk that is mounted to be read only', { skip }, async (t) => {
  const folder = smallDisk(t);
  const store = storeIn(t, folder);
  await store.apply(change(put('a', '1')));
  await store.close();
  mount('-o', 'remount,ro', folder);
  const reading = storeIn(t, folder);
  t.equal(reading.revision, 1);
  t.equal(await rejectionOf(reading.apply(change(put('a', '2')))), 'read-only');
  t.match(reading.fault?.message, /EROFS/);
  await reading.close();
  mount('-o', 'remount,rw', folder);
  const writing = storeIn(t, folder);
  t.equal(await writing.apply(change(put('a', '2'))), 2);
  await writing.close();
});
