/** A world made of another one: what is as before is made ready once, and it says what one says that is made anew. */
import t from 'tap';
import type { Compiled } from '../../src/control/compile.ts';
import { World } from '../../src/server/world.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { compiled, type Folder } from '../control/compile/support.ts';
import { BASE } from '../control/config/support.ts';

const zoneText = (host: string): string =>
  `$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A ${host}\n`;
const IDS = ['first', 'second'];
const FILES: Folder = Object.fromEntries(IDS.map((id) => [`/etc/causeway/${id}`, zoneText('192.0.2.80')]));
const lines = (ids: readonly string[]): string =>
  ids.map((id) => `  - { id: ${id}, name: ${id}.example., file: ${id}, vpcs: [vpc-a] }\n`).join('');
const TEXT = `${BASE}zones:\n${lines(IDS)}`;
const dependencies = new Dependencies();
const health = new HealthBits();

const worldOf = ({ snapshot }: Compiled, before?: World): World =>
  new World(snapshot, dependencies, health, before);

/** What the zones say in the view of the VPC. */
const saysOf = (world: World): unknown =>
  ['www.first.example.', 'www.second.example.', 'none.first.example.'].map((text) => {
    const name = nameFromText(text);
    const { candidate } = world.viewNamed('vpc-a')!.match(name)!;
    return candidate.kind === 'zone' ? world.lookup(candidate.zone, name, TYPE.A) : candidate.kind;
  });

t.test('a changed record: the view and the other zones are those of before', async (t) => {
  const first = compiled(TEXT, FILES);
  const files = { ...FILES, '/etc/causeway/second': zoneText('192.0.2.81') };
  const second = compiled(TEXT, files, first);
  const before = worldOf(first);
  t.same(saysOf(before), saysOf(worldOf(first)));
  const world = worldOf(second, before);
  t.equal(world.view(0), before.view(0));
  t.equal(world.settingsAt(0), before.settingsAt(0));
  t.equal(world.zone(0), before.zone(0));
  t.not(world.zone(1), before.zone(1));
  t.same(saysOf(world), saysOf(worldOf(second)));
  t.notSame(saysOf(world), saysOf(before), 'the new record');
});

t.test(
  'a zone that is gone, and one that comes: other numbers, and nothing of the view before',
  async (t) => {
    const first = compiled(TEXT, FILES);
    const before = worldOf(first);
    saysOf(before);
    for (const ids of [['second'], ['first'], ['second', 'first']]) {
      const next = compiled(`${BASE}zones:\n${lines(ids)}`, FILES, first);
      const world = worldOf(next, before);
      t.not(world.view(0), before.view(0));
      t.same(saysOf(world), saysOf(worldOf(next)));
    }
  },
);

t.test('other settings of a VPC', async (t) => {
  const first = compiled(TEXT, FILES);
  const before = worldOf(first);
  const next = compiled(
    TEXT.replace('cidrs: [10.1.0.0/16] }', 'cidrs: [10.1.0.0/16], dnssec: off }'),
    FILES,
    first,
  );
  const world = worldOf(next, before);
  t.ok(before.settingsAt(0).validates, 'by default');
  t.notOk(world.settingsAt(0).validates);
  t.equal(world.settingsAt(1), before.settingsAt(1), 'those of the other are the same');
});
