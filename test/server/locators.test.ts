/** Public zones see clients where the databases have their addresses; private ones in the region of the VPC. */
import t from 'tap';
import { parseAddress } from '../../src/util/cidr.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { OPTION, TYPE } from '../../src/wire/constants.ts';
import { findOption } from '../../src/wire/edns.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { LocationsBuilder } from '../../src/zone/geo/locations.ts';
import { regionKey, regionNamed } from '../../src/zone/geo/regions.ts';
import { buildRtt } from '../../src/zone/geo/rtt.ts';
import { placeCode } from '../../src/zone/geo/whereabouts.ts';
import type { Policy, RecordSet } from '../../src/zone/recordset.ts';
import { ask, clientAt, EDNS, pipelineOf, query, rrText } from '../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';

function set(name: string, policy: Policy, last: number): RecordSet {
  const content = { kind: 'records', ttl: 60, rdatas: [Uint8Array.of(192, 0, 2, last)] } as const;
  const setIdentifier = JSON.stringify(policy);
  return { name: nameFromText(name), type: TYPE.A, setIdentifier, policy, health: undefined, content };
}

const latency = (region: string): Policy => ({ kind: 'latency', region, at: regionNamed(region)!.at });

const SETS = [
  set('geo.example.', { kind: 'geolocation', place: { kind: 'country', country: 'DE' } }, 1),
  set('geo.example.', { kind: 'geolocation', place: { kind: 'continent', continent: 'EU' } }, 2),
  set('geo.example.', { kind: 'geolocation', place: { kind: 'default' } }, 3),
  set('near.example.', latency('us-east-1'), 11),
  set('near.example.', latency('eu-central-1'), 12),
];

/** 203.0.112.0/24 is in Germany, .113 in Turkey, .114 in the USA. */
function locations(): SharedArrayBuffer {
  const builder = new LocationsBuilder();
  for (const [first, country] of [
    ['203.0.112.0', 'DE'],
    ['203.0.113.0', 'TR'],
    ['203.0.114.0', 'US'],
    ['203.0.115.0', ''],
  ] as const)
    builder.ranges.add4(Buffer.from(parseAddress(first)).readInt32BE(), builder.row({ country }));
  return builder.finish();
}

function publicZone(geo: Partial<Snapshot['geo']>): Snapshot {
  const snapshot = withAuthority(
    snapshotOf({ public: { cidrs: [], zones: { 'example.': { text: '', sets: SETS } } } }),
    'public',
  );
  const views = snapshot.views.map((view) => ({ ...view, region: '' }));
  const zones = snapshot.zones.map((zone) => ({ ...zone, clientsBy: 'address' as const }));
  return { ...snapshot, views, zones, geo: { locations: [], rtt: undefined, ...geo } };
}

/** `192.0.2.1`, and behind a slash the scope where the query has an ECS option. */
function answering(snapshot: Snapshot): (name: string, client: string, ecs?: number[]) => Promise<string> {
  const { pipeline } = pipelineOf(snapshot);
  return async (name, client, ecs) => {
    const options = ecs === undefined ? [] : [{ code: OPTION.ECS, data: Uint8Array.from(ecs) }];
    const reply = await ask(pipeline, clientAt(client), query(name, 'A', { edns: { ...EDNS, options } }));
    const scope = findOption(reply!.edns, OPTION.ECS)?.[3];
    const address = rrText(reply!.answer[0]!).split(' ').at(-1)!;
    return scope === undefined ? address : `${address}/${scope}`;
  };
}

t.test('geolocation by address and by ECS, with its scope', async (t) => {
  const answer = answering(publicZone({ locations: [locations()] }));
  for (let round = 0; round < 2; round++) {
    t.equal(await answer('geo.example.', '203.0.112.9'), '192.0.2.1');
    t.equal(await answer('geo.example.', '203.0.113.9'), '192.0.2.2', 'Turkey is in Europe');
    t.equal(await answer('geo.example.', '203.0.114.9'), '192.0.2.3');
    t.equal(await answer('geo.example.', '203.0.116.9'), '192.0.2.3', 'of whom nothing is known');
    t.equal(await answer('geo.example.', '203.0.116.9', [0, 1, 24, 0, 203, 0, 112]), '192.0.2.1/24');
    t.equal(await answer('geo.example.', '203.0.116.9', [0, 1, 24, 0, 203, 0, 113]), '192.0.2.2/24');
    t.equal(await answer('geo.example.', '203.0.116.9', [0, 1, 16, 0, 10, 0]), '192.0.2.3/1');
  }
});

t.test('latency by distance, and by measured times where there are any', async (t) => {
  const answer = answering(publicZone({ locations: [locations()] }));
  t.equal(await answer('near.example.', '203.0.112.9'), '192.0.2.12');
  t.equal(await answer('near.example.', '203.0.114.9'), '192.0.2.11');
  const entries = ['us-east-1', 'eu-central-1'].map((region, i) => ({
    from: placeCode('DE'),
    region: regionKey(region),
    ms: 1 + i,
  }));
  const measured = answering(publicZone({ locations: [locations()], rtt: buildRtt(entries) }));
  t.equal(await measured('near.example.', '203.0.112.9'), '192.0.2.11', 'the long way is the faster one');
});

t.test('without a database, default sets answer', async (t) => {
  const answer = answering(publicZone({}));
  t.equal(await answer('geo.example.', '203.0.112.9'), '192.0.2.3');
  t.equal(await answer('near.example.', '203.0.112.9'), '192.0.2.12', 'the nearest to this node');
});

t.test('clients of a VPC are in its region, whatever the database says of their addresses', async (t) => {
  const zone = { 'example.': { text: '', sets: SETS } };
  const snapshot = snapshotOf({ v: { cidrs: ['203.0.114.0/24'], zones: zone } });
  const answer = answering({ ...snapshot, geo: { locations: [locations()], rtt: undefined } });
  t.equal(await answer('geo.example.', '203.0.114.9'), '192.0.2.1', 'eu-central-1 is in Germany');
});
