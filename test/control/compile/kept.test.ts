/** Views that are not compiled again: what comes of it is what compiling all of them would give. */
import t from 'tap';
import { pathTo } from '../../../src/control/anchorkeys.ts';
import { diffSnapshots } from '../../../src/control/compile/diff.ts';
import { type Compiled, compile, recompile, resume } from '../../../src/control/compile.ts';
import type { Config } from '../../../src/control/config/load.ts';
import type { Hosted } from '../../../src/control/hosted/named.ts';
import { targetReports } from '../../../src/control/reports.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import { changeOf } from '../../../src/view/change.ts';
import type { Snapshot } from '../../../src/view/snapshot.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { buildZone } from '../../../src/zone/image.ts';
import { NameTable } from '../../../src/zone/nametable.ts';
import { build } from '../../zone/support.ts';
import { load } from '../config/support.ts';

const VPCS = ['vpc-a', 'vpc-b', 'vpc-c', 'vpc-d', 'vpc-e', 'vpc-f'];
const NAMES = ['corp.example.', 'x.corp.example.', 'test.', 'a.test.', '.', '1.10.in-addr.arpa.'];
const TEXT = `vpcs:
${VPCS.map((id, i) => `  - { id: ${id}, cidrs: [10.${i}.0.0/16], dnssec: validate }\n`).join('')}
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:5353"] }]
  outbound: [{ id: out-1, source: [127.0.0.5] }]
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:5354"], delegationSet: N1 }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net., ns2.example.net.] }]
rules:
${NAMES.map((name, i) => `  - { id: rule-${i}, domain: ${name}, type: forward, outbound: out-1, targets: [192.0.2.${i}], dnssec: ${i % 2 ? 'validate' : 'off'}, vpcs: [${VPCS.join()}] }\n`).join('')}`;
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

/** Every other one has an SOA of its own: then the zone changes as a whole. */
function anyImage(origin: string, number: number): SharedArrayBuffer {
  if (number % 2 === 0) return imageOf(origin);
  const text = `@ 300 SOA ns${number}.far. h.far. 7 3600 600 86400 60\n@ 300 NS ns.far.\nw A 192.0.2.1\n`;
  return build(origin, text).image!;
}

/** What changed, where no part is known to be as it was by being the very same. */
const differenceOf = (before: Snapshot, after: Snapshot) =>
  diffSnapshots(
    {
      ...before,
      views: before.views.map((view) => ({ ...view })),
      paths: before.paths.map((path) => ({ ...path })),
      zones: before.zones.map((zone) => ({ ...zone })),
    },
    after,
  );

