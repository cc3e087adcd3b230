import v8 from 'node:v8';
import t from 'tap';
import { Pipeline } from '../../src/server/pipeline.ts';
import { PendingReplies, UdpEndpoint } from '../../src/server/udp.ts';
import { NativeUdpListeners } from '../../src/server/udpnative.ts';
import { loneMetrics } from '../../src/telemetry/metrics.ts';
import { CidrTable, parseCidr } from '../../src/util/cidr.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { BATCH_MAX } from '../../src/util/datagrams.ts';
import { loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { OPTION, TYPE } from '../../src/wire/constants.ts';
import { findOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { LocationsBuilder } from '../../src/zone/geo/locations.ts';
import { locationKey, regionKey, regionNamed } from '../../src/zone/geo/regions.ts';
import { buildRtt } from '../../src/zone/geo/rtt.ts';
import { placeCode } from '../../src/zone/geo/whereabouts.ts';
import type { Content, Policy, RecordSet } from '../../src/zone/recordset.ts';
import { LONG } from '../support/long.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { freePort } from '../support/ports.ts';
import { descriptor } from '../support/sockets.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';

/**
 * A hit allocates nothing: the garbage of a hundred thousand answers a second would stop the worker to be collected.
 * The smallest object, a number that is no small integer, has 16 octets.
 */
const HITS = LONG ? 125_000 : 20_000;
const NAMES = 100;
const OCTETS_PER_HIT_MAX = 12;
/** Code is compiled in the background and makes garbage as it comes; that of the hits themselves is in each round. */
const ROUNDS = 30;

/** Octets of this thread's heap that `work` takes, collected or not. */
async function allocated(work: () => void | Promise<void>): Promise<number> {
  const before = v8.getHeapStatistics().total_allocated_bytes;
  await work();
  return v8.getHeapStatistics().total_allocated_bytes - before;
}

/** Octets a hit in the best of some rounds; `ask` makes hits, and says how many there were until now. */
async function octetsPerHit(
  ask: () => void | Promise<void>,
  hits: () => number,
  max = OCTETS_PER_HIT_MAX,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && least >= max; round++) {
    const before = hits();
    const octets = await allocated(ask);
    least = Math.min(least, octets / (hits() - before));
  }
  return least;
}

t.test('hits make no garbage', async (t) => {
  const zone = Array.from({ length: NAMES }, (_, i) => `h${i} A 10.0.0.1\nh${i} A 10.0.0.2`).join('\n');
  // In force, and above what a loop can ask.
  const rateLimit = { ratePerSecond: 100_000_000, burst: 100_000_000, slip: 2 };
  const { pipeline, counters } = pipelineOf(
    snapshotOf({ v: { cidrs: ['10.0.0.0/8', '2001:db8::/32'], zones: { 'example.': zone } } }),
    { rateLimit },
  );
  const cookie = (data: Uint8Array) => ({ edns: { ...EDNS, options: [{ code: OPTION.COOKIE, data }] } });
  const first = pipeline.handle(query('h0.example.', 'A', cookie(new Uint8Array(8))), clientAt('10.1.2.3'));
  const valid = findOption(readMessage((first as Uint8Array).slice()).edns, OPTION.COOKIE)!;
  const kinds: [string, object][] = [
    ['plain', {}],
    ['with OPT', { edns: EDNS }],
    ['with a client cookie', cookie(new Uint8Array(8))],
    ['with a server cookie', cookie(valid)],
  ];
  const hits = (): number => counters.sum('answersFromCache');
  for (const [what, more] of kinds)
    for (const address of ['10.1.2.3', '2001:db8::1']) {
      const client = clientAt(address);
      const queries = Array.from({ length: NAMES }, (_, i) =>
        query(`h${i}.eXample.`, 'A', { id: i, ...more }),
      );
      const ask = (times: number): void => {
        for (let i = 0; i < times; i++) pipeline.handle(queries[i % NAMES]!, client);
      };
      // Until all of it is compiled, code and feedback are allocated.
      ask(HITS);
      const before = hits();
      ask(HITS);
      t.equal(hits() - before, HITS, `${what}, ${address}: all are hits`);
      const octets = await octetsPerHit(() => ask(HITS), hits);
      t.ok(octets < OCTETS_PER_HIT_MAX, `${what}, ${address}: ${octets.toFixed(2)} octets a hit`);
    }
});

/** Chosen from for each query. */
const CHOICES = LONG ? 100_000 : 20_000;
/**
 * No object, but a number or two: on a machine that is busy the compiler comes to the choice with other feedback, and may
 * leave on the heap what is in a register elsewhere (16 to 24 octets in one of three runs beside three busy loops).
 */
const OCTETS_PER_CHOICE_MAX = 40;
const POLICIES: Record<string, readonly Policy[]> = {
  weighted: [1, 3, 250].map((weight) => ({ kind: 'weighted', weight })),
  failover: [
    { kind: 'failover', role: 'primary' },
    { kind: 'failover', role: 'secondary' },
  ],
  latency: ['us-east-1', 'eu-west-1', 'eu-central-1'].map((region) => ({
    kind: 'latency',
    region,
    at: regionNamed(region)!.at,
  })),
  geolocation: [
    { kind: 'geolocation', place: { kind: 'country', country: 'DE' } },
    { kind: 'geolocation', place: { kind: 'default' } },
  ],
  geoproximity: ['us-east-1', 'eu-west-1'].map((region) => ({
    kind: 'geoproximity',
    at: regionNamed(region)!.at,
    bias: 20,
  })),
  multivalue: [{ kind: 'multivalue' }, { kind: 'multivalue' }],
  cidr: [
    { kind: 'cidr', collection: 0, location: 'office' },
    { kind: 'cidr', collection: 0, location: '*' },
  ],
};

/** Clients are in Germany, by their addresses, with measured times and a collection of blocks. */
function routedSnapshot(): Snapshot {
  const sets = Object.entries(POLICIES).flatMap(([name, policies]) => [
    ...policies.map((policy, i) =>
      setOf(name, policy, { ...A_RECORD, rdatas: [Uint8Array.of(10, 0, 0, i)] }),
    ),
    setOf(`alias-${name}`, { kind: 'simple' }, aliasOf(`${name}.example.`)),
  ]);
  const snapshot = snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones: { 'example.': { text: '', sets } } } });
  const zones = snapshot.zones.map((zone) => ({ ...zone, clientsBy: 'address' as const }));
  const builder = new LocationsBuilder();
  builder.ranges.add4(0, builder.row({ country: 'DE' }));
  const rtt = buildRtt([
    { from: placeCode('DE'), region: regionKey('us-east-1'), ms: 90.5 },
    { from: parseCidr('10.1.0.0/16'), region: regionKey('eu-west-1'), ms: 20.5 },
  ]);
  const { buffer: table } = CidrTable.build([{ ...parseCidr('10.1.2.0/24'), value: locationKey('office') }]);
  const collections = [{ id: 'c', name: 'c', table, locations: ['office'] }];
  return { ...snapshot, zones, collections, geo: { locations: [builder.finish()], rtt } };
}

