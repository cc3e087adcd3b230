/** A patched zone answers as one that was built anew, and tells the same names as changed. */
import fc from 'fast-check';
import t from 'tap';
import { isAtOrBelow, type Name, nameFromText, nameKey, nameToText } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { diffPatched, diffZones } from '../../src/zone/diff.ts';
import { Zone } from '../../src/zone/image.ts';
import { mergePatch } from '../../src/zone/merge.ts';
import { buildPatch, openZone, type PatchedName, type ZonePatch } from '../../src/zone/patch.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import { ORIGIN, questions } from './random.ts';
import { APEX, ask, build, records } from './support.ts';

const ASKED = questions(4).flatMap((name) =>
  ['A', 'TXT', 'MX', 'NS', 'ANY'].map((type) => `${name} ${type}`),
);

const setsOf = (rrs: readonly Rr[], name: Name): RecordSet[] => {
  const own = rrs.filter((rr) => nameKey(rr.name) === nameKey(name));
  return [...new Set(own.map(({ type }) => type))].map((type) => {
    const same = own.filter((rr) => rr.type === type);
    const rdatas = same.map(({ rdata }) => rdata);
    const content = { kind: 'records' as const, ttl: same[0]!.ttl, rdatas };
    return { name, type, setIdentifier: undefined, policy: { kind: 'simple' }, health: undefined, content };
  });
};

/** The zone of `before` with what is another in `after` as a patch; undefined where no patch can say it. */
function patched(
  before: string,
  after: string,
  zone = Zone.from(build(ORIGIN, APEX + before).image!),
): PatchedPair | undefined {
  const [old, next] = [before, after].map((text) => records(ORIGIN, APEX + text));
  const keyOf = (rrs: readonly Rr[], name: Name): string =>
    JSON.stringify(setsOf(rrs, name).map((set) => [set.type, set.content]));
  const names = new Map([...old!, ...next!].map(({ name }) => [nameKey(name), name]));
  const changed = [...names.values()].filter((name) => keyOf(old!, name) !== keyOf(next!, name));
  const list = changed.map((name): PatchedName => ({ name, sets: setsOf(next!, name) }));
  const patch = buildPatch(zone, list, (name) => next!.some((rr) => isAtOrBelow(rr.name, name)));
  if (patch === undefined) return undefined;
  const merged = Zone.from(mergePatch(zone.image, patch));
  return { old: zone, zone: openZone({ image: zone.image, patch, key: 0 }), merged, patch };
}

interface PatchedPair {
  readonly old: Zone;
  readonly zone: Zone;
  readonly merged: Zone;
  readonly patch: ZonePatch;
}

const whole = (text: string): Zone => Zone.from(build(ORIGIN, APEX + text).image!);

const label = fc.constantFrom('a', 'b', '*');
const owner = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => `${labels.join('.')}.${ORIGIN}`);
const data = fc.constantFrom('A 192.0.2.1', 'A 192.0.2.2', 'TXT x', 'MX 1 a.example.', 'CNAME b.example.');
const fixed = fc.constantFrom(
  '',
  'a.b.example. NS a.a.b.example.\na.a.b.example. A 192.0.2.9\n',
  'b.example. DNAME far.\n',
);
const names = fc.uniqueArray(fc.tuple(owner, data), { maxLength: 8, selector: ([name]) => name });
const textOf = (list: readonly (readonly [string, string])[]): string =>
  list.map(([name, what]) => `${name} ${what}\n`).join('');

t.test('random changes of random zones', async (t) => {
  let patches = 0;
  fc.assert(
    fc.property(fixed, names, names, names, (end, same, before, after) => {
      // A name has either alias or other data, on both sides.
      const taken = new Set(same.map(([name]) => name));
      const rest = (list: typeof before): string => textOf(list.filter(([name]) => !taken.has(name)));
      const [old, next] = [end + textOf(same) + rest(before), end + textOf(same) + rest(after)];
      if (build(ORIGIN, APEX + old).image === undefined || build(ORIGIN, APEX + next).image === undefined)
        return;
      const pair = patched(old, next);
      if (pair === undefined) return;
      patches++;
      const { zone, merged, patch } = pair;
      const wanted = whole(next);
      const told = (each: Zone) => ASKED.map((question) => `${question}: ${ask(each, question).join()}`);
      for (const each of [zone, merged]) {
        t.equal(each.size, wanted.size);
        t.equal([...each.nodes()].length, wanted.size);
        t.same(told(each), told(wanted));
      }
      t.same(diffZones(merged, wanted), []);
      t.equal(merged.recordCount, wanted.recordCount);
      const texts = (names: readonly Name[] | 'all') => (names as Name[]).map(nameToText).sort();
      t.same(texts(diffPatched(pair.old, zone)), texts(diffZones(pair.old, wanted)));
      t.same(texts(diffPatched(zone, pair.old)), texts(diffZones(wanted, pair.old)));
      t.same(diffPatched(zone, merged, patch), []);
      t.same(texts(diffPatched(pair.old, merged, patch)), texts(diffZones(pair.old, wanted)));
      for (const other of [whole(old), wanted, whole('')]) {
        const sorted = (diff: Name[] | 'all') => (diff === 'all' ? diff : diff.map(nameToText).sort());
        t.same(sorted(diffZones(other, zone)), sorted(diffZones(other, wanted)));
        t.same(sorted(diffZones(zone, other)), sorted(diffZones(wanted, other)));
      }
    }),
    { seed: 9824, numRuns: 160 },
  );
  t.ok(patches > 70, `${patches} of them were patches`);
});

