/** What `explain` tells of a choice among record sets: why each was taken or dropped, and where the client was. */
import t from 'tap';
import { explain } from '../../src/server/explain.ts';
import { World } from '../../src/server/world.ts';
import { CidrTable, parseAddress, parseCidr } from '../../src/util/cidr.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import type { Explanation } from '../../src/view/explain.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { locationKey } from '../../src/zone/geo/regions.ts';
import type { Content, Policy, RecordSet } from '../../src/zone/recordset.ts';
import { snapshotOf } from '../support/world.ts';

function set(name: string, id: string, policy: Policy, health?: number, to?: string): RecordSet {
  const content: Content =
    to === undefined
      ? { kind: 'records', ttl: 60, rdatas: [Uint8Array.of(192, 0, 2, 1)] }
      : { kind: 'alias', where: 'zone', target: nameFromText(to), evaluateTargetHealth: true };
  return { name: nameFromText(`${name}.example.`), type: TYPE.A, setIdentifier: id, policy, health, content };
}

const country = (code: string): Policy => ({
  kind: 'geolocation',
  place: { kind: 'country', country: code },
});
const primary: Policy = { kind: 'failover', role: 'primary' };
const secondary: Policy = { kind: 'failover', role: 'secondary' };
const multivalue: Policy = { kind: 'multivalue' };
const location = (name: string): Policy => ({ kind: 'cidr', collection: 0, location: name });

const SETS = [
  set('fail', 'one', primary, 1),
  set('fail', 'two', secondary, 2),
  set('geo', 'de', country('DE'), 1),
  set('geo', 'jp', country('JP'), 2),
  set('many', 'one', multivalue, 1),
  set('many', 'two', multivalue, 2),
  set('ip', 'office', location('office')),
  set('ip', 'else', location('*')),
  set('tree', 'first', primary, undefined, 'fail.example.'),
  set('tree', 'last', secondary),
];

/** The client is in Frankfurt. */
function explaining(unhealthy: readonly number[]): (name: string, client?: string) => Promise<Explanation> {
  const health = new HealthBits();
  for (const slot of unhealthy) health.set(slot, false);
  const snapshot = snapshotOf({
    v: { cidrs: ['10.0.0.0/8'], zones: { 'example.': { text: '', sets: SETS } } },
  });
  const { buffer: table } = CidrTable.build([{ ...parseCidr('10.1.0.0/16'), value: locationKey('office') }]);
  const collections = [{ id: 'cidr-1', name: 'networks', table, locations: ['office'] }];
  const world = new World({ ...snapshot, collections }, new Dependencies(), health);
  return (name, client = '10.1.2.3') => {
    const asked = { name: nameFromText(`${name}.example.`), type: TYPE.A, client: parseAddress(client) };
    return explain(world, world.view(0), asked, () => undefined, new ManualClock());
  };
}

/** `+one healthy: chosen`, a line for each set, of each group on the way. */
function reasons({ routing }: Explanation): string[][] {
  return routing.map(({ sets }) =>
    sets.map(({ id, health, chosen, why }) => `${chosen ? '+' : '-'}${id} ${health}: ${why}`),
  );
}

t.test('health drops a set, unless none is left', async (t) => {
  t.same(reasons(await explaining([])('fail')), [
    ['+one healthy: chosen', '-two healthy: the primary goes before it'],
  ]);
  t.same(reasons(await explaining([1])('fail')), [['-one unhealthy: unhealthy', '+two healthy: chosen']]);
  t.same(reasons(await explaining([1, 2])('fail')), [
    [
      '+one unhealthy: none is healthy, so health does not count',
      '-two unhealthy: the primary goes before it',
    ],
  ]);
  t.same(reasons(await explaining([1, 2])('tree')), [
    ['-first unhealthy: unhealthy', '+last not checked: chosen'],
  ]);
});

t.test('the healthy ones may be for others', async (t) => {
  t.same(reasons(await explaining([1])('geo')), [
    [
      '+de unhealthy: none for this client is healthy, so health does not count',
      '-jp healthy: not the smallest place that the client is in',
    ],
  ]);
});

t.test('of several values each has its reason', async (t) => {
  t.same(reasons(await explaining([])('many')), [['+one healthy: chosen', '+two healthy: chosen']]);
  const last = 'unhealthy: none is healthy, so health does not count';
  t.same(reasons(await explaining([1, 2])('many')), [[`+one ${last}`, `+two ${last}`]]);
});

t.test('the location that the policy went by', async (t) => {
  const ask = explaining([]);
  const where = async (name: string, client?: string): Promise<string | undefined> =>
    (await ask(name, client)).routing[0]?.location;
  t.equal(await where('geo'), 'EU DE at 50.1 8.7');
  t.equal(await where('fail'), undefined);
  t.equal(await where('ip'), 'in office of networks, by 16 bits of its address');
  t.equal(await where('ip', '10.128.0.1'), 'in no location of networks, by 9 bits of its address');
});

t.test('what the sets of a large tree share is looked at once a group', async (t) => {
  let looks = 0;
  class CountingBits extends HealthBits {
    override isHealthy(slot: number): boolean {
      looks++;
      return super.isHealthy(slot);
    }
  }
  const [levels, width] = [32, 100];
  const weighted: Policy = { kind: 'weighted', weight: 1 };
  const sets = Array.from({ length: levels * width }, (_, i) => {
    const level = Math.floor(i / width);
    return level === levels - 1
      ? set(`l${level}`, `${i}`, weighted, 7)
      : set(`l${level}`, `${i}`, weighted, undefined, `l${level + 1}.example.`);
  });
  const health = new CountingBits();
  health.set(7, false);
  const zones = { 'example.': { text: '', sets } };
  const world = new World(snapshotOf({ v: { cidrs: [], zones } }), new Dependencies(), health);
  const asked = { name: nameFromText('l0.example.'), type: TYPE.A };
  const { routing } = await explain(world, world.view(0), asked, () => undefined, new ManualClock());
  t.equal(routing.length, levels);
  // By the choice, which looks once, and for each of the groups on its way.
  t.ok(looks <= 2 * levels * width, `${looks} looks`);
});