const A_RECORD = { kind: 'records', ttl: 60 } as const;

function aliasOf(target: string): Content {
  return { kind: 'alias', where: 'zone', target: nameFromText(target), evaluateTargetHealth: true };
}

function setOf(name: string, policy: Policy, content: Content): RecordSet {
  const setIdentifier = JSON.stringify([policy, content]);
  return { name: nameFromText(`${name}.example.`), type: TYPE.A, setIdentifier, policy, health: 7, content };
}

t.test('nor does a choice among record sets', async (t) => {
  const { pipeline, counters } = pipelineOf(withAuthority(routedSnapshot(), 'v'), { prng: cryptoPrng });
  const client = clientAt('10.1.2.3');
  const subnet = { code: OPTION.ECS, data: Uint8Array.of(0, 1, 24, 0, 10, 1, 2) };
  for (const name of Object.keys(POLICIES)) {
    // Asked for the client, and for the subnet that it names.
    const queries = [[], [subnet]].flatMap((options) =>
      ['', 'alias-'].map((prefix) => query(`${prefix}${name}.example.`, 'A', { edns: { ...EDNS, options } })),
    );
    const ask = (times: number): void => {
      for (let i = 0; i < times; i++) pipeline.handle(queries[i & 3]!, client);
    };
    const hits = (): number => counters.sum('answersFromCache');
    ask(CHOICES);
    const before = hits();
    ask(CHOICES);
    t.equal(hits() - before, CHOICES, `${name}: all are hits`);
    const octets = await octetsPerHit(() => ask(CHOICES), hits, OCTETS_PER_CHOICE_MAX);
    t.ok(octets < OCTETS_PER_CHOICE_MAX, `${name}: ${octets.toFixed(2)} octets a hit`);
  }
});

/** Each batch rings a bell, and what Node makes of that is garbage, though not for each hit. */
const WIRE_HITS = LONG ? 200_000 : 40_000;
/** Queries for one bell. */
const AT_ONCE = 32 * BATCH_MAX;

t.test('nor do those that come by native sockets', async (t) => {
  const ffi = await loadFfi();
  if (ffi === undefined) return t.pass('all of it', { skip: 'no native interface here' });
  const port = await freePort('127.0.0.1');
  const zone = Array.from({ length: NAMES }, (_, i) => `h${i} A 10.0.0.1`).join('\n');
  const { pipeline, counters } = pipelineOf(
    snapshotOf({ v: { cidrs: ['127.0.0.0/8'], zones: { 'example.': zone } } }),
    { pipeline: Pipeline, clock: systemClock },
  );
  const errors: Error[] = [];
  // Time stands still, so that one turn takes all that are there, however slow the machine is.
  const clock: Clock = Object.assign(Object.create(systemClock) as Clock, { now: () => 0 });
  const listeners = new NativeUdpListeners({ ffi, clock });
  const fd = ffi.open({ kind: 'udp', address: '127.0.0.1', port, sharing: 'alone' });
  const endpoint = new UdpEndpoint({
    backEnd: listeners.backEnd(descriptor('udp', '127.0.0.1', port, fd), (error) => errors.push(error)),
    endpoint: 0,
    handler: pipeline,
    metrics: loneMetrics(),
    pending: new PendingReplies(),
  });
  await endpoint.start();
  // The client takes no reply, as to read one makes garbage: the kernel drops what does not fit its buffer.
  const watch = ffi.openWatch();
  const client = ffi.connectUdp(
    watch,
    ffi.endpoint('127.0.0.1', 0),
    0,
    ffi.endpoint('127.0.0.1', port),
  ) as number;
  const queries = Array.from({ length: NAMES }, (_, i) => query(`h${i}.example.`, 'A', { id: i }));
  const hits = (): number => counters.sum('answersFromCache');
  const ask = async (times: number): Promise<void> => {
    for (const end = hits() + times; hits() < end; ) {
      for (let i = 0; i < AT_ONCE; i++) ffi.send(client, queries[i % NAMES]!);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  await ask(WIRE_HITS);
  const perHit = await octetsPerHit(() => ask(WIRE_HITS), hits);
  t.ok(perHit < OCTETS_PER_HIT_MAX, `${perHit.toFixed(2)} octets a hit`);
  t.same(errors, []);
  endpoint.close();
  listeners.close();
  for (const each of [client, watch]) ffi.close(each);
});
