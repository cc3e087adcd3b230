/** What every engine of the store does alike. */
import type { Test } from 'tap';
import { ConflictError, RepeatedError, StoreError } from '../../../src/control/store/errors.ts';
import { type AppliedChange, LIST_MAX, type Store } from '../../../src/control/store/store.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { ACCOUNT, change, del, faultOf, OTHER_ACCOUNT, origin, put, rejectionOf } from './support.ts';

export interface EngineOptions {
  readonly clock: ManualClock;
  /** Items of the log that are kept. */
  readonly keepItems: number;
}

/** Opens an empty store that is gone after the test. */
export type Engine = (t: Test, options: EngineOptions) => Store;

export function conformance(t: Test, engine: Engine): void {
  const open = (t: Test, keepItems = 1000): { store: Store; clock: ManualClock } => {
    const clock = new ManualClock();
    return { store: engine(t, { clock, keepItems }), clock };
  };
  const ids = (resources: Iterable<{ id: string }>): string[] => [...resources].map(({ id }) => id);

  t.test('an empty store', async (t) => {
    const { store } = open(t);
    t.equal(store.revision, 0);
    t.equal(store.fault, undefined);
    t.equal(store.get('zone', 'a'), undefined);
    t.same(store.list({ kind: 'zone', limit: 1 }), []);
    t.equal(store.count({ kind: 'zone' }), 0);
    t.same(store.changes(0, 10), []);
    t.same(store.audit({ limit: 10 }), []);
    t.equal(store.responseTo('x'), undefined);
    const snapshot = store.snapshot();
    t.equal(snapshot.revision, 0);
    t.same([...snapshot.resources()], []);
    snapshot.close();
  });

  t.test('bodies of secrets are where they are put, and in no log', async (t) => {
    const { store } = open(t);
    await store.apply(change(put('key-secret', 'a', { body: { private: 1 } }), put('key', 'a')));
    t.same(store.get('key-secret', 'a')?.body, { private: 1 });
    await store.apply(change(put('key-secret', 'a', { body: { private: 2 } })));
    await store.apply(change(del('key-secret', 'a'), del('key', 'a')));
    const items = store.changes(0, 10).flatMap((each) => each.items);
    t.same(
      items.map(({ action, kind, before, after }) => [action, kind, before, after]),
      [
        ['put', 'key-secret', undefined, undefined],
        ['put', 'key', undefined, { id: 'a' }],
        ['put', 'key-secret', undefined, undefined],
        ['delete', 'key-secret', undefined, undefined],
        ['delete', 'key', { id: 'a' }, undefined],
      ],
    );
  });

  t.test('what is put can be read, and is what JSON keeps of it', async (t) => {
    const { store } = open(t);
    const body = { name: 'a', left: undefined, list: [1, 'zwei', null, { deep: true }], text: '\0\u{1f310}' };
    const revision = await store.apply(change(put('zone', 'a', { body, sort: 's' }), put('check', 'a')));
    body.name = 'changed afterwards';
    t.equal(revision, 1);
    t.strictSame(store.get('zone', 'a'), {
      kind: 'zone',
      id: 'a',
      account: ACCOUNT,
      parent: undefined,
      sort: 's',
      revision: 1,
      body: { name: 'a', list: [1, 'zwei', null, { deep: true }], text: '\0\u{1f310}' },
    });
    t.equal(store.get('check', 'a')?.sort, 'a', 'an id is unique in its kind only');
    t.equal(store.get('zone', 'A'), undefined);
    for (const value of [null, 0, '', false, []]) {
      await store.apply(change(put('zone', 'b', { body: value })));
      t.strictSame(store.get('zone', 'b')?.body, value);
    }
  });

  t.test('a put replaces, wherever it moves; a delete takes away', async (t) => {
    const { store } = open(t);
    await store.apply(
      change(put('set', 'a', { parent: 'z1', sort: 'm' }), put('set', 'b', { parent: 'z1' })),
    );
    await store.apply(change(put('set', 'a', { parent: 'z2', sort: 'n', account: OTHER_ACCOUNT, body: 2 })));
    t.match(store.get('set', 'a'), { parent: 'z2', sort: 'n', account: OTHER_ACCOUNT, revision: 2, body: 2 });
    t.same(ids(store.list({ kind: 'set', parent: 'z1', limit: 9 })), ['b']);
    t.same(ids(store.list({ kind: 'set', parent: 'z2', limit: 9 })), ['a']);
    t.equal(await store.apply(change(del('set', 'a'))), 3);
    t.equal(store.get('set', 'a'), undefined);
    t.same(store.list({ kind: 'set', parent: 'z2', limit: 9 }), []);
  });

  t.test('items apply in order, each seeing what those before it did', async (t) => {
    const { store } = open(t);
    await store.apply(change(put('set', 'a', { body: 1 })));
    await store.apply(
      change(del('set', 'a'), put('set', 'a', { body: 2, expect: 'absent' }), put('set', 'a', { body: 3 })),
    );
    t.equal(store.get('set', 'a')?.body, 3);
    t.equal(store.count({ kind: 'set' }), 1);
    t.match(store.changes(1, 1)[0]?.items, [
      { action: 'delete', before: 1, after: undefined },
      { action: 'put', before: undefined, after: 2 },
      { action: 'put', before: 2, after: 3 },
    ]);
    await t.rejects(store.apply(change(del('set', 'a'), del('set', 'a'))), ConflictError);
    t.equal(store.get('set', 'a')?.body, 3);
  });

  t.test('preconditions: what fails is named, and nothing of the change is applied', async (t) => {
    const { store } = open(t);
    await store.apply(change(put('zone', 'a')));
    await store.apply(change(put('zone', 'b')));
    const other = put('zone', 'other');
    for (const [item, found] of [
      [put('zone', 'a', { expect: 'absent' }), 1],
      [put('zone', 'c', { expect: 'present' }), undefined],
      [put('zone', 'b', { expect: 1 }), 2],
      [put('zone', 'c', { expect: 1 }), undefined],
      [del('zone', 'c'), undefined],
      [del('zone', 'b', { expect: 1 }), 2],
      [{ action: 'check', kind: 'zone', id: 'a', expect: 2 }, 1],
      [{ action: 'check', kind: 'zone', id: 'c', expect: 'present' }, undefined],
    ] as const) {
      const error = await store.apply(change(other, item)).then(
        () => undefined,
        (error: unknown) => error,
      );
      t.ok(error instanceof ConflictError);
      t.match(error, { fault: 'conflict', index: 1, item: { kind: item.kind, id: item.id }, found });
      t.match(error, { message: new RegExp(`zone ${item.id} .*; the change expects`) });
    }
    t.equal(store.revision, 2);
    t.equal(store.get('zone', 'other'), undefined);
    t.equal(store.count({ kind: 'zone' }), 2);
    const passing = change(
      { action: 'check', kind: 'zone', id: 'b', expect: 2 },
      { action: 'check', kind: 'zone', id: 'c', expect: 'absent' },
      put('zone', 'a', { expect: 1 }),
      del('zone', 'b', { expect: 2 }),
    );
    t.equal(await store.apply(passing), 3);
  });

  t.test('changes at the same time: each alone, in the order in which they came', async (t) => {
    const { store } = open(t);
    const told: number[] = [];
    store.watch(0, ({ revision }) => told.push(revision));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 600 }, (_, i) =>
        store.apply(
          change(put('n', `${i}`), put('n', 'counter', { body: i }), ...(i % 3 === 1 ? [del('n', 'x')] : [])),
        ),
      ),
    );
    const revisions = outcomes.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    t.same(
      revisions,
      Array.from({ length: 400 }, (_, i) => i + 1),
      'no revision is left out',
    );
    t.ok(outcomes.every(({ status }, i) => (status === 'rejected') === (i % 3 === 1)));
    t.equal(store.revision, 400);
    t.equal(store.count({ kind: 'n' }), 401);
    t.equal(store.get('n', 'counter')?.body, 599);
    t.equal(store.get('n', '1'), undefined);
    t.same(told, revisions);
  });

  t.test('a decision sees the state at its turn', async (t) => {
    const { store } = open(t);
    const increment = () =>
      store.apply((state, revision) => {
        const body = (state.get<number>('n', 'counter')?.body ?? 0) + 1;
        return change(put('n', 'counter', { body }), put('n', `${revision}`));
      });
    await Promise.all(Array.from({ length: 50 }, increment));
    t.equal(store.get('n', 'counter')?.body, 50);
    t.equal(store.get('n', '50')?.revision, 50, 'and knows which revision it becomes');
    await t.rejects(
      store.apply(() => {
        throw new RangeError('decided against');
      }),
      new RangeError('decided against'),
    );
    await t.rejects(
      store.apply((state) => {
        t.equal(state.count({ kind: 'n' }), 51);
        t.equal(state.list({ kind: 'n', limit: 100 }).length, 51);
        return change(del('n', 'none'));
      }),
      ConflictError,
    );
    t.equal(store.revision, 50);
  });

  t.test('lists: order, start, limit, parent, account', async (t) => {
    const { store } = open(t);
    const sorts = [
      'com.example. A ',
      'com.example. NS ',
      'com.example.a-b. A ',
      'com.example.a. A ',
      '~',
      'ü',
      '\u{ffff}',
      '\u{10000}',
    ];
    const items = sorts.map((sort, i) => put('set', `i${i}`, { parent: 'z', sort }));
    await store.apply(change(...items.toReversed(), put('set', 'top'), put('set', 'else', { parent: 'zz' })));
    const list = (from?: { sort: string; id?: string }, limit = 99): string[] =>
      ids(store.list({ kind: 'set', parent: 'z', limit, ...(from === undefined ? {} : { from }) }));
    t.same(
      list(),
      ['i0', 'i1', 'i3', 'i2', 'i4', 'i5', 'i6', 'i7'].sort((a, b) =>
        Buffer.compare(Buffer.from(sorts[Number(a[1])]!), Buffer.from(sorts[Number(b[1])]!)),
      ),
      'by octets',
    );
    t.equal(list().indexOf('i6') + 1, list().indexOf('i7'), 'by octets of UTF-8, not by halves of pairs');
    t.same(list(undefined, 2), ['i0', 'i1']);
    t.same(list({ sort: 'com.example. NS ' }, 1), ['i1'], 'the start is part of it');
    t.same(list({ sort: 'com.example. B' }, 1), ['i1'], 'and need not be there');
    t.same(list({ sort: '\u{10fff0}' }), []);
    const between = (sort: string, below: string): string[] =>
      ids(store.list({ kind: 'set', parent: 'z', from: { sort }, below, limit: 99 }));
    t.same(between('com.example. ', 'com.example.!'), ['i0', 'i1'], 'what begins so');
    t.same(between('', sorts[1]!), ['i0'], 'the end is no part of it');
    t.same(between('ü', '\u{10000}'), ['i5', 'i6'], 'by octets too');
    t.same(ids(store.list({ kind: 'set', limit: 9 })), ['top']);
    await store.apply(
      change(
        ...['b', 'a', 'c'].map((id) => put('zone', id, { sort: 'same' })),
        put('zone', 'd', { sort: 'same', account: OTHER_ACCOUNT }),
        put('part', 'mine', { parent: 'z' }),
        put('part', 'theirs', { parent: 'z', account: OTHER_ACCOUNT }),
      ),
    );
    const zones = (query: object): string[] => ids(store.list({ kind: 'zone', limit: 9, ...query }));
    t.same(zones({}), ['a', 'b', 'c', 'd'], 'those of one sort key by id');
    t.same(zones({ from: { sort: 'same', id: 'b' } }), ['b', 'c', 'd']);
    t.same(zones({ account: ACCOUNT, from: { sort: 'same', id: 'b' } }), ['b', 'c']);
    t.same(zones({ account: OTHER_ACCOUNT }), ['d']);
    t.same(ids(store.list({ kind: 'part', parent: 'z', account: OTHER_ACCOUNT, limit: 9 })), ['theirs']);
    for (const limit of [0, -1, 1.5, Number.NaN, LIST_MAX + 1])
      t.equal(
        faultOf(() => store.list({ kind: 'zone', limit })),
        'invalid',
      );
  });

  t.test('counts follow what is there', async (t) => {
    const { store } = open(t);
    const counts = (): number[] => [
      store.count({ kind: 'set' }),
      store.count({ kind: 'set', parent: 'z' }),
      store.count({ kind: 'set', account: ACCOUNT }),
      store.count({ kind: 'set', parent: 'z', account: OTHER_ACCOUNT }),
    ];
    await store.apply(
      change(
        put('set', 'a', { parent: 'z' }),
        put('set', 'b', { parent: 'z', account: OTHER_ACCOUNT }),
        put('set', 'c'),
      ),
    );
    t.same(counts(), [3, 2, 2, 1]);
    await store.apply(change(put('set', 'a', { parent: 'y' }), put('set', 'b', { parent: 'z' })));
    t.same(counts(), [3, 1, 3, 0]);
    await store.apply(change(del('set', 'b'), del('set', 'c'), put('set', 'c'), put('set', 'c')));
    t.same(counts(), [2, 0, 2, 0]);
  });

  t.test('a snapshot stays as it was', async (t) => {
    const { store } = open(t);
    await store.apply(
      change(put('b', '1'), put('a', '2', { parent: 'p' }), put('a', '1', { sort: 'z' }), put('a', '3')),
    );
    const snapshot = store.snapshot();
    await store.apply(change(put('a', '4'), del('a', '3'), put('a', '1', { body: 'new' })));
    t.equal(snapshot.revision, 1);
    t.same(
      [...snapshot.resources()].map(({ kind, id }) => kind + id),
      ['a3', 'a1', 'a2', 'b1'],
    );
    t.same(ids(snapshot.resources('a')), ['3', '1', '2']);
    t.same(snapshot.get('a', '1')?.body, { id: '1' });
    t.same(ids(snapshot.list({ kind: 'a', limit: 9 })), ['3', '1']);
    t.equal(snapshot.count({ kind: 'a' }), 3);
    const [one, two] = [snapshot.resources(), snapshot.resources()];
    t.equal(one.next().value?.id, two.next().value?.id, 'two walks do not disturb each other');
    t.equal(one.next().value?.id, '1');
    for (const { id } of two) if (id === '2') break;
    snapshot.close();
    snapshot.close();
    t.equal(store.count({ kind: 'a' }), 3);
  });

  t.test('the log and its watchers: every change once and in order', async (t) => {
    const { store, clock } = open(t);
    await store.apply(change(put('a', '1', { parent: 'p', sort: 's', body: 1 })));
    clock.advance(5);
    await store.apply(change(put('a', '1', { parent: 'p', sort: 's', body: 2 }), put('b', '1')));
    const told: AppliedChange[] = [];
    const watch = store.watch(1, (each) => told.push(each));
    t.same(
      told.map(({ revision }) => revision),
      [2],
      'what there is comes at once',
    );
    await store.apply(change(del('a', '1')));
    t.equal(told.length, 2, 'whoever is acknowledged knows that watchers were told');
    t.strictSame(told, store.changes(1, 10), 'watchers and the log say the same');
    t.strictSame(told[1], {
      revision: 3,
      at: clock.wall(),
      origin,
      items: [
        {
          action: 'delete',
          kind: 'a',
          id: '1',
          account: ACCOUNT,
          parent: 'p',
          sort: 's',
          before: 2,
          after: undefined,
        },
      ],
    });
    await t.rejects(store.apply(change(del('a', '1'))), ConflictError);
    watch.close();
    await store.apply(change(put('c', '1')));
    t.equal(told.length, 2);
    t.same(
      store.changes(2, 1).map(({ revision }) => revision),
      [3],
    );
    t.same(store.changes(4, 9), []);
  });

  t.test('only the newest changes are kept whole', async (t) => {
    const { store } = open(t, 4);
    for (let i = 1; i <= 5; i++) await store.apply(change(put('a', `${i}`), put('b', `${i}`)));
    t.same(
      store.changes(3, 9).map(({ revision, items }) => [revision, items.length]),
      [
        [4, 2],
        [5, 2],
      ],
    );
    t.equal(
      faultOf(() => store.changes(2, 9)),
      'compacted',
    );
    t.equal(
      faultOf(() => store.watch(2, () => t.fail('told in spite of a gap'))),
      'compacted',
    );
    await store.apply(change(...Array.from({ length: 9 }, (_, i) => put('c', `${i}`))));
    t.equal(store.changes(5, 9)[0]?.items.length, 9, 'the last one always');
    t.equal(
      faultOf(() => store.changes(4, 9)),
      'compacted',
    );
    t.equal(store.audit({ limit: 99 }).length, 6, 'who did it is known longer');
  });

  t.test('the audit trail', async (t) => {
    const { store, clock } = open(t);
    const by = (over: Partial<typeof origin>, id: string) =>
      store.apply({ origin: { ...origin, ...over }, items: [put('a', id), put('b', id)] });
    await by({}, '1');
    clock.advance(1000);
    const second = clock.wall();
    await by({ account: OTHER_ACCOUNT, operation: 'CreateHostedZone' }, '2');
    clock.advance(1000);
    await by({ accessKey: '', source: 'control socket', summary: 'drei' }, '3');
    const revisions = (query: object): number[] =>
      store.audit({ limit: 9, ...query }).map(({ revision }) => revision);
    t.same(revisions({}), [3, 2, 1], 'the newest first');
    t.strictSame(store.audit({ limit: 1 }), [
      {
        revision: 3,
        at: clock.wall(),
        origin: { ...origin, accessKey: '', source: 'control socket', summary: 'drei' },
        items: 2,
      },
    ]);
    t.same(revisions({ since: second }), [3, 2]);
    t.same(revisions({ since: second + 1 }), [3]);
    t.same(revisions({ before: 3 }), [2, 1]);
    t.same(revisions({ account: OTHER_ACCOUNT }), [2]);
    t.same(revisions({ accessKey: '' }), [3]);
    t.same(revisions({ operation: 'CreateHostedZone', limit: 1 }), [2]);
    t.equal(
      faultOf(() => store.audit({ limit: 0 })),
      'invalid',
    );
  });

  t.test('an equal request is answered from memory, and applied once', async (t) => {
    const { store, clock } = open(t);
    const signed = (id: string, hash = 'h') => ({
      ...change(put('a', id)),
      request: { hash, response: { status: 200, id }, forMs: 300_000 },
    });
    const both = await Promise.allSettled([store.apply(signed('1')), store.apply(signed('2'))]);
    t.match(both, [{ value: 1 }, { reason: { fault: 'repeated', response: { status: 200, id: '1' } } }]);
    t.ok(both[1]?.status === 'rejected' && both[1].reason instanceof RepeatedError);
    t.strictSame(store.responseTo('h'), { status: 200, id: '1' });
    t.equal(store.get('a', '2'), undefined);
    await t.rejects(store.apply({ ...signed('3', 'k'), items: [del('a', '9')] }), ConflictError);
    t.equal(store.responseTo('k'), undefined, 'what was not applied is not remembered');
    clock.advance(299_999);
    t.not(store.responseTo('h'), undefined);
    clock.advance(1);
    t.equal(store.responseTo('h'), undefined);
    t.equal(await store.apply(signed('4')), 2, 'afterwards it is a new one');
    t.strictSame(store.responseTo('h'), { status: 200, id: '4' });
  });

  t.test('what is no change is refused', async (t) => {
    const { store } = open(t);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const long = 'x'.repeat(2049);
    for (const bad of [
      change(),
      change({ action: 'check', kind: 'a', id: '1', expect: 'absent' }),
      change(put('', '1')),
      change(put('k'.repeat(65), '1')),
      change(put('a', '')),
      change(put('a', long)),
      change(put('a', '\ud800')),
      change(put('a', '1', { sort: long })),
      change(put('a', '1', { parent: '' })),
      change(put('a', '1', { account: '12345' })),
      change(put('a', '1', { expect: 0 })),
      change(put('a', '1', { body: undefined })),
      change(put('a', '1', { body: circle })),
      change(put('a', '1', { body: 'x'.repeat(4 * 1024 * 1024) })),
      { ...change(put('a', '1')), origin: { ...origin, account: 'root' } },
      { ...change(put('a', '1')), origin: { ...origin, summary: 'x'.repeat(1025) } },
      { ...change(put('a', '1')), request: { hash: '', response: 1, forMs: 1 } },
      { ...change(put('a', '1')), request: { hash: 'x', response: 1, forMs: 0 } },
      { ...change(put('a', '1')), request: { hash: 'x', response: undefined, forMs: 1 } },
    ])
      t.equal(await rejectionOf(store.apply(bad)), 'invalid');
    t.equal(store.revision, 0);
    t.equal(await store.apply(change(put('a', 'x'.repeat(2048), { sort: '' }))), 1);
  });

  t.test('closed: what was asked for before is done, nothing later is', async (t) => {
    const { store } = open(t);
    const before = store.apply(change(put('a', '1')));
    await store.close();
    t.equal(await before, 1);
    await t.rejects(store.apply(change(put('a', '2'))), StoreError);
    await store.close();
  });
}
