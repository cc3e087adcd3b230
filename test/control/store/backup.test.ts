/** Copies of a store that is in use, and putting one in its place. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { STORE_NAME } from '../../../src/control/store/open.ts';
import { restore } from '../../../src/control/store/restore.ts';
import type { SqliteStore } from '../../../src/control/store/sqlite.ts';
import { change, faultOf, folderOf, put, rejectionOf, storeIn } from './support.ts';

const WALL = Date.UTC(2026, 0, 2, 3, 4, 5);
const ASIDE = `${STORE_NAME}.before-2026-01-02T030405.000Z`;

const fill = (store: SqliteStore, from: number, to: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: to - from }, (_, i) =>
      store.apply(
        change(put('a', `${from + i}`, { body: 'x'.repeat(500) }), put('last', 'one', { body: from + i })),
      ),
    ),
  );

/** A folder with a store at revision 20, and a backup of it at revision 10. */
async function backedUp(t: Test): Promise<{ folder: string; backup: string; incarnation: string }> {
  const [folder, elsewhere] = [folderOf(t), folderOf(t)];
  const store = storeIn(t, folder);
  await fill(store, 0, 10);
  const backup = join(elsewhere, 'backup');
  await store.backup(backup);
  await fill(store, 10, 20);
  const { incarnation } = store;
  await store.close();
  return { folder, backup, incarnation };
}

t.test('a copy of a store that is written to is that of one moment', async (t) => {
  const folder = folderOf(t);
  const store = storeIn(t, folder);
  await fill(store, 0, 3_000);
  const file = join(folder, 'copy');
  let done = false;
  const copying = store.backup(file).finally(() => (done = true));
  let meanwhile = 0;
  for (; !done; meanwhile++) await store.apply(change(put('b', `${meanwhile}`)));
  const backup = await copying;
  t.ok(meanwhile > 0, `${meanwhile} changes were made meanwhile`);
  t.same(backup, { file, revision: backup.revision, octets: statSync(file).size });
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.same(
    readdirSync(folder).filter((name) => name.startsWith('copy')),
    ['copy'],
    'one file, complete',
  );
  const other = folderOf(t);
  restore(other, file, WALL);
  const copy = storeIn(t, other);
  t.equal(copy.revision, backup.revision);
  t.equal(copy.count({ kind: 'a' }), 3_000);
  t.equal(copy.count({ kind: 'b' }), backup.revision - 3_000, 'all up to that revision, none after');
  t.equal(copy.changes(backup.revision - 1, 9).length, 1, 'with the log');
});

t.test('a backup replaces nothing, and leaves nothing where it fails', async (t) => {
  const folder = folderOf(t);
  const store = storeIn(t, folder);
  await fill(store, 0, 1);
  for (const name of [STORE_NAME, 'store.lock'])
    t.equal(await rejectionOf(store.backup(join(folder, name))), 'invalid', name);
  t.equal(await rejectionOf(store.backup(join(folder, 'missing', 'copy'))), 'io');
  t.notOk(readdirSync(folder).some((name) => name.endsWith('.part')));
  await fill(store, 1, 2);
  await store.close();
  t.equal(await rejectionOf(store.backup(join(folder, 'late'))), 'closed');
});

t.test('restored: the backup is in place, the other is set aside, and it is another store', async (t) => {
  const { folder, backup, incarnation } = await backedUp(t);
  const before = readFileSync(backup);
  t.same(restore(folder, backup, WALL), {
    file: join(folder, STORE_NAME),
    revision: 10,
    setAside: join(folder, ASIDE),
  });
  t.ok(before.equals(readFileSync(backup)), 'the backup stays as it was');
  t.same(readdirSync(folder).sort(), [STORE_NAME, ASIDE, 'store.lock']);
  for (const name of readdirSync(folder)) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  const store = storeIn(t, folder);
  t.equal(store.revision, 10);
  t.equal(store.get('last', 'one')?.body, 9);
  t.not(store.incarnation, incarnation, 'its revision 11 is not the one that was known');
  t.equal(await store.apply(change(put('a', 'more'))), 11);
  await store.close();
  restore(folder, join(folder, ASIDE), WALL + 1);
  const back = storeIn(t, folder);
  t.equal(back.revision, 20, 'what was set aside can be restored too');
});

t.test(
  'restored where a killed daemon has left its log of writes, or a file that nobody can read',
  async (t) => {
    const { folder, backup } = await backedUp(t);
    const file = join(folder, STORE_NAME);
    // What a killed daemon leaves is made by a copy while it runs.
    const running = storeIn(t, folder);
    await fill(running, 20, 30);
    const killed = folderOf(t);
    execFileSync('cp', [file, `${file}-wal`, killed]);
    await running.close();
    t.equal(restore(killed, backup, WALL).revision, 10);
    const restored = storeIn(t, killed);
    t.equal(restored.get('last', 'one')?.body, 9, 'the log is not taken for the restored file’s');
    await restored.close();
    restore(killed, join(killed, ASIDE), WALL + 1);
    const whole = storeIn(t, killed);
    t.equal(whole.revision, 30, 'it was written into the file that was set aside');
    await whole.close();
    writeFileSync(file, 'noise '.repeat(10_000));
    writeFileSync(`${file}-wal`, 'more noise '.repeat(10_000));
    restore(folder, backup, WALL);
    const mended = storeIn(t, folder);
    t.equal(mended.revision, 10);
    t.ok(readFileSync(join(folder, ASIDE), 'utf8').startsWith('noise'), 'even noise is set aside');
  },
);

t.test('into an empty folder', async (t) => {
  const { backup } = await backedUp(t);
  const folder = join(folderOf(t), 'new');
  t.match(restore(folder, backup, WALL), { revision: 10, setAside: undefined });
  t.equal(storeIn(t, folder).revision, 10);
});

t.test('what is no whole backup replaces nothing', async (t) => {
  const { folder, backup } = await backedUp(t);
  const bad = join(folderOf(t), 'bad');
  const octets = readFileSync(backup);
  const attempt = (): string | undefined => faultOf(() => restore(folder, bad, WALL));
  t.equal(attempt(), 'io', 'a file that is not there');
  writeFileSync(bad, 'a letter\n'.repeat(1_000));
  t.match(attempt(), /^(foreign|corrupt)$/);
  writeFileSync(bad, '');
  t.equal(attempt(), 'foreign');
  writeFileSync(bad, octets.subarray(0, octets.length - 4096));
  t.equal(attempt(), 'corrupt');
  const noise = Buffer.from(octets);
  noise.fill(0x5a, 8192, 12_288);
  writeFileSync(bad, noise);
  t.equal(attempt(), 'corrupt');
  writeFileSync(bad, octets);
  const db = new DatabaseSync(bad);
  db.exec('PRAGMA user_version = 99');
  db.close();
  t.equal(attempt(), 'newer');
  t.notOk(existsSync(join(folder, ASIDE)));
  t.notOk(existsSync(join(folder, `${STORE_NAME}.restoring`)));
  const store = storeIn(t, folder);
  t.equal(store.revision, 20);
  t.equal(
    faultOf(() => restore(folder, backup, WALL)),
    'locked',
    'nor does a whole one while the store is open',
  );
  t.equal(await store.apply(change(put('a', 'x'))), 21);
});
