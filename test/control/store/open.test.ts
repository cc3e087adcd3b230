/** Opening a store: its files, its lock, other people's files, other versions, and what becomes of a damaged one. */
import { spawn } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { StoreError } from '../../../src/control/store/errors.ts';
import { MIGRATIONS } from '../../../src/control/store/migrations.ts';
import { openStore, STORE_NAME } from '../../../src/control/store/open.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { change, faultOf, folderOf, put, quiet, rejectionOf, storeIn } from './support.ts';

const open = (folder: string, migrations = MIGRATIONS) =>
  openStore({ folder, clock: systemClock, log: quiet, migrations });

/** A folder with a closed store of so many changes, each of ten resources. */
async function filled(t: Test, changes: number): Promise<{ folder: string; file: string }> {
  const folder = folderOf(t);
  const store = storeIn(t, folder);
  for (let i = 0; i < changes; i++)
    await store.apply(
      change(...Array.from({ length: 10 }, (_, j) => put('a', `${i}-${j}`, { body: 'x'.repeat(200) }))),
    );
  await store.close();
  return { folder, file: join(folder, STORE_NAME) };
}

t.test('files are their owner’s alone, also those of an open store', async (t) => {
  const folder = join(folderOf(t), 'made', 'as needed');
  const store = storeIn(t, folder);
  await store.apply(change(put('a', '1')));
  t.equal(statSync(folder).mode & 0o777, 0o700);
  const names = readdirSync(folder).sort();
  t.same(names, [STORE_NAME, `${STORE_NAME}-shm`, `${STORE_NAME}-wal`, 'store.lock']);
  for (const name of names) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  await store.close();
  t.same(readdirSync(folder).sort(), [STORE_NAME, 'store.lock']);
});

t.test('a store is the same one after it was closed; a new one is another', async (t) => {
  const { folder } = await filled(t, 2);
  const first = open(folder);
  const { incarnation } = first;
  await first.close();
  const again = open(folder);
  t.equal(again.revision, 2);
  t.equal(again.incarnation, incarnation);
  t.equal(again.count({ kind: 'a' }), 20);
  await again.close();
  const other = storeIn(t, folderOf(t));
  t.not(other.incarnation, incarnation);
});

t.test('one at a time, in one process and in several, however the other ends', async (t) => {
  const folder = folderOf(t);
  const store = storeIn(t, folder);
  for (let i = 0; i < 2; i++)
    t.equal(
      faultOf(() => open(folder)),
      'locked',
      'a refused one takes no lock away',
    );
  t.equal(await store.apply(change(put('a', '1'))), 1);
  await store.close();
  const holding = join(import.meta.dirname, 'holding.ts');
  const thread = new Worker(holding, { workerData: folder });
  await new Promise((done, fail) => thread.once('message', done).once('error', fail));
  t.equal(
    faultOf(() => open(folder)),
    'locked',
  );
  await thread.terminate();
  const after = open(folder);
  t.equal(after.revision, 1, 'a thread that was ended has let go');
  await after.close();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', holding, folder]);
  await new Promise((done, fail) => child.stdout.once('data', done).once('end', fail));
  t.equal(
    faultOf(() => open(folder)),
    'locked',
  );
  const gone = new Promise((done) => child.once('close', done));
  child.kill('SIGKILL');
  await gone;
  await open(folder).close();
});

t.test('a file that is no store is left alone', async (t) => {
  for (const fill of [
    (file: string) => writeFileSync(file, 'this is a letter\n'.repeat(500)),
    (file: string) => writeFileSync(file, 'short'),
    (file: string) => {
      const db = new DatabaseSync(file);
      db.exec('CREATE TABLE letters (text TEXT)');
      db.close();
    },
  ]) {
    const folder = folderOf(t);
    const file = join(folder, STORE_NAME);
    fill(file);
    const before = readFileSync(file);
    t.match(
      faultOf(() => open(folder)),
      /^(foreign|corrupt)$/,
    );
    t.ok(before.equals(readFileSync(file)), 'not an octet has changed');
    t.equal(faultOf(() => open(folder)) === 'locked', false, 'the lock was given back');
  }
});

