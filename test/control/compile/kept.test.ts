/** Views that are not compiled again: what comes of it is what compiling all of them would give. */
import t from 'tap';
import { type Compiled, compile, recompile } from '../../../src/control/compile.ts';
import type { Config } from '../../../src/control/config/load.ts';
import type { Hosted } from '../../../src/control/hosted/named.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { changeOf } from '../../../src/view/change.ts';
import type { Snapshot } from '../../../src/view/snapshot.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { buildZone } from '../../../src/zone/image.ts';
import { NameTable } from '../../../src/zone/nametable.ts';
import { load } from '../config/support.ts';

const VPCS = ['vpc-a', 'vpc-b', 'vpc-c', 'vpc-d', 'vpc-e', 'vpc-f'];
const NAMES = ['corp.example.', 'x.corp.example.', 'test.', 'a.test.', '.', '1.10.in-addr.arpa.'];
const TEXT = `vpcs:
${VPCS.map((id, i) => `  - { id: ${id}, cidrs: [10.${i}.0.0/16], dnssec: validate }\n`).join('')}
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:5353"] }]
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:5354"], delegationSet: N1 }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net., ns2.example.net.] }]
rules:
${NAMES.map((name, i) => `  - { id: rule-${i}, domain: ${name}, type: forward, targets: [192.0.2.${i}], dnssec: ${i % 2 ? 'validate' : 'off'}, vpcs: [${VPCS.join()}] }\n`).join('')}`;
const { config: whole } = load(TEXT);

type HostedZone = Hosted['zones'][number];

function imageOf(origin: string): SharedArrayBuffer {
  const { image } = buildZone(nameFromText(origin), [], { synthesizeApex: true });
  if (image === undefined) throw new Error('an apex is a zone');
  return image;
}

/** Tables of views that come have random seeds. */
function legible({ views, ...rest }: Snapshot) {
  const namesOf = (table: SharedArrayBuffer) =>
    Array.from(NameTable.from(table), ([name, index]) => `${nameToText(name)} ${index}`).sort();
  return { ...rest, views: views.map((view) => ({ ...view, table: namesOf(view.table) })) };
}

const viewsIn = (before: Compiled, { snapshot }: Compiled): string[] =>
  (changeOf(before.snapshot, snapshot).views ?? []).flatMap((piece) =>
    'added' in piece ? piece.added.map(({ vpc }) => vpc) : [],
  );

t.test('whatever comes and goes', async (t) => {
  const prng = new SeededPrng(20);
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
  const some = <T>(list: readonly T[]): T[] => list.filter(() => prng.below(2) === 0);
  let made = 0;
  const newZone = (): HostedZone => {
    const origin = pick(NAMES.filter((name) => name !== '.'));
    const vpcs = prng.below(4) === 0 ? undefined : [...some(VPCS.slice(1)), 'vpc-a'];
    const delegationSet = vpcs === undefined ? 'N1' : undefined;
    return {
      id: `Z${made++}`,
      name: nameFromText(origin),
      vpcs,
      delegationSet,
      image: imageOf(origin),
      patch: undefined,
    };
  };
  let config: Config = whole!;
  let hosted: Hosted = { zones: [newZone()], healthChecks: [], cidrCollections: [] };
  let before = compile(config, undefined, { hosted: () => hosted }) as Compiled;
  let kept = 0;
  for (let step = 0; step < 400; step++) {
    const { zones } = hosted;
    switch (prng.below(6)) {
      case 0:
      case 1:
        hosted = { ...hosted, zones: [...zones, newZone()] };
        break;
      case 2: {
        const gone = pick(zones);
        if (zones.length > 1) hosted = { ...hosted, zones: zones.filter((zone) => zone !== gone) };
        break;
      }
      case 3: {
        const changed = pick(zones);
        const image = imageOf(nameToText(changed.name));
        hosted = { ...hosted, zones: zones.map((zone) => (zone === changed ? { ...zone, image } : zone)) };
        break;
      }
      case 4:
        config = { ...config, rules: some(whole!.rules).map((rule) => ({ ...rule, vpcs: some(rule.vpcs) })) };
        break;
      default: {
        const vpcs = some(whole!.vpcs);
        const ids = new Set(vpcs.map(({ id }) => id));
        const rules = whole!.rules.map((rule) => ({ ...rule, vpcs: rule.vpcs.filter((id) => ids.has(id)) }));
        config = { ...config, vpcs, rules };
      }
    }
    const next = recompile(config, before, hosted);
    const anew = recompile(config, { ...before, compiledViews: undefined }, hosted);
    const isSame =
      t.same(legible(next.snapshot), legible(anew.snapshot), `step ${step}`) &&
      t.same([...next.touched].sort(), [...anew.touched].sort()) &&
      t.same(next.changes, anew.changes) &&
      t.same(next.contexts, anew.contexts);
    if (!isSame) break;
    kept += next.snapshot.views.filter((view) => before.compiledViews!.get(view.vpc)?.view === view).length;
    before = next;
  }
  t.ok(kept > 400, `${kept} views were kept`);
});