t.test('images of which parts were merged before', async (t) => {
  const ways = { extended: 0, renumbered: 0 };
  fc.assert(
    fc.property(fixed, fc.array(names, { minLength: 2, maxLength: 8 }), (end, steps) => {
      let text: string = end;
      let zone = whole(end);
      for (const step of steps) {
        const next = end + textOf(step);
        if (build(ORIGIN, APEX + next).image === undefined) continue;
        const pair = patched(text, next, zone);
        if (pair === undefined) continue;
        const wanted = whole(next);
        const { merged } = pair;
        const isSame = [...zone.nodes()].every((node) => merged.find(zone.nameOf(node)) === node);
        ways[isSame ? 'extended' : 'renumbered']++;
        const told = (each: Zone) => ASKED.map((question) => `${question}: ${ask(each, question).join()}`);
        t.same(told(merged), told(wanted));
        t.same(diffZones(merged, wanted), []);
        t.equal(merged.size, wanted.size);
        t.equal(merged.recordCount, wanted.recordCount);
        [text, zone] = [next, merged];
      }
    }),
    { seed: 411, numRuns: 100 },
  );
  t.ok(ways.extended > 50 && ways.renumbered > 50, JSON.stringify(ways));
});

t.test('a large image keeps its numbers while names come and others change', async (t) => {
  const text = (from: number, to: number, octet: number): string =>
    Array.from({ length: to - from }, (_, i) => `n${from + i} A 192.0.2.${octet}\n`).join('');
  const before = text(0, 300, 1);
  const after = text(0, 100, 2) + text(100, 300, 1) + text(300, 700, 3);
  const { old, merged } = patched(before, after)!;
  for (const node of old.nodes()) t.equal(merged.find(old.nameOf(node)), node);
  const wanted = whole(after);
  t.same(diffZones(merged, wanted), []);
  t.equal(merged.size, wanted.size);
});

t.test('what no patch can say', async (t) => {
  const base = 'www A 192.0.2.1\ncut NS ns.far.\nold DNAME far.\n';
  for (const [what, change] of [
    ['a cut', `${base}new NS ns.far.\n`],
    ['a cut that goes', base.replace(/cut.*\n/, '')],
    ['below a cut', `${base}a.cut A 192.0.2.2\n`],
    ['a DNAME', `${base}new DNAME far.\n`],
    ['below a DNAME', `${base}a.old A 192.0.2.2\n`],
    ['what is wrong', `${base}two CNAME far.\ntwo A 192.0.2.2\n`],
    ['NS of the apex', `${base}@ NS ns2.far.\n`],
  ] as const)
    t.equal(patched(base, change), undefined, what);
  t.ok(patched(base, `${base}@ MX 1 www\n`), 'other data of the apex');
});

t.test('record sets that are chosen from stay with the image', async (t) => {
  const plain = { policy: { kind: 'simple' as const }, setIdentifier: undefined, health: undefined };
  const zone = whole('www A 192.0.2.1');
  const name = nameFromText('www.example.');
  const content = { kind: 'records' as const, ttl: 60, rdatas: [Uint8Array.of(192, 0, 2, 2)] };
  const weighted: RecordSet = {
    ...plain,
    name,
    type: 1,
    setIdentifier: 'a',
    policy: { kind: 'weighted', weight: 1 },
    content,
  };
  const alias: RecordSet = {
    ...plain,
    name,
    type: 1,
    content: { kind: 'alias', target: name, where: 'zone', evaluateTargetHealth: false },
  };
  for (const set of [weighted, alias, { ...plain, name, type: 1, health: 1, content }])
    t.equal(
      buildPatch(zone, [{ name, sets: [set] }], () => true),
      undefined,
    );
  t.ok(buildPatch(zone, [{ name, sets: [{ ...plain, name, type: 1, content }] }], () => true));
});
