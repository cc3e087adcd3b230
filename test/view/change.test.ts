/** Snapshots posted as what is otherwise than before: whoever has that one ends with the same as who gets it whole. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import t from 'tap';
import type { Compiled } from '../../src/control/compile.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { changeOf, received, type SnapshotChange } from '../../src/view/change.ts';
import type { Snapshot, ZoneData } from '../../src/view/snapshot.ts';
import { compiled, type Folder } from '../control/compile/support.ts';
import { BASE } from '../control/config/support.ts';

const ZONE_TEXT = '$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\n';
const ZONES = ['first', 'second', 'third'].map(
  (id) => `  - { id: ${id}, name: ${id}.example., file: ${id}, vpcs: [vpc-a] }\n`,
);
const TEXT = `${BASE}rules:
  - { id: corp, domain: corp.example., type: forward, targets: [192.0.2.53], vpcs: [vpc-a, vpc-b] }
zones:
${ZONES.join('')}`;
const FILES: Folder = Object.fromEntries(
  ['first', 'second', 'third'].map((id) => [`/etc/causeway/${id}`, ZONE_TEXT]),
);
const first = compiled(TEXT, FILES);

/** As it comes out of another thread. SharedArrayBuffers stay what they are. */
const posted = (change: SnapshotChange): SnapshotChange => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(change);
  const { message } = receiveMessageOnPort(port2 as never)!;
  port1.close();
  return message as SnapshotChange;
};

const changed = (text: string, files = FILES, previous: Compiled = first): [Snapshot, SnapshotChange] => {
  const { snapshot } = compiled(text, files, previous);
  return [snapshot, posted(changeOf(previous.snapshot, snapshot))];
};

t.test('nothing but the revision', async (t) => {
  const [snapshot, change] = changed(`# a comment\n${TEXT}`);
  t.strictSame(change, { from: 1, revision: 2, parts: {}, views: undefined, zones: undefined });
  t.equal(snapshot.views, first.snapshot.views);
  t.same(received(change, first.snapshot), snapshot);
});

t.test('a record: one zone, whatever the others are', async (t) => {
  const files = { ...FILES, '/etc/causeway/second': ZONE_TEXT.replace('192.0.2.80', '192.0.2.81') };
  const [snapshot, change] = changed(TEXT, files);
  const { zones } = snapshot;
  t.same(change.parts, {});
  t.equal(change.views, undefined);
  t.same(
    change.zones,
    [{ from: 0, to: 1 }, { added: [zones[1]] }, { from: 2, to: zones.length }],
    'the others are told by their places',
  );
  const there = received(change, first.snapshot);
  t.same(there, snapshot);
  t.equal(there.zones[0], first.snapshot.zones[0]);
  t.not(there.zones[1]!.image, first.snapshot.zones[1]!.image);
});

t.test('zones that come, go and change their places', async (t) => {
  const [a, b, c] = ZONES as [string, string, string];
  const list = (...zones: string[]): string => TEXT.replace(ZONES.join(''), zones.join(''));
  for (const text of [list(a, c), list(c, b, a), list(b), list(c, a), list(b, c, a)]) {
    const [snapshot, change] = changed(text);
    t.same(received(change, first.snapshot), snapshot);
    const fresh = (change.zones ?? []).flatMap((piece) => ('added' in piece ? piece.added : []));
    t.same(fresh, [], 'none is posted anew');
    t.ok(change.views, 'a view has them in another order, or under other numbers');
  }
  const fewer = compiled(list(b), FILES, first);
  const [snapshot, change] = changed(TEXT, FILES, fewer);
  t.same(received(change, fewer.snapshot), snapshot);
  const fresh = change.zones!.flatMap((piece): readonly ZoneData[] => ('added' in piece ? piece.added : []));
  t.same(
    fresh.map(({ id }) => id),
    ['first', 'third'],
  );
});

t.test('other parts are posted whole, and views of which nothing changed are not', async (t) => {
  const [snapshot, change] = changed(TEXT.replace('vpcs: [vpc-a, vpc-b] }\nzones', 'vpcs: [vpc-b] }\nzones'));
  t.same(received(change, first.snapshot), snapshot);
  t.match(change, { parts: { paths: snapshot.paths }, zones: undefined });
  t.notMatch(Object.keys(change.parts), ['node']);
  const [other, settings] = changed(`node: { prefetch: false }\n${TEXT}`);
  t.equal(other.node.prefetch, false);
  t.same(Object.keys(settings.parts), ['node']);
  t.same(received(settings, first.snapshot), other);
});

t.test('a part that is no more', async (t) => {
  const before = { ...first.snapshot, configuredAnchors: [] };
  const change = posted(changeOf(before, { ...first.snapshot, revision: 2 }));
  t.same(change.parts, { configuredAnchors: undefined });
  t.equal(received(change, before).configuredAnchors, undefined);
});

t.test('any list of zones of any other', async (t) => {
  const all = first.snapshot.zones;
  const some = (): ZoneData[] =>
    all.filter(() => cryptoPrng.below(2) === 0).sort(() => cryptoPrng.below(3) - 1);
  for (let i = 0; i < 200; i++) {
    const before = { ...first.snapshot, zones: some() };
    const after = { ...first.snapshot, revision: 2, zones: some() };
    const there = received(posted(changeOf(before, after)), before);
    t.same(
      there.zones.map(({ id }) => id),
      after.zones.map(({ id }) => id),
    );
  }
});

t.test('a change of another snapshot is our own mistake', async (t) => {
  const [, change] = changed(TEXT);
  t.throws(() => received(change, { ...first.snapshot, revision: 7 }), /a change of snapshot 1, not of 7/);
  t.throws(() => received(change, undefined), /a change of snapshot 1/);
  t.equal(received(first.snapshot, undefined), first.snapshot);
});