t.test('a zone that comes or goes is of no concern to other VPCs', async (t) => {
  const zone = (id: string, vpc: string): HostedZone => {
    const name = nameFromText(`${id}.example.`);
    return {
      id,
      name,
      vpcs: [vpc],
      delegationSet: undefined,
      image: imageOf(`${id}.example.`),
      patch: undefined,
    };
  };
  const all = [zone('Za', 'vpc-a'), zone('Zb', 'vpc-b'), zone('Zc', 'vpc-c'), zone('Zd', 'vpc-c')];
  const hosted = (...zones: HostedZone[]): Hosted => ({ zones, healthChecks: [], cidrCollections: [] });
  const first = compile(whole!, undefined, { hosted: () => hosted(...all.slice(0, 3)) }) as Compiled;
  const more = recompile(whole!, first, hosted(...all));
  t.same(viewsIn(first, more), ['vpc-c']);
  t.equal(more.snapshot.zones.at(-1)!.id, 'Zd', 'behind those that were there');
  const fewer = recompile(whole!, more, hosted(...all.slice(1)));
  t.same(viewsIn(more, fewer), ['vpc-a', 'vpc-c'], 'the last one has the number of the one that went');
  t.equal(fewer.snapshot.zones[0]!.id, 'Zd');
  const image = imageOf('Zb.example.');
  const changed = recompile(
    whole!,
    fewer,
    hosted(...all.slice(1).map((each) => (each.id === 'Zb' ? { ...each, image } : each))),
  );
  t.same(viewsIn(fewer, changed), [], 'records are not of the view');
  t.equal(changed.snapshot.paths, fewer.snapshot.paths);
});

t.test('a rule that comes or goes is of no concern to other VPCs', async (t) => {
  const { rules } = whole!;
  const without: Config = {
    ...whole!,
    rules: rules.map((rule) => (rule.id === 'rule-0' ? { ...rule, vpcs: ['vpc-b', 'vpc-c'] } : rule)),
  };
  const hosted: Hosted = { zones: [], healthChecks: [], cidrCollections: [] };
  const first = compile(without, undefined, { hosted: () => hosted }) as Compiled;
  const more = recompile(whole!, first, hosted);
  t.same(viewsIn(first, more), ['vpc-a', 'vpc-d', 'vpc-e', 'vpc-f']);
  const back = recompile(without, more, hosted);
  const last = more.snapshot.paths
    .slice(back.snapshot.paths.length)
    .map(({ view }) => more.snapshot.views[view]!.vpc);
  t.same(new Set(viewsIn(more, back)), new Set(['vpc-a', 'vpc-d', 'vpc-e', 'vpc-f', ...last]));
});
