/** Random changes on both engines and on a plain map: all three agree on everything that can be read. */
import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import { openStore } from '../../../src/control/store/open.ts';
import type { AppliedChange, Change, Item, Resource, Store } from '../../../src/control/store/store.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { LONG } from '../../support/long.ts';
import { MemoryStore } from '../../support/memorystore.ts';
import { ACCOUNT, change, folderOf, OTHER_ACCOUNT, quiet, storeIn } from './support.ts';

const KINDS = ['a', 'b'] as const;
const PARENTS = [undefined, 'p', 'q'] as const;
const ACCOUNTS = [ACCOUNT, OTHER_ACCOUNT] as const;

const key = { kind: fc.constantFrom(...KINDS), id: fc.constantFrom('1', '2', '3', 'ü', '\u{10000}') };
const expectation = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constantFrom('absent' as const, 'present' as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
const item: fc.Arbitrary<Item> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      action: fc.constant('put' as const),
      ...key,
      account: fc.constantFrom(...ACCOUNTS),
      parent: fc.constantFrom(...PARENTS),
      sort: fc.string({ unit: 'binary', maxLength: 3 }),
      body: fc.jsonValue({ maxDepth: 2 }),
      expect: expectation,
    }) as fc.Arbitrary<Item>,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      action: fc.constant('delete' as const),
      ...key,
      expect: expectation.map((each) => (each === 'absent' ? undefined : each)),
    }) as fc.Arbitrary<Item>,
  },
);
const changes = fc.array(
  fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => change(...items)),
  {
    minLength: 1,
    maxLength: 30,
  },
);

/** The obvious way: a map from kind and id; a change works on a copy, which takes its place if all went well. */
function model(all: readonly Change[]): { resources: Map<string, Resource>; applied: boolean[] } {
  let resources = new Map<string, Resource>();
  let revision = 0;
  const applied = all.map(({ items }) => {
    const next = new Map(resources);
    const passed = items.every((each) => {
      const name = `${each.kind} ${each.id}`;
      const found = next.get(name)?.revision;
      const { expect = each.action === 'delete' ? 'present' : undefined } = each;
      if (expect === 'absent' && found !== undefined) return false;
      if (expect === 'present' && found === undefined) return false;
      if (typeof expect === 'number' && found !== expect) return false;
      if (each.action === 'delete') next.delete(name);
      if (each.action === 'put') {
        const { kind, id, account, parent, sort } = each;
        const body: unknown = JSON.parse(JSON.stringify(each.body));
        next.set(name, { kind, id, account, parent, sort, revision: revision + 1, body });
      }
      return true;
    });
    if (passed) {
      resources = next;
      revision++;
    }
    return passed;
  });
  return { resources, applied };
}

const byOctets = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function expectSame(t: Test, store: Store, resources: Map<string, Resource>): void {
  const all = [...resources.values()].sort((a, b) => byOctets(a.sort, b.sort) || byOctets(a.id, b.id));
  for (const kind of KINDS) {
    for (const parent of PARENTS) {
      const wanted = all.filter((each) => each.kind === kind && each.parent === parent);
      t.strictSame(store.list({ kind, parent, limit: 99 }), wanted);
      for (const account of ACCOUNTS) {
        const own = wanted.filter((each) => each.account === account);
        t.strictSame(store.list({ kind, parent, account, limit: 99 }), own);
        if (parent !== undefined) t.equal(store.count({ kind, parent, account }), own.length);
      }
      const middle = wanted[wanted.length >> 1];
      if (middle !== undefined)
        t.strictSame(
          store.list({ kind, parent, from: middle, limit: 99 }),
          wanted.slice(wanted.length >> 1),
          'from any place on',
        );
    }
    t.equal(store.count({ kind }), all.filter((each) => each.kind === kind).length);
  }
  for (const each of all) t.strictSame(store.get(each.kind, each.id), each);
  const snapshot = store.snapshot();
  t.equal([...snapshot.resources()].length, all.length);
  snapshot.close();
}

/** What the log says, done again on nothing. */
function replayed(log: readonly AppliedChange[]): Map<string, unknown> {
  const bodies = new Map<string, unknown>();
  for (const { items } of log)
    for (const { action, kind, id, before, after } of items) {
      t.strictSame(bodies.get(`${kind} ${id}`), before, 'the log knows what was there before');
      if (action === 'put') bodies.set(`${kind} ${id}`, after);
      else bodies.delete(`${kind} ${id}`);
    }
  return bodies;
}

t.test('any changes, alone or together, leave what a map would hold', async (t) => {
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (all, together) => {
      const { resources, applied } = model(all);
      const folder = folderOf(t);
      const clock = new ManualClock();
      const sqlite = storeIn(t, folder, { clock });
      for (const store of [sqlite, new MemoryStore(() => clock.wall(), 1000)]) {
        const told: AppliedChange[] = [];
        store.watch(0, (each) => told.push(each));
        const outcomes: boolean[] = [];
        const apply = (each: Change) =>
          store.apply(each).then(
            () => true,
            () => false,
          );
        if (together) outcomes.push(...(await Promise.all(all.map(apply))));
        else for (const each of all) outcomes.push(await apply(each));
        t.same(outcomes, applied);
        expectSame(t, store, resources);
        t.same(
          told.map(({ revision }) => revision),
          Array.from({ length: store.revision }, (_, i) => i + 1),
        );
        t.strictSame(store.changes(0, 99), told);
        const bodies = replayed(told);
        t.same([...bodies.keys()].sort(), [...resources.keys()].sort());
        for (const [name, { body }] of resources) t.strictSame(bodies.get(name), body);
      }
      const { revision } = sqlite;
      await sqlite.close();
      const again = openStore({ folder, clock, log: quiet });
      t.equal(again.revision, revision);
      expectSame(t, again, resources);
      await again.close();
    }),
    { seed: 6, numRuns: LONG ? 2_000 : 25 },
  );
});
