/** What is bounded in the engine on SQLite: waiting changes, snapshots, the log, the audit trail. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { STORE_NAME } from '../../../src/control/store/open.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { change, faultOf, folderOf, put, rejectionOf, storeIn } from './support.ts';

t.test('a flood of changes: those that wait are done, the rest is refused', async (t) => {
  const store = storeIn(t, folderOf(t));
  const flood = Array.from({ length: 10_005 }, (_, i) =>
    rejectionOf(store.apply(change(put('a', `${i % 7}`)))),
  );
  const outcomes = await Promise.all(flood);
  t.equal(outcomes.filter((each) => each === undefined).length, 10_000);
  t.same(
    outcomes.slice(10_000),
    Array.from({ length: 5 }, () => 'busy'),
  );
  t.equal(await store.apply(change(put('a', 'again'))), 10_001);
});

t.test('snapshots that nobody closes', async (t) => {
  const store = storeIn(t, folderOf(t));
  const open = Array.from({ length: 16 }, () => store.snapshot());
  t.equal(
    faultOf(() => store.snapshot()),
    'busy',
  );
  open[3]!.close();
  store.snapshot().close();
  await store.apply(change(put('a', '1')));
  await store.close();
  t.equal(
    faultOf(() => store.snapshot()),
    'closed',
  );
});

t.test('the audit trail goes when it is old and what the changes did has gone', async (t) => {
  const clock = new ManualClock();
  const folder = folderOf(t);
  const keep = { items: 3, auditMs: 1_000 };
  const store = storeIn(t, folder, { clock, keep });
  const revisions = (): number[] => store.audit({ limit: 99 }).map(({ revision }) => revision);
  for (let i = 0; i < 20; i++) await store.apply(change(put('a', `${i}`)));
  t.equal(revisions().length, 20, 'not while it is young');
  clock.advance(1_001);
  await store.apply(change(put('a', 'later')));
  t.same(revisions().at(-1), 9, 'a few at a time');
  await store.apply(change(put('a', 'later')));
  await store.apply(change(put('a', 'later')));
  t.same(revisions(), [23, 22, 21]);
  await store.close();
  const again = storeIn(t, folder, { clock, keep });
  t.equal(again.revision, 23);
  t.same(
    again.changes(20, 9).map(({ revision }) => revision),
    [21, 22, 23],
    'what is kept is known after a start',
  );
  t.equal(
    faultOf(() => again.changes(19, 9)),
    'compacted',
  );
  await again.apply(change(put('a', 'x')));
  t.equal(
    faultOf(() => again.changes(20, 9)),
    'compacted',
  );
});

t.test('requests that are no longer remembered leave the file', async (t) => {
  const clock = new ManualClock();
  const folder = folderOf(t);
  const store = storeIn(t, folder, { clock });
  const signed = (hash: string) => ({
    ...change(put('a', hash)),
    request: { hash, response: 'done', forMs: 300_000 },
  });
  for (const hash of ['a', 'b', 'c']) await store.apply(signed(hash));
  clock.advance(300_000);
  await store.apply(signed('d'));
  await store.close();
  const db = new DatabaseSync(join(folder, STORE_NAME), { readOnly: true });
  t.teardown(() => db.close());
  t.same(
    db
      .prepare('SELECT hash FROM request')
      .all()
      .map(({ hash }) => hash),
    ['d'],
  );
});

t.test('a listener that throws: the change is applied, others are told, and it is logged', async (t) => {
  const logged: object[] = [];
  const log = { error: (fields: object) => void logged.push(fields) };
  const store = storeIn(t, folderOf(t), { log });
  const told: number[] = [];
  store.watch(0, () => {
    throw new Error('cannot compile');
  });
  store.watch(0, ({ revision }) => told.push(revision));
  t.equal(await store.apply(change(put('a', '1'))), 1);
  t.same(told, [1]);
  t.match(logged, [{ revision: 1, err: { message: 'cannot compile' } }]);
});