t.test('whatever comes, goes and changes', async (t) => {
  const prng = new SeededPrng(20);
  const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
  const some = <T>(list: readonly T[]): T[] => list.filter(() => prng.below(2) === 0);
  let made = 0;
  const newZone = (): HostedZone => {
    const origin = pick(NAMES.filter((name) => name !== '.'));
    const vpcs = prng.below(4) === 0 ? undefined : [...some(VPCS.slice(1)), 'vpc-a'];
    const delegationSet = vpcs === undefined ? 'N1' : undefined;
    const image = anyImage(origin, made);
    return { id: `Z${made++}`, name: nameFromText(origin), vpcs, delegationSet, image, patch: undefined };
  };
  const among = <R extends { readonly vpcs: readonly string[] }>(
    rules: readonly R[],
    vpcs: Config['vpcs'],
  ): R[] => {
    const ids = new Set(vpcs.map(({ id }) => id));
    return rules.map((rule) => ({ ...rule, vpcs: rule.vpcs.filter((id) => ids.has(id)) }));
  };
  let config: Config = whole!;
  let hosted: Hosted = { zones: [newZone()], healthChecks: [], cidrCollections: [] };
  const changes: Readonly<Record<string, () => void>> = {
    'a zone comes': () => {
      hosted = {
        ...hosted,
        zones: prng.below(2) ? [...hosted.zones, newZone()] : [newZone(), ...hosted.zones],
      };
    },
    'a zone goes': () => {
      const gone = pick(hosted.zones);
      if (hosted.zones.length > 1)
        hosted = { ...hosted, zones: hosted.zones.filter((zone) => zone !== gone) };
    },
    'records of a zone': () => {
      const changed = pick(hosted.zones);
      const image = anyImage(nameToText(changed.name), made++);
      hosted = {
        ...hosted,
        zones: hosted.zones.map((zone) => (zone === changed ? { ...zone, image } : zone)),
      };
    },
    rules: () => {
      const rules = some(whole!.rules).map((rule) => ({ ...rule, vpcs: some(rule.vpcs) }));
      config = { ...config, rules: among(rules, config.vpcs) };
    },
    'one rule': () => {
      const [changed, address] = [pick(config.rules), `192.0.2.${prng.below(3)}`];
      const targets = [{ address, port: 53, protocol: 'do53' as const }];
      const rules = config.rules.map((rule) =>
        rule === changed ? { ...rule, targets, stale: !rule.stale } : rule,
      );
      config = { ...config, rules };
    },
    'delegate rules': () => {
      const delegates = some(NAMES.slice(0, 3)).map((name) => ({
        id: `delegate ${name}`,
        delegationRecord: nameFromText(name),
        outbound: pick([undefined, 'out-1']),
        vpcs: some(config.vpcs).map(({ id }) => id),
      }));
      config = { ...config, delegates };
    },
    VPCs: () => {
      const vpcs = some(whole!.vpcs);
      const { firewall } = config;
      const associations = firewall.associations.filter((each) => vpcs.some(({ id }) => id === each.vpc));
      const [rules, delegates] = [among(config.rules, vpcs), among(config.delegates, vpcs)];
      config = { ...config, vpcs, rules, delegates, firewall: { ...firewall, associations } };
    },
    'settings of a VPC': () => {
      const changed = pick(config.vpcs);
      const dnssec = pick(['off', 'route53', 'validate'] as const);
      const settings = {
        dnssec,
        region: pick(['eu-west-1', 'us-east-1']),
        autodefinedReverse: prng.below(2) === 0,
      };
      config = {
        ...config,
        vpcs: config.vpcs.map((vpc) => (vpc === changed ? { ...vpc, ...settings } : vpc)),
      };
    },
    firewall: () => {
      const list = { id: 'list', version: String(prng.below(3)), domains: () => ['bad.example'] };
      const rule = { priority: 1, list: 'list', qtype: undefined, redirection: 'trust' as const };
      const groups = [
        { id: 'group', rules: [{ ...rule, action: { kind: pick(['allow', 'alert'] as const) } }] },
      ];
      const associations = some(config.vpcs).map(({ id }) => ({
        id: `with ${id}`,
        group: 'group',
        vpc: id,
        priority: 1,
      }));
      config = {
        ...config,
        firewall: { lists: [list], groups, associations, failOpen: new Set(some(VPCS)) },
      };
    },
    'sources of queries': () => {
      const outbound = [{ id: 'out-1', source: [`127.0.0.${5 + prng.below(3)}`] }];
      config = { ...config, endpoints: { ...config.endpoints, outbound } };
    },
    recursion: () => {
      config = {
        ...config,
        recursion: { ...config.recursion, case0x20: prng.below(2) === 0, port: 53 + prng.below(2) },
      };
    },
    'the node': () => {
      const stale = { ...config.node.stale, enabled: prng.below(2) === 0 };
      config = { ...config, node: { ...config.node, stale, region: pick(['eu-west-1', 'us-east-1']) } };
    },
  };
  let before = compile(config, undefined, { hosted: () => hosted }) as Compiled;
  let given = { revision: before.snapshot.revision, nextContext: before.snapshot.nextContext };
  let kept = 0;
  for (let step = 0; step < 600; step++) {
    const what = pick(Object.keys(changes).filter((each) => config.vpcs.length > 0 || !/a VPC/.test(each)));
    if (what !== 'one rule' || config.rules.length > 0) changes[what]!();
    const how = pick(['goes on', 'goes on', 'goes on', 'is refused', 'is taken over'] as const);
    // Control has died, and another goes on from what is in force.
    if (how === 'is taken over') before = resume(before.snapshot);
    const run = (previous: Compiled): Compiled =>
      previous.root === undefined
        ? (compile(config, previous, { hosted: () => hosted, given }) as Compiled)
        : recompile(config, previous, hosted, { given });
    const next = run(before);
    const anew = run({ ...before, compiledViews: undefined });
    const difference = differenceOf(before.snapshot, next.snapshot);
    const sorted = (hashes: readonly number[]) => [...hashes].sort((a, b) => a - b);
    const isSame =
      t.same(legible(next.snapshot), legible(anew.snapshot), `step ${step}: ${what}`) &&
      t.same(sorted(next.touched), sorted(difference.touched)) &&
      t.same(next.changes, difference.changes) &&
      t.same(next.contexts, anew.contexts);
    if (!isSame) break;
    kept += next.snapshot.views.filter((view) => before.compiledViews?.get(view.vpc)?.view === view).length;
    given = { revision: next.snapshot.revision, nextContext: next.snapshot.nextContext };
    if (how !== 'is refused') before = next;
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

t.test('targets are reported in the order of the configuration, whatever came and went', async (t) => {
  const hosted: Hosted = { zones: [], healthChecks: [], cidrCollections: [] };
  const first = compile(whole!, undefined, { hosted: () => hosted }) as Compiled;
  const fewer = recompile({ ...whole!, rules: whole!.rules.slice(2) }, first, hosted);
  const back = recompile(whole!, fewer, hosted);
  const targetsOf = ({ snapshot }: Compiled) => targetReports(snapshot, []).map(({ target }) => target);
  t.same(targetsOf(first), [
    '192.0.2.0:53',
    '192.0.2.1:53',
    '192.0.2.2:53',
    '192.0.2.3:53',
    '192.0.2.4:53',
    '192.0.2.5:53',
  ]);
  t.same(targetsOf(back), targetsOf(first));
  t.same(pathTo(nameFromText('x.corp.example.'), back.snapshot.paths)?.view, 0, 'of all views the first');
});