t.test('a file of a newer version is left alone', async (t) => {
  const { folder, file } = await filled(t, 1);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  const before = readFileSync(file);
  t.throws(() => open(folder), { name: 'StoreError', message: /has version 99; this program knows/ });
  t.equal(
    faultOf(() => open(folder)),
    'newer',
  );
  t.ok(before.equals(readFileSync(file)));
});

t.test('an older version is brought up, after a copy', async (t) => {
  const { folder, file } = await filled(t, 3);
  const next = [...MIGRATIONS, 'CREATE TABLE more (x) STRICT'];
  const bad = [...MIGRATIONS, 'CREATE TABLE more (x TEXT) STRICT; CREATE TABLE more (y TEXT) STRICT'];
  t.not(
    faultOf(() => open(folder, next)),
    undefined,
    'a step that fails',
  );
  t.not(
    faultOf(() => open(folder, bad)),
    undefined,
    'or fails half-way',
  );
  const same = open(folder);
  t.equal(same.revision, 3, 'leaves the file as it was');
  await same.close();
  const newer = open(folder, [...MIGRATIONS, 'CREATE TABLE more (x TEXT) STRICT']);
  t.equal(newer.revision, 3);
  await newer.apply(change(put('a', 'new')));
  await newer.close();
  t.equal(
    faultOf(() => open(folder)),
    'newer',
    'there is no way back',
  );
  const copy = `${file}.version-${MIGRATIONS.length}`;
  t.equal(statSync(copy).mode & 0o777, 0o600);
  copyFileSync(copy, file);
  const back = open(folder);
  t.equal(back.revision, 3, 'but for the copy');
  await back.close();
});

t.test('a damaged file: it is said, or what is read is right', async (t) => {
  const { file } = await filled(t, 60);
  const whole = readFileSync(file);
  const prng = new SeededPrng(60);
  const said: string[] = [];
  for (let round = 0; round < 60; round++) {
    const folder = folderOf(t);
    const damaged = join(folder, STORE_NAME);
    const octets = Buffer.from(whole);
    // A page of noise, a page of zeros, or an end that is missing.
    const page = prng.below(whole.length / 4096) * 4096;
    if (round % 3 === 0) prng.fill(octets.subarray(page, page + 4096));
    if (round % 3 === 1) octets.fill(0, page, page + 4096);
    writeFileSync(damaged, octets);
    if (round % 3 === 2) truncateSync(damaged, prng.below(whole.length));
    said.push(await readAll(folder));
  }
  t.same(
    [...new Set(said)].filter((each) => !/^(corrupt|foreign|whole|empty)$/.test(each)),
    [],
  );
  t.ok(said.filter((each) => each === 'corrupt').length > 30, said.join(' '));
});

/** Opens, reads and changes; returns the fault that was said, or what was found. */
async function readAll(folder: string): Promise<string> {
  let store: ReturnType<typeof open>;
  try {
    store = open(folder);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.fault;
  }
  try {
    const snapshot = store.snapshot();
    const count = [...snapshot.resources()].length;
    store.changes(0, 1000);
    store.audit({ limit: 1000 });
    if (count === 0) return 'empty';
    return count === 600 ? 'whole' : `${count} of 600 resources`;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.fault;
  } finally {
    await store.close();
  }
}

t.test('what is damaged while the store is open is said where it is read or written', async (t) => {
  const { folder, file } = await filled(t, 60);
  const store = storeIn(t, folder);
  const octets = readFileSync(file);
  // All but the head and what the connection has read already.
  const db = new DatabaseSync(file);
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'resource'").get() as {
    rootpage: number;
  };
  db.close();
  t.ok(rootpage > 1);
  octets.fill(0xff, (rootpage - 1) * 4096);
  writeFileSync(file, octets);
  const outcome = await rejectionOf(
    store.apply(
      change(...Array.from({ length: 600 }, (_, i) => put('a', `${Math.floor(i / 10)}-${i % 10}`))),
    ),
  );
  const read = faultOf(() => [...store.snapshot().resources()]);
  t.ok(outcome === 'corrupt' || read === 'corrupt', `${outcome} ${read}`);
  t.doesNotThrow(() => store.revision);
});
